//! Metrics of Azure Monitor as JSON: what `az monitor metrics list` and its API answer, and the lines that a
//! diagnostic setting writes.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::metric::{self, Dimensions, Metric};
use super::tally::{Taken, Tally};
use crate::ingest::delimited::{DateText, name_of, plain_decimal, shown};
use crate::ingest::grouping::MessageKey;
use crate::ingest::json::{self, Gauge, Visit, text_of};
use crate::ingest::{Input, Sink, SourceError};
use crate::period::{Timestamp, Zone};
use crate::usage::{Rejection, Skip, SourceId};

/// Whether a head is JSON with metrics of the service, and with no logs among them: those are read as logs.
pub(super) fn is_metrics(head: &[u8]) -> bool {
    let lower = head.to_ascii_lowercase();
    let has = |text: &str| memchr::memmem::find(&lower, text.as_bytes()).is_some();
    let has_metric = has("\"apirequests\"") || has("\"deliverystatusupdate\"") || has("\"userengagement\"");
    let is_answer = has("\"timeseries\"") || has("\"metricname\"");
    let starts = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    starts && has_metric && is_answer && !has("correlationid")
}

/// Reads one input.
pub(super) fn read(
    input: &mut Input,
    source: SourceId,
    tally: &mut Tally,
    sink: &mut dyn Sink,
) -> Result<(), SourceError> {
    let name = input.name().to_owned();
    json::read(input, |gauge| Walk {
        input: &name,
        source,
        tally,
        sink,
        gauge,
        metric: None,
        resource: Vec::new(),
    })
    .map(drop)
}

/// Reads numbers out of the documents of one input.
struct Walk<'a> {
    input: &'a str,
    source: SourceId,
    tally: &'a mut Tally,
    sink: &'a mut dyn Sink,
    gauge: Gauge,
    /// The metric and the resource of the series that follow.
    metric: Option<Metric>,
    resource: Vec<u8>,
}

/// A number at a time.
#[derive(Debug, Default, Deserialize)]
struct Point {
    #[serde(rename = "timeStamp", alias = "timestamp")]
    time: Option<String>,
    count: Option<Box<RawValue>>,
    total: Option<Box<RawValue>>,
    #[serde(skip)]
    line: u64,
}

/// The name of a metric or dimension.
#[derive(Debug, Default, Deserialize)]
struct Name {
    value: String,
}

/// A dimension of a series.
#[derive(Debug, Deserialize)]
struct Dimension {
    name: Name,
    value: Option<String>,
}

/// What an object holds.
#[derive(Default)]
struct Found {
    points: Vec<Point>,
    /// A point by itself, in a line of a diagnostic setting.
    line: Option<Point>,
    dimensions: Vec<Dimension>,
    is_envelope: bool,
    is_line: bool,
}

impl Walk<'_> {
    fn take(&mut self, point: &Point, dimensions: &Dimensions, digest: MessageKey) {
        self.sink.records(1);
        match self.taken(point, dimensions, digest) {
            Ok(Taken::Kept) => {}
            Ok(Taken::Skipped(reason)) => self.sink.skip(reason, 1),
            Err(reason) => {
                let file = self.input.to_owned();
                self.sink.reject(Rejection { file, line: point.line, reason });
            }
        }
    }

    fn taken(&mut self, point: &Point, dimensions: &Dimensions, digest: MessageKey) -> Result<Taken, String> {
        let Some(metric) = self.metric else { return Ok(Taken::Skipped(Skip::OtherService)) };
        let time = time(point.time.as_deref().unwrap_or_default().as_bytes())?;
        let number = match (&point.count, &point.total) {
            (Some(count), _) => quantity(count)?,
            (None, Some(total)) => quantity(total)?,
            (None, None) => Decimal::ZERO,
        };
        let parts = [&self.resource[..], &digest.bits().to_be_bytes(), &time.seconds().to_be_bytes()];
        let key = MessageKey::of_parts(&[&parts[..], &[&[metric as u8]]].concat());
        match metric::count(metric, dimensions, number, time.date(), point.line) {
            Ok(count) => Ok(Taken::if_new(self.tally.add_dated(key, count, self.source))),
            Err(reason) => Ok(Taken::Skipped(reason)),
        }
    }

    /// All points of a series, whose dimensions may stand behind them.
    fn take_series(&mut self, found: &Found) {
        let mut dimensions = Dimensions::default();
        let mut digest = MessageKey::of_parts(&[b"series"]);
        for Dimension { name, value } in &found.dimensions {
            let (name, value) = (name_of(name.value.as_bytes()), value.as_deref().unwrap_or_default());
            let so_far = digest.bits().to_be_bytes();
            digest = MessageKey::of_parts(&[&so_far, name.as_bytes(), value.as_bytes()]);
            let slot = match name.as_str() {
                "operation" => &mut dimensions.operation,
                "statuscode" | "statuscodeclass" => &mut dimensions.status_code,
                "messagestatus" => &mut dimensions.message_status,
                _ => continue,
            };
            *slot = value.as_bytes().to_vec();
        }
        for point in &found.points {
            self.take(point, &dimensions, digest);
        }
    }
}

