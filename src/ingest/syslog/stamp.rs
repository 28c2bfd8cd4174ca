//! Timestamps of log lines: with and without year and zone, in the forms that syslog daemons write.
//!
//! A [`Stamp`] is what stands in the line. Turning it into an instant needs a year and a zone and is left to
//! [`super::clock`].

use crate::usage::names::decode;

/// A calendar time as it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stamp {
    /// The year, where it is written.
    pub year: Option<i32>,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// Seconds since midnight, at most 86,400 (a leap second counts as the next second).
    pub second: u32,
    /// Seconds east of UTC, where they are written.
    pub offset: Option<i32>,
}

/// The bytes that a timestamp takes at the start of a text, `None` where there is none.
pub fn stamp_length(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'0'..=b'9' => numeric_length(text),
        _ => named_length(text),
    }
}

/// `Apr  1 04:52:30`, with a month in any of the languages of [`MONTHS`] and perhaps a fraction of a second.
fn named_length(text: &[u8]) -> Option<usize> {
    let month = memchr::memchr(b' ', &text[..text.len().min(16)]).filter(|&end| end >= 3)?;
    let day = month + 1 + usize::from(text.get(month + 1) == Some(&b' '));
    let digits = text[day.min(text.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let time = day + digits;
    let clock = text.get(time..time + 9)?;
    let formed = (1..=2).contains(&digits) && clock[0] == b' ' && clock[3] == b':' && clock[6] == b':';
    formed.then(|| time + 9 + fraction_length(&text[time + 9..]))
}

/// RFC 3339 (with `T` or a space, and perhaps a space before the zone) or `2020:07:18-16:56:31`.
fn numeric_length(text: &[u8]) -> Option<usize> {
    let shape = text.get(..19)?;
    let separators = [shape[4], shape[7], shape[10], shape[13], shape[16]];
    if separators == *b"::-::" {
        return Some(19);
    }
    let rfc3339 = separators == *b"--T::" || separators == *b"-- ::";
    if !rfc3339 {
        return None;
    }
    let end = 19 + fraction_length(&text[19..]);
    let zone = match text.get(end) {
        Some(b' ') if is_spaced_zone(&text[end + 1..]) => 6,
        Some(b'Z') => 1,
        Some(b'+' | b'-') if text.get(end + 3) == Some(&b':') => 6,
        Some(b'+' | b'-') => 5,
        _ => 0,
    };
    (end + zone <= text.len()).then_some(end + zone)
}

/// Whether a text begins with a zone such as `+0200` that stands as a word of its own.
fn is_spaced_zone(text: &[u8]) -> bool {
    let [sign, digits @ ..] = text else { return false };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(sign, b'+' | b'-') && count == 4 && matches!(digits.get(4), None | Some(b' '))
}

fn fraction_length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'.' | b',') => 1 + text[1..].iter().take_while(|b| b.is_ascii_digit()).count(),
        _ => 0,
    }
}

impl Stamp {
    /// Reads a text whose extent [`stamp_length`] found; `None` where a part is out of range.
    pub fn parse(text: &[u8]) -> Option<Stamp> {
        match text.first()? {
            b'0'..=b'9' => Stamp::parse_numeric(text),
            _ => Stamp::parse_named(text),
        }
    }

    fn parse_named(text: &[u8]) -> Option<Stamp> {
        let (month, rest) = text.split_at(memchr::memchr(b' ', text)?);
        let rest = rest.trim_ascii_start();
        let (day, clock) = rest.split_at(memchr::memchr(b' ', rest)?);
        let second = clock_seconds(clock.get(1..9)?)?;
        Stamp { year: None, month: month_number(month)?, day: number(day)?, second, offset: None }.in_range()
    }

    fn parse_numeric(text: &[u8]) -> Option<Stamp> {
        let year = i32::try_from(number(text.get(..4)?)?).ok()?;
        let (month, day) = (number(text.get(5..7)?)?, number(text.get(8..10)?)?);
        let second = clock_seconds(text.get(11..19)?)?;
        let zone = text[19 + fraction_length(&text[19..])..].trim_ascii_start();
        let offset = match zone {
            [] => None,
            b"Z" => Some(0),
            [sign, digits @ ..] => Some(offset_seconds(*sign, digits)?),
        };
        Stamp { year: Some(year), month, day, second, offset }.in_range()
    }

