//! A guard around readers of binary files that are not ours: some damage makes them panic, which is an error of that
//! file like any other damage and nothing that a user must see as a fault of the program.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether a guarded reader runs in this thread.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What a reader makes of a file, or the error that the file is damaged where the reader panics. What the reader was
/// given is not used again then.
pub(crate) fn guarded<T>(what: &str, read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    silence();
    let outer = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(read));
    IS_GUARDED.set(outer);
    result.unwrap_or_else(|_| {
        let reason = format!("the {what} is damaged: its parts contradict each other");
        Err(io::Error::new(io::ErrorKind::InvalidData, reason))
    })
}

/// Keeps panics of guarded readers off the screen; all others are shown as before.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let shown = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                shown(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_file() {
        let parts: [u8; 0] = [];
        let error = guarded("workbook", || Ok(parts.to_vec().remove(1))).unwrap_err();
        assert_eq!(error.to_string(), "the workbook is damaged: its parts contradict each other");
        assert!(!IS_GUARDED.get());
    }

    #[test]
    fn what_a_reader_says_is_kept() {
        assert_eq!(guarded("workbook", || Ok(7)).unwrap(), 7);
        let error = guarded("workbook", || io::Result::<()>::Err(io::Error::other("no"))).unwrap_err();
        assert_eq!(error.to_string(), "no");
    }
}
