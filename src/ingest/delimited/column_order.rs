//! The order of day and month for formats with one column of times: decided by the whole column of each input, else
//! by what the other inputs prove, never guessed.

use super::dates::DateText;
use super::order::{DateOrder, OrderEvidence, OrderVerdict};
use super::records::{Records, Row};
use super::shown;
use crate::ingest::{Input, ReadError, Sink, SourceError};

/// Ambiguous dates that are shown.
const PREVIEW: usize = 5;

/// What the times of one input show.
#[derive(Debug, Default)]
struct Shown {
    evidence: OrderEvidence,
    has_order: bool,
    open: Vec<String>,
    proofs: [Option<String>; 2],
}

impl Shown {
    /// Looks at the column that the latest header names.
    fn observe(
        mut records: Records,
        last_is_cut: bool,
        time_of: &dyn Fn(&Row<'_>) -> Option<usize>,
    ) -> Shown {
        let mut shown = Shown::default();
        let mut column = None;
        // A head may end inside a row, and a part of a date would prove the wrong thing.
        let mut before = Vec::new();
        while let Ok(Some(row)) = records.next_row() {
            shown.observe_cell(&before);
            before.clear();
            let cell: &[u8] = column.map_or(b"", |at| row.cell(at));
            // Headers are looked for only where there is no date: where files were joined another one follows.
            match if starts_date(cell) { None } else { time_of(&row) } {
                Some(at) => column = Some(at),
                None => before.extend_from_slice(cell),
            }
        }
        if !last_is_cut {
            shown.observe_cell(&before);
        }
        shown
    }

    fn observe_cell(&mut self, cell: &[u8]) {
        let Some(date) = DateText::parse(cell) else { return };
        self.evidence.observe(&date);
        self.has_order |= date.has_order();
        if let Some(order) = date.proves() {
            self.proofs[order as usize].get_or_insert_with(|| shown(cell));
        }
        if date.is_open() && self.open.len() < PREVIEW {
            self.open.push(shown(cell));
        }
    }

    fn undecided(&self, input: &Input, verdict: OrderVerdict) -> ReadError {
        let proofs: Vec<&str> = self.proofs.iter().flatten().map(String::as_str).collect();
        let problem = match verdict {
            OrderVerdict::Mixed => {
                format!("some dates have the day first and some the month: {}", proofs.join(", "))
            }
            _ => {
                format!("its dates can be read with the day or the month first: {}", self.open.join(", "))
            }
        };
        ReadError::Undecided {
            input: input.name().to_owned(),
            problem,
            hint: "say --date-order day-month or --date-order month-day".to_owned(),
        }
    }
}

/// Whether a cell begins as dates do, and names of columns do not.
fn starts_date(cell: &[u8]) -> bool {
    cell.first().is_some_and(u8::is_ascii_digit)
}

/// The order in each input; `None` where no date needs one. Inputs without a delimiter are no tables. `time_of` is the
/// column of times where a row is a header.
pub(crate) fn column_orders(
    inputs: &mut [Input],
    delimiters: &[Option<u8>],
    stated: Option<DateOrder>,
    sink: &mut dyn Sink,
    time_of: &dyn Fn(&Row<'_>) -> Option<usize>,
) -> Result<Vec<Option<DateOrder>>, ReadError> {
    if stated.is_some() {
        return Ok(vec![stated; inputs.len()]);
    }
    let mut all = OrderEvidence::default();
    let mut columns = Vec::new();
    for (input, delimiter) in inputs.iter_mut().zip(delimiters) {
        let column = delimiter.map(|delimiter| whole_column(input, delimiter, time_of)).transpose()?;
        let column = column.unwrap_or_default();
        all.add(&column.evidence);
        columns.push(column);
    }
    let mut orders = Vec::new();
    for (input, column) in inputs.iter().zip(&columns) {
        orders.push(match (column.evidence.verdict(), all.verdict()) {
            (OrderVerdict::Decided(order), _) => Some(order),
            (OrderVerdict::NotNeeded, _) => None,
            (OrderVerdict::Open, OrderVerdict::Decided(order)) => {
                let (name, order_name) = (input.name(), order.name());
                sink.warn(format!("{name}: dates are read as {order_name}, as in the other files"));
                Some(order)
            }
            (verdict, _) => return Err(column.undecided(input, verdict)),
        });
    }
    Ok(orders)
}

/// The column as its head shows it, or all of it where the head has dates that need an order.
fn whole_column(
    input: &mut Input,
    delimiter: u8,
    time_of: &dyn Fn(&Row<'_>) -> Option<usize>,
) -> Result<Shown, SourceError> {
    let is_cut = !input.head().ends_with(b"\n");
    let head = Shown::observe(Records::of_bytes(input.head(), delimiter), is_cut, time_of);
    if head.has_order && input.can_reopen() {
        return Ok(Shown::observe(Records::new(input.open()?, delimiter), false, time_of));
    }
    Ok(head)
}
