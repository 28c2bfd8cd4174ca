//! Pricing: what a provider charges, as dated data with sources and proofs.
//!
//! A [`PriceList`] holds the published unit prices of one provider from one day on, exactly as published and in
//! the currency of publication. [`Catalog`] holds the lists and exchange rates that are built in (`pricing/` in
//! the repository) or given in their place, and chooses among them by name and date. [`Terms`] are what a
//! customer has negotiated. Pricing usage, conversion and sharing are left to `estimate`.

pub mod catalog;
pub mod check;
pub mod error;
pub mod file;
pub mod list;
pub mod quantities;
pub mod rate;
pub mod terms;

pub use catalog::{Catalog, DEFAULT_LIST, Segment};
pub use error::PricingError;
pub use list::{BASE_FEE, PriceList, SkuPrice, Source};
pub use quantities::{Metered, Quantities};
pub use rate::MonthShare;
pub use terms::{Terms, parse_discount};
