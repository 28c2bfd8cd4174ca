//! Sizes for messages whose size is not in the source: the mean of comparable ones, or the size that was typed.
//!
//! Comparable are the counted messages of the same sender domain, else all counted ones. Means are taken when
//! everything has been read, so that the order of the input does not matter. Nothing is ever zero for want of
//! a size: without any, there is an error.

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::cube::{Portion, Unsized};
use super::names::DomainId;
use super::numbering::Numbering;
use crate::money::{Rounding, round};
use crate::units::MessageSize;

/// Pairs of cell and sender domain for which unsized messages are told apart (some 60 bytes each); past them
/// all are imputed from the mean over all domains.
const PAIR_CAP: usize = 200_000;

/// Messages without a size by cell and sender domain.
pub(super) type Pairs = FxHashMap<(u32, DomainId), Unsized>;

/// Messages with a size and the sum of their bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    messages: u64,
    bytes: u128,
}

impl Measured {
    fn add(&mut self, messages: u64, size: u64) {
        self.messages = self.messages.saturating_add(messages);
        self.bytes = self.bytes.saturating_add(u128::from(size) * u128::from(messages));
    }

    fn merge(&mut self, other: &Measured) {
        self.messages = self.messages.saturating_add(other.messages);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    /// The mean size, rounded half up to whole bytes; `None` without messages.
    fn mean(&self) -> Option<u64> {
        if self.messages == 0 {
            return None;
        }
        let bytes = Decimal::try_from_i128_with_scale(i128::try_from(self.bytes).ok()?, 0).ok()?;
        let mean = bytes.checked_div(Decimal::from(self.messages))?;
        u64::try_from(round(mean, 0, Rounding::HalfUp)).ok()
    }
}

/// What is known of sizes, and what has none.
#[derive(Debug, Default)]
pub(super) struct Imputation {
    typed: Option<u64>,
    domains: Vec<Measured>,
    pairs: Pairs,
    overall: bool,
}

impl Imputation {
    /// With a size for all messages without one, or by means.
    pub(super) fn new(typed: Option<MessageSize>) -> Imputation {
        Imputation { typed: typed.map(MessageSize::in_bytes), ..Imputation::default() }
    }

    /// Takes note of a portion that was counted in a cell.
    pub(super) fn add(&mut self, cell: u32, domain: DomainId, portion: &Portion) {
        match portion.size {
            Some(size) => self.measured_of(domain).add(portion.messages, size),
            None => {
                let mut open = Unsized::default();
                open.add(portion);
                self.open(cell, domain, &open);
            }
        }
    }

    /// Adds what was noted apart, whose cells and domains are these of the run.
    pub(super) fn merge(&mut self, other: &Imputation, cells: &[u32], numbers: &Numbering) {
        for (at, measured) in other.domains.iter().enumerate().filter(|(_, measured)| measured.messages > 0) {
            let domain = numbers.domain(DomainId(at as u32));
            self.measured_of(domain).merge(measured);
        }
        for (&(cell, domain), open) in &other.pairs {
            let cell = cells.get(cell as usize).copied().unwrap_or(cell);
            self.open(cell, numbers.domain(domain), open);
        }
    }

    /// Whether there are too many pairs to tell them apart.
    pub(super) fn is_overall(&self) -> bool {
        self.overall
    }

    fn open(&mut self, cell: u32, domain: DomainId, open: &Unsized) {
        if self.overall {
            return;
        }
        self.pairs.entry((cell, domain)).or_default().merge(open);
        if self.pairs.len() > PAIR_CAP {
            self.overall = true;
            self.pairs = Pairs::default();
        }
    }

    fn measured_of(&mut self, domain: DomainId) -> &mut Measured {
        let at = domain.0 as usize;
        if self.domains.len() <= at {
            self.domains.resize(at + 1, Measured::default());
        }
        &mut self.domains[at]
    }

    /// Fixes the sizes when everything is counted. Without pairs, all unsized messages of a cell have the
    /// overall size.
    pub(super) fn finish(self) -> (ImputedSizes, Option<Pairs>) {
        let by_domain = self.typed.is_none() && !self.overall;
        let domains = if by_domain { self.domains.iter().map(Measured::mean).collect() } else { Vec::new() };
        let mut all = Measured::default();
        self.domains.iter().for_each(|measured| all.merge(measured));
        let all = self.typed.or_else(|| all.mean());
        (ImputedSizes { domains, all }, (!self.overall).then_some(self.pairs))
    }
}

/// The size that a message without one is taken to have, by the domain of its sender.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImputedSizes {
    domains: Vec<Option<u64>>,
    all: Option<u64>,
}

impl ImputedSizes {
    /// The imputed size for a sender domain; `None` where nothing in the run carries a size.
    pub fn of_domain(&self, domain: DomainId) -> Option<u64> {
        self.domains.get(domain.0 as usize).copied().flatten().or(self.all)
    }

    /// The imputed size where the sender domain is not told apart.
    pub fn overall(&self) -> Option<u64> {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(size: u64) -> Portion {
        Portion { size: Some(size), messages: 1, recipients: 1, ..Portion::default() }
    }

    #[test]
    fn means_are_of_the_domain_else_of_all_rounded_half_up() {
        let mut imputation = Imputation::new(None);
        imputation.add(0, DomainId(3), &sized(100));
        imputation.add(0, DomainId(3), &sized(101));
        imputation.add(1, DomainId(5), &sized(1_000));
        let (sizes, _) = imputation.finish();
        let of = [3, 4, 5, 99].map(|id| sizes.of_domain(DomainId(id)));
        assert_eq!(of, [Some(101), Some(400), Some(1_000), Some(400)]);
    }

    #[test]
    fn a_typed_size_is_for_all() {
        let mut imputation = Imputation::new(Some(MessageSize::from_bytes(2_884)));
        imputation.add(0, DomainId(3), &sized(100));
        let (sizes, _) = imputation.finish();
        assert_eq!((sizes.of_domain(DomainId(3)), sizes.overall()), (Some(2_884), Some(2_884)));
    }

    #[test]
    fn without_any_size_there_is_none() {
        let mut imputation = Imputation::new(None);
        imputation.add(0, DomainId(3), &Portion { size: None, messages: 1, ..Portion::default() });
        let (sizes, pairs) = imputation.finish();
        assert_eq!((sizes.of_domain(DomainId(3)), pairs.map(|p| p.len())), (None, Some(1)));
    }

    #[test]
    fn too_many_pairs_are_imputed_from_all() {
        let mut imputation = Imputation::new(None);
        imputation.add(0, DomainId(0), &sized(10));
        imputation.add(0, DomainId(1), &sized(30));
        for cell in 0..=PAIR_CAP as u32 {
            imputation.add(cell, DomainId(0), &Portion { messages: 1, ..Portion::default() });
        }
        let (sizes, pairs) = imputation.finish();
        assert_eq!((sizes.of_domain(DomainId(0)), pairs), (Some(20), None));
    }
}
