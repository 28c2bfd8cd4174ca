//! Price lists and exchange rates: dated knowledge, and the choice of what applies.
