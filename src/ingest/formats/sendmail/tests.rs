//! Tests of whole logs.
