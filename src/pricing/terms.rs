//! Negotiated terms: what a customer pays instead of the list price, which stays visible beside it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::{PricingError, quoted};
use super::list::{BASE_FEE, MeterCost, PriceList};
use crate::money::{Currency, MoneyError, parse_amount};

/// What one meter, or the base fee, costs by the terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MeterTerms {
    /// An own price of one pricing unit, in every tier; included quantities and blocks stay. For the base fee, that
    /// of a month.
    Price(Decimal),
    /// A discount on every price of the meter, as a share of 1.
    Discount(Decimal),
}

/// What a customer has agreed with a provider.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Terms {
    /// The name in reports.
    pub name: String,
    /// The price list they change; `None`: any.
    pub price_list: Option<String>,
    /// The currency of the own prices.
    pub currency: Option<Currency>,
    /// The first day on which they are in force.
    pub effective: Option<NaiveDate>,
    /// The first day on which they no longer are.
    pub until: Option<NaiveDate>,
    /// The discount on all that has no terms of its own, the base fee too, as a share of 1.
    pub discount: Decimal,
    /// Meters with terms of their own, by name; the base fee by [`BASE_FEE`].
    pub meters: Vec<(String, MeterTerms)>,
    /// The file they were read from, or the flag.
    pub file: String,
    /// The SHA-256 of the file in hexadecimal digits; `None` for the flag.
    pub sha256: Option<String>,
}

impl Terms {
    /// One discount on everything.
    pub fn of_discount(discount: Decimal) -> Terms {
        Terms { name: "discount".to_owned(), discount, file: "--discount".to_owned(), ..Terms::default() }
    }

    /// Refuses terms that are for another list or currency, or that name a meter the list has not.
    pub fn check(&self, list: &PriceList) -> Result<(), PricingError> {
        let refuse = |problem: String| Err(PricingError::Terms { file: self.file.clone(), problem });
        if let Some(name) = self.price_list.as_ref().filter(|name| **name != list.name) {
            return refuse(format!("are for price list '{name}': expected '{}'", list.name));
        }
        if let Some(currency) = self.currency.filter(|currency| *currency != list.currency) {
            return refuse(format!("are in {currency}: expected {}, as in the price list", list.currency));
        }
        let base_fee = Some(BASE_FEE).filter(|_| !list.base_fee.is_zero());
        let known: Vec<&str> =
            list.meters.iter().map(|meter| meter.sku_meter.as_str()).chain(base_fee).collect();
        match self.meters.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => refuse(format!("name the meter '{name}': expected one of {}", quoted(&known))),
            None => Ok(()),
        }
    }

    /// Refuses terms that are not in force on a day.
    pub fn check_day(&self, on: NaiveDate) -> Result<(), PricingError> {
        let refuse = |problem: String| Err(PricingError::Terms { file: self.file.clone(), problem });
        if let Some(first) = self.effective.filter(|first| on < *first) {
            return refuse(format!("are not in force on {on}: expected a date from {first} on"));
        }
        match self.until.filter(|until| on >= *until) {
            Some(until) => refuse(format!("are no longer in force on {on}: expected a date before {until}")),
            None => Ok(()),
        }
    }

    /// What a priced meter costs by these terms.
    pub fn contracted_cost(&self, cost: &MeterCost) -> Result<Decimal, MoneyError> {
        match self.of_meter(&cost.sku_meter) {
            MeterTerms::Price(price) => cost.at_price(price),
            MeterTerms::Discount(discount) => discounted(cost.priced.cost, discount),
        }
    }

    /// What one unit of a meter costs by these terms where the list asks `list_price`.
    pub fn contracted_price(&self, sku_meter: &str, list_price: Decimal) -> Result<Decimal, MoneyError> {
        match self.of_meter(sku_meter) {
            MeterTerms::Price(price) => Ok(price),
            MeterTerms::Discount(discount) => discounted(list_price, discount),
        }
    }

    /// What holds for a meter: its own terms, or the discount on everything.
    pub fn of_meter(&self, sku_meter: &str) -> MeterTerms {
        let own = self.meters.iter().find(|(name, _)| name == sku_meter);
        own.map_or(MeterTerms::Discount(self.discount), |(_, terms)| *terms)
    }
}

