//! Usage: what was sent, independent of where it was read and of what it costs.

pub mod accounting;
pub mod names;
pub mod submission;

pub use accounting::{Accounting, Rejection, Skip};
pub use names::{ClientId, DomainId, HostId, Names, SenderId, SourceId};
pub use submission::{Recipients, SizeQuality, Submission, TimeQuality, Traffic};
