//! Lines as services nearly always write them: one object of texts, numbers and words, with at most one object inside,
//! without an escape. Their members are found quote by quote, several times faster than by reading JSON.
//!
//! Whatever is not exactly so is left to the JSON reader: here nothing is judged.

/// What a member of a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Member<C> {
    /// A cell that is wanted.
    Cell(C),
    /// An object with more members.
    Inner,
    /// Of no interest.
    Other,
    /// Something that only the JSON reader understands.
    Strange,
}

/// Keys that are remembered for each place in a line, as rows of different kinds follow each other, and such places:
/// a line with more of them is left.
const SHAPES: usize = 4;
const KEYS: usize = 64;
/// Bytes of a key that is remembered.
const KEY_BYTES: usize = 64;

/// Reads such lines, and remembers the keys of the first ones: they are nearly always those of the others.
#[derive(Debug)]
pub(crate) struct Flat<C> {
    /// The keys of each place, with quotes and colon.
    keys: Vec<Vec<(Vec<u8>, Member<C>)>>,
    next: usize,
}

impl<C> Default for Flat<C> {
    fn default() -> Self {
        Flat { keys: Vec::new(), next: 0 }
    }
}

/// The rest of a line.
#[derive(Clone, Copy)]
struct Rest<'l>(&'l [u8]);

