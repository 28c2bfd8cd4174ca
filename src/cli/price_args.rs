//! The flags that choose prices, and what they mean: list, terms, exchange rate and megabyte of one run.
//!
//! Shared by every command that prices something; a flag beats the standing setting. [`PriceArgs::read`] reads all
//! files once, the [`PriceBook`] gives the prices of a day. Which usage is priced is left to the command,
//! arithmetic to `estimate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::count_args::InForce;
use super::settings::{self, Choice, Origin, Settings};
use super::usage_error;
use crate::estimate::Conditions;
use crate::money::{Currency, ExchangeRate, RateSource, parse_amount};
use crate::period::{Month, parse_date};
use crate::pricing::file::{self, PriceFile};
use crate::pricing::{Catalog, DEFAULT_LIST, PriceList, PricingError, Segment, Terms, parse_discount};
use crate::units::Megabyte;

/// A rate that is so many days older than the day it is used for is remarked on: Azure sets its rate every month,
/// so that after a month and a half another one holds for certain.
const OLD_RATE_DAYS: i64 = 45;

/// Which prices apply.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PriceArgs {
    /// Currency of the result [default: that of the price list]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// Units of the price list's currency for one of the result's, such as 1.0798 [default: the newest known rate]
    #[arg(long, value_name = "RATE", value_parser = rate, allow_negative_numbers = true)]
    pub fx: Option<Decimal>,
    /// Discount on all list prices, such as 5%
    #[arg(long, value_name = "PERCENT", value_parser = discount, allow_hyphen_values = true, conflicts_with = "terms")]
    pub discount: Option<Decimal>,
    /// File of negotiated terms: discounts or own unit prices
    #[arg(long, value_name = "FILE")]
    pub terms: Option<PathBuf>,
    /// Price file or folder of them, to be used in place of built-in ones of the same name and first day
    #[arg(long, value_name = "FILE|DIR")]
    pub pricing: Vec<PathBuf>,
    /// Price list, with a version for another than the one in force [default: acs-email]
    #[arg(long, value_name = "NAME[@VERSION]")]
    pub price_list: Option<String>,
    /// What a charged megabyte is: 10^6 bytes or 2^20 [default: decimal]
    #[arg(long, value_name = "decimal|binary", value_parser = settings::megabyte)]
    pub megabyte: Option<Megabyte>,
}

/// What the prices of a run are chosen from, read once.
#[derive(Clone, Debug)]
pub struct PriceBook {
    catalog: Catalog,
    name: String,
    version: Option<String>,
    /// Who chose the price list.
    list_from: Origin,
    currency: Option<Currency>,
    typed_rate: Option<Decimal>,
    terms: Terms,
    megabyte: Megabyte,
    terms_from: Origin,
    chosen_by: Value,
    in_force: Vec<InForce>,
    settings: Settings,
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

/// The flags and settings that were chosen between.
struct Chosen {
    currency: Option<Choice<Currency>>,
    list: Choice<String>,
    pricing: Choice<Vec<PathBuf>>,
    terms: Option<Choice<PathBuf>>,
    megabyte: Choice<Megabyte>,
}

impl PriceArgs {
    /// Finds the prices: with a day, those in force on it; else the newest.
    pub fn resolve(&self, settings: &Settings, on: Option<NaiveDate>) -> anyhow::Result<Prices> {
        self.read(settings)?.on(on)
    }

    /// Reads all price files.
    pub fn read(&self, settings: &Settings) -> anyhow::Result<PriceBook> {
        let chosen = self.choose(settings);
        let (name, version) = selection(&chosen.list.value);
        let catalog = Catalog::with_files(&chosen.pricing.value);
        let terms = self.agreed_terms(chosen.terms.as_ref().map(|terms| terms.value.as_path()));
        let terms_from = chosen.terms.as_ref().map_or(Origin::Flag, |terms| terms.from.clone());
        Ok(PriceBook {
            catalog: settings.located("pricing", &chosen.pricing.from, catalog)?,
            name: name.to_owned(),
            version: version.map(str::to_owned),
            list_from: chosen.list.from.clone(),
            currency: chosen.currency.as_ref().map(|currency| currency.value),
            typed_rate: self.fx,
            terms: settings.located("terms", &terms_from, terms)?,
            megabyte: chosen.megabyte.value,
            terms_from,
            chosen_by: chosen.origins(self.discount.is_some()),
            in_force: self.in_force(&chosen, settings),
            settings: settings.clone(),
        })
    }

