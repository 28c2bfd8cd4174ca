//! What an organisation's application mail costs, or will cost, on Azure Communication Services Email.
//!
//! Data flows one way: relay logs and exports are read by [`ingest`] into [`usage`], which [`estimate`]
//! prices with a list of [`pricing`] and [`report`] renders. The modules stand below in dependence order:
//! each imports only those above it (kept by `tests/architecture.rs`).
//!
//! # Jargon
//!
//! * **Submission**: one message handed in for delivery (RFC 6409), however many recipients it has.
//! * **Recipients**: accepted envelope recipients, without duplicates; what the provider charges per mail.
//! * **Message size**: bytes of one copy, with headers and attachments.
//! * **Recipient bytes**: the sum of size times recipients; what the provider charges per megabyte.
//! * **Skipped**: a record that is not a billable submission, by a named reason. **Rejected**: one that should
//!   be and cannot be read.

pub mod money;
pub mod units;
pub mod period;
pub mod random;
pub mod yaml;
pub mod pricing;
pub mod usage;
pub mod ingest;
pub mod ledger;
pub mod estimate;
pub mod forecast;
pub mod chart;
pub mod report;
pub mod sample;
pub mod cli;
