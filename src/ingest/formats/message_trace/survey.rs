//! How inputs are written, where that can be read in two ways: the order of day and month, and the decimal mark of
//! sizes. Both are proven by a whole column or stated by the user, never guessed.

use super::Encoding;
use super::columns::{Column, Header};
use super::row::{Against, Notation};
use crate::ingest::delimited::{
    DateOrder, DateText, MarkEvidence, OrderEvidence, OrderVerdict, Records, Row, shown,
};
use crate::ingest::{Input, ReadError, ReadOptions, Sink, SourceError};

/// Ambiguous dates that are shown.
const PREVIEW: usize = 5;

/// What an input shows of how it is written.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What its dates show about their order.
    evidence: OrderEvidence,
    /// Some dates that can be read in two ways.
    preview: Vec<String>,
    /// Whether some date is of a form that can be read in two ways, such as `10/10/2026`, even if this one cannot:
    /// a later one may.
    has_open_form: bool,
    /// What its sizes show about their decimal mark.
    marks: MarkEvidence,
    /// Whether some size is more than digits, so that a later one may be open.
    has_signs: bool,
    /// A date that proves the day to be first, and one that proves the month to be.
    proofs: [Option<String>; 2],
    header: Option<Header>,
}

impl Survey {
    fn of(input: &mut Input, delimiter: u8, stated: Option<DateOrder>) -> Result<Survey, ReadError> {
        let head = Survey::of_head(input, delimiter);
        let is_proven = !matches!(head.evidence.verdict(), OrderVerdict::Open | OrderVerdict::NotNeeded);
        let is_order_open = stated.is_none() && head.has_open_form && !is_proven;
        // A contradiction of marks refuses no input, but leaves open what they could decide: it must be known first.
        if (is_order_open || head.has_signs) && input.can_reopen() {
            return Ok(Survey::of_all(input, delimiter)?);
        }
        Ok(head)
    }

    /// Looks at the head only.
    fn of_head(input: &Input, delimiter: u8) -> Survey {
        let mut survey = Survey::default();
        // A head may end inside a row, and a part of a date would prove the wrong thing.
        survey.observe(Records::of_bytes(input.head(), delimiter), !input.head().ends_with(b"\n"));
        survey
    }

    /// Looks at the whole input.
    fn of_all(input: &mut Input, delimiter: u8) -> Result<Survey, SourceError> {
        let mut survey = Survey::default();
        let records = Records::new(input.open()?, delimiter);
        survey.observe(records, false);
        Ok(survey)
    }

    fn observe(&mut self, mut records: Records, last_is_cut: bool) {
        let mut before: Option<[Option<DateText>; 3]> = None;
        // The last size waits too: its space is reused.
        let mut size_before = Vec::new();
        while let Ok(Some(row)) = records.next_row() {
            if let Some(dates) = before.take() {
                self.observe_dates(dates);
                self.observe_size(&size_before);
                if self.is_decided() {
                    return;
                }
            }
            before = self.dates(&row);
            size_before.clear();
            size_before.extend_from_slice(self.size_of(&row));
        }
        if let Some(dates) = before.filter(|_| !last_is_cut) {
            self.observe_dates(dates);
            self.observe_size(&size_before);
        }
    }

    /// Whether nothing that follows can add to what is known: what speaks against it is found while it is read.
    fn is_decided(&self) -> bool {
        !self.has_signs
            && matches!(self.evidence.verdict(), OrderVerdict::Decided(_))
            && self.proofs != [None, None]
    }

