//! The durable history of submissions: a folder of Parquet files by UTC day, to which batches are added.
//!
//! `row` says what is kept, [`Store`] reads it and a [`Transaction`] of a [`Writer`] changes it. Reading logs is left
//! to `ingest`, counting to `usage`.

mod charges;
mod check;
mod columns;
mod commit;
mod compact;
mod decode;
mod encode;
mod error;
mod file;
mod lock;
pub mod manifest;
mod paths;
#[cfg(test)]
pub(crate) mod probe;
mod readme;
pub mod row;
mod schema;
mod secret;
mod store;
#[cfg(test)]
mod store_tests;
mod submissions;
mod summaries;
mod transaction;
mod twice;
mod vectors;
mod writer;

pub use check::{Checked, Fault, Finding, check};
pub use compact::{Compacted, compact};
pub use error::LedgerError;
pub use manifest::{FileEntry, Manifest};
pub use schema::{Kind, VERSION};
pub use store::Store;
pub use submissions::Identity;
pub use transaction::Transaction;
pub use vectors::{NO_TEXT, Numbers, Texts, Vectors};
pub use writer::Writer;
