//! When each message of a publisher is due, how large it is, and whether a picture begins with it:
//! the same for the same seed.

use std::sync::Arc;

use crate::clock::Micros;

/// Something to publish: a chat message, or a frame of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// From the start of the run.
    pub(crate) due: Micros,
    /// Bytes of the text or of the frame.
    pub(crate) size: usize,
    /// Whether it can be decoded without the ones before it.
    pub(crate) key: bool,
}

/// A stretch of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span<T> {
    pub(crate) min: T,
    pub(crate) max: T,
}

impl<T: Copy> Span<T> {
    pub(crate) fn only(value: T) -> Self {
        Self { min: value, max: value }
    }
}

/// How a kind of publisher publishes.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// Evenly, each publisher at a rate and a place of its own.
    Even {
        /// Items a second; each publisher keeps to one.
        rate: Span<f64>,
        /// Bytes of an item; each draws its own.
        size: Span<usize>,
        /// Time between key frames; 0 when each frame is one.
        key_every: Micros,
        /// Bytes of a key frame; `None` when they are as large as the others.
        key_size: Option<usize>,
    },
    /// As it was recorded.
    Recorded(Arc<[Item]>),
}

/// What one publisher does.
#[derive(Clone, Debug)]
pub(crate) enum Schedule {
    Even(Even),
    Recorded(Arc<[Item]>),
}

#[derive(Clone, Debug)]
pub(crate) struct Even {
    /// Time between two items, nanoseconds.
    period_ns: f64,
    /// The publisher's place within the period, from 0 to 1, so that not all speak at once.
    place: f64,
    size: Span<usize>,
    key_each: u64,
    key_size: Option<usize>,
    seed: u64,
}

impl Schedule {
    /// The schedule of a publisher by its number within the run.
    pub(crate) fn new(pattern: &Pattern, seed: u64, publisher: u32) -> Self {
        match pattern {
            Pattern::Recorded(items) => Self::Recorded(items.clone()),
            Pattern::Even { rate, size, key_every, key_size } => {
                let mut state = seed ^ (u64::from(publisher) << 20);
                let place = share(&mut state);
                let rate = rate.min + (rate.max - rate.min) * share(&mut state);
                let key_each = (*key_every as f64 * rate / 1e6).round().max(1.0) as u64;
                Self::Even(Even {
                    period_ns: 1e9 / rate,
                    place,
                    size: *size,
                    key_each,
                    key_size: *key_size,
                    seed: state,
                })
            }
        }
    }

    /// The item of this number, from 0; `None` behind the last.
    pub(crate) fn item(&self, number: u64) -> Option<Item> {
        match self {
            Self::Even(even) => Some(Item {
                due: even.due(number),
                size: even.size(number),
                key: number.is_multiple_of(even.key_each),
            }),
            Self::Recorded(items) => items.get(usize::try_from(number).ok()?).copied(),
        }
    }

    /// When the item of this number is due.
    pub(crate) fn due(&self, number: u64) -> Option<Micros> {
        match self {
            Self::Even(even) => Some(even.due(number)),
            Self::Recorded(items) => Some(items.get(usize::try_from(number).ok()?)?.due),
        }
    }

    /// How many items are due before a time from the start of the run.
    pub(crate) fn due_before(&self, time: Micros) -> u64 {
        match self {
            Self::Even(even) => even.due_before(time),
            Self::Recorded(items) => items.partition_point(|item| item.due < time) as u64,
        }
    }
}

impl Even {
    fn due(&self, number: u64) -> Micros {
        ((self.place + number as f64) * self.period_ns / 1e3) as Micros
    }

    fn due_before(&self, time: Micros) -> u64 {
        let periods = time as f64 * 1e3 / self.period_ns;
        let mut count = (periods - self.place).max(0.0) as u64;
        while self.due(count) < time {
            count += 1;
        }
        count
    }

    fn size(&self, number: u64) -> usize {
        if let Some(size) = self.key_size
            && number.is_multiple_of(self.key_each)
        {
            return size;
        }
        let mut state = self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.size.min + spread(&mut state) as usize % (self.size.max - self.size.min + 1)
    }
}

/// The next of a row of evenly spread numbers (SplitMix64).
pub(crate) fn spread(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The next of a row of shares from 0 to 1.
pub(crate) fn share(state: &mut u64) -> f64 {
    (spread(state) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(rate: f64) -> Pattern {
        let (rate, size) = (Span::only(rate), Span { min: 24, max: 4000 });
        Pattern::Even { rate, size, key_every: 2_000_000, key_size: None }
    }

    fn due(schedule: &Schedule, number: u64) -> Micros {
        schedule.due(number).expect("even ones have no end")
    }

    #[test]
    fn messages_are_due_evenly_and_publishers_apart() {
        let (one, two) = (Schedule::new(&even(100.0), 1, 0), Schedule::new(&even(100.0), 1, 1));
        assert!(due(&one, 0) < 10_000);
        assert_eq!(due(&one, 100) - due(&one, 0), 1_000_000);
        assert_ne!(due(&two, 0), due(&one, 0));
    }

    #[test]
    fn messages_due_are_counted_as_they_are_sent() {
        for rate in [0.3, 7.0, 100.0, 33_333.0] {
            let schedule = Schedule::new(&even(rate), 1, 3);
            for time in [0, 1, 999, 10_000, 123_456, 3_000_000] {
                let want = (0..).take_while(|number| due(&schedule, *number) < time).count();
                assert_eq!(schedule.due_before(time), want as u64, "{rate} a second, {time} us");
            }
        }
    }

    #[test]
    fn the_same_seed_is_the_same_traffic_and_another_is_not() {
        let rate = Span { min: 10.0, max: 30.0 };
        let size = Span { min: 2048, max: 51_200 };
        let screen = Pattern::Even { rate, size, key_every: 4_000_000, key_size: Some(51_200) };
        let traffic = |seed| -> Vec<Option<Item>> {
            let schedules = (0..20).map(|publisher| Schedule::new(&screen, seed, publisher));
            schedules.flat_map(|one| (0..200).map(move |number| one.item(number))).collect()
        };
        assert_eq!(traffic(7), traffic(7));
        assert_ne!(traffic(7), traffic(8));
        let items: Vec<_> = traffic(7).into_iter().flatten().collect();
        assert!(items.iter().all(|item| (2048..=51_200).contains(&item.size)));
        assert!(items.iter().any(|item| item.size < 8_000), "sizes are spread");
        let keys = items.iter().filter(|item| item.key).count();
        assert!((20 * 200 / 120..=20 * 200 / 40).contains(&keys), "{keys} keys");
        assert!(items.iter().all(|item| !item.key || item.size == 51_200));
    }

    #[test]
    fn what_was_recorded_is_played_as_it_was() {
        let item = |due, size| Item { due, size, key: due == 0 };
        let items: Arc<[Item]> = [item(0, 100), item(5, 50), item(5, 60)].into();
        let schedule = Schedule::new(&Pattern::Recorded(items), 1, 0);
        assert_eq!(schedule.item(1), Some(item(5, 50)));
        assert_eq!(schedule.item(3), None);
        assert_eq!([0, 1, 5, 6].map(|time| schedule.due_before(time)), [0, 1, 1, 3]);
    }
}