fn discounted(price: Decimal, discount: Decimal) -> Result<Decimal, MoneyError> {
    price.checked_mul(Decimal::ONE - discount).ok_or(MoneyError::Overflow)
}

/// Reads a discount such as `5%` as a share of 1; `None` for anything that is not 0 to 100 per cent.
pub fn parse_discount(text: &str) -> Option<Decimal> {
    let percent = parse_amount(text.trim().strip_suffix('%')?).ok()?;
    let fits = percent >= Decimal::ZERO && percent <= Decimal::ONE_HUNDRED;
    percent.checked_div(Decimal::ONE_HUNDRED).filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::parse_date;
    use crate::pricing::{Catalog, DEFAULT_LIST};

    fn terms() -> Terms {
        Terms {
            name: "ours".to_owned(),
            price_list: Some("acs-email".to_owned()),
            currency: Some(Currency::USD),
            effective: parse_date("2026-01-01").ok(),
            until: parse_date("2027-01-01").ok(),
            file: "terms.yaml".to_owned(),
            ..Terms::default()
        }
    }

    #[test]
    fn terms_for_something_else_are_refused() {
        let list = Catalog::embedded().unwrap().list(DEFAULT_LIST, None, None).unwrap();
        let day = |text: &str| parse_date(text).unwrap();
        let message = |terms: &Terms, on: NaiveDate| {
            terms.check(&list).and_then(|()| terms.check_day(on)).unwrap_err().to_string()
        };
        let mut other_meter = terms();
        other_meter.meters.push(("Mail".to_owned(), MeterTerms::Price(Decimal::ONE)));
        let messages = [
            message(&Terms { price_list: Some("sendgrid".to_owned()), ..terms() }, day("2026-01-01")),
            message(&Terms { currency: Some(Currency::EUR), ..terms() }, day("2026-01-01")),
            message(&other_meter, day("2026-01-01")),
            message(&terms(), day("2025-12-31")),
            message(&terms(), day("2027-01-01")),
        ];
        assert!(terms().check(&list).is_ok());
        assert!(terms().check_day(day("2026-12-31")).is_ok());
        insta::assert_snapshot!(messages.join("\n"), @r#"
        terms.yaml: these terms are for price list 'sendgrid': expected 'acs-email'
        terms.yaml: these terms are in EUR: expected USD, as in the price list
        terms.yaml: these terms name the meter 'Mail': expected one of 'Basic Sent Email', 'Basic Data Transferred'
        terms.yaml: these terms are not in force on 2025-12-31: expected a date from 2026-01-01 on
        terms.yaml: these terms are no longer in force on 2027-01-01: expected a date before 2027-01-01
        "#);
    }

    #[test]
    fn the_base_fee_has_terms_where_the_list_has_one() {
        let without = Catalog::embedded().unwrap().list(DEFAULT_LIST, None, None).unwrap();
        let with = PriceList { base_fee: Decimal::TEN, ..(*without).clone() };
        let of = |name: &str| Terms {
            meters: vec![(name.to_owned(), MeterTerms::Price(Decimal::ONE))],
            ..terms()
        };
        assert!(of(BASE_FEE).check(&with).is_ok());
        let message = |name: &str, list: &PriceList| of(name).check(list).unwrap_err().to_string();
        insta::assert_snapshot!([message(BASE_FEE, &without), message("Base fee", &with)].join("\n"), @"
        terms.yaml: these terms name the meter 'Monthly base fee': expected one of 'Basic Sent Email', 'Basic Data Transferred'
        terms.yaml: these terms name the meter 'Base fee': expected one of 'Basic Sent Email', 'Basic Data Transferred', 'Monthly base fee'
        ");
    }

    #[test]
    fn discounts_are_per_cents() {
        let read = ["5%", "5 %", "0.5%", "100%", "5", "-1%", "100.1%", "%"].map(parse_discount);
        let shown = read.map(|share| share.map(|share| share.to_string()));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(shown, [some("0.05"), some("0.05"), some("0.005"), some("1"), None, None, None, None]);
    }
}
