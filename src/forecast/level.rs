//! The level of a prediction interval, in per cent. How an interval is made is the business of the paths.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// How much of what may happen an interval is to hold: 80 means 80 %, never 0.8.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Level(f64);

/// Why a number is not a level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a level: expected per cent from 1 to 99.9, such as 80 or 95")]
pub struct LevelError(String);

impl Level {
    /// The level for so many per cent.
    ///
    /// # Errors
    /// Less than 1 (which is most likely a share, such as 0.8) and more than 99.9 are refused.
    pub fn from_percent(percent: f64) -> Result<Level, LevelError> {
        if (1.0..=99.9).contains(&percent) {
            Ok(Level(percent))
        } else {
            Err(LevelError(percent.to_string()))
        }
    }

    /// Per cent, such as 80.
    pub fn percent(self) -> f64 {
        self.0
    }

    /// Per cent, as an exact number with one decimal.
    pub fn exact(self) -> Decimal {
        Decimal::new((self.0 * 10.0).round() as i64, 1).normalize()
    }

    /// A share of 1, such as 0.8.
    pub fn share(self) -> f64 {
        self.0 / 100.0
    }

    /// The probabilities of the lower and the upper end: 80 % leaves a tenth below and a tenth above.
    pub fn tails(self) -> (f64, f64) {
        let tail = (1.0 - self.share()) / 2.0;
        (tail, 1.0 - tail)
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Level, LevelError> {
        let number = text.trim().trim_end_matches('%').trim_end();
        let percent = number.parse().map_err(|_| LevelError(text.to_owned()))?;
        Level::from_percent(percent).map_err(|_| LevelError(text.to_owned()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}%", self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn per_cent_is_read_and_shares_are_refused() {
        let level: Level = "80".parse().unwrap();
        assert!((level.share() - 0.8).abs() < 1e-12 && (level.tails().0 - 0.1).abs() < 1e-12);
        assert_eq!("99.5%".parse::<Level>().unwrap().to_string(), "99.5%");
        for text in ["0.8", "0", "100", "-5", "NaN", "inf", "", "high"] {
            let error = text.parse::<Level>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("'{text}' is not a level: expected per cent from 1 to 99.9, such as 80 or 95")
            );
        }
    }
}
