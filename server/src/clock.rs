//! The only place that asks the time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use convoke_model::Millis;

/// Where everybody else gets the time from.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Millis;
    /// Time since some fixed start that never goes backwards; for limits and life spans.
    fn uptime(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose uptime starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        // A machine set before 1970 shows 0 rather than stopping.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn uptime(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Time since this was first asked in this process, for measuring how long something takes.
#[must_use]
pub fn process_uptime() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// A clock moved by hand, so that tests of limits do not wait.
#[derive(Debug, Default)]
pub struct HandClock {
    millis: AtomicU64,
}

impl HandClock {
    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Millis {
        Millis(1_700_000_000_000 + self.millis.load(Ordering::Relaxed))
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::Relaxed))
    }
}
