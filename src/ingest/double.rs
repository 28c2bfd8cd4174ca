//! Doubles as texts: the one place where a stored double becomes a number of the program.
//!
//! A double stands for the shortest decimal that reads back as the same double, which is what the program that
//! wrote it was given: `0.026019` and not `0.026019000000000000672…`. Reading the text is left to whoever needs it.

/// The shortest decimal of a double, without an exponent.
pub(crate) fn shortest(value: f64) -> String {
    value.to_string()
}

/// The shortest decimal of a float of 32 bits: of fewer digits than that of the same value as a double.
pub(crate) fn shortest_single(value: f32) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_what_was_written() {
        assert_eq!(shortest(0.026_019), "0.026019");
        assert_eq!(shortest(2.6e-5), "0.000026");
        assert_eq!(shortest(1e21), "1000000000000000000000");
        assert_eq!(shortest(-3.0), "-3");
        assert_eq!(shortest_single(0.1), "0.1");
    }
}