    fn size_of<'a>(&self, row: &Row<'a>) -> &'a [u8] {
        let at = self.header.and_then(|header| header.at(Column::Size));
        at.map_or(b"", |at| row.cell(at))
    }

    fn observe_size(&mut self, size: &[u8]) {
        if !size.iter().all(u8::is_ascii_digit) {
            self.has_signs = true;
            self.marks.observe(size);
        }
    }

    fn dates(&mut self, row: &Row<'_>) -> Option<[Option<DateText>; 3]> {
        let columns = [Column::Time, Column::WindowStart, Column::WindowEnd];
        let header = self.header;
        let cells = columns.map(|column| header.and_then(|h| h.at(column)).map(|at| row.cell(at)));
        let dates = cells.map(|cell| DateText::parse_with_numbers(cell.unwrap_or_default()));
        if dates[0].is_none() {
            self.header = Header::of(row.cells()).or(self.header);
            return None;
        }
        for (date, cell) in dates.iter().zip(cells).filter_map(|(date, cell)| date.as_ref().zip(cell)) {
            self.has_open_form |= has_open_form(cell);
            if let Some(order) = date.proves() {
                self.proofs[order as usize].get_or_insert_with(|| shown(cell));
            }
        }
        match (dates[0], cells[0]) {
            (Some(date), Some(cell)) if date.is_open() && self.preview.len() < PREVIEW => {
                self.preview.push(shown(cell));
            }
            _ => {}
        }
        Some(dates)
    }

    fn observe_dates(&mut self, dates: [Option<DateText>; 3]) {
        dates.iter().flatten().for_each(|date| self.evidence.observe(date));
        if let [Some(time), Some(start), Some(end)] = dates {
            self.evidence.observe_window(&time, &start, &end);
        }
    }
}

/// Whether a cell is a date of digits that does not begin with its year nor has points: `10/10/2026`, `10-10-2026`.
fn has_open_form(cell: &[u8]) -> bool {
    let digits = cell.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=2).contains(&digits) && matches!(cell.get(digits), Some(b'/' | b'-'))
}

/// How each input is written. The order of day and month: as the user says; else what its start proves, else its
/// whole date column, else what the other inputs prove; never a guess. The decimal mark: what its sizes prove.
pub(super) fn notations(
    inputs: &[Input],
    surveys: &[Survey],
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<Vec<Notation>, ReadError> {
    let mut all = OrderEvidence::default();
    surveys.iter().for_each(|survey| all.add(&survey.evidence));
    let mut notations = Vec::new();
    for (input, survey) in inputs.iter().zip(surveys) {
        let order = match (options.date_order, survey.evidence.verdict(), all.verdict()) {
            (Some(order), _, _) => Some(order),
            (None, OrderVerdict::Decided(order), _) => Some(order),
            (None, OrderVerdict::NotNeeded, _) => None,
            (None, OrderVerdict::Open, OrderVerdict::Decided(order)) => {
                sink.warn(format!(
                    "{}: dates are read as {}, as in the other files",
                    input.name(),
                    order.name()
                ));
                Some(order)
            }
            (None, verdict, _) => return Err(undecided(input, survey, verdict)),
        };
        notations.push(Notation {
            order,
            is_stated: options.date_order.is_some(),
            mark: survey.marks.decided(),
        });
    }
    Ok(notations)
}

/// What every input shows. The whole of it is read only where its start has something that can be read in two ways
/// and nothing that proves which is meant: a proof is held against all that follows while it is read.
pub(super) fn surveys(
    inputs: &mut [Input],
    encodings: &[Encoding],
    options: &ReadOptions,
) -> Result<Vec<Survey>, ReadError> {
    let survey = |(input, encoding): (&mut Input, &Encoding)| match encoding {
        Encoding::Csv { delimiter } => Survey::of(input, *delimiter, options.date_order),
        Encoding::Json => Ok(Survey::default()),
    };
    inputs.iter_mut().zip(encodings).map(survey).collect()
}

/// The refusal of an input that speaks against what was taken from its start, or from the other inputs.
pub(super) fn refused(input: &Input, survey: &mut Survey, against: Against) -> ReadError {
    match against {
        Against::Order(proven, cell) => {
            survey.proofs[proven as usize] = Some(cell);
            undecided(input, survey, OrderVerdict::Mixed)
        }
        Against::Mark(cell) => ReadError::Undecided {
            input: input.name().to_owned(),
            problem: format!("some sizes have a decimal point and some a decimal comma: {cell}"),
            hint: "a stream is read once: save it as a file and name that".to_owned(),
        },
    }
}

fn undecided(input: &Input, survey: &Survey, verdict: OrderVerdict) -> ReadError {
    let proofs: Vec<&str> = survey.proofs.iter().flatten().map(String::as_str).collect();
    let problem = match verdict {
        OrderVerdict::Mixed => {
            format!("some dates have the day first and some the month: {}", proofs.join(", "))
        }
        _ => format!("its dates can be read with the day or the month first: {}", survey.preview.join(", ")),
    };
    ReadError::Undecided {
        input: input.name().to_owned(),
        problem,
        hint: "say --date-order day-month or --date-order month-day".to_owned(),
    }
}
