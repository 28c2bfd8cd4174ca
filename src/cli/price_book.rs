//! The prices of a run, from which those of a day or of a month are chosen: list, terms, exchange rate and megabyte.
//!
//! Which flags and files decide is left to `price_args`, arithmetic to `estimate`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;

use super::count_args::InForce;
use super::settings::{Origin, Settings};
use super::usage_error;
use crate::estimate::Conditions;
use crate::money::{Currency, ExchangeRate, RateSource};
use crate::period::Month;
use crate::pricing::{Catalog, PriceList, Segment, Terms};
use crate::units::Megabyte;

/// A rate that is so many days older than the day it is used for is remarked on: Azure sets its rate every month,
/// so that after a month and a half another one holds for certain.
const OLD_RATE_DAYS: i64 = 45;

/// What the prices of a run are chosen from, read once.
#[derive(Clone, Debug)]
pub struct PriceBook {
    pub(super) catalog: Catalog,
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// Who chose the price list.
    pub(super) list_from: Origin,
    pub(super) currency: Option<Currency>,
    pub(super) typed_rate: Option<Decimal>,
    pub(super) terms: Terms,
    pub(super) megabyte: Megabyte,
    pub(super) terms_from: Origin,
    pub(super) chosen_by: Value,
    pub(super) in_force: Vec<InForce>,
    pub(super) settings: Settings,
}

/// The prices of a day.
#[derive(Clone, Debug)]
pub struct Prices {
    /// The list that was chosen.
    pub list: Arc<PriceList>,
    /// Terms, exchange rate and megabyte.
    pub conditions: Conditions,
    /// Who chose currency, price list, price files, terms and megabyte, for provenance.
    pub chosen_by: Value,
    /// What a flag or the settings file decided, for provenance.
    pub in_force: Vec<InForce>,
    /// Remarks for stderr, one for each matter.
    pub warnings: BTreeMap<Matter, String>,
}

/// The prices of a billing month.
#[derive(Clone, Debug)]
pub struct MonthPrices {
    /// Its parts, each with the list in force.
    pub segments: Vec<Segment>,
    /// Terms, exchange rate and megabyte; `None` where no list is in force.
    pub conditions: Option<Conditions>,
    /// Remarks, one for each matter.
    pub warnings: BTreeMap<Matter, String>,
}

/// What a remark on prices is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Matter {
    /// The days on which terms are in force.
    Terms,
    /// The age of the rate of a day.
    Rate(NaiveDate),
    /// Given price files that decide nothing.
    Pricing,
}

impl PriceBook {
    /// The prices in force on a day, else the newest. Terms that are not in force on the day are refused; without
    /// one, terms that were not when the list was read are remarked on.
    pub fn on(&self, on: Option<NaiveDate>) -> anyhow::Result<Prices> {
        let list = self.catalog.list(&self.name, self.version.as_deref(), on);
        let list = self.settings.located("price_list", &self.list_from, list)?;
        let mut warnings = BTreeMap::new();
        match (on, self.terms.check_day(on.unwrap_or(list.source.retrieved_on))) {
            (Some(_), Err(error)) => return self.settings.located("terms", &self.terms_from, Err(error)),
            (None, Err(error)) => {
                let text = format!(
                    "{error}; they are applied all the same, because the prices are not those of a day: the day is \
                     the one on which the price list was read, --on names another"
                );
                warnings.insert(Matter::Terms, text);
            }
            (_, Ok(())) => {}
        }
        let conditions = self.conditions(&list, on, self.terms.clone(), &mut warnings)?;
        if !uses_given(&list, &conditions) {
            warnings.extend(self.unused_warning());
        }
        let (chosen_by, in_force) = (self.chosen_by.clone(), self.in_force.clone());
        Ok(Prices { list, conditions, chosen_by, in_force, warnings })
    }

    /// The prices of the usage of a billing month, which no pinned version decides: the lists in force in it, each
    /// for its days, and the terms and the rate in force on its first day, as a provider fixes them for a month. A
    /// month in which the terms are not in force costs what the list says.
    pub fn in_month(&self, month: Month) -> anyhow::Result<MonthPrices> {
        let day = month.first_day();
        let mut warnings = BTreeMap::new();
        let terms = self.terms_in(month, &mut warnings);
        let segments = self.catalog.segments(&self.name, month);
        let mut conditions = None;
        for segment in &segments {
            conditions = Some(self.conditions(&segment.list, Some(day), terms.clone(), &mut warnings)?);
        }
        Ok(MonthPrices { segments, conditions, warnings })
    }

