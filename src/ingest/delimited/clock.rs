//! Reading digits, separators and times of day out of a cell, byte by byte and without allocation.

/// A place in a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub(super) fn new(cell: &'a [u8]) -> Scanner<'a> {
        let mut scanner = Scanner { rest: cell.trim_ascii() };
        scanner.spaces();
        scanner
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the white space that exporters put between date, time and AM/PM: space, tab, no-break space (U+00A0, in
    /// Windows-1252 one byte) and narrow no-break space (U+202F, which newer Windows and ICU write before PM). Whether
    /// there was any.
    pub(super) fn spaces(&mut self) -> bool {
        let before = self.rest.len();
        while let [b' ' | b'\t' | 0xa0, rest @ ..] | [0xc2, 0xa0, rest @ ..] | [0xe2, 0x80, 0xaf, rest @ ..] =
            self.rest
        {
            self.rest = rest;
        }
        self.rest.len() < before
    }

    /// Takes the space before AM or PM, which is `?` where an export in ASCII had none for U+202F.
    fn space_of_half(&mut self) {
        self.spaces();
        self.one_of(b"?");
    }

    /// Takes one byte if it is among these.
    pub(super) fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let &first = self.rest.first()?;
        bytes.contains(&first).then(|| {
            self.rest = &self.rest[1..];
            first
        })
    }

    /// Takes a word without regard to case.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let fits = self.rest.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word.as_bytes()));
        if fits {
            self.rest = &self.rest[word.len()..];
        }
        fits
    }

    /// Takes a number of at most `max` digits: its value and how many digits it has.
    pub(super) fn number(&mut self, max: usize) -> Option<(u32, usize)> {
        let (mut value, mut digits) = (0, 0);
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest
            && digits < max
        {
            value = value * 10 + u32::from(digit - b'0');
            digits += 1;
            self.rest = rest;
        }
        (digits > 0).then_some((value, digits))
    }

    /// Takes a time of day, `17:25`, `17.25.36`, `5:25:36.1234567 PM`: seconds since midnight.
    pub(super) fn time(&mut self) -> Option<u32> {
        let (hour, _) = self.number(2)?;
        self.one_of(b":.")?;
        let (minute, digits) = self.number(2)?;
        let mut second = 0;
        if self.one_of(b":.").is_some() {
            second = self.number(2)?.0;
            if self.one_of(b".,").is_some() {
                while self.number(9).is_some() {}
            }
        }
        let hour = self.twelve_hour(hour)?;
        // A leap second (60) is counted as the last second of its minute.
        let fits = hour < 24 && minute < 60 && second <= 60 && digits == 2;
        fits.then_some(hour * 3_600 + minute * 60 + second.min(59))
    }

    /// Applies an AM or PM (`a.m.`, `p. m.`) that follows.
    fn twelve_hour(&mut self, hour: u32) -> Option<u32> {
        let mut ahead = *self;
        ahead.space_of_half();
        let Some(half) = ahead.one_of(b"aApP") else { return Some(hour) };
        ahead.one_of(b".");
        ahead.space_of_half();
        ahead.one_of(b"mM")?;
        ahead.one_of(b".");
        *self = ahead;
        let afternoon = half.eq_ignore_ascii_case(&b'p');
        (1..=12).contains(&hour).then_some(hour % 12 + if afternoon { 12 } else { 0 })
    }

    /// Takes a zone, `Z`, `UTC`, `(UTC)`, `GMT`, `+02:00`, `-0500`: seconds east of UTC.
    pub(super) fn offset(&mut self) -> Option<i32> {
        let bracket = self.one_of(b"(").is_some();
        let mut offset = None;
        if self.word("utc") || self.word("gmt") || self.word("z") {
            offset = Some(0);
        }
        if let Some(sign) = self.one_of(b"+-") {
            let (hours, digits) = self.number(2)?;
            self.one_of(b":");
            let minutes = self.number(2).unwrap_or((0, 2));
            if digits != 2 || minutes.1 != 2 || hours > 14 || minutes.0 > 59 {
                return None;
            }
            let seconds = i32::try_from(hours * 3_600 + minutes.0 * 60).ok()?;
            offset = Some(if sign == b'-' { -seconds } else { seconds });
        }
        if bracket {
            self.one_of(b")")?;
        }
        offset
    }
}
