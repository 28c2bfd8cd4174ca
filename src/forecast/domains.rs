//! What each sender domain sends by day, kept while submissions are counted. The days of the whole run come from the
//! usage itself; here only their split is kept, and bounded.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use super::log_days::Sums;
use crate::usage::{Counted, DomainId, Names, OTHER, Observer, Usage};

/// Days of domains that are told apart (some 60 bytes each); later domains count together.
const CELL_CAP: usize = 2_000_000;

/// One domain on one day.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    sums: Sums,
    /// Recipients of messages without a size.
    without_size: u64,
}

/// Sums by domain and UTC day.
#[derive(Clone, Debug, Default)]
pub struct DomainDays {
    domains: FxHashMap<DomainId, BTreeMap<NaiveDate, Cell>>,
    other: BTreeMap<NaiveDate, Cell>,
    cells: usize,
}

/// A domain with its days.
#[derive(Clone, PartialEq, Debug)]
pub struct Domain {
    /// Its name, or `(other)` for all that are not told apart.
    pub name: String,
    /// What it sent on each day.
    pub days: BTreeMap<NaiveDate, Sums>,
}

impl Observer for DomainDays {
    fn counted(&mut self, counted: &Counted<'_>, names: &Names) {
        let domain = names.sender_domain(counted.submission.sender);
        let day = counted.submission.time.date();
        let is_new = self.domains.get(&domain).is_none_or(|days| !days.contains_key(&day));
        let days = match is_new && self.cells >= CELL_CAP {
            true => &mut self.other,
            false => self.domains.entry(domain).or_default(),
        };
        self.cells += usize::from(is_new);
        let cell = days.entry(day).or_default();
        let bytes = u128::from(counted.message_size.unwrap_or(0)) * u128::from(counted.recipients);
        cell.sums.merge(Sums { recipients: counted.recipients, recipient_bytes: bytes });
        if counted.message_size.is_none() {
            cell.without_size = cell.without_size.saturating_add(counted.recipients);
        }
    }
}

impl DomainDays {
    /// The domains with the most recipients, each with its days, and all others as one.
    pub fn largest(self, count: usize, usage: &Usage) -> Vec<Domain> {
        let DomainDays { domains, mut other, .. } = self;
        let recipients = |days: &BTreeMap<NaiveDate, Cell>| -> u64 {
            days.values().map(|cell| cell.sums.recipients).fold(0, u64::saturating_add)
        };
        let mut named: Vec<(u64, &str, BTreeMap<NaiveDate, Sums>)> = Vec::new();
        for (id, days) in domains {
            let size = usage.imputed_sizes.of_domain(id).or(usage.imputed_sizes.overall()).unwrap_or(0);
            named.push((recipients(&days), usage.names.domain(id), sized(days, size)));
        }
        named.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
        let rest = named.split_off(named.len().min(count));
        let mut all: Vec<Domain> =
            named.into_iter().map(|(_, name, days)| Domain { name: name.to_owned(), days }).collect();
        let overall = usage.imputed_sizes.overall().unwrap_or(0);
        let mut others = sized(std::mem::take(&mut other), overall);
        for (day, sums) in rest.into_iter().flat_map(|(_, _, days)| days) {
            others.entry(day).or_default().merge(sums);
        }
        if !others.is_empty() {
            all.push(Domain { name: OTHER.to_owned(), days: others });
        }
        all
    }
}

/// The days with the bytes of messages without a size.
fn sized(days: BTreeMap<NaiveDate, Cell>, size: u64) -> BTreeMap<NaiveDate, Sums> {
    let with_all = |cell: Cell| {
        let mut sums = cell.sums;
        let bytes = u128::from(size) * u128::from(cell.without_size);
        sums.merge(Sums { recipients: 0, recipient_bytes: bytes });
        sums
    };
    days.into_iter().map(|(day, cell)| (day, with_all(cell))).collect()
}

/// Splits a whole by what was expected of each part, to the last recipient and byte: what rounding leaves goes to the
/// largest part. Evenly, where nothing was expected of any.
pub fn split(whole: Sums, parts: &[Sums]) -> Vec<Sums> {
    let recipients = shares(whole.recipients.into(), parts.iter().map(|part| part.recipients.into()));
    let bytes = shares(whole.recipient_bytes, parts.iter().map(|part| part.recipient_bytes));
    let sums = |(recipients, recipient_bytes): (u128, u128)| Sums {
        recipients: u64::try_from(recipients).unwrap_or(u64::MAX),
        recipient_bytes,
    };
    recipients.into_iter().zip(bytes).map(sums).collect()
}

fn shares(whole: u128, parts: impl Iterator<Item = u128>) -> Vec<u128> {
    let mut parts: Vec<u128> = parts.collect();
    if parts.iter().all(|part| *part == 0) {
        parts.iter_mut().for_each(|part| *part = 1);
    }
    let all = parts.iter().fold(0, |sum: u128, part| sum.saturating_add(*part));
    // In 64 bits the product of a share and the whole fits; the lowest bits of sums of exabytes do not matter.
    let shift = 64_u32.saturating_sub(all.leading_zeros());
    let scaled = |part: u128| (part >> shift).saturating_mul(whole) / (all >> shift).max(1);
    let mut shares: Vec<u128> = parts.into_iter().map(scaled).collect();
    let given = shares.iter().fold(0, |sum: u128, share| sum.saturating_add(*share));
    if let Some(largest) = shares.iter_mut().max() {
        *largest = largest.saturating_add(whole.saturating_sub(given));
    }
    shares
}
