//! The value axis: its reach, its steps (1, 2, 2.5 or 5 times a power of ten), and how amounts are written along it.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::figure::{Unit, Words};
use super::lettering::clean;
use crate::money::{Rounding, round};

/// Steps that an axis has at most, about.
const STEPS: f64 = 6.0;
/// From where on amounts are written in millions, and so on a thousand times up.
const FIRST_SCALE: f64 = 1e7;

/// An amount as a place between others.
pub(super) fn float(amount: Decimal) -> f64 {
    amount.to_f64().unwrap_or_default()
}

/// A value axis.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Scale {
    pub(super) min: f64,
    pub(super) max: f64,
    /// The values of the grid lines, upwards.
    pub(super) ticks: Vec<f64>,
    /// How amounts are written.
    pub(super) style: Style,
}

/// How amounts of a figure are written: all in the same unit, with the same decimals.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Style {
    /// The power of ten that amounts are divided by: 0, 6, 9 or 12.
    power: u32,
    /// Decimals of grid labels.
    tick_decimals: usize,
    /// Decimals of amounts that are written beside what shows them.
    decimals: u32,
    /// As few as they can be written with where room is short, with two digits of the largest left.
    least: u32,
    unit: Unit,
    thousands: String,
    decimal: String,
    scale: Option<String>,
}

impl Scale {
    /// An axis that holds zero and all amounts up to its ends.
    pub(super) fn new(low: f64, high: f64, unit: &Unit, words: &Words) -> Scale {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let is_nothing = high - low <= 0.0;
        let high = if is_nothing { 1.0 } else { high };
        let step = step((high - low) / STEPS, unit.decimals == 0 || is_nothing);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let mut ticks = Vec::new();
        let mut at = first;
        while at <= last && ticks.len() < 32 {
            ticks.push(at * step);
            at += 1.0;
        }
        let mut style = Style::new(low.abs().max(high), unit, words);
        style.tick_decimals = decimals_of(step / 10_f64.powi(exponent(style.power)));
        Scale { min: first * step, max: last * step, ticks, style }
    }