impl<'l> Rest<'l> {
    /// Takes a sign, and the spaces before it.
    fn sign(&mut self, sign: u8) -> bool {
        self.spaces();
        match self.0.split_first() {
            Some((first, rest)) if *first == sign => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn spaces(&mut self) {
        while let [b' ', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// Takes a text up to its quote, behind the one that opens it.
    fn text(&mut self) -> Option<&'l [u8]> {
        let (text, rest) = self.0.split_at_checked(memchr::memchr(b'"', self.0)?)?;
        self.0 = rest.get(1..)?;
        Some(text)
    }

    /// Takes a plain number or word as it stands; nothing stands for `null`.
    fn bare(&mut self) -> Option<&'l [u8]> {
        let len = self.0.iter().position(|byte| matches!(byte, b',' | b'}' | b' '))?;
        let (bare, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        match bare {
            b"null" => Some(b""),
            b"true" | b"false" => Some(bare),
            _ => is_number(bare).then_some(bare),
        }
    }
}

/// Whether digits are a number, with a fraction or not; those with a sign or an exponent are rare.
fn is_number(bare: &[u8]) -> bool {
    let point = memchr::memchr(b'.', bare).unwrap_or(bare.len());
    let (whole, fraction) = bare.split_at(point);
    let is_digits = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let has_lead = whole.len() > 1 && whole.first() == Some(&b'0');
    is_digits(whole) && !has_lead && fraction.split_first().is_none_or(|(_, digits)| is_digits(digits))
}

impl<C: Copy + PartialEq> Flat<C> {
    /// Takes the cells of a line, each as it stands without its quotes, in their order; `None` where the line is left
    /// to the JSON reader, whatever was taken.
    pub(crate) fn read<'l>(
        &mut self,
        line: &'l [u8],
        member_of: impl Fn(&[u8]) -> Member<C>,
        mut take: impl FnMut(C, &'l [u8]),
    ) -> Option<()> {
        // Only in such a line does every quote begin or end a text, and are all texts what they seem.
        let is_plain = line.iter().fold(true, |all, &byte| all & (0x20..0x80).contains(&byte));
        if !is_plain || memchr::memchr(b'\\', line).is_some() {
            return None;
        }
        self.next = 0;
        let mut rest = Rest(line);
        let mut is_inside = false;
        rest.sign(b'{').then_some(())?;
        loop {
            let member = self.key(&mut rest, &member_of)?;
            if !is_inside && member == Member::Inner {
                rest.sign(b'{').then_some(())?;
                is_inside = true;
                continue;
            }
            if !is_inside && member == Member::Strange {
                return None;
            }
            let value = if rest.sign(b'"') { rest.text()? } else { rest.bare()? };
            if let Member::Cell(cell) = member {
                take(cell, value);
            }
            while !rest.sign(b',') {
                rest.sign(b'}').then_some(())?;
                if !std::mem::take(&mut is_inside) {
                    return rest.0.is_empty().then_some(());
                }
            }
        }
    }

    /// Takes a key and the colon behind it.
    fn key(&mut self, rest: &mut Rest<'_>, member_of: impl Fn(&[u8]) -> Member<C>) -> Option<Member<C>> {
        if self.next == KEYS {
            return None;
        }
        if self.keys.len() == self.next {
            self.keys.push(Vec::new());
        }
        let known = self.keys.get_mut(self.next)?;
        self.next += 1;
        for (written, member) in known.iter() {
            if let Some(behind) = rest.0.strip_prefix(written.as_slice()) {
                rest.0 = behind;
                return Some(*member);
            }
        }
        let before = rest.0;
        rest.sign(b'"').then_some(())?;
        let member = member_of(rest.text()?);
        rest.sign(b':').then_some(())?;
        let written = before.get(..before.len() - rest.0.len())?;
        if known.len() < SHAPES && written.len() <= KEY_BYTES {
            known.push((written.to_vec(), member));
        }
        Some(member)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The cells of a line, by keys that begin with `c`; `o` is the object inside.
    fn cells(line: &str) -> Option<Vec<(u8, String)>> {
        let mut flat = Flat::default();
        let mut read = || {
            let mut cells = Vec::new();
            let member_of = |key: &[u8]| match key {
                [b'c', rest @ ..] => Member::Cell(rest.first().copied().unwrap_or(b'-')),
                b"o" => Member::Inner,
                b"s" => Member::Strange,
                _ => Member::Other,
            };
            flat.read(line.as_bytes(), member_of, |cell, text| {
                cells.push((cell, String::from_utf8_lossy(text).into_owned()));
            })?;
            Some(cells)
        };
        let first = read();
        assert_eq!(read(), first, "{line}");
        first
    }

    #[test]
    fn flat_lines_are_read() {
        let pair = |cell: u8, text: &str| (cell, text.to_owned());
        assert_eq!(
            cells(r#"{"c1":"a","x":"y","c2":12.50,"o":{"c3":true,"s":null,"o":1},"c4":null}"#),
            Some(vec![pair(b'1', "a"), pair(b'2', "12.50"), pair(b'3', "true"), pair(b'4', "")])
        );
        assert_eq!(
            cells(r#"{ "c1" : "a, }" , "o" : { "c3" : 0 } }"#),
            Some(vec![pair(b'1', "a, }"), pair(b'3', "0")])
        );
        assert_eq!(cells(r#"{"o":{"c1":"a"}}"#), Some(vec![pair(b'1', "a")]));
    }

    #[test]
    fn all_other_lines_are_left() {
        for line in [
            "",
            "{",
            "{}",
            r#"{"c1"}"#,
            r#"{"c1":}"#,
            r#"{"c1":"a"} x"#,
            r#"{"c1":"a",}"#,
            r#"{"c1":"a\n"}"#,
            r#"{"c1":"ä"}"#,
            r#"{"c1":01}"#,
            r#"{"c1":1.}"#,
            r#"{"c1":1e5}"#,
            r#"{"c1":-1}"#,
            r#"{"c1":[]}"#,
            r#"{"c1":{}}"#,
            r#"{"o":"c1"}"#,
            r#"{"o":{"c1":{}}}"#,
            r#"{"s":"a"}"#,
            r#"{"c1":"a"}}"#,
            r#"{"o":{"c1":"a"}"#,
            "{\"c1\":\"a\tb\"}",
            r#"{"c1":"a""c2":"b"}"#,
            r#"{"o":{}}"#,
            r#"{"c1":nul}"#,
            r#"{"o":{"o":{"c1":1}}}"#,
        ] {
            assert_eq!(cells(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_json(line in r#"\{("(c1|o|x)" ?[:,]|["{}, 0-9.a\\]|"(c2|x)":("a"|1|\{)|,){0,12}\}"#) {
            if cells(&line).is_some() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
            }
        }
    }
}