    /// What was not left to the defaults, with what a flag beat.
    fn in_force(&self, chosen: &Chosen, settings: &Settings) -> Vec<InForce> {
        let shown = |path: &PathBuf| path.display().to_string();
        let paths = |paths: &Vec<PathBuf>| paths.iter().map(shown).collect::<Vec<_>>().join(", ");
        let percent = |share: &Decimal| {
            let percent = share.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(*share);
            format!("{}%", percent.normalize())
        };
        let discount = self.discount.as_ref().map(percent);
        let beaten = settings.terms.as_ref().map(shown);
        let all = [
            chosen.currency.as_ref().map(|choice| InForce::new("currency", choice)),
            Some(InForce::new("price-list", &chosen.list)),
            Some(InForce::new("pricing", &chosen.pricing.map(paths))),
            chosen.terms.as_ref().map(|choice| InForce::new("terms", &choice.map(shown))),
            settings
                .choose(discount.as_ref(), beaten.as_ref().filter(|_| discount.is_some()))
                .map(|choice| InForce::new("discount", &choice)),
            Some(InForce::new("megabyte", &chosen.megabyte.map(|megabyte| megabyte.name()))),
        ];
        all.into_iter().flatten().filter(|one| one.choice.from != Origin::Default).collect()
    }

    fn choose(&self, settings: &Settings) -> Chosen {
        // A discount on the command line stands in for the terms of the settings.
        let standing_terms = settings.terms.as_ref().filter(|_| self.discount.is_none());
        let list = settings.choose(self.price_list.as_ref(), settings.price_list.as_ref());
        let megabyte = settings.choose(self.megabyte.as_ref(), settings.megabyte.as_ref());
        Chosen {
            currency: settings.choose(self.currency.as_ref(), settings.currency.as_ref()),
            list: list.unwrap_or_else(|| Choice::default_of(DEFAULT_LIST.to_owned())),
            pricing: settings.choose_all(&self.pricing, &settings.pricing),
            terms: settings.choose(self.terms.as_ref(), standing_terms),
            megabyte: megabyte.unwrap_or_else(|| Choice::default_of(Megabyte::default())),
        }
    }

    fn agreed_terms(&self, path: Option<&Path>) -> Result<Terms, PricingError> {
        let Some(path) = path else {
            return Ok(self.discount.map(Terms::of_discount).unwrap_or_default());
        };
        match file::read(path)? {
            PriceFile::Terms(terms) => Ok(terms),
            other => Err(PricingError::WrongKind {
                file: path.display().to_string(),
                kind: other.kind(),
                expected: "'terms'",
            }),
        }
    }
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

impl Chosen {
    fn origins(&self, discount_typed: bool) -> Value {
        let terms = match (&self.terms, discount_typed) {
            (Some(choice), _) => choice.from.to_string(),
            (None, true) => Origin::Flag.to_string(),
            (None, false) => Origin::Default.to_string(),
        };
        let currency = self.currency.as_ref().map_or(&Origin::Default, |choice| &choice.from);
        json!({
            "currency": currency.to_string(),
            "price_list": self.list.from.to_string(),
            "pricing": self.pricing.from.to_string(),
            "terms": terms,
            "megabyte": self.megabyte.from.to_string(),
        })
    }
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

/// Name and version of `NAME[@VERSION]`.
pub(super) fn selection(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    }
}

/// Reads a day such as `2026-10-01`.
pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    parse_date(text).map_err(|error| error.to_string())
}

fn rate(text: &str) -> Result<Decimal, String> {
    let expected = || format!("'{text}' is not an exchange rate: expected a number above 0 such as '1.0798'");
    parse_amount(text).ok().filter(|rate| *rate > Decimal::ZERO).ok_or_else(expected)
}

fn discount(text: &str) -> Result<Decimal, String> {
    parse_discount(text).ok_or_else(|| {
        let hint = match parse_discount(&format!("{text}%")) {
            Some(_) => format!("; write '{}%'", text.trim()),
            None => ", such as '5%'".to_owned(),
        };
        format!("'{text}' is not a discount: expected 0 to 100 per cent{hint}")
    })
}
