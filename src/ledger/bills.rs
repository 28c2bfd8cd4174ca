//! Billed charges of a batch: those of a day, resource and currency replace the stored ones, since a later export of a
//! day is more complete or corrected; nothing is added up. An export that has less of a day is an earlier one, whenever
//! it is read.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::LedgerError;
use super::outcome::{Outcome, Volume};
use super::row::ChargeRow;
use super::schema::Kind;
use super::store::Store;
use super::transaction::Transaction;
use crate::usage::{BilledCharge, SourceId};

/// What an export states as a whole: a resource, billed in a currency.
type Account = (String, String);

fn account(row: &ChargeRow) -> Account {
    (row.charge.resource.clone(), row.charge.billed_cost.currency().code().to_owned())
}

/// Puts charges in the place of those that are stored.
pub fn put(
    store: &Store,
    transaction: &Transaction,
    rows: Vec<ChargeRow>,
    outcome: &mut Outcome,
) -> Result<(), LedgerError> {
    let mut days: BTreeMap<NaiveDate, BTreeMap<Account, Vec<ChargeRow>>> = BTreeMap::new();
    for row in rows {
        let day = days.entry(row.charge.period.start.date()).or_default();
        day.entry(account(&row)).or_default().push(row);
    }
    days.into_iter().try_for_each(|(day, accounts)| put_day(store, transaction, day, accounts, outcome))
}

fn put_day(
    store: &Store,
    transaction: &Transaction,
    day: NaiveDate,
    mut accounts: BTreeMap<Account, Vec<ChargeRow>>,
    outcome: &mut Outcome,
) -> Result<(), LedgerError> {
    let mut files = Vec::new();
    for file in store.files(Kind::Charges).filter(|file| file.day == Some(day)) {
        files.push((file, store.charges(file)?));
    }
    let stored: Vec<&ChargeRow> = files.iter().flat_map(|(_, rows)| rows).collect();
    let changes = outcome.day(Kind::Charges, day);
    let volume = |rows: &[ChargeRow]| Volume { rows: rows.len() as u64, ..Volume::default() };
    accounts.retain(|account_of, rows| {
        let known: Vec<&ChargeRow> =
            stored.iter().copied().filter(|row| account(row) == *account_of).collect();
        let is_same = contents(known.iter().copied()) == contents(rows.iter());
        let is_old = is_same || has_less(rows, &known);
        let count = match (is_old, known.is_empty()) {
            (true, _) => &mut changes.already_there,
            (false, true) => &mut changes.added,
            (false, false) => &mut changes.completed,
        };
        count.merge(&volume(rows));
        !is_old
    });
    for (file, mut rows) in files {
        let before = rows.len();
        rows.retain(|row| !accounts.contains_key(&account(row)));
        if rows.len() < before {
            transaction.replace_charges(file, &mut rows)?;
        }
    }
    transaction.add_charges(day, &mut accounts.into_values().flatten().collect())
}

/// Whether charges are those of an earlier export: of no meter there is more than is stored, of some there is less. The
/// usage of a day grows until all of it is reported.
fn has_less(rows: &[ChargeRow], stored: &[&ChargeRow]) -> bool {
    let (new, known) = (quantities(rows.iter()), quantities(stored.iter().copied()));
    let no_more =
        new.iter().all(|(meter, quantity)| known.get(meter).is_some_and(|of_known| quantity <= of_known));
    no_more && new != known
}

/// Quantities by meter and unit, those of refunds, too, as they grow.
fn quantities<'a>(rows: impl Iterator<Item = &'a ChargeRow>) -> BTreeMap<(&'a str, &'a str), Decimal> {
    let mut all = BTreeMap::new();
    for ChargeRow { charge, .. } in rows {
        let sum: &mut Decimal = all.entry((&*charge.meter, &*charge.unit)).or_default();
        *sum = sum.checked_add(charge.quantity.abs()).unwrap_or(*sum);
    }
    all
}

/// What rows state, in an order of its own, without where it stands.
fn contents<'a>(rows: impl Iterator<Item = &'a ChargeRow>) -> Vec<String> {
    let content = |row: &ChargeRow| {
        let charge = BilledCharge { source: SourceId(0), line: 0, records: 0, ..row.charge.clone() };
        format!("{charge:?}")
    };
    let mut all: Vec<String> = rows.map(content).collect();
    all.sort_unstable();
    all
}
