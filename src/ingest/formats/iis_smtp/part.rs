//! The parts of a log, in the order in which they were written.
//!
//! IIS begins a file each hour, day, week or month, or by size; files may also be cut, copied and packed. The first
//! time in a part puts it in order, never its name; parts without any time follow the one before them by name.

use super::clock::{Clock, proven_order};
use super::layout::{Layout, dated};
use super::row::Row;
use super::shape::{Parsed, Shape};
use crate::ingest::{DateOrder, Input, ReadError, ReadOptions};
use crate::period::Timestamp;

/// One part of a log.
#[derive(Debug)]
pub(super) struct Part {
    /// The input.
    pub(super) input: Input,
    /// How its lines are read, before the first `#Fields:` line.
    pub(super) shape: Shape,
    /// Its clock.
    pub(super) clock: Clock,
    /// The first time in it.
    pub(super) first: Option<Timestamp>,
    /// The last time in it, where another part begins with the same.
    last: Option<Timestamp>,
}

/// Puts inputs in order.
pub(super) fn arrange(mut inputs: Vec<Input>, options: &ReadOptions) -> Result<Vec<Part>, ReadError> {
    inputs.sort_by(|one, other| one.name().cmp(other.name()));
    let order = inputs.iter().find_map(|input| order_in(input.head()));
    let mut parts: Vec<Part> = inputs.into_iter().map(|input| Part::of(input, options, order)).collect();
    let mut before = Timestamp::from_seconds(i64::MIN);
    let mut begins: Vec<Timestamp> = Vec::with_capacity(parts.len());
    for part in &parts {
        before = part.first.unwrap_or(before);
        begins.push(before);
    }
    let mut sorted = begins.clone();
    sorted.sort_unstable();
    for (part, begin) in parts.iter_mut().zip(&begins) {
        let same =
            sorted.partition_point(|other| other <= begin) - sorted.partition_point(|other| other < begin);
        if same > 1 {
            part.find_last()?;
        }
    }
    let mut placed: Vec<(Timestamp, Part)> = begins.into_iter().zip(parts).collect();
    placed.sort_by_key(|(begin, part)| (*begin, part.last));
    Ok(placed.into_iter().map(|(_, part)| part).collect())
}

impl Part {
    fn of(input: Input, options: &ReadOptions, order: Option<DateOrder>) -> Part {
        let shape = Shape::of(input.head()).unwrap_or(Shape::W3c(None));
        let clock = Clock::new(options, order);
        let first = times(input.head(), &mut shape.clone(), clock.clone()).next();
        Part { input, shape, clock, first, last: None }
    }

    fn find_last(&mut self) -> Result<(), ReadError> {
        if let Some(tail) = self.input.tail()? {
            let mut shape = match &self.shape {
                Shape::W3c(_) => Shape::W3c(None),
                other => other.clone(),
            };
            self.last = times(&tail, &mut shape, self.clock.clone()).last();
        }
        Ok(())
    }

    /// The first row of a part that has no `#Fields:` line before it.
    pub(super) fn headless_row(&self) -> Option<&[u8]> {
        let mut lines = self.input.head().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first =
            lines.find(|line| !line.is_empty() && (line[0] != b'#' || line.starts_with(b"#Fields:")))?;
        (matches!(self.shape, Shape::W3c(None)) && first[0] != b'#').then_some(first)
    }
}

/// The columns that `#Fields:` lines in the head of an input name.
pub(super) fn layouts(head: &[u8]) -> impl Iterator<Item = Layout> {
    let lines = head.split(|byte| *byte == b'\n');
    lines.filter_map(|line| line.strip_prefix(b"#Fields:")).map(Layout::of)
}

/// The times of the rows of a text.
fn times<'a>(text: &'a [u8], shape: &'a mut Shape, mut clock: Clock) -> impl Iterator<Item = Timestamp> + 'a {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter_map(move |line| {
        let row = match shape.parse(line) {
            Parsed::Row(row) => row,
            Parsed::Directive(directive) => {
                if let Some(names) = directive.strip_prefix(b"#Fields:") {
                    *shape = Shape::W3c(Some(Layout::of(names)));
                } else if let Some(date) = directive.strip_prefix(b"#Date:") {
                    clock.set(date);
                }
                return None;
            }
            Parsed::Unread(_) if matches!(shape, Shape::W3c(None)) => {
                let (date, time) = dated(line)?;
                Row { date, time, ..Row::default() }
            }
            Parsed::Unread(_) | Parsed::Blank => return None,
        };
        clock.instant(&row, shape).map(|timed| timed.0)
    })
}

/// The order of day and month that the IIS rows of a text prove.
fn order_in(head: &[u8]) -> Option<DateOrder> {
    let Some(Shape::Fixed) = Shape::of(head) else { return None };
    let lines = head.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| line.split(|byte| *byte == b',').nth(2))
        .find_map(|date| proven_order(date.trim_ascii()))
}
