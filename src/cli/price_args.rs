//! The flags that choose prices, and what they mean: list, terms, exchange rate and megabyte of one run.
//!
//! Shared by every command that prices something; a flag beats the standing setting. [`PriceArgs::read`] reads all
//! files once, the [`PriceBook`] gives the prices of a day. Which usage is priced is left to the command,
//! arithmetic to `estimate`.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::count_args::InForce;
use super::price_book::{PriceBook, Prices};
use super::settings::{self, Choice, Origin, Settings};
use crate::money::{Currency, parse_amount};
use crate::period::parse_date;
use crate::pricing::file::{self, PriceFile};
use crate::pricing::{Catalog, DEFAULT_LIST, PricingError, Terms, parse_discount};
use crate::units::Megabyte;

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
