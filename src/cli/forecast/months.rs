//! The months of a forecast: those measured, the running one with what is still to come of it, and those ahead, each
//! with its quantities, its cost and, where it is not over, what it costs in every future.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::SEED;
use super::prices::{MonthPlan, MonthPrices, expected};
use super::read::Counted;
use crate::cli::price_book::Matter;
use crate::estimate::Estimate;
use crate::forecast::{Band, Basis, Level, LogDays, Options, Projection, Span, Sums, chance_above, project};
use crate::money::{Currency, Money, MoneyError};
use crate::period::Month;
use crate::pricing::Quantities;
use crate::usage::Totals;

/// Months of the past that are shown.
const SHOWN_MONTHS: usize = 12;

/// How much of a month was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// All days that the log tells of; not all need be whole.
    Measured,
    /// Some days were, the others are forecast.
    Running,
    /// None.
    Ahead,
}

impl Standing {
    pub(super) fn name(self) -> &'static str {
        match self {
            Standing::Measured => "measured",
            Standing::Running => "running",
            Standing::Ahead => "ahead",
        }
    }
}

/// A month with what it costs.
pub(super) struct MonthAhead {
    pub(super) month: Month,
    pub(super) standing: Standing,
    /// Days that are not wholly in the log, although it ends after them.
    pub(super) missing_days: usize,
    /// Whole days that were measured.
    pub(super) whole_days: usize,
    pub(super) days: usize,
    pub(super) priced: Priced,
    /// One for each level.
    pub(super) bands: Vec<Band>,
    /// The chance that it exceeds the budget, in per cent.
    pub(super) chance: Option<Decimal>,
    /// Its spans that are to come, with their places among [`Outlook::to_come`].
    pub(super) spans: Vec<(usize, Span)>,
    pub(super) plan: MonthPlan,
}

/// Quantities with their cost.
pub(super) struct Priced {
    /// What was measured and what is expected, together; of a month that is not over, with what is missing.
    pub(super) quantities: Quantities,
    pub(super) cost: Money,
    /// The part of the cost that was measured.
    pub(super) so_far: Money,
    /// The cost of what was measured with what is missing of it.
    pub(super) with_missing: Money,
    /// How the cost comes about.
    pub(super) estimate: Estimate,
    /// What it costs by meter: measured, and all.
    pub(super) meters: Vec<(String, Money, Money)>,
    /// What it costs in each future; the same place in two months is the same future. Empty where it is over.
    pub(super) futures: Vec<Decimal>,
}

/// Several months together.
pub(super) struct Together {
    pub(super) quantities: Quantities,
    pub(super) cost: Money,
    pub(super) bands: Vec<Band>,
}

/// All months in order.
pub(super) struct Outlook {
    pub(super) months: Vec<MonthAhead>,
    /// The days that are to come, cut where months begin and where another price list comes into force.
    pub(super) to_come: Vec<Range<NaiveDate>>,
    pub(super) basis: Basis,
    pub(super) limit: Option<Money>,
    pub(super) currency: Currency,
    /// Remarks, one for each matter.
    pub(super) warnings: BTreeMap<Matter, String>,
    levels: Vec<Level>,
}

/// A month before it is priced.
struct Draft {
    month: Month,
    plan: MonthPlan,
    /// For each span of the plan: what was measured of it, and which of the spans to come lies in it.
    parts: Vec<(Totals, Option<usize>)>,
}

impl MonthAhead {
    fn new(
        draft: Draft,
        counted: &Counted,
        projection: &Projection,
        outlook: &Outlook,
    ) -> anyhow::Result<MonthAhead> {
        let spans: Vec<Option<&Span>> =
            draft.parts.iter().map(|(_, place)| projection.spans.get((*place)?)).collect();
        // Within its first day the month has begun, too.
        let has_begun = begins_before(draft.month, &counted.days);
        let standing = match (spans.iter().any(Option::is_some), has_begun) {
            (false, _) => Standing::Measured,
            (true, true) => Standing::Running,
            (true, false) => Standing::Ahead,
        };
        let (whole_days, days) = known_days(counted, draft.month);
        let missing = draft.missing(&projection.missing);
        let conditions = (counted.messages_per_recipient(), outlook.currency, standing == Standing::Measured);
        let priced = Priced::new(&draft, &spans, &missing, conditions)?;
        let chance = outlook.limit.and_then(|limit| chance_above(&priced.futures, limit.amount()));
        Ok(MonthAhead {
            month: draft.month,
            standing,
            missing_days: missing.iter().map(|(days, _)| days).sum(),
            whole_days,
            days,
            bands: bands(&priced.futures, &outlook.levels),
            chance: chance.and_then(|chance| chance.checked_mul(Decimal::ONE_HUNDRED)),
            spans: draft.spans(&spans),
            plan: draft.plan,
            priced,
        })
    }
}

