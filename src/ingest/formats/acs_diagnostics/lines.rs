//! Inputs of JSON in the order in which they are given: lines of objects in blocks on all cores, anything else as one
//! stream from where it begins.

use std::io::{self, Read};

use super::batch::Batch;
use super::json::Walk;
use super::row::{Clock, Reader};
use crate::ingest::blocks::{self, Event, Made, Text, Work};
use crate::ingest::delimited::warn_if_cut;
use crate::ingest::json;
use crate::ingest::{Input, SourceError};

/// Reads inputs, each with its clock.
pub(super) fn read(
    inputs: &mut [Input],
    clocks: &[Clock],
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let mut from = 0;
    while from < inputs.len() {
        // What is read once cannot be read anew from where the lines end.
        let count = inputs[from..].iter().take_while(|input| input.can_reopen()).count();
        let to = from + count;
        let ended = read_lines(&mut inputs[from..to], &clocks[from..to], reader)?;
        let place = match ended {
            Some(place) => Some(place),
            None if to < inputs.len() => {
                let begin = Place { input: count, ..Place::default() };
                reader.begin_input(inputs[to].name());
                Some(begin)
            }
            None => None,
        };
        let Some(place) = place else { return Ok(()) };
        from += place.input;
        read_stream(&mut inputs[from], place, clocks[from], reader)?;
        from += 1;
    }
    Ok(())
}

/// How far an input was read in lines.
#[derive(Debug)]
struct Place {
    input: usize,
    bytes: u64,
    line: u64,
    has_documents: bool,
    table_rows: u64,
    /// The rest of it, where that is at hand.
    rest: Option<Vec<u8>>,
}

impl Default for Place {
    fn default() -> Self {
        Place { input: 0, bytes: 0, line: 1, has_documents: false, table_rows: 0, rest: None }
    }
}

/// Reads inputs up to the first place that is no line of an object.
fn read_lines(
    inputs: &mut [Input],
    clocks: &[Clock],
    reader: &mut Reader<'_>,
) -> Result<Option<Place>, SourceError> {
    let names: Vec<String> = inputs.iter().map(|input| input.name().to_owned()).collect();
    let (mut place, mut is_over) = (Place::default(), false);
    blocks::read(inputs, &Lines { clocks }, |number, event| {
        let Some(name) = names.get(number) else { return false };
        match event {
            Event::Begin => {
                reader.begin_input(name);
                place = Place { input: number, ..Place::default() };
            }
            Event::Batch(part) => {
                place.table_rows += part.found.table_rows;
                part.found.read(name, reader);
                (place.line, place.has_documents) = (part.line, part.has_documents);
                place.bytes += part.bytes;
                (is_over, place.rest) = (part.is_for_stream, part.rest);
            }
            Event::End(_) => warn_if_cut(name, place.table_rows, reader.sink),
            // The stream tells what happened.
            Event::Damage { .. } => is_over = true,
        }
        !is_over
    })?;
    Ok(Some(place).filter(|_| is_over))
}

/// Reads the rest of an input as one stream.
fn read_stream(
    input: &mut Input,
    place: Place,
    clock: Clock,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let name = input.name().to_owned();
    let mut table_rows = place.table_rows;
    let mut hand_over = |found: Batch| {
        table_rows += found.table_rows;
        found.read(&name, reader);
    };
    let text = match place.rest {
        Some(rest) => Box::new(io::Cursor::new(rest)),
        None => behind(input, place.bytes)?,
    };
    let begin = (place.line, place.has_documents);
    let found = json::read_rest(text, begin, |gauge| Walk::new(gauge, clock, Some(&mut hand_over))).found;
    hand_over(found);
    warn_if_cut(&name, table_rows, reader.sink);
    Ok(())
}

/// The text of an input behind some bytes.
fn behind(input: &mut Input, bytes: u64) -> Result<Box<dyn Read + Send>, SourceError> {
    let mut text = input.open()?;
    // What cannot be read again is told by what comes next.
    let _ = io::copy(&mut (&mut text).take(bytes), &mut io::sink());
    Ok(text)
}

/// Reading lines of objects; the state is whether there was one.
struct Lines<'c> {
    clocks: &'c [Clock],
}

/// What was found in a block.
struct Part {
    found: Batch,
    bytes: u64,
    line: u64,
    has_documents: bool,
    is_for_stream: bool,
    /// What is left for the stream, where nothing follows it.
    rest: Option<Vec<u8>>,
}

