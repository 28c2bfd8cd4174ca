//! What the format as a whole does.
