//! Which of several exports counts, so that nothing is billed twice.
//!
//! 1. A newer run of an export replaces older runs of the same period, as its manifest says.
//! 2. Of actual, FOCUS, usage and amortized costs of one day and resource, the first of these counts; sums that a query
//!    made over all resources give way to any of them on that day.
//! 3. Of one day, resource, meter, charge type and invoice month, one run counts: the newest where all runs have a
//!    manifest, else the most complete (the largest quantity, then the most rows, then the largest cost). Rows that the
//!    others have in common with it are duplicates; where they have other rows, a warning tells, because two
//!    states of one day must not be added.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::ledger::{Charge, Kind, Ledger, Texts};
use super::sets::Set;
use crate::ingest::{Record, Sink};
use crate::usage::Skip;

/// What became of charges that do not count.
#[derive(Default)]
struct Told {
    /// Rows of runs that a newer one replaces.
    replaced: u64,
    /// Rows of a kind that a better one covers, and both kinds of the first.
    covered: u64,
    kinds: Option<(Kind, Kind)>,
    /// Groups in which two exports differ.
    conflicts: u64,
    by_manifest: bool,
}

/// Delivers the charges that count, and what became of the others.
pub(super) fn deliver(ledger: Ledger, sets: &[Set], sink: &mut dyn Sink) {
    let Ledger { texts, mut charges, assumed_blocks } = ledger;
    let mut told = Told::default();
    charges.retain(|charge| {
        let is_replaced = set_of(sets, charge).is_some_and(|set| set.replaced_by.is_some());
        told.replaced += u64::from(is_replaced);
        !is_replaced
    });
    sink.skip(Skip::Covered, told.replaced);
    cover(&mut charges, &texts, &mut told);
    sink.skip(Skip::Covered, told.covered);
    charges.sort_unstable_by_key(|charge| {
        (charge.group(), charge.place.set, charge.place.source, charge.place.line)
    });
    for group in charges.chunk_by(|one, other| one.group() == other.group()) {
        deliver_group(group, sets, &texts, &mut told, sink);
    }
    warn(&told, sets, sink);
    for unit in assumed_blocks {
        sink.warn(format!(
            "a quantity in the unit '{unit}' is taken as that many blocks: compare the unit price with the price sheet"
        ));
    }
}

fn set_of<'a>(sets: &'a [Set], charge: &Charge) -> Option<&'a Set> {
    sets.get(charge.place.set as usize)
}

/// Takes out charges of which a better kind tells.
fn cover(charges: &mut Vec<Charge>, texts: &Texts, told: &mut Told) {
    let all_resources =
        |charge: &Charge| charge.place.kind == Kind::Query && texts.get(charge.resource).is_empty();
    let subject = |charge: &Charge| (charge.day(), charge.resource, charge.scope);
    charges.sort_unstable_by_key(|charge| (subject(charge), charge.place.kind));
    let mut best: Option<((i64, super::ledger::TextId, super::ledger::TextId), Kind)> = None;
    let mut best_of_day = rustc_hash::FxHashMap::default();
    for charge in charges.iter() {
        let kind = best_of_day.entry(charge.day()).or_insert(charge.place.kind);
        *kind = (*kind).min(charge.place.kind);
    }
    charges.retain(|charge| {
        let kind = charge.place.kind;
        let known = match best {
            Some((of, known)) if of == subject(charge) => known,
            _ => kind,
        };
        best = Some((subject(charge), known));
        let known = match best_of_day.get(&charge.day()) {
            Some(of_day) if all_resources(charge) => *of_day,
            _ => known,
        };
        if known < kind {
            told.covered += 1;
            told.kinds.get_or_insert((known, kind));
        }
        known == kind
    });
}

/// The charges of one run in a group.
struct Part<'a> {
    charges: &'a [Charge],
    submitted: Option<&'a str>,
    quantity: Decimal,
    cost: Decimal,
}

impl<'a> Part<'a> {
    fn of(charges: &'a [Charge], sets: &'a [Set]) -> Part<'a> {
        let sum = |number: fn(&Charge) -> Decimal| {
            charges
                .iter()
                .fold(Decimal::ZERO, |sum, charge| sum.checked_add(number(charge).abs()).unwrap_or(sum))
        };
        let submitted = charges.first().and_then(|charge| set_of(sets, charge)?.submitted.as_deref());
        let (quantity, cost) = (sum(|charge| charge.quantity), sum(|charge| charge.cost.amount()));
        Part { charges, submitted, quantity, cost }
    }

    fn completeness(&self, other: &Part<'_>) -> Ordering {
        let by = |part: &Part<'_>| (part.quantity, part.charges.len(), part.cost);
        by(self).cmp(&by(other)).then_with(|| figures(self.charges).cmp(&figures(other.charges)))
    }
}

/// The figures of charges in an order of their own.
fn figures(charges: &[Charge]) -> Vec<(Decimal, Decimal)> {
    let mut all: Vec<_> = charges.iter().map(Charge::figures).collect();
    all.sort_unstable();
    all
}

fn deliver_group(group: &[Charge], sets: &[Set], texts: &Texts, told: &mut Told, sink: &mut dyn Sink) {
    let parts: Vec<Part<'_>> = group
        .chunk_by(|one, other| one.place.set == other.place.set)
        .map(|part| Part::of(part, sets))
        .collect();
    let all_dated = parts.iter().all(|part| part.submitted.is_some());
    let order = |one: &&Part<'_>, other: &&Part<'_>| {
        let by_time = if all_dated { one.submitted.cmp(&other.submitted) } else { Ordering::Equal };
        by_time.then_with(|| one.completeness(other))
    };
    let Some(chosen) = parts.iter().max_by(order) else { return };
    for charge in chosen.charges {
        sink.accept(Record::BilledCharge(charge.billed(texts)));
    }
    let counted = figures(chosen.charges);
    let mut differs = false;
    for part in parts.iter().filter(|part| !std::ptr::eq(*part, chosen)) {
        let repeated = common(&counted, &figures(part.charges));
        let other = part.charges.len() as u64 - repeated;
        sink.skip(Skip::Duplicate, repeated);
        sink.skip(Skip::Covered, other);
        differs |= other > 0;
    }
    told.conflicts += u64::from(differs);
    told.by_manifest |= differs && all_dated;
}

/// How many of the second list are in the first, each as often as it is there; both are sorted.
fn common(first: &[(Decimal, Decimal)], second: &[(Decimal, Decimal)]) -> u64 {
    let (mut at, mut found) = (0, 0);
    for figures in second {
        while first.get(at).is_some_and(|known| known < figures) {
            at += 1;
        }
        if first.get(at) == Some(figures) {
            (at, found) = (at + 1, found + 1);
        }
    }
    found
}

fn warn(told: &Told, sets: &[Set], sink: &mut dyn Sink) {
    if told.replaced > 0 {
        let newest = sets.iter().find_map(|set| set.replaced_by.as_deref()).unwrap_or_default();
        sink.warn(format!(
            "{} charges are of older runs of an export that a newer one replaces ({newest}): they do not count",
            told.replaced
        ));
    }
    if let Some((better, kind)) = told.kinds {
        sink.warn(format!(
            "{} charges are in exports of several kinds: {} counts, and the same days and resources of {} do not",
            told.covered,
            better.name(),
            kind.name()
        ));
    }
    if told.conflicts > 0 {
        let which = if told.by_manifest { "the newest run" } else { "the most complete one" };
        sink.warn(format!(
            "{} groups of charges (day, resource and meter) differ between exports and are not added up: {which} \
             counts; give only the latest export of each month",
            told.conflicts
        ));
    }
}
