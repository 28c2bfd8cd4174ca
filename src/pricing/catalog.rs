//! The price lists and exchange rates there are, and the choice among them by name, version and date.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;

use super::error::{PricingError, known_from, quoted};
use super::file::{self, PriceFile, RateFile};
use super::list::PriceList;
use super::rate::MonthShare;
use crate::money::{Currency, ExchangeRate};
use crate::period::{ChargePeriod, Month};

/// The list that is used where none is named.
pub const DEFAULT_LIST: &str = "acs-email";

/// The files built into the program, by file name: all of `pricing/`.
pub const EMBEDDED: &[(&str, &str)] = &[
    ("acs-email-2023-03-31.yaml", include_str!("../../pricing/acs-email-2023-03-31.yaml")),
    ("usd-per-eur-2024-01-01.yaml", include_str!("../../pricing/usd-per-eur-2024-01-01.yaml")),
    ("usd-per-eur-2025-04-01.yaml", include_str!("../../pricing/usd-per-eur-2025-04-01.yaml")),
];

/// A billing month, or the part of one, in which one list is in force.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The billing month.
    pub month: Month,
    /// The part of it; the whole month unless the list changes within it.
    pub period: ChargePeriod,
    /// The list in force.
    pub list: Arc<PriceList>,
}

impl Segment {
    /// A whole month priced with one list, whenever that list is in force.
    pub fn whole_month(month: Month, list: Arc<PriceList>) -> Segment {
        Segment { month, period: month.period(), list }
    }

    /// The days of the segment among those of the month.
    pub fn share(&self) -> MonthShare {
        let days = |period: ChargePeriod| {
            let days = (period.end.date() - period.start.date()).num_days();
            u32::try_from(days).unwrap_or_default()
        };
        MonthShare::of_days(days(self.period), days(self.month.period()))
    }
}

/// Price lists and exchange rates.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// By name, then oldest first.
    lists: Vec<Arc<PriceList>>,
    rate_files: Vec<RateFile>,
}

impl Catalog {
    /// What is built into the program.
    pub fn embedded() -> Result<Catalog, PricingError> {
        let mut catalog = Catalog::default();
        for (name, text) in EMBEDDED {
            catalog.add(file::parse(&format!("pricing/{name}"), text)?)?;
        }
        Ok(catalog)
    }

    /// What is built in, with files and folders laid over it: a list of the same name and first day, or a rate of
    /// the same pair and day, takes the place of the built-in one.
    pub fn with_files(paths: &[PathBuf]) -> Result<Catalog, PricingError> {
        let mut given = Catalog::default();
        for path in paths {
            for file in file::files_of(path)? {
                given.add(file::read(&file)?)?;
            }
        }
        let catalog = given.over(Catalog::embedded()?);
        catalog.check_versions()?;
        Ok(catalog)
    }

    /// Refuses a version that two lists of a name claim, and a name whose lists are in different currencies: they
    /// could not be added up.
    fn check_versions(&self) -> Result<(), PricingError> {
        let neighbours = self.lists.iter().zip(self.lists.iter().skip(1));
        for (a, b) in neighbours.filter(|(a, b)| a.name == b.name) {
            if a.currency != b.currency {
                return Err(PricingError::OtherCurrency { lists: Box::new([Arc::clone(a), Arc::clone(b)]) });
            }
        }
        for (index, a) in self.lists.iter().enumerate() {
            let later = self.lists.iter().skip(index + 1);
            if let Some(b) = later.into_iter().find(|b| a.name == b.name && a.version == b.version) {
                let what = format!("version '{}' of price list '{}'", a.version, a.name);
                let (file, other) = (b.file.clone(), a.file.clone());
                return Err(PricingError::Duplicate { file, what, other });
            }
        }
        Ok(())
    }

    /// All price lists, by name, then oldest first.
    pub fn lists(&self) -> impl Iterator<Item = &Arc<PriceList>> {
        self.lists.iter()
    }

    /// All files of exchange rates.
    pub fn rate_files(&self) -> &[RateFile] {
        &self.rate_files
    }

    /// The list of a name: the named version; else the newest in force on a day; else the newest.
    pub fn list(
        &self,
        name: &str,
        version: Option<&str>,
        on: Option<NaiveDate>,
    ) -> Result<Arc<PriceList>, PricingError> {
        let named = self.named(name)?;
        if let Some(version) = version {
            let found = named.iter().find(|list| list.version == version);
            return found.map(|list| Arc::clone(list)).ok_or_else(|| {
                let known: Vec<&str> = named.iter().map(|list| list.version.as_str()).collect();
                let (name, version) = (name.to_owned(), version.to_owned());
                PricingError::NoVersion { name, version, known: quoted(&known) }
            });
        }
        let in_force = |list: &&&Arc<PriceList>| on.is_none_or(|on| list.effective <= on);
        match (named.iter().rfind(in_force), named.first(), on) {
            (Some(list), _, _) => Ok(Arc::clone(list)),
            (None, Some(first), Some(on)) => {
                Err(PricingError::NotInForce { name: name.to_owned(), on, first: first.effective })
            }
            _ => Err(self.no_list(name)),
        }
    }

