//! Counts worked out by hand, nasty inputs, and properties that hold for any rows.