impl Work for Lines<'_> {
    type Batch = Part;
    type State = bool;

    fn has_quotes(&self) -> bool {
        false
    }

    fn begin(&self, _: usize) -> bool {
        false
    }

    fn guess(&self, _: usize) -> bool {
        true
    }

    fn learn(&self, _: usize, _: &bool) {}

    fn read(&self, input: usize, text: Text<'_>, mut has_documents: bool) -> Made<Part, bool> {
        let clock = self.clocks.get(input).copied().unwrap_or_default();
        let (walk, stopped) =
            json::read_lines(text, &mut has_documents, |gauge| Walk::new(gauge, clock, None));
        let json::Stopped { left, line, is_for_stream } = stopped;
        let end = text.bytes.len() - left;
        let rest = (is_for_stream && text.is_last).then(|| text.bytes[end..].to_vec());
        let batch = Part { found: walk.found, bytes: end as u64, line, has_documents, is_for_stream, rest };
        Made { batch, state: has_documents, left, line }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::collect::Collected;
    use crate::ingest::formats::acs_diagnostics::messages::Messages;

    /// What is made of a text that is read in lines as far as they go, or as one stream.
    fn made_of(text: &str, in_lines: bool) -> String {
        let mut inputs = [Input::from_bytes("x", text.as_bytes())];
        let (mut messages, mut sink) = (Messages::default(), Collected::default());
        let mut reader = Reader::new(&mut messages, &mut sink);
        if in_lines {
            read(&mut inputs, &[Clock::default()], &mut reader).unwrap();
        } else {
            reader.begin_input("x");
            read_stream(&mut inputs[0], Place::default(), Clock::default(), &mut reader).unwrap();
        }
        reader.warn();
        messages.deliver(&[], &mut sink);
        format!("{:?} {:?} {:?} {:?}", sink.records, sink.accounting, sink.warnings, sink.damages)
    }

    const SEND: &str = r#"{"time":"2026-10-01T01:38:20Z","category":"EmailSendMailOperational",
        "correlationId":"1","properties":{"Size":"0.1","UniqueRecipientsCount":"2"}}"#;

    /// Members of lines: usual ones, and what only the JSON reader understands.
    const MEMBERS: [&str; 30] = [
        r#""time":"2026-10-01T01:38:20.83Z""#,
        r#""time":"2026-10-01T23:59:60Z""#,
        r#""time":"2026-02-30T01:00:00Z""#,
        r#""TimeGenerated":"10/1/2026, 5:25:36 PM""#,
        r#""resourceId":"/a/b/ACS-ONE""#,
        r#""_ResourceId" : "/a/b/acs-two""#,
        r#""resourceId":"""#,
        r#""category":"EmailSendMailOperational""#,
        r#""category":"EmailStatusUpdateOperational""#,
        r#""category":null"#,
        r#""Type":"ACSBillingUsage""#,
        r#""correlationId":"bfeab612-a072-4000-8000-00000000034a""#,
        r#""correlationId":"x""#,
        r#""Size":0.1"#,
        r#""Size":"2.6E-05""#,
        r#""Size":-1e2"#,
        r#""UniqueRecipientsCount":2"#,
        r#""UniqueRecipientsCount":02"#,
        r#""TrafficSource":"SMTP""#,
        r#""RecipientId":"jo@example.net""#,
        r#""RecipientId":"J\u006f@example.net""#,
        r#""DeliveryStatus":"Delivered""#,
        r#""DeliveryStatus":"Telepörted""#,
        r#""SenderDomain":"example.com""#,
        r#""SenderUsername":"shop""#,
        r#""isHardBounce":false"#,
        r#""location":{"at":[1]}"#,
        r#""error":{"code":"Partial"}"#,
        r#""message":"[info] done""#,
        r#""properties":null"#,
    ];

    proptest! {
        #[test]
        fn lines_are_read_as_the_stream_reads_them(
            parts in prop::collection::vec(0_usize..10, 0..12),
        ) {
            let line = SEND.replace('\n', "");
            let parts = parts.into_iter().map(|part| match part {
                0..4 => format!("{line}\n"),
                4 => format!("{SEND}\n"),
                5 => format!("{}\n", &line[..60]),
                6 => format!("[{line},{line}]\n"),
                7 => format!(" \u{1e}{line} \r\n\n"),
                8 => "no JSON\n".to_owned(),
                _ => line.clone(),
            });
            let text = parts.collect::<String>();
            prop_assert_eq!(made_of(&text, true), made_of(&text, false), "{}", text);
        }

        #[test]
        fn flat_lines_are_read_as_the_stream_reads_them(
            lines in prop::collection::vec(
                (prop::collection::vec(0..MEMBERS.len(), 0..9), prop::collection::vec(0..MEMBERS.len(), 0..9), 0..6),
                1..6,
            ),
        ) {
            let joined = |members: &[usize]| members.iter().map(|at| MEMBERS[*at]).collect::<Vec<_>>().join(",");
            let text: String = lines.iter().map(|(outer, inner, shape)| {
                let (outer, inner) = (joined(outer), joined(inner));
                let between = if outer.is_empty() { "" } else { "," };
                match shape {
                    0 => format!("{{{outer}}}\n"),
                    1 => format!("{{{outer}{between}\"properties\":{{{inner}}} }}\r\n"),
                    2 => format!(" {{ \"properties\": {{ {inner} }}{between}{outer}}}\n"),
                    3 => format!("{{{outer},\"properties\":{{{inner}}}}}\u{c}\n"),
                    4 => format!("{{{outer}{between}\"properties\":{{{inner},}}}}\n"),
                    _ => format!("{{{outer}{between}\"properties\":{{{inner}}},\"operationName\":\"x\"}}\n"),
                }
            }).collect();
            prop_assert_eq!(made_of(&text, true), made_of(&text, false), "{}", text);
        }
    }
}
