//! What the accepting service adds to a message: header lines, and line ends of its own.
//!
//! A relay measures the message as it came in; the service measures what it took. `--size-overhead` bridges
//! the two where the service's own figure is not in the log.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::money::{Rounding, round};
use crate::units::MessageSize;

/// Bytes added to every message whose size the accepting service did not state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Overhead {
    /// Nothing.
    #[default]
    None,
    /// So many bytes a message.
    Bytes(u64),
    /// A share of the size, such as 0.036.
    Share(Decimal),
}

/// A text that is not an overhead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a size overhead: expected a percentage from 0% to 100% or a size, such as '3.6%' or '1.5kB'"
)]
pub struct OverheadError(String);

impl Overhead {
    /// The size with the overhead; a part of a byte is rounded to the nearest.
    pub fn applied(self, size: u64) -> u64 {
        match self {
            Overhead::None => size,
            Overhead::Bytes(bytes) => size.saturating_add(bytes),
            Overhead::Share(share) => {
                let added = Decimal::from(size).checked_mul(share).unwrap_or_default();
                let whole = u64::try_from(round(added, 0, Rounding::HalfUp)).unwrap_or_default();
                size.saturating_add(whole)
            }
        }
    }
}

impl fmt::Display for Overhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Overhead::None => f.write_str("none"),
            Overhead::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Overhead::Share(share) => {
                let percent = share.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(*share);
                write!(f, "{}%", percent.normalize())
            }
        }
    }
}

impl FromStr for Overhead {
    type Err = OverheadError;

    fn from_str(text: &str) -> Result<Overhead, OverheadError> {
        let unreadable = || OverheadError(text.to_owned());
        let Some(percent) = text.trim().strip_suffix('%') else {
            let size: MessageSize = text.parse().map_err(|_| unreadable())?;
            return Ok(Overhead::Bytes(size.in_bytes()));
        };
        let percent = Decimal::from_str_exact(&percent.trim().replace(',', ".")).map_err(|_| unreadable())?;
        if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
            return Err(unreadable());
        }
        let share = percent.checked_div(Decimal::ONE_HUNDRED).ok_or_else(unreadable)?;
        Ok(Overhead::Share(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overheads_are_shares_or_bytes() {
        let applied = |text: &str, size| text.parse::<Overhead>().unwrap().applied(size);
        assert_eq!(applied("3.6%", 136_349), 141_258);
        assert_eq!(applied("3,6 %", 125), 130, "4.5 bytes are rounded up");
        assert_eq!(applied("1500", 1_000), 2_500);
        assert_eq!(applied("1.5kB", 1_000), 2_500);
        assert_eq!(applied("100%", u64::MAX), u64::MAX);
        assert_eq!(Overhead::default().applied(7), 7);
    }

    #[test]
    fn bad_overheads_say_what_is_expected() {
        for text in ["-1%", "101%", "much", "", "%"] {
            assert_eq!(
                text.parse::<Overhead>().unwrap_err().to_string(),
                format!(
                    "'{text}' is not a size overhead: expected a percentage from 0% to 100% or a size, such as '3.6%' or '1.5kB'"
                )
            );
        }
    }
}
