//! Forecasts: quantities ahead as sample paths, by models that are tried on the series' own past, chosen and calibrated
//! there. Quantities only: what they cost is for the layer that prices.

mod backtest;
mod calibration;
mod closed;
mod combination;
mod engine;
mod history;
mod level;
mod models;
mod noise;
mod paths;
pub mod scores;
mod season;
mod selection;
mod simplex;
mod tame;
#[cfg(test)]
mod tests;

pub use calibration::Calibration;
pub use combination::Model;
pub use engine::{Forecast, Origin, Series, Settings, forecast, forecast_with};
pub use level::{Level, LevelError};
pub use paths::{Paths, quantile};
pub use selection::{Choice, Reason, Rival};