impl Draft {
    /// For each span of the plan: days of which something is missing, and what.
    fn missing(&self, missing: &[(NaiveDate, Sums)]) -> Vec<(usize, Sums)> {
        let of = |days: Range<NaiveDate>| {
            let mut sums = Sums::default();
            let within = missing.iter().filter(|(date, _)| days.contains(date));
            let count = within.map(|(_, part)| sums.merge(*part)).count();
            (count, sums)
        };
        self.plan.spans().map(of).collect()
    }

    fn spans(&self, spans: &[Option<&Span>]) -> Vec<(usize, Span)> {
        let parts = self.parts.iter().zip(spans);
        parts.filter_map(|((_, place), span)| Some(((*place)?, (*span)?.clone()))).collect()
    }
}

impl Outlook {
    /// Forecasts and prices `ahead` whole months after the running one.
    pub(super) fn new(
        counted: &Counted,
        prices: &MonthPrices,
        ahead: NonZeroU32,
        options: &Options,
        (levels, limit): (&[Level], Option<Money>),
    ) -> anyhow::Result<Outlook> {
        let (drafts, to_come) = drafts(counted, prices, ahead)?;
        let projection = project(&counted.days, &to_come, options, SEED);
        let mut outlook = Outlook {
            months: Vec::with_capacity(drafts.len()),
            to_come,
            basis: projection.basis.clone(),
            limit,
            currency: prices.currency(),
            warnings: BTreeMap::new(),
            levels: levels.to_vec(),
        };
        for draft in drafts {
            outlook.warnings.extend(draft.plan.warnings.clone());
            let month = MonthAhead::new(draft, counted, &projection, &outlook)?;
            outlook.months.push(month);
        }
        Ok(outlook)
    }

    /// The months of which nothing is known yet.
    pub(super) fn ahead(&self) -> Vec<&MonthAhead> {
        self.months.iter().filter(|month| month.standing == Standing::Ahead).collect()
    }

    /// The month that has begun and is not over.
    pub(super) fn running(&self) -> Option<&MonthAhead> {
        self.months.iter().find(|month| month.standing == Standing::Running)
    }

    /// The chance in per cent that the running month, or else the next, exceeds the budget.
    pub(super) fn running_chance(&self) -> Option<Decimal> {
        self.months.iter().find(|month| month.standing != Standing::Measured)?.chance
    }

    /// Some months together, with bands over their sums in each future.
    pub(super) fn together(&self, months: &[&MonthAhead]) -> anyhow::Result<Together> {
        let mut quantities = Quantities::default();
        let mut cost = Money::zero(self.currency);
        let mut futures: Vec<Decimal> = Vec::new();
        for month in months {
            let priced = &month.priced;
            quantities = quantities.checked_add(&priced.quantities)?;
            cost = cost.checked_add(priced.cost)?;
            let measured = [priced.cost.amount()];
            let costs = if priced.futures.is_empty() { &measured[..] } else { &priced.futures };
            let count = futures.len().max(costs.len());
            let at = |values: &[Decimal], place: usize| match values {
                [one] => *one,
                values => values.get(place).copied().unwrap_or_default(),
            };
            let sum = |place| at(&futures, place).saturating_add(at(costs, place));
            futures = (0..count).map(sum).collect();
        }
        Ok(Together { quantities, cost, bands: bands(&futures, &self.levels) })
    }
}

/// The year in which the log ends, to its end.
pub(super) struct YearEnd {
    pub(super) year: String,
    /// The first day that counts: that of the year, or of the first month with a log.
    pub(super) from: NaiveDate,
    pub(super) cost: Money,
    pub(super) bands: Vec<Band>,
    /// Days of which something is missing in the log and estimated.
    pub(super) missing_days: usize,
}

impl Outlook {
    /// The running year to its end, what is missing of its days estimated; `None` where the months do not reach its
    /// end, or none of it is over.
    pub(super) fn year_end(&self) -> anyhow::Result<Option<YearEnd>> {
        let is_open = |month: &&MonthAhead| month.standing != Standing::Measured;
        let Some(open) = self.months.iter().find(is_open) else { return Ok(None) };
        let year = |month: &MonthAhead| month.month.first_day().year();
        let this: Vec<&MonthAhead> = self.months.iter().filter(|month| year(month) == year(open)).collect();
        let ends = this.last().is_some_and(|last| last.month.first_day().month0() == 11);
        let (Some(first), true) =
            (this.first(), ends && this.iter().any(|month| month.standing != Standing::Ahead))
        else {
            return Ok(None);
        };
        let (open, over): (Vec<&MonthAhead>, Vec<&MonthAhead>) = this.iter().copied().partition(is_open);
        let mut before = Money::zero(self.currency);
        for month in over {
            before = before.checked_add(month.priced.with_missing)?;
        }
        let ahead = self.together(&open)?;
        let shifted = |band: &Band| Band {
            low: band.low.saturating_add(before.amount()),
            high: band.high.saturating_add(before.amount()),
        };
        Ok(Some(YearEnd {
            year: year(first).to_string(),
            from: first.month.first_day(),
            cost: ahead.cost.checked_add(before)?,
            bands: ahead.bands.iter().map(shifted).collect(),
            missing_days: this.iter().map(|month| month.missing_days).sum(),
        }))
    }
}

