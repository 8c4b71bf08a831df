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
        let level = match free.level(marks) {
            Level::Plenty => PLENTY,
            Level::Low => LOW,
            Level::VeryLow => VERY_LOW,
            Level::Full => FULL,
        };
        let before = self.level.swap(level, Ordering::Relaxed);
        if level != before {
            let megabytes = free.free >> 20;
            match level {
                PLENTY => tracing::info!(megabytes, "there is space on the disk again"),
                VERY_LOW => {
                    tracing::error!(megabytes, "little space: no new meetings, no recording")
                }
                _ => tracing::error!(megabytes, "no space: meetings can be watched only"),
            }
        }
    }
}
