//! Space on the disk, looked at each second: what is refused when it runs out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use convoke_journal::watermark::{Level, Space as Free, Watermarks};

const PLENTY: u8 = 0;
const LOW: u8 = 1;
const VERY_LOW: u8 = 2;
const FULL: u8 = 3;

/// How full the disk of the data folder was when it was last looked at.
#[derive(Debug, Default)]
pub struct Space {
    level: AtomicU8,
}

impl Space {
    /// Looks at the disk of `data` each second from now on, until nobody else holds the answer.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn watch(data: PathBuf, marks: Watermarks) -> std::io::Result<Arc<Self>> {
        let space = Arc::new(Self::default());
        space.look(&data, &marks);
        let mine = Arc::downgrade(&space);
        std::thread::Builder::new().name("disk-space".into()).spawn(move || {
            while let Some(space) = mine.upgrade() {
                space.look(&data, &marks);
                drop(space);
                std::thread::sleep(Duration::from_secs(1));
            }
        })?;
        Ok(space)
    }

    /// No new session and no recording.
    #[must_use]
    pub fn is_very_low(&self) -> bool {
        self.level.load(Ordering::Relaxed) >= VERY_LOW
    }

    /// No new fact: sessions can be watched only.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.level.load(Ordering::Relaxed) >= FULL
    }

    /// From 0, plenty, to 3, full.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level.load(Ordering::Relaxed)
    }

    fn look(&self, data: &std::path::Path, marks: &Watermarks) {
        let free = match Free::of(data) {
            Ok(free) => free,
            Err(error) => {
                tracing::warn!(%error, "the space on the disk is not known");
                return;
            }
        };
        let level = free.level(marks);
        let before = self.level.swap(number(level), Ordering::Relaxed);
        if number(level) != before {
            tell(level, free.free >> 20);
        }
    }
}

fn number(level: Level) -> u8 {
    match level {
        Level::Plenty => PLENTY,
        Level::Low => LOW,
        Level::VeryLow => VERY_LOW,
        Level::Full => FULL,
    }
}

/// Says what a level means for meetings, once when it is reached.
fn tell(level: Level, megabytes: u64) {
    match level {
        Level::Plenty => tracing::info!(megabytes, "there is space on the disk again"),
        Level::Low => tracing::warn!(megabytes, "the disk fills; nothing is refused yet"),
        Level::VeryLow => {
            tracing::error!(megabytes, "little space: no new meetings, no recording");
        }
        Level::Full => tracing::error!(megabytes, "no space: meetings can be watched only"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tracing::field::{Field, Visit};

    /// Keeps how loud each line was and what it said.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl tracing::Subscriber for Lines {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            struct Words(String);
            impl Visit for Words {
                fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                    if field.name() == "message" {
                        self.0 = format!("{value:?}");
                    }
                }
            }
            let mut words = Words(String::new());
            event.record(&mut words);
            let line = format!("{} {}", event.metadata().level(), words.0);
            self.0.lock().expect("not poisoned").push(line);
        }
    }

    #[test]
    fn each_level_is_told_as_what_it_is_and_only_when_it_is_new() {
        let lines = Lines::default();
        let dir = tempfile::tempdir().expect("a temporary folder");
        let none =
            Watermarks { low_percent: 0, very_low_percent: 0, very_low_bytes: 0, full_bytes: 0 };
        let space = Space::default();
        let look = |marks: &Watermarks| space.look(dir.path(), marks);
        tracing::subscriber::with_default(lines.clone(), || {
            for _ in 0..2 {
                look(&Watermarks { low_percent: 101, ..none });
                look(&Watermarks { low_percent: 101, ..none });
                assert!(!space.is_very_low() && !space.is_full());
                look(&Watermarks { very_low_bytes: u64::MAX, ..none });
                assert!(space.is_very_low() && !space.is_full());
                look(&Watermarks { full_bytes: u64::MAX, ..none });
                assert!(space.is_very_low() && space.is_full());
                look(&none);
                assert!(!space.is_very_low());
            }
        });
        let once = [
            "WARN the disk fills; nothing is refused yet",
            "ERROR little space: no new meetings, no recording",
            "ERROR no space: meetings can be watched only",
            "INFO there is space on the disk again",
        ];
        assert_eq!(*lines.0.lock().expect("not poisoned"), [once, once].concat());
    }
}