    fn in_range(self) -> Option<Stamp> {
        ((1..=12).contains(&self.month) && (1..=31).contains(&self.day)).then_some(self)
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0_u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// `04:52:30` as seconds since midnight.
fn clock_seconds(text: &[u8]) -> Option<u32> {
    let (hour, minute, second) = (number(&text[..2])?, number(&text[3..5])?, number(&text[6..8])?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// `+02:00` or `+0200` after its sign.
fn offset_seconds(sign: u8, digits: &[u8]) -> Option<i32> {
    let hours = number(digits.get(..2)?)?;
    let minutes = number(digits.get(digits.len() - 2..)?)?;
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    (hours < 24 && minutes < 60).then_some(if sign == b'-' { -seconds } else { seconds })
}

fn month_number(name: &[u8]) -> Option<u32> {
    const ENGLISH: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let english = ENGLISH.as_chunks::<3>().0.iter().zip(1..).find(|(month, _)| month[..] == *name);
    if let Some((_, number)) = english {
        return Some(number);
    }
    let name = decode(name).trim_end_matches('.').to_lowercase();
    MONTHS.iter().zip(1..).find(|(names, _)| names.contains(&name.as_str())).map(|(_, number)| number)
}

/// Abbreviated months as C libraries write them in their locales: English, German, French, Italian, Spanish,
/// Portuguese, Dutch, Scandinavian, Polish, Greek, Russian (Unicode CLDR and glibc `LC_TIME`).
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "janv", "gen", "ene", "sty", "ιαν", "янв"],
    &["feb", "févr", "fév", "fev", "lut", "φεβ", "фев"],
    &["mar", "mär", "mrz", "mars", "mrt", "μαρ", "μάρ", "мар"],
    &["apr", "avril", "avr", "abr", "kwi", "απρ", "апр"],
    &["may", "mai", "mag", "mei", "maj", "μάι", "μαΐ", "μαι", "μαϊ", "май", "мая"],
    &["jun", "juin", "giu", "cze", "ιούν", "ιουν", "июн"],
    &["jul", "juil", "lug", "lip", "ιούλ", "ιουλ", "июл"],
    &["aug", "août", "ago", "sie", "αύγ", "αυγ", "авг"],
    &["sep", "sept", "set", "wrz", "σεπ", "сен"],
    &["oct", "okt", "ott", "out", "paź", "οκτ", "окт"],
    &["nov", "lis", "νοέ", "νοε", "ноя"],
    &["dec", "dez", "déc", "dic", "des", "gru", "δεκ", "дек"],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Stamp> {
        Stamp::parse(&text.as_bytes()[..stamp_length(text.as_bytes())?])
    }

    #[test]
    fn every_form_of_header_time_is_read() {
        let seconds = 4 * 3600 + 52 * 60 + 30;
        let without_zone = Stamp { year: None, month: 4, day: 1, second: seconds, offset: None };
        let with = |offset| Some(Stamp { year: Some(2014), offset, ..without_zone });
        assert_eq!(read("Apr  1 04:52:30 host"), Some(without_zone));
        assert_eq!(read("Apr 01 04:52:30 host"), Some(without_zone));
        assert_eq!(read("Apr 1 04:52:30.123 host"), Some(without_zone));
        assert_eq!(read("Απρ 1 04:52:30 host"), Some(without_zone));
        assert_eq!(read("avril  1 04:52:30 host"), Some(without_zone));
        assert_eq!(Stamp::parse(b"ao\xfbt 1 04:52:30").map(|stamp| stamp.month), Some(8));
        assert_eq!(read("2014-04-01T04:52:30.185246+01:00 host"), with(Some(3600)));
        assert_eq!(read("2014-04-01T04:52:30-0230 host"), with(Some(-9000)));
        assert_eq!(read("2014-04-01T04:52:30Z host"), with(Some(0)));
        assert_eq!(read("2014-04-01 04:52:30,5 host"), with(None));
        assert_eq!(read("2014-04-01 04:52:30.185 +0200 host"), with(Some(7200)));
        assert_eq!(read("2014-04-01 04:52:30 -5000000 host"), with(None));
        assert_eq!(read("2014:04:01-04:52:30 host"), with(None));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "A",
            "Apr",
            "Xyz  1 04:52:30 h",
            "Apr 99 04:52:30 h",
            "Apr  1 24:00:00 h",
            "2014-13-01T00:00:00Z",
            "2014-04-01T04:52:30+",
            "MMM 22 07:54:32 h",
            "août",
            "12345678901234567890",
            "Apr  1 0\u{e9}:52:30",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
