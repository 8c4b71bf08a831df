//! Disk watermarks: how much space is left, in the four words that operations act upon.

use std::path::Path;

use crate::Error;

/// How full the disk is; ordered, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing to do.
    Plenty,
    /// Warn.
    Low,
    /// Refuse new sessions and uploads, stop recording media with a `gap`.
    VeryLow,
    /// Refuse new facts; sessions go on view-only; reads and exports work.
    Full,
}

/// Where the levels begin. Percentages are of the whole disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    /// Below this share (percent) it is `Low`.
    pub low_percent: u64,
    /// Below this share (percent) it is `VeryLow`.
    pub very_low_percent: u64,
    /// Below this many bytes it is `VeryLow`, whatever the share.
    pub very_low_bytes: u64,
    /// Below this many bytes it is `Full`.
    pub full_bytes: u64,
}

impl Default for Watermarks {
    fn default() -> Self {
        Self {
            low_percent: 15,
            very_low_percent: 5,
            very_low_bytes: 1 << 30,
            full_bytes: 512 << 20,
        }
    }
}

/// Space on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Free for this process.
    pub free: u64,
    /// In all.
    pub total: u64,
}

impl Space {
    /// The space on the disk of a folder.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn of(folder: &Path) -> Result<Self, Error> {
        let stat = rustix::fs::statvfs(folder)
            .map_err(|error| Error::io("ask for the space of", folder)(error.into()))?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Self { free: bytes(stat.f_bavail), total: bytes(stat.f_blocks) })
    }

    /// The level this space is at.
    #[must_use]
    pub fn level(&self, marks: &Watermarks) -> Level {
        let below = |percent: u64| {
            u128::from(self.free) * 100 < u128::from(self.total) * u128::from(percent)
        };
        if self.free < marks.full_bytes {
            Level::Full
        } else if self.free < marks.very_low_bytes || below(marks.very_low_percent) {
            Level::VeryLow
        } else if below(marks.low_percent) {
            Level::Low
        } else {
            Level::Plenty
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_begin_where_the_settings_say() {
        let marks = Watermarks::default();
        let gib = 1 << 30;
        let level = |free, total| Space { free, total }.level(&marks);
        assert_eq!(level(15 * gib, 100 * gib), Level::Plenty);
        assert_eq!(level(15 * gib - 1, 100 * gib), Level::Low);
        assert_eq!(level(5 * gib - 1, 100 * gib), Level::VeryLow);
        assert_eq!(level(gib - 1, 2 * gib), Level::VeryLow);
        assert_eq!(level((512 << 20) - 1, gib), Level::Full);
        assert_eq!(level(512 << 20, gib), Level::VeryLow);
    }

    #[test]
    fn the_disk_of_a_folder_has_space() {
        let space = Space::of(&std::env::temp_dir()).expect("there is a disk");
        assert!(space.total > 0 && space.free <= space.total);
    }
}
