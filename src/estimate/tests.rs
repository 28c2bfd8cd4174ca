//! Known figures, and what holds for all usage.

use std::sync::LazyLock;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::money::{Currency, RateSource};
use crate::pricing::file::{PriceFile, parse};
use crate::pricing::terms::MeterTerms;
use crate::pricing::{BASE_FEE, Catalog, DEFAULT_LIST};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn acs() -> Arc<PriceList> {
    static LIST: LazyLock<Arc<PriceList>> =
        LazyLock::new(|| Catalog::embedded().unwrap().list(DEFAULT_LIST, None, None).unwrap());
    Arc::clone(&LIST)
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

/// Everything at once: a base fee, tiers, an allowance, blocks, and a price per message.
const RICH: &str = r#"schema_version: 1
kind: price-list
name: rich
version: a
provider: Test
currency: USD
effective: 2026-01-01
source: { url: "https://example.com", retrieved_on: 2026-01-01 }
base_fee: 14.99
meters:
  - { name: Requests, quantity: messages, unit: "1,000 messages", price: 0.9, block: 1000, included: 500 }
  - name: Mail
    quantity: recipients
    unit: recipient
    mode: graduated
    included: 1000
    tiers: [{ up_to: 10000, price: 0.0013 }, { price: 0.0007 }]
  - { name: Data, quantity: megabytes, unit: MB, price: 0.00012 }
"#;

fn rich() -> Arc<PriceList> {
    static LIST: LazyLock<Arc<PriceList>> = LazyLock::new(|| match parse("rich.yaml", RICH).unwrap() {
        PriceFile::PriceList(list) => Arc::new(list),
        other => panic!("{} is no price list", other.kind()),
    });
    Arc::clone(&LIST)
}

fn usd(text: &str) -> Money {
    Money::new(dec(text), Currency::USD)
}

fn at_rate(rate: &str) -> Conditions {
    let day = NaiveDate::default();
    let rate = ExchangeRate::new(Currency::USD, Currency::EUR, dec(rate), day, RateSource::Typed);
    Conditions { exchange_rate: Some(rate.unwrap()), ..Conditions::default() }
}

#[test]
fn a_rate_one_digit_finer_gives_a_cent_less() {
    let part = Part::month(acs(), typed("1000000", "0.2MB"));
    assert_eq!(estimate(&[part], &at_rate("1.07985")).unwrap().total.to_string(), "EUR 253.74");
}

#[test]
fn the_megabyte_changes_the_data_part_only() {
    let part = Part::month(acs(), typed("1000000", "0.2MB"));
    let conditions = Conditions { megabyte: Megabyte::Binary, ..Conditions::default() };
    let priced = estimate(&[part], &conditions).unwrap();
    assert_eq!(priced.charges[0].list_cost, usd("250"));
    assert_eq!(priced.charges[1].pricing_quantity, dec("190734.86328125"));
    assert_eq!(priced.total, usd("272.88818359375"));
}

#[test]
fn tiers_allowances_blocks_and_base_fee_apply_to_each_month() {
    let quantities = Quantities::measured(2_501, 13_000, 1_000_000_000).unwrap();
    let month = estimate(&[Part::month(rich(), quantities)], &Conditions::default()).unwrap();
    let costs: Vec<String> =
        month.charges.iter().map(|charge| charge.list_cost.amount().to_string()).collect();
    assert_eq!(costs, ["2.7", "14.4", "0.12", "14.99"]);
    let mail = &month.charges[1];
    assert_eq!((mail.included, mail.pricing_quantity), (dec("1000"), dec("12000")));
    assert!(mail.is_average());
    assert_eq!(mail.list_unit_price, usd("0.0012"));
    let year = estimate(&vec![Part::month(rich(), quantities); 12], &Conditions::default()).unwrap();
    assert_eq!(year.total, usd("386.52"));
    assert_eq!(year.charges[1].steps.len(), 2);
    assert_eq!(year.charges[3].pricing_quantity, dec("12"));
}

#[test]
fn a_part_of_a_month_bears_its_part_of_the_base_fee() {
    let half = Part { share: MonthShare::of_days(15, 30), ..Part::month(rich(), Quantities::default()) };
    assert_eq!(estimate(&[half], &Conditions::default()).unwrap().total, usd("7.495"));
}

#[test]
fn terms_keep_the_list_price_beside_the_contracted_one() {
    let terms = Terms {
        discount: dec("0.05"),
        meters: vec![("Basic Sent Email".to_owned(), MeterTerms::Price(dec("0.0002")))],
        ..Terms::of_discount(dec("0.05"))
    };
    let part = Part::month(acs(), typed("1000000", "0.2MB"));
    let priced = estimate(&[part], &Conditions { terms, ..at_rate("1.0798") }).unwrap();
    let [mail, data] = priced.charges.as_slice() else { panic!("two meters") };
    assert_eq!((mail.list_unit_price, mail.list_cost), (usd("0.00025"), usd("250")));
    assert_eq!((mail.contracted_unit_price, mail.contracted_cost), (usd("0.0002"), usd("200")));
    assert_eq!((data.contracted_unit_price, data.contracted_cost), (usd("0.000114"), usd("22.8")));
    assert_eq!((priced.list_total, priced.contracted_total), (usd("274"), usd("222.8")));
    assert_eq!(priced.total.to_string(), "EUR 206.33");
}

#[test]
fn terms_of_the_base_fee_go_before_the_discount_on_everything() {
    let terms = |own| Terms { meters: vec![(BASE_FEE.to_owned(), own)], ..Terms::of_discount(dec("0.05")) };
    let fee = |own, share| {
        let terms = terms(own);
        terms.check(&rich()).unwrap();
        let part = Part { share, ..Part::month(rich(), Quantities::default()) };
        let conditions = Conditions { terms, ..Conditions::default() };
        let fee = estimate(&[part], &conditions).unwrap().charges.pop().unwrap();
        assert_eq!((fee.sku_meter.as_str(), fee.list_unit_price), (BASE_FEE, usd("14.99")));
        (fee.contracted_unit_price, fee.contracted_cost)
    };
    assert_eq!(fee(MeterTerms::Price(dec("9")), MonthShare::FULL), (usd("9"), usd("9")));
    assert_eq!(fee(MeterTerms::Price(dec("9")), MonthShare::of_days(10, 30)), (usd("9"), usd("3")));
    assert_eq!(fee(MeterTerms::Discount(dec("0.1")), MonthShare::FULL), (usd("13.491"), usd("13.491")));
}

#[test]
fn what_cannot_be_estimated_is_an_error() {
    let euro = Arc::new(PriceList { currency: Currency::EUR, ..(*acs()).clone() });
    let parts = [Part::month(acs(), typed("1", "1")), Part::month(euro, typed("1", "1"))];
    let huge = Part::month(rich(), Quantities { recipients: Decimal::MAX, ..Quantities::default() });
    let month = estimate(&parts[..1], &Conditions::default()).unwrap();
    let messages = [
        estimate(&[], &Conditions::default()).unwrap_err().to_string(),
        estimate(&parts, &Conditions::default()).unwrap_err().to_string(),
        estimate(&[huge.clone(), huge.clone(), huge], &Conditions::default()).unwrap_err().to_string(),
        share(&month, &[vec![typed("2", "1")]]).unwrap_err().to_string(),
        share(&month, &[]).unwrap_err().to_string(),
        share(&month, &[vec![typed("1", "1"), typed("1", "1")]]).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    there is no usage to be priced: expected at least one month
    cannot add EUR to USD: convert one of them with an exchange rate first
    the amount is too large to be calculated exactly (more than 28 digits)
    the groups hold 2 messages, the estimate 1: expected the same
    the groups hold 0 messages, the estimate 1: expected the same
    the groups hold 2 parts, the estimate 1: expected the same
    "#);
}

#[test]
fn a_group_pays_for_what_it_sent_and_its_part_of_the_base_fee() {
    let groups = [
        vec![Quantities::measured(1_000, 3_000, 250_000_000).unwrap()],
        vec![Quantities::measured(1_501, 10_000, 750_000_000).unwrap()],
    ];
    let all = groups[0][0].checked_add(&groups[1][0]).unwrap();
    let priced = estimate(&[Part::month(rich(), all)], &Conditions::default()).unwrap();
    let shares = share(&priced, &groups).unwrap();
    assert_eq!(shares.iter().map(ToString::to_string).collect::<Vec<_>>(), ["USD 7.89", "USD 24.32"]);
    assert_eq!(shares[0].checked_add(shares[1]).unwrap(), priced.total);
}

#[test]
fn nothing_sent_costs_nothing_but_the_base_fee() {
    let nothing = Quantities::default();
    let free = estimate(&[Part::month(acs(), nothing)], &Conditions::default()).unwrap();
    assert_eq!(free.total, usd("0"));
    assert_eq!(free.charges[0].list_unit_price, usd("0.00025"));
    assert_eq!(share(&free, &[]).unwrap(), []);
    let fee = estimate(&[Part::month(rich(), nothing)], &Conditions::default()).unwrap();
    assert_eq!(share(&fee, &[vec![nothing], vec![nothing]]).unwrap(), [usd("14.99"), usd("0")]);
}

/// Usage of up to 40 groups in two months, with sizes from a byte to far beyond any relay.
fn groups() -> impl Strategy<Value = Vec<Vec<Quantities>>> {
    let month = (0_u64..3_000_000, 0_u64..5_000_000, 0_u64..u64::MAX).prop_map(|(messages, more, bytes)| {
        Quantities::measured(messages, messages + more, bytes.into()).unwrap()
    });
    proptest::collection::vec(proptest::collection::vec(month, 2), 1..40)
}

fn sum_of_groups(groups: &[Vec<Quantities>], month: usize) -> Quantities {
    groups.iter().fold(Quantities::default(), |sum, group| sum.checked_add(&group[month]).unwrap())
}

proptest! {
    #[test]
    fn shares_add_up_to_the_total_exactly(
        groups in groups(), rate in 1_u64..100_000_000, convert: bool, binary: bool,
    ) {
        let mut conditions = if convert { at_rate(&Decimal::new(rate as i64, 5).to_string()) } else { Conditions::default() };
        conditions.megabyte = if binary { Megabyte::Binary } else { Megabyte::Decimal };
        conditions.terms = Terms::of_discount(dec("0.07"));
        let parts = [0, 1].map(|month| Part::month(rich(), sum_of_groups(&groups, month)));
        let priced = estimate(&parts, &conditions).unwrap();
        let shares = share(&priced, &groups).unwrap();
        prop_assert!(shares.iter().all(|share| share.amount() >= Decimal::ZERO));
        let zero = Money::zero(priced.total.currency());
        let forwards = shares.iter().try_fold(zero, |sum, share| sum.checked_add(*share)).unwrap();
        let backwards = shares.iter().rev().try_fold(zero, |sum, share| sum.checked_add(*share)).unwrap();
        prop_assert_eq!(forwards, priced.total);
        prop_assert_eq!(backwards, priced.total);
    }

    #[test]
    fn how_usage_is_grouped_never_changes_its_total(groups in groups(), cut in 0_usize..40) {
        let (left, right) = groups.split_at(cut.min(groups.len()));
        let left = sum_of_groups(left, 0);
        let regrouped = left.checked_add(&sum_of_groups(right, 0)).unwrap();
        let price = |quantities| estimate(&[Part::month(rich(), quantities)], &Conditions::default()).unwrap().total;
        prop_assert_eq!(price(regrouped), price(sum_of_groups(&groups, 0)));
    }

    #[test]
    fn at_flat_prices_a_split_month_costs_what_the_whole_does(groups in groups()) {
        let whole = estimate(&[Part::month(acs(), sum_of_groups(&groups, 0))], &Conditions::default()).unwrap();
        let parts: Vec<Part> = groups
            .iter()
            .map(|group| Part { share: MonthShare::of_days(1, 30), ..Part::month(acs(), group[0]) })
            .collect();
        let split = estimate(&parts, &Conditions::default()).unwrap();
        prop_assert_eq!(split.total.amount(), whole.total.amount());
    }
}
