//! The `KEY=value` fields of a line, from left to right.

/// A field; a word that is none has an empty key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The value, without quotes.
    pub value: &'a [u8],
}

/// Reads one field after the other.
#[derive(Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
    stops_at_error: bool,
    done: bool,
}

impl<'a> Fields<'a> {
    /// All fields of a text.
    pub fn new(rest: &'a [u8]) -> Fields<'a> {
        Fields { rest, stops_at_error: false, done: false }
    }

    /// The fields up to the error of a failed delivery, which a colon begins.
    pub fn up_to_error(rest: &'a [u8]) -> Fields<'a> {
        Fields { rest, stops_at_error: true, done: false }
    }

    /// What was not read yet, the colon of an error included.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Splits a value from what follows its key.
    fn value(key: &[u8], text: &'a [u8]) -> (&'a [u8], usize) {
        let word = memchr::memchr(b' ', text).unwrap_or(text.len());
        match (key, text.first()) {
            // Replies can hold quotes; only fields without any follow them.
            (b"C", Some(b'"')) => match memchr::memrchr(b'"', text).filter(|&end| end > 0) {
                Some(end) => (&text[1..end], end + 1),
                None => (&text[1..], text.len()),
            },
            (_, Some(b'"')) => match quoted(text) {
                Some(inner) => (inner, inner.len() + 2),
                None => (&text[1..], text.len()),
            },
            (b"F" | b"P", Some(b'<')) => match memchr::memchr(b'>', text) {
                Some(end) => (&text[..=end], end + 1),
                None => (text, text.len()),
            },
            (b"H", _) => match address_end(text) {
                Some(end) => (&text[..end], end),
                None => (&text[..word], word),
            },
            _ => (&text[..word], word),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let text = self.rest.trim_ascii_start();
        if self.done || text.is_empty() || self.stops_at_error && text.starts_with(b":") {
            return None;
        }
        let key = text.iter().take(9).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let is_field = (1..9).contains(&key) && text.get(key) == Some(&b'=');
        let start = if is_field { key + 1 } else { 0 };
        let key = if is_field { &text[..key] } else { b"" };
        let (mut value, length) = Fields::value(key, &text[start..]);
        self.rest = &text[start + length..];
        if self.stops_at_error {
            let error = value.strip_suffix(b":").filter(|_| key != b"C");
            self.done = error.is_some() || self.rest.starts_with(b": ");
            value = error.unwrap_or(value);
            if error.is_some() {
                self.rest = &text[start + length - 1..];
            }
        }
        Some(Field { key, value })
    }
}

/// The text between a quote at the start and the next one that no backslash precedes.
pub fn quoted(text: &[u8]) -> Option<&[u8]> {
    let inner = text.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &inner[at..])?;
        if inner[at] == b'"' {
            return Some(&inner[..at]);
        }
        at += 2;
        if at > inner.len() {
            return None;
        }
    }
}

/// Where the address of a host ends: `name (greeting) [address]`; a greeting can hold brackets too.
fn address_end(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'[', &text[from..]).map(|at| from + at) {
        // What comes after the next field is no part of the host.
        if text[from..at].contains(&b'=') {
            return None;
        }
        if at == 0 || text[at - 1] == b' ' {
            return memchr::memchr(b']', &text[at..]).map(|end| at + end + 1);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_end_where_no_backslash_stands_before_them() {
        assert_eq!(quoted(b"\"a\\\" b\" c"), Some(&b"a\\\" b"[..]));
        assert_eq!(quoted(b"\"a\\\\\" c"), Some(&b"a\\\\"[..]));
        for text in ["\"a", "\"a\\", "a\"", "\"a\\\""] {
            assert_eq!(quoted(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn fields_stop_at_an_error() {
        let keys = |text: &'static str| {
            let fields = Fields::up_to_error(text.as_bytes());
            fields.map(|field| String::from_utf8_lossy(field.key).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(keys("R=a T=b defer (-1): H=x [1]"), ["R", "T", "", ""]);
        assert_eq!(keys("R=a T=b: H=x [1]"), ["R", "T"]);
        assert_eq!(keys("R=a H=x [192.0.2.1]: C=\"x\""), ["R", "H"]);
        assert_eq!(keys("R=a H=x [192.0.2.1] : C=\"x\""), ["R", "H"]);
    }
}
