//! Cost exports as CSV: first how an input is written (order of day and month, decimal mark), then its rows.

use super::columns::{Column, Layout, is_before_header, likely_delimiter};
use super::ledger::{Kind, Ledger, Place};
use super::number::marked_digits;
use super::row::{Notation, RowView, Shifted, mentions_mail};
use crate::ingest::delimited::{
    DateText, DecimalMark, MarkEvidence, OrderEvidence, OrderVerdict, Records, Row, warn_if_cut,
};
use crate::ingest::{Input, ReadOptions, Sink, SourceError, rejection};
use crate::usage::{Skip, SourceId};

/// The columns whose dates show the order of day and month: the end of a billing period nearly always does.
const DATES: [Column; 4] = [Column::Date, Column::PeriodEnd, Column::BillingPeriod, Column::BillingPeriodEnd];
/// The columns whose numbers show the decimal mark.
const NUMBERS: [Column; 4] = [Column::Quantity, Column::Price, Column::OtherPrice, Column::Cost];

/// What an input shows of how it is written.
#[derive(Default)]
struct Survey {
    order: OrderEvidence,
    /// Whether some date is of a form that can be read in two ways.
    has_open_form: bool,
    has_dates: bool,
    marks: MarkEvidence,
    has_commas: bool,
    has_numbers: bool,
}

impl Survey {
    fn observe(&mut self, view: &RowView<'_, Row<'_>>) {
        for date in DATES.iter().filter_map(|column| DateText::parse_with_numbers(view.cell(*column))) {
            self.has_dates = true;
            self.has_open_form |= date.has_order();
            self.order.observe(&date);
        }
        for digits in NUMBERS.iter().filter_map(|column| marked_digits(view.cell(*column))) {
            self.has_numbers |= !digits.is_empty();
            self.has_commas |= digits.contains(',');
            self.marks.observe(digits.as_bytes());
        }
    }

    /// Whether later rows can show nothing new.
    fn is_decided(&self, delimiter: u8, is_order_stated: bool) -> bool {
        let is_shown = matches!(self.order.verdict(), OrderVerdict::Decided(_) | OrderVerdict::Mixed);
        let dates = is_order_stated || is_shown || self.has_dates && !self.has_open_form;
        let numbers =
            self.marks.decided().is_some() || delimiter == b',' && self.has_numbers && !self.has_commas;
        dates && numbers
    }

    fn notation(&self, delimiter: u8, options: &ReadOptions) -> Notation {
        let shown = match self.order.verdict() {
            OrderVerdict::Decided(order) => Some(order),
            _ => None,
        };
        // Exports without localisation have points; so have all in which a comma separates cells and no number.
        let usual = (delimiter == b',' && !self.has_commas).then_some(DecimalMark::Point);
        Notation { order: options.date_order.or(shown), mark: self.marks.decided().or(usual) }
    }
}

/// How an input is written, by as many rows as it takes to know. One that cannot be read twice is judged by its start.
fn notation(input: &mut Input, delimiter: u8, options: &ReadOptions) -> Result<Notation, SourceError> {
    let is_head = !input.can_reopen();
    let mut records = match is_head {
        true => Records::of_bytes(input.head(), delimiter),
        false => Records::new(input.open()?, delimiter),
    };
    let (mut survey, mut layout) = (Survey::default(), None);
    while let Ok(Some(row)) = records.next_row() {
        let Some(layout) = &layout else {
            layout = Layout::of(row.cells());
            continue;
        };
        if row.len() == layout.width {
            survey.observe(&RowView::new(layout, &row));
        }
        if survey.is_decided(delimiter, options.date_order.is_some()) {
            break;
        }
    }
    Ok(survey.notation(delimiter, options))
}

/// Where the rows of an input belong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belongs {
    /// The run of an export.
    pub(super) set: u32,
    /// The kind that a manifest states.
    pub(super) kind: Option<Kind>,
}

