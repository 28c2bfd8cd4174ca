//! Forecasts of the past, priced: what each said a month, week or day would cost, and what it did cost. All at the
//! newest prices, so that only the mail makes the difference.

use rust_decimal::Decimal;

use super::months::bands;
use super::prices::{MonthPlan, MonthPrices, expected};
use super::read::Counted;
use crate::forecast::{self, Band, Grade, Level, Sums, Trial, Trials, Unit};
use crate::period::Month;

/// The forecasts of the past with their grade.
pub(super) struct Graded {
    pub(super) unit: Unit,
    pub(super) rows: Vec<Row>,
    /// The grade of all.
    pub(super) grade: Option<Grade>,
    /// The grade of each horizon.
    pub(super) by_horizon: Vec<(usize, Grade)>,
}

/// One forecast of the past, in the result's currency.
pub(super) struct Row {
    pub(super) trial: Trial,
    pub(super) actual: Decimal,
    pub(super) expected: Decimal,
    pub(super) bands: Vec<Band>,
}

impl Graded {
    /// Prices and grades.
    pub(super) fn new(
        trials: Trials,
        counted: &Counted,
        prices: &MonthPrices,
        levels: &[Level],
    ) -> anyhow::Result<Graded> {
        let ratio = counted.messages_per_recipient();
        let cost = |plan: &MonthPlan, sums: Sums| -> anyhow::Result<Decimal> {
            Ok(plan.price(&[expected(sums, ratio)?])?.total.amount())
        };
        let mut rows = Vec::with_capacity(trials.trials.len());
        for mut trial in trials.trials {
            let plan = prices.newest_for(Month::of_date(trial.days.start));
            let futures = std::mem::take(&mut trial.futures).into_iter().map(|sums| cost(&plan, sums));
            let futures = futures.collect::<anyhow::Result<Vec<_>>>()?;
            let (actual, expected) = (cost(&plan, trial.actual)?, cost(&plan, trial.expected)?);
            rows.push(Row { trial, actual, expected, bands: bands(&futures, levels) });
        }
        let mut past = Vec::with_capacity(trials.units.len());
        for (days, sums) in &trials.units {
            past.push(cost(&prices.newest_for(Month::of_date(days.start)), *sums)?);
        }
        let grade = |horizon: Option<usize>| {
            let rows = rows.iter().filter(|row| horizon.is_none_or(|horizon| row.trial.horizon == horizon));
            let graded: Vec<forecast::Graded> = rows.map(Row::graded).collect();
            Grade::of(&graded, levels, &past)
        };
        let farthest = rows.iter().map(|row| row.trial.horizon).max().unwrap_or(0);
        let by_horizon =
            (1..=farthest).filter_map(|horizon| Some((horizon, grade(Some(horizon))?))).collect();
        Ok(Graded { unit: trials.unit, grade: grade(None), by_horizon, rows })
    }

    /// The grade of the forecasts for the unit that follows.
    pub(super) fn next_unit(&self) -> Option<&Grade> {
        self.by_horizon.first().map(|(_, grade)| grade)
    }
}

impl Row {
    fn graded(&self) -> forecast::Graded {
        forecast::Graded { actual: self.actual, expected: self.expected, bands: self.bands.clone() }
    }
}
