//! Seeded normal and resampled deviations for simulated futures. What they mean is the business of each model.

use std::f64::consts::TAU;

use crate::random::Random;

/// A number from 0 up to, not including, 1, of 53 random bits.
pub(crate) fn uniform(random: &mut Random) -> f64 {
    (random.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Standard normal deviations in pairs of opposites (antithetic), so that linear models keep their mean exactly.
#[derive(Debug)]
pub(crate) struct Normals {
    random: Random,
    kept: Vec<f64>,
    opposite: bool,
}

impl Normals {
    pub(crate) fn new(seed: u64, steps: usize) -> Normals {
        Normals { random: Random::new(seed), kept: vec![0.0; steps], opposite: true }
    }

    /// One deviation per step for the next path.
    pub(crate) fn next_path(&mut self) -> &[f64] {
        self.opposite = !self.opposite;
        if self.opposite {
            self.kept.iter_mut().for_each(|value| *value = -*value);
        } else {
            for pair in self.kept.chunks_mut(2) {
                // Box and Muller (1958).
                let radius = (-2.0 * (1.0 - uniform(&mut self.random)).ln()).sqrt();
                let (sine, cosine) = (TAU * uniform(&mut self.random)).sin_cos();
                pair[0] = radius * cosine;
                if let Some(second) = pair.get_mut(1) {
                    *second = radius * sine;
                }
            }
        }
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_standard_normal_and_sum_to_nothing() {
        let mut normals = Normals::new(7, 5);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..20_000 {
            for value in normals.next_path() {
                sum += value;
                squares += value * value;
            }
        }
        assert!(f64::abs(sum) < 1e-6, "{sum}");
        assert!((squares / 100_000.0 - 1.0_f64).abs() < 0.02, "{squares}");
    }
}