/// The band of each level.
pub(super) fn bands(futures: &[Decimal], levels: &[Level]) -> Vec<Band> {
    levels.iter().filter_map(|level| Band::of(futures.to_vec(), *level)).collect()
}

/// The months to be shown, and the spans of days that are to come, one after the other.
fn drafts(
    counted: &Counted,
    prices: &MonthPrices,
    ahead: NonZeroU32,
) -> anyhow::Result<(Vec<Draft>, Vec<Range<NaiveDate>>)> {
    let next = counted.days.next();
    let mut month = Month::of_date(counted.days.first);
    // At the end of a month nothing of the next is known: it is the first of those ahead.
    let mut left = ahead.get() + u32::from(begins_before(Month::of_date(next), &counted.days));
    let (mut drafts, mut to_come) = (Vec::new(), Vec::new());
    while left > 0 {
        let plan = prices.of(month)?;
        let mut parts = Vec::new();
        for days in plan.spans() {
            let mut measured = Totals::default();
            let range = counted.totals.range(days.clone());
            range.for_each(|(_, totals)| measured.merge(totals));
            let rest = days.start.max(next)..days.end;
            let place = (rest.start < rest.end).then_some(to_come.len());
            to_come.extend(place.map(|_| rest));
            parts.push((measured, place));
        }
        left -= u32::from(month.next().first_day() > next);
        drafts.push(Draft { month, plan, parts });
        month = month.next();
    }
    let over = drafts.iter().filter(|draft| draft.parts.iter().all(|(_, place)| place.is_none())).count();
    drafts.drain(..over.saturating_sub(SHOWN_MONTHS));
    Ok((drafts, to_come))
}

/// Whether anything of a month is known where the log ends.
fn begins_before(month: Month, days: &LogDays) -> bool {
    month.first_day() < days.next() || (month.first_day() == days.next() && days.has_begun_next())
}

/// Days of a month that are wholly known, of all its days.
fn known_days(counted: &Counted, month: Month) -> (usize, usize) {
    let days = month.first_day()..month.next().first_day();
    let length = usize::try_from((days.end - days.start).num_days()).unwrap_or(0);
    (counted.days.sum(days).1, length)
}

impl Priced {
    fn new(
        draft: &Draft,
        spans: &[Option<&Span>],
        missing: &[(usize, Sums)],
        (ratio, currency, is_over): (Decimal, Currency, bool),
    ) -> anyhow::Result<Priced> {
        let Draft { plan, parts, .. } = draft;
        let measured = parts.iter().map(|(totals, _)| totals.quantities()).collect::<Result<Vec<_>, _>>()?;
        let mut filled = Vec::with_capacity(measured.len());
        for (measured, (_, missing)) in measured.iter().zip(missing) {
            filled.push(measured.checked_add(&expected(*missing, ratio)?)?);
        }
        let known = if is_over { &measured } else { &filled };
        let with = |sums: &dyn Fn(&Span) -> Sums| -> anyhow::Result<Vec<Quantities>> {
            let both = known.iter().zip(spans).map(|(known, span)| match span {
                Some(span) => Ok(known.checked_add(&expected(sums(span), ratio)?)?),
                None => Ok(*known),
            });
            both.collect()
        };
        let all = with(&|span| span.expected)?;
        let (so_far, estimate) = (plan.price(&measured)?, plan.price(&all)?);
        let count = spans.iter().flatten().map(|span| span.futures.len()).max().unwrap_or(0);
        let future = |place: usize| -> anyhow::Result<Decimal> {
            let quantities = with(&|span| span.futures.get(place).copied().unwrap_or_default())?;
            Ok(plan.price(&quantities)?.total.amount())
        };
        let (so_far_by_meter, zero) = (plan.meters(&so_far)?, Money::zero(currency));
        let meters = plan.meters(&estimate)?.into_iter().map(|(meter, cost)| {
            let so_far =
                so_far_by_meter.iter().find(|(name, _)| *name == meter).map_or(zero, |(_, cost)| *cost);
            (meter, so_far, cost)
        });
        Ok(Priced {
            quantities: sum(&all)?,
            cost: estimate.total,
            so_far: so_far.total,
            with_missing: plan.price(&filled)?.total,
            meters: meters.collect(),
            estimate,
            futures: (0..count).map(future).collect::<anyhow::Result<Vec<_>>>()?,
        })
    }
}

/// The sum of quantities.
fn sum(parts: &[Quantities]) -> Result<Quantities, MoneyError> {
    parts.iter().try_fold(Quantities::default(), |sum, part| sum.checked_add(part))
}