fn time(cell: &[u8]) -> Result<Timestamp, String> {
    let refused = || format!("{} is not a time: expected such as '2026-10-01T12:00:00Z'", shown(cell));
    let date = DateText::parse(cell).and_then(|date| date.resolve(None)).ok_or_else(refused)?;
    Ok(date.instant(&Zone::UTC))
}

fn quantity(raw: &RawValue) -> Result<Decimal, String> {
    let text = text_of(raw);
    let number = plain_decimal(text.as_bytes()).filter(|number| !number.is_sign_negative());
    number.ok_or_else(|| format!("{} is not a number: expected such as '12'", shown(text.as_bytes())))
}

/// The metric of a name, which is a text or an object with the text and its translation.
fn metric_of(raw: &RawValue) -> Option<Metric> {
    let name: Name =
        serde_json::from_str(raw.get()).unwrap_or_else(|_| Name { value: text_of(raw).into_owned() });
    Metric::named(name.value.as_bytes())
}

impl json::Walk for Walk<'_> {
    fn object<'de, A: MapAccess<'de>>(&mut self, mut object: A, is_row_place: bool) -> Result<(), A::Error> {
        let (mut found, line) = (Found::default(), self.gauge.line());
        while let Some(key) = object.next_key::<Cow<'_, str>>()? {
            let point = found.line.get_or_insert_with(|| Point { line, ..Point::default() });
            match name_of(key.as_bytes()).as_str() {
                "value" | "timeseries" | "records" => {
                    found.is_envelope = true;
                    object.next_value_seed(Visit { walk: &mut *self, is_row_place: false })?;
                }
                name @ ("name" | "metricname") => {
                    found.is_line |= name == "metricname";
                    self.metric = metric_of(&object.next_value::<Box<RawValue>>()?);
                }
                "id" | "resourceid" => {
                    let raw: Box<RawValue> = object.next_value()?;
                    self.resource = text_of(&raw).to_ascii_lowercase().into_bytes();
                }
                "data" => {
                    found.is_envelope = true;
                    found.points = object.next_value_seed(Points(&self.gauge))?;
                }
                "metadatavalues" => {
                    let raw: Box<RawValue> = object.next_value()?;
                    found.dimensions = serde_json::from_str(raw.get()).unwrap_or_default();
                }
                "time" | "timestamp" => {
                    let raw: Box<RawValue> = object.next_value()?;
                    point.time = Some(text_of(&raw).into_owned());
                }
                "count" => point.count = object.next_value()?,
                "total" => point.total = object.next_value()?,
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        self.take_series(&found);
        match found.line.filter(|_| found.is_line) {
            Some(point) => self.take(&point, &Dimensions::default(), MessageKey::of_parts(&[b"line"])),
            None if is_row_place && !found.is_envelope => {
                json::Walk::reject(self, line, "an object without numbers of a metric".to_owned());
            }
            None => {}
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.sink.records(1);
        self.sink.reject(Rejection { file: self.input.to_owned(), line, reason });
    }

    fn damage(&mut self, line: u64, what: String) {
        self.sink.damage(self.input, line, what);
    }

    fn gauge(&self) -> &Gauge {
        &self.gauge
    }
}

/// The points of a series.
struct Points<'g>(&'g Gauge);

impl<'de> DeserializeSeed<'de> for Points<'_> {
    type Value = Vec<Point>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<Point>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Points<'_> {
    type Value = Vec<Point>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of points")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Point>, A::Error> {
        let mut points = Vec::new();
        while let Some(point) = items.next_element::<Point>()? {
            points.push(Point { line: self.0.line(), ..point });
            self.0.end_row();
        }
        Ok(points)
    }
}
