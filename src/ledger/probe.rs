//! Rows for tests: like real ones, and with every value that a column can have.

use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::row::{ChargeRow, SubmissionRow, SummaryRow};
use crate::ingest::trail::{Addressee, Status};
use crate::money::{Currency, Money};
use crate::period::{ChargePeriod, Timestamp};
use crate::pricing::Metered;
use crate::usage::{BilledCharge, Client, Recipients, SizeQuality, SourceId, TimeQuality, Traffic};

/// The start of 1 October 2026.
pub(crate) const START: i64 = 1_790_812_800;

/// The day of the rows.
pub(crate) fn day() -> NaiveDate {
    Timestamp::from_seconds(START).date()
}

/// A message of that day.
pub(crate) fn submission(number: u64) -> SubmissionRow {
    let time = Timestamp::from_seconds(START + (number * 7 % 86_400).cast_signed());
    SubmissionRow {
        key: u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        leg: 0,
        thread: (!number.is_multiple_of(3)).then_some(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        time,
        last: Timestamp::from_seconds(time.seconds() + 3),
        time_quality: TimeQuality::ZoneAssumed,
        messages: 1,
        message_size: Some(75_000 + number % 1_000),
        size_quality: SizeQuality::Measured,
        recipients: Recipients { delivered: 1 + number % 3, ..Recipients::default() },
        recipients_upper: 1 + number % 3,
        sender: Some(format!("app{}@example.com", number % 20)),
        client: Client {
            name: Some(format!("host{}.example.com", number % 5)),
            ip: "192.0.2.1".parse().ok(),
            user: None,
        },
        connector: Some("contoso.mail.protection.outlook.com".to_owned()),
        traffic: Traffic::Relay,
        format: "postfix".to_owned(),
        source: "mail.log".to_owned(),
        line: number + 1,
        records: 4,
        batch: 1,
        begun: true,
        ended: true,
        stated: 1 + number % 3,
        rest: Status::Open,
        accepted: false,
        addressees: vec![Addressee { hash: number, status: Status::Delivered, accepted: true }],
    }
}

/// A window of an hour of that day.
pub(crate) fn summary(hour: u32) -> SummaryRow {
    let row = submission(u64::from(hour));
    SummaryRow {
        key: row.key,
        time: Timestamp::from_seconds(START + i64::from(hour) * 3600),
        seconds: 3600,
        time_quality: TimeQuality::Exact,
        messages: 100,
        message_size: row.message_size,
        size_quality: SizeQuality::Stated { megabytes: Decimal::new(715, 4) },
        recipients: Recipients { unknown: 150, ..Recipients::default() },
        recipients_upper: 150,
        sender: Some("<>".to_owned()),
        client: Client::default(),
        connector: None,
        traffic: Traffic::Unknown,
        format: row.format,
        source: row.source,
        line: 0,
        records: 1,
        batch: 1,
    }
}

/// A charge of that day.
pub(crate) fn charge(number: i64) -> ChargeRow {
    let start = Timestamp::from_seconds(START);
    let charge = BilledCharge {
        period: ChargePeriod { start, end: Timestamp::from_seconds(START + 86_400) },
        resource: format!("resource{number}"),
        meter: "Basic Sent Email".to_owned(),
        metered: Some(Metered::Recipients),
        quantity: Decimal::new(1_234_567 + number, 3),
        unit: "1K".to_owned(),
        unit_price: Some(Decimal::new(25, 5)),
        pricing_currency: Some(Currency::USD),
        exchange_rate: Some(Decimal::new(9_261, 4)),
        billed_cost: Money::new(Decimal::new(number, 10), Currency::EUR),
        source: SourceId(0),
        line: 7,
        records: 1,
    };
    ChargeRow { charge, source: "cost.csv".to_owned(), batch: 1 }
}

/// Messages of that day with whatever a row can hold.
pub(crate) fn any_submission() -> impl Strategy<Value = SubmissionRow> {
    let text = || proptest::option::of("[a-z@<>é\u{0}\"]{0,12}");
    let place = (any::<u128>(), any::<u32>(), any::<Option<u64>>(), 0..86_400_i64, any::<u32>());
    let texts = (text(), text(), text(), text(), any::<Option<std::net::IpAddr>>());
    let counts = any::<([u64; 5], [u64; 6], Option<u64>)>();
    let words = (0..5_usize, 0..4_usize, 0..4_usize, 0..9_usize, any::<[bool; 3]>(), any::<(i64, u8)>());
    let addressee = (any::<u64>(), 0..9_usize, any::<bool>())
        .prop_map(|(hash, status, accepted)| Addressee { hash, status: Status::ALL[status], accepted });
    let addressees = proptest::collection::vec(addressee, 0..4);
    (place, texts, counts, words, addressees).prop_map(|(place, texts, counts, words, addressees)| {
        let (outcomes, numbers, size) = counts;
        let (size_quality, time_quality, traffic, rest, [begun, ended, accepted], megabytes) = words;
        let megabytes = Decimal::new(megabytes.0, u32::from(megabytes.1 % 20));
        let time = Timestamp::from_seconds(START + place.3);
        SubmissionRow {
            key: place.0,
            leg: place.1 % (1 << 31),
            thread: place.2,
            time,
            last: Timestamp::from_seconds(time.seconds() + i64::from(place.4)),
            time_quality: [
                TimeQuality::Exact,
                TimeQuality::ZoneAssumed,
                TimeQuality::YearInferred,
                TimeQuality::DateOnly,
            ][time_quality],
            messages: numbers[0],
            message_size: size,
            size_quality: [
                SizeQuality::Accepted,
                SizeQuality::Measured,
                SizeQuality::Declared,
                SizeQuality::Stated { megabytes },
                SizeQuality::Missing,
            ][size_quality],
            recipients: Recipients {
                delivered: outcomes[0],
                open: outcomes[1],
                bounced: outcomes[2],
                filtered: outcomes[3],
                unknown: outcomes[4],
            },
            recipients_upper: numbers[1],
            sender: texts.0,
            client: Client { name: texts.1, ip: texts.4, user: texts.2 },
            connector: texts.3,
            traffic: Traffic::ALL[traffic],
            format: "any".to_owned(),
            source: String::new(),
            line: numbers[2],
            records: numbers[3],
            batch: numbers[4],
            begun,
            ended,
            stated: numbers[5],
            rest: Status::ALL[rest],
            accepted,
            addressees,
        }
    })
}
