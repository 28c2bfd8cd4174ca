//! Forecasts: quantities ahead as sample paths, by models that are tried on the series' own past, chosen and calibrated
//! there. Quantities only: what they cost is for the layers that price.
//!
//! From the log to the figures: `log_days` says what each day can be used for, `honest` makes series of them (with
//! `calendar` and `anomalies`), `engine` forecasts a series, `projection` puts recipients and bytes together by charge
//! period (`rough` where there are too few days), `trials` tries all of it on the past, and `grade` scores that.

mod anomalies;
mod backtest;
mod calendar;
mod calibration;
mod closed;
mod combination;
mod daily;
mod domains;
mod engine;
mod grade;
mod history;
mod honest;
mod level;
mod log_days;
mod models;
mod noise;
mod paths;
mod projection;
mod rough;
pub mod scores;
mod season;
mod selection;
#[cfg(test)]
mod known_structure_tests;
mod simplex;
mod tame;
#[cfg(test)]
mod tests;
mod trials;

pub use anomalies::{Anomaly, Kind, Treatment};
pub use calendar::{Effect, Holidays, SpecialDay, UnknownCountry};
pub use calibration::Calibration;
pub use combination::Model;
pub use domains::{Domain, DomainDays, split};
pub use engine::{Forecast, Origin, Series, Settings, forecast, forecast_with};
pub use grade::{Band, Grade, Graded, chance_above};
pub use honest::Options;
pub use level::{Level, LevelError};
pub use log_days::{Day, GAP_CAP, LogDays, Sources, Standing, Sums};
pub use paths::{Paths, quantile};
pub use projection::{Basis, FEWEST_DAYS, Method, Projection, Span, TWO_MONTHS, TWO_WEEKS, project};
pub use rough::covered_hours;
pub use selection::{Choice, Reason, Rival};
pub use trials::{Extent, Trial, Trials, Unit, trials};
