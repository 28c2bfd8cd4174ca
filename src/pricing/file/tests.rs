//! What is read exactly, and every refusal by its whole message.

use proptest::prelude::*;

use super::*;
use crate::pricing::rate::{Scheme, Tier};
use crate::pricing::terms::MeterTerms;

const LIST: &str = r#"schema_version: 1
kind: price-list
name: test
version: a
provider: Test
currency: USD
effective: 2026-01-01
source:
  url: https://example.com/prices
  retrieved_on: 2026-02-01
base_fee: 15
meters:
  - name: Mail
    quantity: recipients
    unit: 1,000 recipients
    mode: graduated
    tiers:
      - up_to: 10000
        price: 0.1234567890123456789
      - price: "0.10"
    included: 500
    block: 1000
  - name: Data
    quantity: megabytes
    unit: MB
    price: 0.00012
examples:
  - recipients: 3000
    size: 1 MB
    total: 15.36
    source: by hand
"#;

const RATES: &str = r#"schema_version: 1
kind: exchange-rates
name: usd-per-eur
version: a
provider: Test
currency: USD
per: EUR
effective: 2026-01-01
source: { url: "https://example.com/rates", retrieved_on: 2026-02-01 }
rates:
  - { date: 2026-01-01, rate: 1.05 }
  - { date: 2026-02-01, rate: 1.06 }
examples:
  - { date: 2026-02-01, amount: 106, total: 100.00, source: by hand }
"#;

const TERMS: &str = r#"schema_version: 1
kind: terms
name: ours
price_list: test
currency: USD
effective: 2026-01-01
until: 2027-01-01
discount: 5%
meters:
  - { name: Mail, price: 0.08 }
  - { name: Data, discount: 10% }
"#;

fn dec(text: &str) -> rust_decimal::Decimal {
    text.parse().unwrap()
}

fn message(text: &str) -> String {
    parse("list.yaml", text).map(|_| "no error".to_owned()).unwrap_or_else(|error| error.to_string())
}

/// The message after one line of a good file was changed.
fn changed(good: &str, from: &str, to: &str) -> String {
    assert!(good.contains(from), "{from}");
    message(&good.replacen(from, to, 1))
}

#[test]
fn numbers_are_read_from_their_text_quoted_or_not() {
    let PriceFile::PriceList(list) = parse("list.yaml", LIST).unwrap() else { panic!("another kind") };
    let tiers = vec![
        Tier { up_to: Some(dec("10000")), price: dec("0.1234567890123456789") },
        Tier { up_to: None, price: dec("0.10") },
    ];
    let meter = &list.meters[0];
    assert_eq!(meter.rate.scheme, Scheme::Graduated(tiers));
    assert_eq!((meter.rate.included, meter.rate.block), (dec("500"), Some(dec("1000"))));
    assert_eq!(list.base_fee, dec("15"));
    assert_eq!(list.examples[0].line, 30);
}

#[test]
fn rates_and_terms_are_read() {
    let PriceFile::ExchangeRates(rates) = parse("rates.yaml", RATES).unwrap() else { panic!("another kind") };
    assert_eq!(rates.rates.iter().map(|rate| rate.rate()).collect::<Vec<_>>(), [dec("1.05"), dec("1.06")]);
    let PriceFile::Terms(terms) = parse("terms.yaml", TERMS).unwrap() else { panic!("another kind") };
    assert_eq!(terms.discount, dec("0.05"));
    let expected = [
        ("Mail".to_owned(), MeterTerms::Price(dec("0.08"))),
        ("Data".to_owned(), MeterTerms::Discount(dec("0.1"))),
    ];
    assert_eq!(terms.meters, expected);
}

