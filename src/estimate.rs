//! Usage times price list.