    /// The days on which another list of a name comes into force, oldest first.
    pub fn changes(&self, name: &str) -> Vec<NaiveDate> {
        self.lists.iter().filter(|list| list.name == name).map(|list| list.effective).collect()
    }

    /// The parts of a billing month, each with the list of a name that is in force in it. Days before the first
    /// list are in none.
    pub fn segments(&self, name: &str, month: Month) -> Vec<Segment> {
        let named: Vec<_> = self.lists.iter().filter(|list| list.name == name).collect();
        let mut segments = Vec::new();
        for (index, list) in named.iter().enumerate() {
            let next = named.get(index + 1).map_or(NaiveDate::MAX, |next| next.effective);
            let from = list.effective.max(month.first_day());
            let to = next.min(month.next().first_day());
            if from < to {
                segments.push(Segment {
                    month,
                    period: ChargePeriod::of_dates(from, to),
                    list: Arc::clone(list),
                });
            }
        }
        segments
    }

    /// The newest rate not after a day, or the newest.
    pub fn exchange_rate(
        &self,
        pricing: Currency,
        billing: Currency,
        on: Option<NaiveDate>,
    ) -> Result<ExchangeRate, PricingError> {
        let pair = || self.pair_rates(pricing, billing);
        let fitting = pair().filter(|rate| on.is_none_or(|on| rate.date <= on));
        fitting.max_by_key(|rate| rate.date).cloned().ok_or_else(|| {
            let known = match pair().map(|rate| rate.date).min() {
                Some(first) => known_from(first),
                None => String::new(),
            };
            PricingError::NoRate { pricing, billing, known }
        })
    }

    fn pair_rates(&self, pricing: Currency, billing: Currency) -> impl Iterator<Item = &ExchangeRate> {
        let rates = self.rate_files.iter().flat_map(|file| &file.rates);
        rates.filter(move |rate| rate.pricing == pricing && rate.billing == billing)
    }

    fn named(&self, name: &str) -> Result<Vec<&Arc<PriceList>>, PricingError> {
        let named: Vec<_> = self.lists.iter().filter(|list| list.name == name).collect();
        if named.is_empty() { Err(self.no_list(name)) } else { Ok(named) }
    }

    fn no_list(&self, name: &str) -> PricingError {
        let mut known: Vec<&str> = self.lists.iter().map(|list| list.name.as_str()).collect();
        known.dedup();
        PricingError::NoList { name: name.to_owned(), known: quoted(&known) }
    }

    fn add(&mut self, file: PriceFile) -> Result<(), PricingError> {
        match file {
            PriceFile::PriceList(list) => self.add_list(list),
            PriceFile::ExchangeRates(rates) => self.add_rates(rates),
            PriceFile::Terms(terms) => Err(PricingError::WrongKind {
                file: terms.file,
                kind: "terms",
                expected: "'price-list' or 'exchange-rates' (terms are given with --terms)",
            }),
        }
    }

    fn add_list(&mut self, list: PriceList) -> Result<(), PricingError> {
        if let Some(other) = self.lists.iter().find(|other| same_list(other, &list)) {
            let what = format!("price list '{}' of {} (version {})", list.name, list.effective, list.version);
            return Err(PricingError::Duplicate { file: list.file, what, other: other.file.clone() });
        }
        self.lists.push(Arc::new(list));
        self.sort();
        Ok(())
    }

    fn add_rates(&mut self, file: RateFile) -> Result<(), PricingError> {
        for other in &self.rate_files {
            let same = file.rates.iter().find(|rate| other.rates.iter().any(|known| same_rate(known, rate)));
            if let Some(rate) = same {
                let what = format!("the rate of {} per {} on {}", rate.pricing, rate.billing, rate.date);
                return Err(PricingError::Duplicate { file: file.file, what, other: other.file.clone() });
            }
        }
        self.rate_files.push(file);
        self.sort();
        Ok(())
    }

    /// Lays these lists and rates over others.
    fn over(mut self, below: Catalog) -> Catalog {
        for list in below.lists {
            if !self.lists.iter().any(|own| same_list(own, &list)) {
                self.lists.push(list);
            }
        }
        for mut file in below.rate_files {
            let (pricing, billing) = (file.pricing, file.billing);
            let replaced = |date: NaiveDate| self.pair_rates(pricing, billing).any(|own| own.date == date);
            file.rates.retain(|rate| !replaced(rate.date));
            file.examples.retain(|example| !replaced(example.date));
            if !file.rates.is_empty() {
                self.rate_files.push(file);
            }
        }
        self.sort();
        self
    }

    fn sort(&mut self) {
        self.lists.sort_by(|a, b| (&a.name, a.effective).cmp(&(&b.name, b.effective)));
        self.rate_files.sort_by(|a, b| (&a.name, a.effective).cmp(&(&b.name, b.effective)));
    }
}

/// Whether two lists claim the same place: the same name and first day.
fn same_list(a: &PriceList, b: &PriceList) -> bool {
    a.name == b.name && a.effective == b.effective
}

fn same_rate(a: &ExchangeRate, b: &ExchangeRate) -> bool {
    a.pricing == b.pricing && a.billing == b.billing && a.date == b.date
}

#[cfg(test)]
mod tests;
