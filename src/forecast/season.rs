//! The shape of a cycle, found by classical decomposition and shrunk as far as noise could have made it.

use super::history::History;

/// How a cycle acts on the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is added.
    Additive,
    /// It multiplies.
    Multiplicative,
}

/// A cycle by its phases: the factor of step t is that at t modulo the season.
#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    /// One per phase; their mean is 0 (additive) or 1 (multiplicative).
    pub factors: Vec<f64>,
    /// How much of the raw shape was kept, from 0 (all noise) to 1.
    pub kept: f64,
}

/// Values freed of their season.
#[derive(Clone, Debug)]
pub(crate) struct Adjusted {
    /// The values without the cycle.
    pub values: Vec<f64>,
    factors: Vec<f64>,
    effect: Effect,
}

impl Adjusted {
    /// A value of a step with its season again.
    pub(crate) fn restore(&self, step: usize, value: f64) -> f64 {
        let factor = self.factors[step % self.factors.len()];
        match self.effect {
            Effect::Additive => value + factor,
            Effect::Multiplicative => value * factor,
        }
    }
}

/// Takes the cycle out of a history: by division where nothing is zero, else by subtraction.
pub(crate) fn adjusted(history: &History<'_>) -> Adjusted {
    let is_positive = history.values.iter().all(|value| *value > 1e-9);
    let effect = if is_positive { Effect::Multiplicative } else { Effect::Additive };
    let neutral = if is_positive { 1.0 } else { 0.0 };
    let cycle = cycle(history.values, history.observed, history.season, effect);
    let factors = cycle.map_or(vec![neutral], |cycle| cycle.factors);
    let without = history.values.iter().enumerate().map(|(step, value)| match effect {
        Effect::Additive => value - factors[step % factors.len()],
        Effect::Multiplicative => value / factors[step % factors.len()],
    });
    Adjusted { values: without.collect(), factors, effect }
}

/// How much of its weight a cycle keeps when the next has passed.
const MEMORIES: [f64; 6] = [0.9, 0.95, 0.98, 1.0, 0.8, 0.7];

/// The least factor of a multiplicative cycle: a weekday without any mail must not divide by zero.
const LEAST: f64 = 0.01;

/// The cycle of a series, or none where it is shorter than a cycle and two steps, or shows no cycle.
///
/// Ratios or differences to a centred moving average, averaged by phase, then shrunk towards no cycle by the share of
/// their variance that noise explains (James and Stein; for seasonal factors Miller and Williams 2003).
pub(crate) fn cycle(values: &[f64], observed: &[bool], season: usize, effect: Effect) -> Option<Cycle> {
    if season < 2 || values.len() < season + 2 {
        return None;
    }
    let trend = trend(values, season);
    let parts: Vec<Option<f64>> = (0..values.len())
        .map(|step| match effect {
            _ if !observed[step] => None,
            Effect::Additive => Some(values[step] - trend[step]),
            Effect::Multiplicative => (trend[step] > 1e-9).then(|| values[step] / trend[step]),
        })
        .collect();
    let rest = match effect {
        Effect::Additive => 0.0,
        Effect::Multiplicative => 1.0,
    };
    let memory = memory(&parts, season);
    let mut phases = vec![Phase::default(); season];
    for (step, part) in parts.iter().enumerate() {
        phases[step % season].pass(*part, memory);
    }
    let mut factors: Vec<f64> = phases.iter().map(|phase| phase.factor().unwrap_or(rest)).collect();
    centre(&mut factors, effect);
    let kept = kept(&parts, &factors, &phases, rest);
    for factor in &mut factors {
        *factor = match effect {
            Effect::Additive => kept * *factor,
            // By its logarithm, so that a tenth is shrunk as far as a tenfold.
            Effect::Multiplicative => factor.max(LEAST).powf(kept),
        };
    }
    centre(&mut factors, effect);
    (kept > 0.0).then_some(Cycle { factors, kept })
}

fn centre(factors: &mut [f64], effect: Effect) {
    let mean = factors.iter().sum::<f64>() / factors.len() as f64;
    for factor in factors {
        match effect {
            Effect::Additive => *factor -= mean,
            Effect::Multiplicative if mean > 0.0 => *factor /= mean,
            Effect::Multiplicative => *factor = 1.0,
        }
    }
}

/// What one phase of the cycle has shown, newer cycles with more weight.
#[derive(Clone, Copy, Debug, Default)]
struct Phase {
    sum: f64,
    weight: f64,
    squares: f64,
}

impl Phase {
    /// Another cycle passes: what was known fades, what is new counts in full.
    fn pass(&mut self, part: Option<f64>, memory: f64) {
        if let Some(part) = part {
            self.sum = self.sum * memory + part;
            self.weight = self.weight * memory + 1.0;
            self.squares = self.squares * memory * memory + 1.0;
        }
    }

    fn factor(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }

    /// The variance of the weighed mean of parts of variance 1.
    fn variance(&self) -> f64 {
        if self.weight > 0.0 { self.squares / self.weight.powi(2) } else { 1.0 }
    }
}

