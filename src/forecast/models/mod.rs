//! The models: each learns from a history and projects a mean and sample paths. Which one is used, and how wide its
//! paths truly must be, is decided outside.

pub(crate) mod ets;
pub(crate) mod intermittent;
pub(crate) mod naive;
pub(crate) mod theta;

use super::paths::Paths;

/// A future as one model sees it.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    /// The mean of each step.
    pub mean: Vec<f64>,
    /// Sample paths about that mean, not yet calibrated.
    pub paths: Paths,
}

/// How far, how often and from which seed a future is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Steps ahead.
    pub horizon: usize,
    /// Sample paths.
    pub paths: usize,
    /// The seed of their noise.
    pub seed: u64,
}
