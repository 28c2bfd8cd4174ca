//! Exponential smoothing in state space (Hyndman, Koehler, Ord and Snyder 2008): forms with and without trend and
//! season, on the values, on their logarithms and with relative errors, weighed by AICc.

mod filter;
mod fit;
mod simulate;

use super::super::simplex::Point;

pub(crate) use fit::fit;
pub(crate) use simulate::project;

/// How deviations act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errors {
    /// They are added, as is the season.
    Additive,
    /// They are added to the logarithm.
    Logarithmic,
    /// They are relative, and the season multiplies.
    Multiplicative,
}

/// How the level moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trend {
    /// It stays.
    None,
    /// By a slope.
    Additive,
    /// By a slope that fades.
    Damped,
}

/// One of the forms that compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub errors: Errors,
    pub trend: Trend,
    pub seasonal: bool,
}

/// Places of the parameters in a full [`Point`]: smoothing of level, slope and season, damping, and the first state.
const ALPHA: usize = 0;
const BETA: usize = 1;
const GAMMA: usize = 2;
const PHI: usize = 3;
const LEVEL: usize = 4;
const SLOPE: usize = 5;

impl Form {
    /// Every form in a fixed order, the simpler first. An undamped slope of logarithms explodes and is left out, and
    /// so is any undamped slope that would go on for more than two cycles: slopes of days do not last for months.
    fn all(is_near: bool) -> Vec<Form> {
        let mut forms = Vec::new();
        let trends = [Trend::None, Trend::Damped, Trend::Additive];
        for trend in trends.into_iter().filter(|trend| is_near || *trend != Trend::Additive) {
            for seasonal in [false, true] {
                for errors in [Errors::Additive, Errors::Logarithmic, Errors::Multiplicative] {
                    if errors != Errors::Logarithmic || trend != Trend::Additive {
                        forms.push(Form { errors, trend, seasonal });
                    }
                }
            }
        }
        forms
    }

    /// The places of the parameters that this form has.
    fn axes(self) -> &'static [usize] {
        match (self.trend, self.seasonal) {
            (Trend::None, false) => &[ALPHA, LEVEL],
            (Trend::None, true) => &[ALPHA, GAMMA, LEVEL],
            (Trend::Additive, false) => &[ALPHA, BETA, LEVEL, SLOPE],
            (Trend::Additive, true) => &[ALPHA, BETA, GAMMA, LEVEL, SLOPE],
            (Trend::Damped, false) => &[ALPHA, BETA, PHI, LEVEL, SLOPE],
            (Trend::Damped, true) => &[ALPHA, BETA, GAMMA, PHI, LEVEL, SLOPE],
        }
    }
}

/// A form with its parameters, as a start for the next fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hint {
    form: Form,
    point: Point,
}

/// A form fitted to a history.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    form: Form,
    point: Point,
    state: filter::State,
    /// The standard deviation of the errors (relative ones for relative errors).
    sigma: f64,
    criterion: f64,
}

/// The forms that explain a history best, each with its Akaike weight; they sum to 1.
#[derive(Clone, Debug)]
pub(crate) struct Blend {
    members: Vec<(f64, Fitted)>,
}

impl Blend {
    /// What the next fit of the same series may start from.
    pub(crate) fn hints(&self) -> Vec<Hint> {
        self.members.iter().map(|(_, member)| Hint { form: member.form, point: member.point }).collect()
    }
}
