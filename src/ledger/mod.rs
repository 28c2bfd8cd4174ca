//! The durable history of submissions: a folder of Parquet files by UTC day, to which batches are added.
//!
//! `row` says what is kept. Reading logs is left to `ingest`, counting to `usage`.

pub mod batch;
pub mod identity;
pub mod merge;
pub mod privacy;
mod roster;
pub mod row;
mod spool;
