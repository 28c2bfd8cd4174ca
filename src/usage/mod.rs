//! Usage: what was sent, independent of where it was read and of what it costs.

pub mod accounting;
pub mod apart;
pub mod charge;
pub mod collector;
pub mod coverage;
pub mod cube;
pub mod days;
pub mod dimension;
pub mod filter;
pub mod histogram;
pub mod impute;
pub mod names;
mod numbering;
pub mod overhead;
pub mod qualities;
mod sender;
pub mod submission;
pub mod summary;

pub use accounting::{Accounting, Rejection, SHOWN_REJECTIONS, Skip};
pub use apart::Apart;
pub use charge::{Beside, BilledCharge, ChargeKey, ChargeSum, ControlSum, ControlTotal};
pub use collector::{Collector, CountOptions, Counted, Damage, Observer};
pub use coverage::Coverage;
pub use cube::{Stated, Totals};
pub use days::Days;
pub use dimension::{Dimension, OTHER};
pub use filter::{Filters, Pattern, Selection};
pub use histogram::Histogram;
pub use impute::ImputedSizes;
pub use names::{Client, ClientId, DomainId, HostId, Names, SenderId, SourceId};
pub use overhead::Overhead;
pub use qualities::Qualities;
pub use submission::{Outcome, Recipients, SizeQuality, Submission, TimeQuality, Traffic};
pub use summary::{Group, Measures, Usage, UsageError};