    /// The prices of a month of the past or to come: the lists in force in it (before the first one, the first), the
    /// terms in force on its first day, and the exchange rate of `prices`, since nobody knows that of months to come.
    /// A pinned version holds for all months.
    pub fn of_month(&self, month: Month, prices: &Prices) -> anyhow::Result<MonthPrices> {
        let mut warnings = BTreeMap::new();
        let terms = self.terms_in(month, &mut warnings);
        let mut segments = match self.version {
            Some(_) => Vec::new(),
            None => self.catalog.segments(&self.name, month),
        };
        match segments.first_mut() {
            Some(first) => first.period.start = month.period().start,
            None if self.version.is_some() => segments.push(Segment::whole_month(month, prices.list.clone())),
            None => {
                let first = self.catalog.changes(&self.name).first().copied();
                let list = self.catalog.list(&self.name, None, first)?;
                let text = format!(
                    "no price list '{}' is in force in {month}: months before {} cost what its first list says",
                    self.name, list.effective
                );
                warnings.insert(Matter::Pricing, text);
                segments.push(Segment::whole_month(month, list));
            }
        }
        for segment in &segments {
            self.settings.located("terms", &self.terms_from, terms.check(&segment.list))?;
        }
        let Conditions { exchange_rate, megabyte, .. } = prices.conditions.clone();
        Ok(MonthPrices {
            segments,
            conditions: Some(Conditions { terms, exchange_rate, megabyte }),
            warnings,
        })
    }

    /// The terms in force on the first day of a month; a remark where none are.
    fn terms_in(&self, month: Month, warnings: &mut BTreeMap<Matter, String>) -> Terms {
        match self.terms.check_day(month.first_day()) {
            Ok(()) => self.terms.clone(),
            Err(error) => {
                let text = format!("{error}; usage of such months costs what the list says");
                warnings.insert(Matter::Terms, text);
                Terms::default()
            }
        }
    }

    /// The remark on price files that were given but decide nothing; none where no files were given.
    pub fn unused_warning(&self) -> Option<(Matter, String)> {
        let lists = self.catalog.lists().filter(|list| list.sha256.is_some());
        let lists = lists.map(|list| format!("price list '{}@{}'", list.name, list.version));
        let rates = self.catalog.rate_files().iter().filter(|file| file.sha256.is_some());
        let rates = rates.map(|file| format!("rates of {} per {}", file.pricing, file.billing));
        let given: Vec<String> = lists.chain(rates).collect();
        (!given.is_empty()).then(|| {
            let text = format!(
                "nothing that --pricing gives is used ({}): the prices are those of '{}', built in; --price-list names \
                 another list",
                given.join(", "),
                self.name
            );
            (Matter::Pricing, text)
        })
    }

    /// The list in force on a day of usage.
    pub fn list_on(&self, day: NaiveDate) -> anyhow::Result<Arc<PriceList>> {
        self.settings.located("price_list", &self.list_from, self.catalog.list(&self.name, None, Some(day)))
    }

    /// The days on which another list comes into force.
    pub fn changes(&self) -> Vec<NaiveDate> {
        self.catalog.changes(&self.name)
    }

    /// The version that was asked for, with who asked.
    pub fn pinned(&self) -> Option<(&str, &Origin)> {
        self.version.as_deref().map(|version| (version, &self.list_from))
    }

    fn conditions(
        &self,
        list: &PriceList,
        on: Option<NaiveDate>,
        terms: Terms,
        warnings: &mut BTreeMap<Matter, String>,
    ) -> anyhow::Result<Conditions> {
        self.settings.located("terms", &self.terms_from, terms.check(list))?;
        let exchange_rate = self.exchange_rate(list, on)?;
        if let Some(rate) = &exchange_rate {
            let warning = age_warning(rate, on.unwrap_or(list.source.retrieved_on), on);
            warnings.extend(warning.map(|warning| (Matter::Rate(rate.date), warning)));
        }
        Ok(Conditions { terms, exchange_rate, megabyte: self.megabyte })
    }

    fn exchange_rate(&self, list: &PriceList, on: Option<NaiveDate>) -> anyhow::Result<Option<ExchangeRate>> {
        let billing = self.currency.unwrap_or(list.currency);
        if billing == list.currency {
            return match self.typed_rate {
                Some(_) => Err(usage_error(format!(
                    "'--fx' has nothing to convert: the result is in {billing}, like the price list; \
                     name another currency with '--currency'"
                ))),
                None => Ok(None),
            };
        }
        if let Some(rate) = self.typed_rate {
            let day = on.unwrap_or(list.source.retrieved_on);
            return Ok(Some(ExchangeRate::new(list.currency, billing, rate, day, RateSource::Typed)?));
        }
        let found = self.catalog.exchange_rate(list.currency, billing, on);
        Ok(Some(found.map_err(|error| anyhow!("{error}\nhint: give a rate with --fx"))?))
    }
}

/// Whether a given file decides a price: those built in have no digest.
pub(super) fn uses_given(list: &PriceList, conditions: &Conditions) -> bool {
    let rate = conditions.exchange_rate.as_ref().map(|rate| &rate.source);
    list.sha256.is_some() || matches!(rate, Some(RateSource::File { sha256: Some(_), .. }))
}

/// The remark on a rate that is too old for the day it is used for.
fn age_warning(rate: &ExchangeRate, day: NaiveDate, on: Option<NaiveDate>) -> Option<String> {
    let age = day.signed_duration_since(rate.date).num_days();
    let what = match on {
        Some(on) => format!("{on}, the day of the prices"),
        None => format!("{day}, the day on which the price list was read"),
    };
    (rate.source != RateSource::Typed && age > OLD_RATE_DAYS).then(|| {
        format!(
            "the newest known rate of {} per {} is of {}, {age} days before {what}: give a newer one with --fx",
            rate.pricing, rate.billing, rate.date
        )
    })
}
