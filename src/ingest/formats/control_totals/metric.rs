//! The metrics that Azure Monitor keeps of Communication Services Email, and what of them can be compared with usage.
//!
//! `ApiRequests` counts requests: those that send are messages. `DeliveryStatusUpdate` counts what was told of
//! recipients: each has one final word at the end. Neither has a size.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::tally::Count;
use crate::ingest::delimited::{name_of, plain_word};
use crate::pricing::Metered;
use crate::usage::Skip;

const REPORT: &str = "Azure Monitor metrics";
/// The words of `MessageStatus`.
const STATUSES: [&str; 9] = [
    "Delivered",
    "OutForDelivery",
    "Queued",
    "Bounced",
    "Failed",
    "Suppressed",
    "FilteredSpam",
    "Quarantined",
    "Dropped",
];
/// Statuses that are not final, lower case.
const UNDER_WAY: [&str; 2] = ["outfordelivery", "queued"];

/// A metric.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Metric {
    /// Requests to the service.
    ApiRequests,
    /// Delivery reports.
    DeliveryStatusUpdate,
    /// Opened messages and links.
    UserEngagement,
}

impl Metric {
    /// The metric that a name or label is about: `ApiRequests`, `Email Service API Requests`, or a label that holds
    /// one of them.
    pub(super) fn of(label: &[u8]) -> Option<Metric> {
        let name = name_of(label);
        [
            ("deliverystatusupdate", Metric::DeliveryStatusUpdate),
            ("userengagement", Metric::UserEngagement),
            ("apirequests", Metric::ApiRequests),
        ]
        .into_iter()
        .find(|(known, _)| name.contains(known))
        .map(|(_, metric)| metric)
    }

    /// The metric of this very name or label.
    pub(super) fn named(label: &[u8]) -> Option<Metric> {
        let name = name_of(label);
        let bare = name.strip_prefix("emailservice").unwrap_or(&name);
        let bare = bare.strip_suffix('s').unwrap_or(bare);
        match bare {
            "apirequest" => Some(Metric::ApiRequests),
            "deliverystatusupdate" => Some(Metric::DeliveryStatusUpdate),
            "userengagement" => Some(Metric::UserEngagement),
            _ => None,
        }
    }
}

/// The dimensions of a series that matter; empty where the export has them not.
#[derive(Clone, Debug, Default)]
pub(super) struct Dimensions {
    /// What was asked for: `SendMail`.
    pub(super) operation: Vec<u8>,
    /// `2xx`, or the status code itself.
    pub(super) status_code: Vec<u8>,
    /// What was told of a recipient.
    pub(super) message_status: Vec<u8>,
}

/// A column that is a metric by itself, or one series of it.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// The cell number.
    pub(super) at: usize,
    /// The metric.
    pub(super) metric: Metric,
    /// The name of the column, which tells series apart.
    pub(super) label: Vec<u8>,
    /// What the name tells of its dimensions.
    pub(super) dimensions: Dimensions,
}

impl Series {
    /// A column by its name, such as `ApiRequests (Count), Operation = SendMail`.
    pub(super) fn of(at: usize, metric: Metric, label: &[u8]) -> Series {
        let name = name_of(label);
        let mut told = STATUSES.iter().filter(|status| name.contains(&status.to_lowercase()));
        let message_status = match (told.next(), told.next()) {
            (Some(status), None) => status.as_bytes().to_vec(),
            _ => Vec::new(),
        };
        let operation = if name.contains("send") { b"send".to_vec() } else { Vec::new() };
        let dimensions = Dimensions { operation, message_status, ..Dimensions::default() };
        Series { at, metric, label: label.to_vec(), dimensions }
    }
}

/// What a number of a metric counts, or why it counts nothing.
pub(super) fn count(
    metric: Metric,
    dimensions: &Dimensions,
    quantity: Decimal,
    date: NaiveDate,
    line: u64,
) -> Result<Count, Skip> {
    let count = |what: String, metered, also| {
        Ok(Count { report: REPORT, what, metered, also, quantity, date: Some(date), line, records: 1 })
    };
    match metric {
        Metric::UserEngagement => Err(Skip::Event),
        Metric::ApiRequests if !is_success(&dimensions.status_code) => Err(Skip::NotAccepted),
        Metric::ApiRequests => match name_of(&dimensions.operation).as_str() {
            "" => count("API requests of all operations".to_owned(), None, None),
            operation if operation.contains("send") => {
                count("requests to send".to_owned(), Some(Metered::Messages), None)
            }
            _ => Err(Skip::Event),
        },
        Metric::DeliveryStatusUpdate => match name_of(&dimensions.message_status).as_str() {
            "" => count("delivery status updates of all kinds".to_owned(), None, None),
            status => {
                let is_final = !UNDER_WAY.contains(&status);
                let also = is_final.then_some(("recipients with a final status", Metered::Recipients));
                count(format!("recipients {}", plain_word(&dimensions.message_status)), None, also)
            }
        },
    }
}

/// Whether a request was accepted, as far as the status code or its class tells.
fn is_success(status_code: &[u8]) -> bool {
    status_code.first().is_none_or(|first| *first == b'2' || !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_known_by_name_and_label() {
        assert_eq!(Metric::named(b"ApiRequests"), Some(Metric::ApiRequests));
        assert_eq!(
            Metric::named(b"Email Service Delivery Status Updates"),
            Some(Metric::DeliveryStatusUpdate)
        );
        assert_eq!(Metric::named(b"Percentage CPU"), None);
        assert_eq!(Metric::named(b"APIRequestSMS"), None);
        assert_eq!(Metric::of(b"Count Email Service API Requests (Sum)"), Some(Metric::ApiRequests));
    }

    #[test]
    fn only_accepted_requests_to_send_are_messages() {
        let of = |operation: &str, code: &str| {
            let dimensions = Dimensions {
                operation: operation.as_bytes().to_vec(),
                status_code: code.as_bytes().to_vec(),
                ..Dimensions::default()
            };
            count(Metric::ApiRequests, &dimensions, Decimal::ONE, NaiveDate::default(), 1)
                .map(|count| count.metered)
        };
        assert_eq!(of("SendMail", "2xx"), Ok(Some(Metered::Messages)));
        assert_eq!(of("SendMail", "202"), Ok(Some(Metered::Messages)));
        assert_eq!(of("SendMail", ""), Ok(Some(Metered::Messages)));
        assert_eq!(of("", ""), Ok(None));
        assert_eq!(of("SendMail", "429"), Err(Skip::NotAccepted));
        assert_eq!(of("GetMessageStatus", "200"), Err(Skip::Event));
    }
}
