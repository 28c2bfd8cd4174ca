//! Series that are zero most of the time: how often something comes, and how much then.

use super::super::history::History;
use super::super::noise::uniform;
use super::super::paths::Paths;
use super::{Projection, Reach};
use crate::random::Random;

/// The share of zeros above which a series is intermittent.
const ZEROS: f64 = 0.4;
/// Smoothing of the chance and of the size; each is also tried in between.
const CHANCE_RATES: [f64; 4] = [0.02, 0.05, 0.1, 0.2];
const SIZE_RATES: [f64; 3] = [0.05, 0.1, 0.2];

/// Whether most steps, taken over whole cycles, are zero without a cycle that explains it.
pub(crate) fn is_intermittent(history: &History<'_>) -> bool {
    let (count, zeros) = history
        .measured()
        .fold((0_usize, 0_usize), |(count, zeros), value| (count + 1, zeros + usize::from(value <= 0.0)));
    count >= 5 && zeros < count && zeros as f64 > ZEROS * count as f64
}

/// The state of Teunter, Syntetos and Babai (2011): the chance of anything and its size, smoothed apart.
#[derive(Clone, Copy, Debug, PartialEq)]
struct State {
    chance: f64,
    size: f64,
}

impl State {
    fn update(&mut self, value: f64, chance_rate: f64, size_rate: f64) {
        self.chance += chance_rate * (f64::from(value > 0.0) - self.chance);
        if value > 0.0 {
            self.size += size_rate * (value - self.size);
        }
    }
}

/// TSB with the rates that would have forecast this history best, step by step (least squares).
pub(crate) fn project(history: &History<'_>, reach: &Reach) -> Projection {
    let sizes: Vec<f64> = history.measured().filter(|value| *value > 0.0).collect();
    let measured = history.measured().count();
    let start = State {
        chance: if measured > 0 { sizes.len() as f64 / measured as f64 } else { 0.0 },
        size: super::super::history::mean(sizes.iter().copied()),
    };
    let mut best = (f64::INFINITY, start);
    for chance_rate in CHANCE_RATES {
        for size_rate in SIZE_RATES {
            let tried = follow(history, start, chance_rate, size_rate);
            if tried.0 < best.0 {
                best = tried;
            }
        }
    }
    simulate(best.1, start.size, &sizes, reach)
}

/// The squared errors on the way, and the state at the end.
fn follow(history: &History<'_>, mut state: State, chance_rate: f64, size_rate: f64) -> (f64, State) {
    let mut squares = 0.0;
    for value in history.measured() {
        squares += (value - state.chance * state.size).powi(2);
        state.update(value, chance_rate, size_rate);
    }
    (squares, state)
}

/// Paths draw whether something comes, and a past size scaled to the present one.
fn simulate(state: State, usual: f64, sizes: &[f64], reach: &Reach) -> Projection {
    let mean = vec![state.chance * state.size; reach.horizon];
    let mut paths = Paths::zero(reach.paths, reach.horizon);
    let mut random = Random::new(reach.seed);
    let scale = if usual > 0.0 { state.size / usual } else { 0.0 };
    for path in paths.iter_mut() {
        for value in path {
            if uniform(&mut random) < state.chance {
                let drawn = random.below(sizes.len() as u64) as usize;
                *value = sizes.get(drawn).copied().unwrap_or(0.0) * scale;
            }
        }
    }
    Projection { mean, paths }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recursion_is_that_of_the_paper() {
        let mut state = State { chance: 0.5, size: 4.0 };
        state.update(0.0, 0.1, 0.2);
        assert!((state.chance - 0.45).abs() < 1e-12 && (state.size - 4.0).abs() < 1e-12);
        state.update(9.0, 0.1, 0.2);
        assert!((state.chance - 0.505).abs() < 1e-12 && (state.size - 5.0).abs() < 1e-12);
    }

    #[test]
    fn paths_are_mostly_zero_and_keep_the_mean() {
        let values: Vec<f64> = (0..100).map(|step| if step % 5 == 0 { 10.0 } else { 0.0 }).collect();
        let history = History { values: &values, observed: &[true; 100], season: 1 };
        assert!(is_intermittent(&history));
        let found = project(&history, &Reach { horizon: 10, paths: 2000, seed: 1 });
        let simulated = found.paths.values().iter().sum::<f64>() / 20_000.0;
        assert!((simulated - found.mean[0]).abs() < 0.15, "{simulated} {}", found.mean[0]);
        assert!((found.mean[0] - 2.0).abs() < 0.8, "{}", found.mean[0]);
    }

    #[test]
    fn nothing_but_zeros_is_not_intermittent() {
        assert!(!is_intermittent(&History { values: &[0.0; 20], observed: &[true; 20], season: 1 }));
    }
}
