//! What a table shows about its dates and numbers, decided column by column before the first row is counted.

use super::fields::Field;
use super::layout::Layout;
use super::mapping::Mapping;
use crate::ingest::delimited::{
    DateOrder, DateText, DecimalMark, MarkEvidence, OrderEvidence, OrderVerdict, Records, Row,
    is_open_number, shown,
};
use crate::ingest::{Input, ReadError, ReadOptions};

/// Rows of a preview.
const PREVIEW: usize = 5;
/// Columns that hold numbers.
const NUMBERS: [Field; 3] = [Field::Size, Field::RecipientCount, Field::Count];

/// Columns that are looked at.
const HELD: [Field; 1 + NUMBERS.len()] = [Field::Time, NUMBERS[0], NUMBERS[1], NUMBERS[2]];

/// Evidence from the rows of one input.
#[derive(Debug, Default)]
pub(super) struct Survey {
    order: OrderEvidence,
    open_dates: Vec<String>,
    proofs: [Option<String>; 2],
    marks: [MarkEvidence; NUMBERS.len()],
    open_numbers: [Vec<String>; NUMBERS.len()],
    /// Whether some date has an order of day and month, even if it can be read in one way only.
    has_order: bool,
    is_mapped: bool,
}

/// What is looked at of a row, kept until the next one shows that it was not cut; its space is reused.
#[derive(Debug, Default)]
struct Cells {
    date: Option<DateText>,
    time: Vec<u8>,
    numbers: [Vec<u8>; NUMBERS.len()],
}

impl Cells {
    fn hold(&mut self, row: &Row<'_>, layout: &Layout) {
        let cell = |field| layout.at(field).map_or(&[][..], |at| row.cell(at));
        self.date = DateText::parse_with_numbers(cell(Field::Time));
        for (space, field) in [&mut self.time].into_iter().chain(&mut self.numbers).zip(HELD) {
            space.clear();
            space.extend_from_slice(cell(field));
        }
    }
}

/// What was decided for one input.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Decisions {
    /// Which of day and month stands first.
    pub(super) order: Option<DateOrder>,
    marks: [Option<DecimalMark>; NUMBERS.len()],
}

impl Decisions {
    /// The decimal mark of a column of numbers.
    pub(super) fn mark(&self, field: Field) -> Option<DecimalMark> {
        NUMBERS.iter().position(|number| *number == field).and_then(|at| self.marks[at])
    }
}

impl Survey {
    /// Looks at the start of an input, and at all of it where the start has dates or numbers whose meaning another
    /// row can decide.
    pub(super) fn of(
        input: &mut Input,
        layout: &Layout,
        mapping: Option<&Mapping>,
        options: &ReadOptions,
    ) -> Result<Survey, ReadError> {
        let mut survey = Survey { is_mapped: mapping.is_some(), ..Survey::default() };
        let cut = !input.head().ends_with(b"\n");
        survey.observe(Records::of_bytes(input.head(), layout.delimiter), layout, cut);
        let stated = stated_order(mapping, options).is_some();
        let marked = mapping.is_some_and(|mapping| mapping.decimal_mark.is_some());
        let needs_all = (survey.has_order && !stated) || (survey.has_signs() && !marked);
        if needs_all && input.can_reopen() {
            let records = Records::new(input.open()?, layout.delimiter);
            survey = Survey { is_mapped: mapping.is_some(), ..Survey::default() };
            survey.observe(records, layout, false);
        }
        Ok(survey)
    }

    fn has_signs(&self) -> bool {
        self.marks.iter().any(MarkEvidence::has_signs)
    }

    fn observe(&mut self, mut records: Records, layout: &Layout, last_is_cut: bool) {
        let mut layout = layout.clone();
        let mut row_number = 0;
        let mut held: Option<Cells> = None;
        while let Ok(Some(row)) = records.next_row() {
            row_number += 1;
            if row_number <= layout.header_records {
                continue;
            }
            if let Some(cells) = &held {
                self.observe_cells(cells);
            }
            let cells = held.get_or_insert_default();
            cells.hold(&row, &layout);
            let header = if cells.date.is_none() { layout.below(&row, self.is_mapped) } else { None };
            match header {
                Some(Ok(next)) => layout = next,
                Some(Err(_)) => break,
                None => {}
            }
        }
        if let Some(cells) = held.filter(|_| !last_is_cut) {
            self.observe_cells(&cells);
        }
    }

    fn observe_cells(&mut self, Cells { date, time, numbers }: &Cells) {
        if let Some(date) = date {
            self.order.observe(date);
            self.has_order |= date.has_order();
            if let Some(order) = date.proves() {
                self.proofs[order as usize].get_or_insert_with(|| shown(time));
            }
            if date.is_open() && self.open_dates.len() < PREVIEW {
                self.open_dates.push(shown(time));
            }
        }
        for (at, number) in numbers.iter().enumerate() {
            self.marks[at].observe(number);
            if is_open_number(number) && self.open_numbers[at].len() < PREVIEW {
                self.open_numbers[at].push(shown(number));
            }
        }
    }

    /// Decides, or says what only the user can decide.
    pub(super) fn decide(
        &self,
        input: &Input,
        layout: &Layout,
        mapping: Option<&Mapping>,
        options: &ReadOptions,
    ) -> Result<Decisions, ReadError> {
        let order = match (stated_order(mapping, options), self.order.verdict()) {
            (Some(order), _) | (None, OrderVerdict::Decided(order)) => Some(order),
            (None, OrderVerdict::NotNeeded) => None,
            (None, verdict) => return Err(self.open_order(input, layout, verdict)),
        };
        let mut marks = [None; NUMBERS.len()];
        for (at, mark) in marks.iter_mut().enumerate() {
            *mark = mapping.and_then(|mapping| mapping.decimal_mark).or_else(|| self.marks[at].decided());
            if mark.is_none() && self.marks[at].is_open() {
                return Err(self.open_mark(input, layout, at));
            }
        }
        Ok(Decisions { order, marks })
    }

    fn open_order(&self, input: &Input, layout: &Layout, verdict: OrderVerdict) -> ReadError {
        let column = layout.column(Field::Time);
        let proofs: Vec<&str> = self.proofs.iter().flatten().map(String::as_str).collect();
        let problem = match verdict {
            OrderVerdict::Mixed => {
                format!(
                    "some dates in '{column}' have the day first and some the month: {}",
                    proofs.join(", ")
                )
            }
            _ => format!(
                "the dates in '{column}' can be read with the day or the month first: {}",
                self.open_dates.join(", ")
            ),
        };
        let hint = "say --date-order day-month or --date-order month-day, or 'date_order:' in a mapping file";
        ReadError::Undecided { input: input.name().to_owned(), problem, hint: hint.to_owned() }
    }

    fn open_mark(&self, input: &Input, layout: &Layout, at: usize) -> ReadError {
        ReadError::Undecided {
            input: input.name().to_owned(),
            problem: format!(
                "the numbers in '{}' can have thousands separators or decimal marks: {}",
                layout.column(NUMBERS[at]),
                self.open_numbers[at].join(", ")
            ),
            hint: "say 'decimal_mark: \".\"' or 'decimal_mark: \",\"' in a mapping file: --mapping FILE"
                .to_owned(),
        }
    }
}

/// The order that the user states.
fn stated_order(mapping: Option<&Mapping>, options: &ReadOptions) -> Option<DateOrder> {
    options.date_order.or(mapping.and_then(|mapping| mapping.date_order))
}