#[test]
fn a_wrong_price_list_is_refused_with_place_key_value_and_what_was_expected() {
    let cases = [
        ("schema_version: 1", "schema_version: 2"),
        ("schema_version: 1", "schema: 1"),
        ("kind: price-list", "kind: prices"),
        ("version: a", "version: A b"),
        ("provider: Test", "provider: ''"),
        ("currency: USD", "currency: US"),
        ("currency: USD\n", ""),
        ("effective: 2026-01-01", "effective: 2026-13-01"),
        ("effective: 2026-01-01", "effective: 26-01-01"),
        ("effective: 2026-01-01", "effective: +2026-01-01"),
        ("effective: 2026-01-01", "effective: ' 2026-01-01'"),
        ("retrieved_on: 2026-02-01", "retrieved_on: 2026-2-1"),
        ("url: https://example.com/prices", "url: example.com"),
        ("base_fee: 15", "base_fee: -15"),
        ("base_fee: 15", "basefee: 15"),
        ("quantity: megabytes", "quantity: gigabytes"),
        ("price: 0.00012", "price: -0.00012"),
        ("price: 0.00012", "price: 1.2e-4"),
        ("price: 0.00012", "price: 0,00012"),
        ("price: 0.00012", "price: ~"),
        ("price: 0.00012", "price: [0.00012]"),
        ("price: 0.00012", "cost: 0.00012"),
        ("price: 0.00012", "mode: volume"),
        ("price: 0.00012", "price: 0.00012\n    price: 0.00013"),
        ("mode: graduated", "mode: stepped"),
        ("mode: graduated", "price: 1"),
        ("      - price: \"0.10\"", "      - { up_to: 9000, price: 0.10 }\n      - price: 0.05"),
        ("      - price: \"0.10\"", "      - { up_to: 20500, price: 0.10 }\n      - price: 0.05"),
        ("      - price: \"0.10\"", "      - { up_to: 20000, price: 0.10 }"),
        ("      - up_to: 10000\n        price", "      - price"),
        ("block: 1000", "block: 0"),
        ("block: 1000", "block: 1.5"),
        ("name: Data", "name: Mail"),
        ("size: 1 MB", "size: big"),
        ("total: 15.36", "total: cheap"),
        ("name: Data", "name: Monthly base fee"),
        ("price: 0.00012", "price: 79228162514264337593543950335"),
        ("price: 0.00012", "price: 0.12345678901234567890123456789012345"),
        ("price: 0.00012", "price: 1_000"),
        ("recipients: 3000", "recipients: 99999999999999999999999999"),
        ("recipients: 3000\n    size: 1 MB", "recipients: 999999999999\n    size: 18446744073709551615"),
    ];
    let messages: Vec<String> = cases.into_iter().map(|(from, to)| changed(LIST, from, to)).collect();
    insta::assert_snapshot!(messages.join("\n"), @"
    list.yaml:1: schema_version: '2' is not supported: expected '1'
    list.yaml:27: the key 'schema_version' is missing: expected it at the same level as this line
    list.yaml:2: kind: 'prices' is not a kind of price file: expected 'price-list', 'exchange-rates' or 'terms'
    list.yaml:4: version: 'A b' is not a name: expected small letters, digits, '-' and '.', such as 'acs-email'
    list.yaml:5: provider: '' is empty: expected a text
    list.yaml:6: currency: 'US' is not a currency code: expected three capital letters such as 'EUR'
    list.yaml:26: the key 'currency' is missing: expected it at the same level as this line
    list.yaml:7: effective: '2026-13-01' is not a date: expected year, month and day such as '2026-10-01'
    list.yaml:7: effective: '26-01-01' is not a date: expected year, month and day such as '2026-10-01'
    list.yaml:7: effective: '+2026-01-01' is not a date: expected year, month and day such as '2026-10-01'
    list.yaml:7: effective: ' 2026-01-01' is not a date: expected year, month and day such as '2026-10-01'
    list.yaml:10: retrieved_on: '2026-2-1' is not a date: expected year, month and day such as '2026-10-01'
    list.yaml:9: url: 'example.com' is not a web address: expected an address that starts with 'https://'
    list.yaml:11: base_fee: '-15' is negative: expected 0 or more
    list.yaml:11: 'basefee' is not a key here: expected 'schema_version', 'kind', 'name', 'version', 'provider', 'currency', 'effective', 'source', 'base_fee', 'meters', 'limits', 'examples'
    list.yaml:24: quantity: 'gigabytes' is not a quantity: expected 'recipients', 'messages' or 'megabytes'
    list.yaml:26: price: '-0.00012' is negative: expected 0 or more
    list.yaml:26: price: '1.2e-4' is not a number: expected an exact decimal such as '0.00025'
    list.yaml:26: price: '0,00012' is not a number: expected an exact decimal such as '0.00025'
    list.yaml:23: name: 'Data' has no clear price: expected either 'price', or 'tiers' with a 'mode'
    list.yaml:26: price: '[0.00012]' does not fit: expected one text or number
    list.yaml:26: 'cost' is not a key here: expected 'name', 'quantity', 'unit', 'price', 'mode', 'tiers', 'included', 'block'
    list.yaml:23: name: 'Data' has no clear price: expected either 'price', or 'tiers' with a 'mode'
    list.yaml:27: cannot be read as a price file: the key 'price' is there twice, expected once
    list.yaml:16: mode: 'stepped' is not a mode: expected 'graduated' or 'volume'
    list.yaml:13: name: 'Mail' has no clear price: expected either 'price', or 'tiers' with a 'mode'
    list.yaml:20: up_to: '9000' overlaps the tier before: expected more than the 10000 of the tier before
    list.yaml:20: up_to: '20500' cuts a block: expected a multiple of 1000
    list.yaml:20: up_to: '20000' bounds the last tier: expected no bound, so that every quantity has a price
    list.yaml:18: price: '0.1234567890123456789' stands in a tier without bound: expected 'up_to' in every tier but the last
    list.yaml:22: block: '0' is not above 0: expected a number above 0
    list.yaml:22: block: '1.5' is not a whole number: expected a whole number such as '1000'
    list.yaml:23: name: 'Mail' is there twice: expected each meter once
    list.yaml:29: size: 'big' is not a size: expected bytes or a unit, such as '2884' or '0.2MB'
    list.yaml:30: total: 'cheap' is not a number: expected an exact decimal such as '0.00025'
    list.yaml:23: name: 'Monthly base fee' is that of the base fee: expected another name, or 'base_fee' beside 'meters'
    list.yaml:26: price: '79228162514264337593543950335' is too large: expected less than 1000000000000
    list.yaml:26: price: '0.12345678901234567890123456789012345' has too many digits: expected 28 at most
    list.yaml:26: price: '1_000' is not a number: expected an exact decimal such as '0.00025'
    list.yaml:28: recipients: '99999999999999999999999999' is too large: expected less than 1000000000000
    list.yaml:29: size: '18446744073709551615' is too large for the recipients: expected fewer bytes
    ");
}

#[test]
fn an_example_that_cannot_be_calculated_is_named() {
    let text = LIST
        .replace("0.00012", "0.1234567890123456789012345678")
        .replace("3000\n    size: 1 MB", "1234567\n    size: 1 MB");
    let PriceFile::PriceList(list) = parse("list.yaml", &text).unwrap() else { panic!("another kind") };
    assert_eq!(
        crate::pricing::check::list_checks(&list).unwrap_err().to_string(),
        "list.yaml:30: this example cannot be calculated: the amount is too large to be calculated exactly \
         (more than 28 digits)"
    );
}

#[test]
fn wrong_rates_and_terms_are_refused() {
    let rates = [
        ("per: EUR", "per: USD"),
        ("per: EUR", "per: euro"),
        ("rate: 1.05", "rate: 0"),
        ("date: 2026-02-01, rate", "date: 2025-02-01, rate"),
        ("effective: 2026-01-01", "effective: 2026-01-02"),
        ("date: 2026-02-01, amount", "date: 2026-03-01, amount"),
    ];
    let terms = [
        ("discount: 5%", "discount: 5"),
        ("discount: 5%", "discount: 101%"),
        ("until: 2027-01-01", "until: 2025-01-01"),
        ("price: 0.08", "price: 0.08, discount: 5%"),
        ("name: Data", "name: Mail"),
        ("discount: 5%\nmeters:\n  - { name: Mail, price: 0.08 }\n  - { name: Data, discount: 10% }\n", ""),
    ];
    let messages: Vec<String> = rates
        .into_iter()
        .map(|(from, to)| changed(RATES, from, to))
        .chain(terms.into_iter().map(|(from, to)| changed(TERMS, from, to)))
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    list.yaml:7: per: 'USD' is the same currency: expected another one
    list.yaml:7: per: 'euro' is not a currency code: expected three capital letters such as 'EUR'
    list.yaml:11: rate: '0' is not above 0: expected a number above 0
    list.yaml:12: date: '2025-02-01' is out of order: expected a day after 2026-01-01
    list.yaml:8: effective: '2026-01-02' is not that of the rates: expected the day of the first rate
    list.yaml:14: date: '2026-03-01' has no rate: expected the day of a rate in this file
    list.yaml:8: discount: '5' is not a discount: expected 0 to 100 per cent, such as '5%'
    list.yaml:8: discount: '101%' is not a discount: expected 0 to 100 per cent, such as '5%'
    list.yaml:7: until: '2025-01-01' is not after 'effective': expected a later day
    list.yaml:10: name: 'Mail' has no clear terms: expected either a 'price' or a 'discount'
    list.yaml:11: name: 'Mail' is there twice: expected each meter once
    list.yaml:3: name: 'ours' changes nothing: expected a 'discount' or 'meters'
    "#);
}

#[test]
fn what_is_no_price_file_is_refused() {
    let no_meters = &LIST[..LIST.find("meters:").unwrap()];
    let texts = [
        String::new(),
        "\0".to_owned(),
        "- a\n- b\n".to_owned(),
        "schema_version: 1\nkind: [\n".to_owned(),
        "schema_version: 1\n\tkind: x\n".to_owned(),
        format!("{no_meters}meters: []\n"),
        format!("{LIST}---\n{LIST}"),
        "schema_version: &a [*a]\n".to_owned(),
    ];
    let messages: Vec<String> = texts.iter().map(|text| message(text)).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    list.yaml:1: cannot be read as a price file: unexpected end of file
    list.yaml:1: cannot be read as a price file: unexpected character: `\u{0}'
    list.yaml:1: cannot be read as a price file: expected keys with values, such as 'key: value'
    list.yaml:2: kind: '[' does not fit: expected one text or number
    list.yaml:1: cannot be read as a price file: while scanning a plain scalar, found a tab
    list.yaml:12: meters: '[]' is empty: expected at least one meter
    list.yaml:33: cannot be read as a price file: it holds several documents, expected one
    list.yaml:1: schema_version: '&a [*a]' does not fit: expected one text or number
    "#);
}

#[test]
fn an_alias_bomb_and_a_huge_file_end_at_once() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let inner = format!("*a{}, ", n - 1).repeat(10);
        bomb += &format!("a{n}: &a{n} [{inner}]\n");
    }
    bomb += "schema_version: 1\nkind: price-list\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.yaml");
    let mut messages = vec![message(&bomb)];
    for bytes in [vec![b'#'; (1 << 20) + 1], b"name: a\nb: \xff\n".to_vec()] {
        std::fs::write(&path, bytes).unwrap();
        let message = read(&path).unwrap_err().to_string();
        messages.push(message.replace(&folder.path().display().to_string(), "DIR"));
    }
    assert!(read(&folder.path().join("none.yaml")).unwrap_err().to_string().contains("none.yaml: "));
    insta::assert_snapshot!(messages.join("\n"), @r#"
    list.yaml:4: cannot be read as a price file: its aliases expand to more than 10000 nodes
    DIR/list.yaml: is larger than 1048576 bytes: expected a price file
    DIR/list.yaml:2: cannot be read as a price file: the text is not UTF-8
    "#);
}

#[test]
fn deep_nesting_ends_in_an_error() {
    for text in ["[".repeat(500_000), "- ".repeat(500_000), "{a: ".repeat(250_000), "? ".repeat(500_000)] {
        assert!(parse("deep.yaml", &text).is_err());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(start in 0_usize..700, len in 0_usize..40, put in "[ -~\n]{0,12}") {
        for good in [LIST, RATES, TERMS] {
            let (from, to) = (start.min(good.len()), (start + len).min(good.len()));
            let text = format!("{}{put}{}", &good[..from], &good[to..]);
            if let Ok(PriceFile::PriceList(list)) = parse("list.yaml", &text) {
                let checks = crate::pricing::check::list_checks(&list);
                prop_assert!(checks.map_or(true, |checks| checks.len() <= 1));
            }
        }
    }
}
