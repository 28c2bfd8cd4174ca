use super::*;
use crate::money::Currency;
use crate::pricing::{Catalog, DEFAULT_LIST};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn acs() -> Arc<PriceList> {
    Catalog::embedded().unwrap().list(DEFAULT_LIST, None, None).unwrap()
}

fn typed(messages: &str, size: &str) -> Quantities {
    Quantities::typed(dec(messages), Decimal::ONE, size.parse().unwrap()).unwrap()
}

#[test]
fn the_known_month_costs_274_dollars_and_253_75_euro() {
    let part = Part::month(acs(), typed("1000000", "0.2MB"));
    let usd = estimate(std::slice::from_ref(&part), &Conditions::default()).unwrap();
    assert_eq!(usd.total, Money::new(dec("274"), Currency::USD));
    let on = chrono::NaiveDate::from_ymd_opt(2025, 4, 11);
    let rate = Catalog::embedded().unwrap().exchange_rate(Currency::USD, Currency::EUR, on).unwrap();
    let conditions = Conditions { exchange_rate: Some(rate), ..Conditions::default() };
    let eur = estimate(&[part], &conditions).unwrap();
    assert_eq!(eur.total.amount().to_string(), "253.75069457306908686793850713");
    assert_eq!(eur.total.to_string(), "EUR 253.75");
}

#[test]
fn measured_usage_is_priced_exactly() {
    let quantities = Quantities::measured(5_019, 5_137, 198_643_274).unwrap();
    let priced = estimate(&[Part::month(acs(), quantities)], &Conditions::default()).unwrap();
    assert_eq!(priced.total.amount().to_string(), "1.30808719288");
}
