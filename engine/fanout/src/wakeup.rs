//! A wake-up that is asked for many times and delivered once.

use crate::sync::{AtomicBool, Ordering};

/// Tells the one who adds work whether the sleeper must be woken. Many requests between two
/// [`Wakeup::take`]s cost one wake-up.
///
/// The order that loses nothing: who adds work first adds it, then calls [`Wakeup::request`], and
/// wakes when told to; the sleeper first calls [`Wakeup::take`], then looks for work.
#[derive(Debug)]
pub struct Wakeup(AtomicBool);

impl Wakeup {
    /// Nothing is asked for.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Asks for a wake-up; true when the caller is the one who has to deliver it.
    #[must_use = "whoever is told true must wake the sleeper"]
    pub fn request(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Takes what was asked for, and makes the next request deliver again; true when there was any.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

impl Default for Wakeup {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn many_requests_wake_once() {
        let wakeup = Wakeup::new();
        assert!(wakeup.request());
        assert!(!wakeup.request());
        assert!(wakeup.take());
        assert!(!wakeup.take());
        assert!(wakeup.request(), "after it was taken it is delivered again");
    }
}
