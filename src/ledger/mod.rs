//! The durable history of submissions: a folder of Parquet files by UTC day, to which batches are added.
//!
//! `row` says what is kept, [`Store`] reads it and a [`Transaction`] of a [`Writer`] changes it. A [`Batch`] takes what
//! formats read, `replay` hands it over again, `forget` takes out of it. Reading logs is left to `ingest`, counting to
//! `usage`.

mod add;
pub mod batch;
mod bills;
mod charges;
mod check;
mod columns;
mod commit;
mod compact;
mod cover;
mod decode;
mod encode;
mod error;
mod file;
mod forget;
mod identity;
mod keys;
mod lock;
pub mod manifest;
mod merge;
mod outcome;
mod pairing;
mod paths;
mod privacy;
#[cfg(test)]
pub(crate) mod probe;
mod readme;
pub mod replay;
mod roster;
pub mod row;
mod rows;
mod schema;
mod secret;
mod settings;
mod spool;
mod store;
#[cfg(test)]
mod store_tests;
mod submissions;
mod summaries;
mod texts;
mod transaction;
mod twice;
mod vectors;
#[cfg(test)]
mod whole_tests;
mod windows;
mod writer;

pub use batch::Batch;
pub use check::{Checked, Fault, Finding, check};
pub use compact::{Compacted, compact};
pub use error::LedgerError;
pub use forget::{Forget, forget};
pub use manifest::{FileEntry, Manifest};
pub use outcome::{Changes, Outcome, Volume};
pub use rows::Wanted;
pub use schema::{Kind, VERSION};
pub use store::Store;
pub use submissions::Identity;
pub use transaction::Transaction;
pub use vectors::{NO_TEXT, Numbers, Texts, Vectors};
pub use writer::Writer;
