//! The flags that choose prices, and what they mean: list, terms, exchange rate and megabyte of one run.
//!
//! Shared by every command that prices something; a flag beats the standing setting. Which usage is priced is
//! left to the command, arithmetic to `estimate`.

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
use crate::money::{Currency, ExchangeRate, parse_amount};
use crate::period::parse_date;
use crate::pricing::file::{self, PriceFile};
use crate::pricing::{Catalog, DEFAULT_LIST, PriceList, PricingError, Terms, parse_discount};
use crate::units::Megabyte;

/// A rate that is so many days older than the day it is used for is remarked on: Azure sets its rate every month,
/// so that after a month and a half another one holds for certain.
const OLD_RATE_DAYS: i64 = 45;

/// The source of a rate typed on the command line.
pub const TYPED_RATE: &str = "--fx";

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
    #[arg(long, value_name = "PERCENT", value_parser = discount, conflicts_with = "terms")]
    pub discount: Option<Decimal>,
    /// File of negotiated terms: discounts or own unit prices
    #[arg(long, value_name = "FILE")]
    pub terms: Option<PathBuf>,
    /// Price file or folder of them, to be used in place of built-in ones of the same name and date
    #[arg(long, value_name = "FILE|DIR")]
    pub pricing: Vec<PathBuf>,
    /// Price list, with a version for another than the one in force [default: acs-email]
    #[arg(long, value_name = "NAME[@VERSION]")]
    pub price_list: Option<String>,
    /// What a charged megabyte is: 10^6 bytes or 2^20 [default: decimal]
    #[arg(long, value_name = "decimal|binary", value_parser = settings::megabyte)]
    pub megabyte: Option<Megabyte>,
}

/// The prices of one run.
#[derive(Clone, Debug)]
pub struct Prices {
    /// All lists and rates, for a choice by the date of usage.
    pub catalog: Catalog,
    /// The list that was chosen.
    pub list: Arc<PriceList>,
    /// Terms, exchange rate and megabyte.
    pub conditions: Conditions,
    /// Who chose currency, price list, price files, terms and megabyte, for provenance.
    pub chosen_by: Value,
    /// What a flag or the settings file decided, for provenance.
    pub in_force: Vec<InForce>,
    /// Remarks for stderr.
    pub warnings: Vec<String>,
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
        let chosen = self.choose(settings);
        let catalog = Catalog::with_files(&chosen.pricing.value);
        let catalog = settings.located("pricing", &chosen.pricing.from, catalog)?;
        let (name, version) = selection(&chosen.list.value);
        let list = settings.located("price_list", &chosen.list.from, catalog.list(name, version, on))?;
        let terms = self.agreed_terms(chosen.terms.as_ref().map(|terms| terms.value.as_path()));
        let terms = terms.and_then(|terms| terms.check(&list, on).map(|()| terms));
        let from = chosen.terms.as_ref().map_or(&Origin::Flag, |terms| &terms.from);
        let terms = settings.located("terms", from, terms)?;
        let mut warnings = Vec::new();
        let currency = chosen.currency.as_ref().map_or(list.currency, |currency| currency.value);
        let exchange_rate = self.exchange_rate(&catalog, &list, currency, on, &mut warnings)?;
        let conditions = Conditions { terms, exchange_rate, megabyte: chosen.megabyte.value };
        let chosen_by = chosen.origins(self.discount.is_some());
        let in_force = self.in_force(&chosen, settings);
        Ok(Prices { catalog, list, conditions, chosen_by, in_force, warnings })
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

    fn exchange_rate(
        &self,
        catalog: &Catalog,
        list: &PriceList,
        billing: Currency,
        on: Option<NaiveDate>,
        warnings: &mut Vec<String>,
    ) -> anyhow::Result<Option<ExchangeRate>> {
        if billing == list.currency {
            return match self.fx {
                Some(_) => Err(usage_error(format!(
                    "'--fx' has nothing to convert: the result is in {billing}, like the price list; \
                     name another currency with '--currency'"
                ))),
                None => Ok(None),
            };
        }
        let day = on.unwrap_or(list.source.retrieved_on);
        if let Some(rate) = self.fx {
            let source = TYPED_RATE.to_owned();
            return Ok(Some(ExchangeRate::new(list.currency, billing, rate, day, source)?));
        }
        let found = catalog.exchange_rate(list.currency, billing, on);
        let rate = found.map_err(|error| anyhow!("{error}\nhint: give a rate with --fx"))?;
        warnings.extend(age_warning(&rate, day, on));
        Ok(Some(rate))
    }
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
    (age > OLD_RATE_DAYS).then(|| {
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
    parse_discount(text)
        .ok_or_else(|| format!("'{text}' is not a discount: expected 0 to 100 per cent, such as '5%'"))
}