/// Reads one input; returns its number of rows.
pub(super) fn read(
    input: &mut Input,
    belongs: Belongs,
    options: &ReadOptions,
    ledger: &mut Ledger,
    sink: &mut dyn Sink,
) -> Result<u64, SourceError> {
    let delimiter = likely_delimiter(input.head());
    let notation = notation(input, delimiter, options)?;
    let source = sink.names().add_source(input.name());
    let mut records = Records::new(input.open()?, delimiter);
    let mut table = Table { input, belongs, notation, source, layout: None, rows: 0 };
    loop {
        match records.next_row() {
            Ok(Some(row)) => table.take(&row, ledger, sink),
            Ok(None) => break,
            Err(damaged) => {
                sink.damage(table.input.name(), damaged.line, damaged.what);
                return Ok(table.rows);
            }
        }
    }
    let rows = table.rows;
    warn_if_cut(input.name(), rows, sink);
    Ok(rows)
}

/// A table that is being read.
struct Table<'a> {
    input: &'a Input,
    belongs: Belongs,
    notation: Notation,
    source: SourceId,
    layout: Option<Layout>,
    rows: u64,
}

impl Table<'_> {
    fn take(&mut self, row: &Row<'_>, ledger: &mut Ledger, sink: &mut dyn Sink) {
        sink.records(1);
        if self.layout.is_none() || self.is_header_again(row) {
            return self.take_before_rows(row, sink);
        }
        self.rows += 1;
        let Some(layout) = &self.layout else { return };
        let taken = self.take_row(layout, row, ledger);
        match taken {
            Ok(true) => {}
            Ok(false) => sink.skip(Skip::OtherService, 1),
            Err(reason) => sink.reject(rejection(self.input, row.line, reason)),
        }
    }

    /// Whether a header begins another export that was joined to this one.
    fn is_header_again(&self, row: &Row<'_>) -> bool {
        let Some(place) = self.layout.as_ref().and_then(|layout| layout.at(Column::Cost)) else {
            return false;
        };
        let cell = row.cell(place);
        // Costs are digits: only a header has letters there, and exponents but one.
        cell.len() > 3 && cell.iter().all(|byte| !byte.is_ascii_digit()) && Layout::of(row.cells()).is_some()
    }

    fn take_before_rows(&mut self, row: &Row<'_>, sink: &mut dyn Sink) {
        match Layout::of(row.cells()) {
            Some(layout) => {
                self.layout = Some(layout);
                sink.skip(Skip::Header, 1);
            }
            None if is_before_header(row) => sink.skip(Skip::Header, 1),
            None => sink.reject(rejection(self.input, row.line, "a row before the header of a cost export")),
        }
    }

    /// Takes one row; `false` where it is of another service.
    fn take_row(&self, layout: &Layout, row: &Row<'_>, ledger: &mut Ledger) -> Result<bool, String> {
        match row.len().checked_sub(layout.width) {
            Some(0) => self.take_cells(&RowView::new(layout, row), row.line, ledger),
            _ if !mentions_mail(row) => Ok(false),
            // A cell behind the last column, as some exporters write.
            Some(1) if row.cell(layout.width).is_empty() => {
                self.take_cells(&RowView::new(layout, row), row.line, ledger)
            }
            Some(by) if row.lines() == 1 => {
                let from = layout.at(Column::Tags).map_or(layout.width, |tags| tags + 1);
                let shifted = Shifted { row: *row, from, by };
                self.take_cells(&RowView::new(layout, &shifted), row.line, ledger)
                    .map_err(|reason| format!("{} ({reason})", misfit(row, layout)))
            }
            _ => Err(misfit(row, layout)),
        }
    }

    fn take_cells<C: super::row::Cells>(
        &self,
        view: &RowView<'_, C>,
        line: u64,
        ledger: &mut Ledger,
    ) -> Result<bool, String> {
        let Some(metered) = view.service() else { return Ok(false) };
        let stated = self.belongs.kind.unwrap_or(Kind::Actual);
        let is_focus = self.layout.as_ref().is_some_and(|layout| layout.is_focus);
        let kind = if is_focus { Kind::Focus } else { stated };
        let place = Place { set: self.belongs.set, kind, source: self.source, line };
        let charge = view.charge(metered, &self.notation, place, ledger)?;
        ledger.charges.push(charge);
        Ok(true)
    }
}

/// What is wrong with a row that does not fit its header.
fn misfit(row: &Row<'_>, layout: &Layout) -> String {
    let lines = row.lines();
    let over = if lines > 1 { format!(" over {lines} lines") } else { String::new() };
    format!(
        "the row has {} cells{over} instead of {}: a quote or delimiter in one of them is probably not escaped",
        row.len(),
        layout.width
    )
}