/// The fading from cycle to cycle that would have forecast each cycle best from those before it.
fn memory(parts: &[Option<f64>], season: usize) -> f64 {
    let mut best = (f64::INFINITY, 1.0);
    for memory in MEMORIES {
        let mut phases = vec![Phase::default(); season];
        let mut squares = 0.0;
        for (step, part) in parts.iter().enumerate() {
            let phase = &mut phases[step % season];
            if let (Some(part), Some(factor)) = (part, phase.factor()) {
                squares += (part - factor).powi(2);
            }
            phase.pass(*part, memory);
        }
        squares *= 1.0 + 2.5 * (0.9 - memory).abs() * season as f64 / parts.len() as f64;
        if squares < best.0 {
            best = (squares, memory);
        }
    }
    best.1
}

/// The share of the variance between phases that noise does not explain.
fn kept(parts: &[Option<f64>], factors: &[f64], phases: &[Phase], rest: f64) -> f64 {
    let season = factors.len();
    let (mut squares, mut count) = (0.0, 0_usize);
    for (step, part) in parts.iter().enumerate() {
        if let Some(part) = part {
            squares += (part - factors[step % season]).powi(2);
            count += 1;
        }
    }
    let between = factors.iter().map(|factor| (factor - rest).powi(2)).sum::<f64>() / (season - 1) as f64;
    if count <= season || between <= 1e-18 {
        return 0.0;
    }
    let within = squares / (count - season) as f64;
    let noise = within * phases.iter().map(Phase::variance).sum::<f64>() / season as f64;
    // With little more than a cycle the noise itself is a guess: the cycle is never believed whole.
    let most = ((count - season) as f64 / season as f64).clamp(0.9, 1.0);
    (1.0 - noise / between).clamp(0.0, most)
}

/// A moving average over one cycle, continued at both ends along half its last slope.
fn trend(values: &[f64], season: usize) -> Vec<f64> {
    let count = values.len();
    let reach = season / 2;
    if count < 2 * season {
        return short_trend(values, season);
    }
    let mut trend = vec![0.0; count];
    let mut sum: f64 = values[..season].iter().sum();
    for step in reach..count - reach {
        // Of an even cycle the two outer steps count half.
        let outer = if season.is_multiple_of(2) { values[step + reach] - values[step - reach] } else { 0.0 };
        trend[step] = (sum + outer / 2.0) / season as f64;
        if step - reach + season < count {
            sum += values[step - reach + season] - values[step - reach];
        }
    }
    let (first, last) = (reach, count - reach - 1);
    let span = season.min(last - first).max(1);
    let slope_before = (trend[first + span] - trend[first]) / span as f64 / 2.0;
    let slope_after = (trend[last] - trend[last - span]) / span as f64 / 2.0;
    for step in 0..first {
        trend[step] = (trend[first] - slope_before * (first - step) as f64).max(trend[first] / 4.0);
    }
    for step in last + 1..count {
        trend[step] = (trend[last] + slope_after * (step - last) as f64).max(trend[last] / 4.0);
    }
    trend
}

/// The trend of less than two cycles: a line as steep as what came twice has risen from cycle to cycle.
fn short_trend(values: &[f64], season: usize) -> Vec<f64> {
    let again = values.len() - season;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let rise = (mean(&values[season..]) - mean(&values[..again])) / season as f64;
    // One year that differs from another in a few months says little.
    let rise = rise * again as f64 / season as f64;
    let (level, middle) = (mean(values), (values.len() - 1) as f64 / 2.0);
    (0..values.len()).map(|step| (level + rise * (step as f64 - middle)).max(level / 4.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(count: usize, season: usize, of: impl Fn(f64, usize) -> f64) -> Vec<f64> {
        (0..count).map(|step| of(step as f64, step % season)).collect()
    }

    #[test]
    fn a_cycle_on_a_slope_is_found() {
        for season in [4, 7, 12] {
            let values = made(season * 5, season, |step, phase| {
                100.0 + step + if phase == 1 { 20.0 } else { -20.0 / (season - 1) as f64 }
            });
            let found = cycle(&values, &vec![true; values.len()], season, Effect::Additive);
            let found = found.expect("a cycle");
            assert!((found.factors[1] - 20.0).abs() < 1.5, "{season}: {:?}", found.factors);
            assert!(found.kept > 0.95);
            assert!(found.factors.iter().sum::<f64>().abs() < 1e-9);
        }
    }

    #[test]
    fn noise_is_no_cycle() {
        let mut random = crate::random::Random::new(3);
        let values: Vec<f64> = (0..84).map(|_| 100.0 + random.between(0, 20) as f64).collect();
        let kept = cycle(&values, &[true; 84], 7, Effect::Multiplicative).map_or(0.0, |found| found.kept);
        assert!(kept < 0.6, "{kept}");
    }

    #[test]
    fn less_than_a_cycle_has_none() {
        assert!(cycle(&[1.0; 13], &[true; 13], 12, Effect::Additive).is_none());
        assert!(cycle(&[1.0; 40], &[true; 40], 12, Effect::Additive).is_none());
        assert!(cycle(&[0.0; 40], &[true; 40], 12, Effect::Multiplicative).is_none());
    }
}
