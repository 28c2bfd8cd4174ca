//! JSON of any length in bounded memory: documents one after the other, lists and envelopes while they stream, and
//! only one row at a time held.
//!
//! What is a row, and which keys hold rows, is left to the formats: each has a [`Walk`].

mod flat;
mod lines;
mod stream;

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::delimited::name_of;
use super::{Input, SourceError};
pub(crate) use flat::{Flat, Member};
pub(crate) use lines::{Stopped, Undo, read_lines};
pub(crate) use stream::Gauge;
use stream::{ByteStream, Stop};

/// Keys under which envelopes of services and log collectors hold rows, as [`name_of`] writes them.
const ENVELOPES: [&str; 12] = [
    "value", "results", "d", "message", "input", "event", "original", "raw", "source", "records", "data",
    "body",
];

/// Whether a key is one of [`ENVELOPES`].
pub(crate) fn is_envelope(key: &str) -> bool {
    let is = |name: &str| ENVELOPES.iter().any(|known| known.eq_ignore_ascii_case(name));
    is(key) || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) && is(&name_of(key.as_bytes()))
}

/// Takes what the documents of one input hold.
pub(crate) trait Walk {
    /// Takes an object key by key. Where `is_row_place` is set, it must be a row or hold some.
    fn object<'de, A: MapAccess<'de>>(&mut self, object: A, is_row_place: bool) -> Result<(), A::Error>;
    /// Takes something that should be a row and cannot be read.
    fn reject(&mut self, line: u64, what: String);
    /// Takes damage that ends the input.
    fn damage(&mut self, line: u64, what: String);
    /// Where the stream is.
    fn gauge(&self) -> &Gauge;
}

/// Reads all documents of an input. The walk is made with the gauge of the stream.
pub(crate) fn read<W: Walk>(input: &mut Input, walk: impl FnOnce(Gauge) -> W) -> Result<W, SourceError> {
    Ok(read_stream(ByteStream::new(input.open()?), walk))
}

/// Reads the documents of the rest of an input, which begins on a line, behind lines of documents or not.
pub(crate) fn read_rest<W: Walk>(
    text: Box<dyn Read + Send>,
    (line, in_lines): (u64, bool),
    walk: impl FnOnce(Gauge) -> W,
) -> W {
    read_stream(ByteStream::resumed(text, line, in_lines), walk)
}

fn read_stream<W: Walk>(mut stream: ByteStream, walk: impl FnOnce(Gauge) -> W) -> W {
    let mut walk = walk(stream.gauge());
    loop {
        match stream.document(&mut walk) {
            Ok(true) => {}
            Ok(false) => break,
            Err(Stop::Line { line, what }) => walk.reject(line, what),
            Err(Stop::Input { line, what }) => {
                walk.damage(line, what);
                break;
            }
        }
    }
    walk
}

/// Visits one value: an object, or a list or text with objects inside. Other values hold nothing.
pub(crate) struct Visit<'w, W> {
    /// What takes the objects.
    pub(crate) walk: &'w mut W,
    /// Whether an object here must be a row or hold some.
    pub(crate) is_row_place: bool,
}

impl<W: Walk> Visit<'_, W> {
    /// Reads a text that holds JSON, as log collectors wrap it: an object or a list of objects; a text such as
    /// `[info] done` is none.
    fn text(self, text: &str) {
        let text = text.trim_start();
        let inner = text.strip_prefix('[').unwrap_or(text);
        if !inner.trim_start().starts_with('{') {
            return;
        }
        let walk = self.walk;
        let mut json = serde_json::Deserializer::from_str(text);
        if (Visit { walk: &mut *walk, is_row_place: true }).deserialize(&mut json).is_err() {
            let line = walk.gauge().line();
            walk.reject(line, "the JSON inside the wrapper cannot be read".to_owned());
        }
    }
}

impl<'de, W: Walk> DeserializeSeed<'de> for Visit<'_, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, W: Walk> Visitor<'de> for Visit<'_, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let walk = self.walk;
        while items.next_element_seed(Visit { walk: &mut *walk, is_row_place: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.walk.object(object, self.is_row_place)
    }
}

/// A text without quotes and escapes, a number as it is written, nothing for `null` and containers.
pub(crate) fn text_of(raw: &RawValue) -> Cow<'_, str> {
    match raw.get().as_bytes() {
        // Most texts have no escape and stand as they are.
        [b'"', inner @ .., b'"'] if memchr::memchr(b'\\', inner).is_none() => {
            Cow::Borrowed(raw.get().get(1..raw.get().len() - 1).unwrap_or_default())
        }
        [b'"', ..] => serde_json::from_str::<Cow<'_, str>>(raw.get()).unwrap_or_default(),
        [b'n' | b'{' | b'[', ..] | [] => Cow::Borrowed(""),
        _ => Cow::Borrowed(raw.get()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_their_quotes_and_numbers_keep_their_digits() {
        for (json, expected) in [
            ("\"plain\"", "plain"),
            ("\"\"", ""),
            ("\"a \\\"b\\\" \\u00e9\"", "a \"b\" é"),
            ("2.60E-05", "2.60E-05"),
            ("true", "true"),
            ("null", ""),
            ("{\"a\":1}", ""),
            ("[1]", ""),
        ] {
            let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
            assert_eq!(text_of(&raw), expected, "{json}");
        }
    }

    #[test]
    fn keys_of_envelopes_are_known_in_every_spelling() {
        for key in ["records", "Records", "_raw", "_source"] {
            assert!(is_envelope(key), "{key}");
        }
        for key in ["record", "operationName", "_id", ""] {
            assert!(!is_envelope(key), "{key}");
        }
    }
}