    /// Where a value lies between both ends, 0 to 1.
    pub(super) fn part(&self, value: f64) -> f64 {
        let part = (value - self.min) / (self.max - self.min);
        if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl Style {
    /// The style for amounts up to some size.
    pub(super) fn new(largest: f64, unit: &Unit, words: &Words) -> Style {
        let above = |factor: f64| largest >= FIRST_SCALE * factor;
        let power = match (above(1.0), above(1e3), above(1e6)) {
            (_, _, true) => 12,
            (_, true, _) => 9,
            (true, _, _) => 6,
            _ => 0,
        };
        let decimals = decimals_shown(largest, unit, power);
        let is_long = largest / 10_f64.powi(exponent(power)) >= 10.0;
        let scale = (power > 0).then(|| words.scales.get(usize::from(power > 6) + usize::from(power > 9)));
        Style {
            power,
            tick_decimals: 0,
            decimals,
            least: if is_long { 0 } else { decimals },
            unit: unit.clone(),
            thousands: words.thousands.clone(),
            decimal: words.decimal.clone(),
            scale: scale.flatten().cloned(),
        }
    }

    /// What amounts are of, as written at the axis: `EUR`, or `EUR (million)`.
    pub(super) fn unit(&self) -> String {
        clean(&match &self.scale {
            Some(scale) => format!("{} ({scale})", self.unit.name),
            None => self.unit.name.clone(),
        })
    }

    /// The label of a grid line.
    pub(super) fn tick(&self, value: f64) -> String {
        let value = value / 10_f64.powi(exponent(self.power));
        self.grouped(&format!("{value:.*}", self.tick_decimals))
    }

    /// An amount, rounded for people. One that is not nothing never reads as nothing.
    pub(super) fn amount(&self, amount: Decimal) -> String {
        self.rounded(amount / Decimal::from(10_u64.pow(self.power)), self.decimals)
    }

    /// A number in per cent, with one decimal.
    pub(super) fn share(&self, hundredths: Decimal) -> String {
        self.rounded(hundredths, 1)
    }

    fn rounded(&self, number: Decimal, decimals: u32) -> String {
        if number.is_zero() {
            return "0".to_owned();
        }
        let rounded = round(number, decimals, Rounding::HalfUp);
        if rounded.is_zero() {
            let before = if number.is_sign_negative() { "> −" } else { "< " };
            return format!("{before}{}", self.grouped(&Decimal::new(1, decimals).to_string()));
        }
        // Not by a precision in `format!`: that panics where all digits together are more than a decimal can have.
        let mut text = rounded.to_string();
        let given = text.split_once('.').map_or(0, |(_, part)| part.len());
        let wanted = usize::try_from(decimals).unwrap_or_default();
        if given == 0 && wanted > 0 {
            text.push('.');
        }
        text.push_str(&"0".repeat(wanted.saturating_sub(given)));
        self.grouped(&text)
    }

    /// The same with fewer decimals, where room is short.
    pub(super) fn short(&self) -> Style {
        Style { decimals: self.least, ..self.clone() }
    }

    /// A plain number with a minus and separators as people write them.
    fn grouped(&self, number: &str) -> String {
        let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("−", digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let mut text = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                text.push_str(&self.thousands);
            }
            text.push(digit);
        }
        if !part.is_empty() {
            text.push_str(&self.decimal);
            text.push_str(part);
        }
        let is_zero = !text.contains(|c: char| matches!(c, '1'..='9'));
        if is_zero { text } else { format!("{sign}{text}") }
    }
}

fn exponent(power: u32) -> i32 {
    i32::try_from(power).unwrap_or_default()
}

/// The next step above a distance; of whole things, none smaller than one and none broken.
fn step(distance: f64, is_whole: bool) -> f64 {
    let power = 10_f64.powf(distance.log10().floor());
    let power = if power.is_normal() { power } else { 1.0 };
    if is_whole && distance <= 1.0 {
        return 1.0;
    }
    let fits = |factor: &&f64| **factor * power >= distance * (1.0 - 1e-9);
    let broken = |factor: &&f64| is_whole && power < 10.0 && (**factor * power).fract() != 0.0;
    let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
    let factor = factors.iter().filter(|factor| !broken(factor)).find(fits).copied();
    factor.unwrap_or(10.0) * power
}

/// Decimals that a step needs.
fn decimals_of(step: f64) -> usize {
    let is_whole = |decimals: &i32| {
        let scaled = step * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6 * scaled.abs() && scaled.round() >= 1.0
    };
    (0..30).find(is_whole).and_then(|decimals| usize::try_from(decimals).ok()).unwrap_or_default()
}

/// Decimals of a written amount: those of the unit, more for tiny amounts, fewer for large ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 0 and 26")]
fn decimals_shown(largest: f64, unit: &Unit, power: u32) -> u32 {
    let leading = if largest > 0.0 { -largest.log10().floor() } else { 0.0 };
    match unit.decimals {
        0 if power == 0 => 0,
        _ if power > 0 => 2,
        decimals if leading > 0.0 => decimals.max(leading.clamp(0.0, 24.0) as u32 + 2),
        decimals => decimals,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, decimals: u32) -> Vec<String> {
        let unit = Unit { name: "EUR".to_owned(), decimals };
        let scale = Scale::new(low, high, &unit, &Words::default());
        scale.ticks.iter().map(|tick| scale.style.tick(*tick)).collect()
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(labels(0.0, 253.75, 2), ["0", "50", "100", "150", "200", "250", "300"]);
        assert_eq!(labels(0.0, 1_100.0, 2), ["0", "200", "400", "600", "800", "1,000", "1,200"]);
        assert_eq!(labels(0.0, 12.0, 0), ["0", "2", "4", "6", "8", "10", "12"]);
        assert_eq!(labels(0.0, 3.0, 0), ["0", "1", "2", "3"]);
        assert_eq!(labels(0.0, 0.0, 0), ["0", "1"]);
        assert_eq!(labels(0.0, 0.0, 2), ["0", "1"]);
        assert_eq!(labels(0.0, 0.000_31, 2), ["0.0000", "0.0001", "0.0002", "0.0003", "0.0004"]);
        assert_eq!(labels(-30.0, 100.0, 2), ["−50", "−25", "0", "25", "50", "75", "100"]);
        assert_eq!(labels(0.0, 45e6, 2), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(labels(0.0, 12.5e9, 2), ["0.0", "2.5", "5.0", "7.5", "10.0", "12.5"]);
        assert!(labels(0.0, 7.9e28, 0).len() > 3);
        assert!(labels(0.0, 1e-28, 2).len() > 3);
    }

    #[test]
    fn amounts_are_written_in_one_unit() {
        let style =
            |largest| Style::new(largest, &Unit { name: "EUR".into(), decimals: 2 }, &Words::default());
        let amount = |largest, text: &str| style(largest).amount(text.parse().unwrap());
        assert_eq!(amount(1e3, "1234.565"), "1,234.57");
        assert_eq!([amount(1e3, "-0.001"), amount(1e3, "0.001")], ["> −0.01", "< 0.01"]);
        assert_eq!(amount(1e3, "-12.5"), "−12.50");
        assert_eq!(amount(4e7, "45678901.23"), "45.68");
        assert_eq!(style(4e7).unit(), "EUR (million)");
        assert_eq!(style(4e10).unit(), "EUR (billion)");
        assert_eq!(style(4e28).unit(), "EUR (trillion)");
        assert_eq!(amount(0.000_2, "0.00023456"), "0.000235");
        let short = |largest, text: &str| style(largest).short().amount(text.parse().unwrap());
        assert_eq!([short(99.0, "12.345"), short(1.2, "1.2"), short(1e4, "12.3")], ["12", "1.20", "12"]);
        assert_eq!([short(4e7, "45678901"), short(4e8, "456789012")], ["46", "457"]);
        let german = Words { thousands: ".".into(), decimal: ",".into(), ..Words::default() };
        let style = Style::new(1e3, &Unit { name: "EUR".into(), decimals: 2 }, &german);
        assert_eq!(style.amount("1234.5".parse().unwrap()), "1.234,50");
        assert_eq!(style.short().amount("1234.5".parse().unwrap()), "1.235");
    }
}
