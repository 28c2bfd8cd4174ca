//! Tests of `prices`.
