//! Whether one publisher's messages reached one receiver once and in order.

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// The one that was due.
    Next,
    /// Later ones came first: a hole before it.
    AfterHole,
    /// Out of a hole: it came after a later one.
    Late,
    /// It had come before.
    Again,
}

/// What one receiver got of one publisher.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    next: u64,
    seen: u64,
    /// Counters that were jumped over, as ranges (from, to), to excluded.
    holes: Vec<(u64, u64)>,
}

impl Order {
    pub(crate) fn take(&mut self, counter: u64) -> Came {
        if counter >= self.next {
            let came = if counter == self.next { Came::Next } else { Came::AfterHole };
            if came == Came::AfterHole {
                self.holes.push((self.next, counter));
            }
            self.next = counter + 1;
            self.seen += 1;
            return came;
        }
        let in_hole = |&(from, to): &(u64, u64)| (from..to).contains(&counter);
        let Some(at) = self.holes.iter().position(in_hole) else { return Came::Again };
        let (from, to) = self.holes.swap_remove(at);
        let parts = [(from, counter), (counter + 1, to)];
        self.holes.extend(parts.into_iter().filter(|(from, to)| from < to));
        self.seen += 1;
        Came::Late
    }

    /// Stretches that never came though later ones did, but for those whose every message
    /// `is_excused`.
    pub(crate) fn gaps(&self, is_excused: impl Fn(u64) -> bool) -> u64 {
        let missed = |&&(from, to): &&(u64, u64)| (from..to).any(|counter| !is_excused(counter));
        self.holes.iter().filter(missed).count() as u64
    }

    /// Different messages that came.
    #[cfg(test)]
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(counters: &[u64]) -> (Vec<Came>, Order) {
        let mut order = Order::default();
        (counters.iter().map(|counter| order.take(*counter)).collect(), order)
    }

    #[test]
    fn in_order_is_sound() {
        let (came, order) = taken(&[0, 1, 2]);
        assert_eq!((came, order.seen()), (vec![Came::Next; 3], 3));
    }

    #[test]
    fn a_planted_gap_is_found() {
        let (came, order) = taken(&[0, 1, 4, 5]);
        assert_eq!(came, [Came::Next, Came::Next, Came::AfterHole, Came::Next]);
        assert_eq!((order.seen(), order.next), (4, 6));
        assert_eq!(order.gaps(|_| false), 1);
        assert_eq!(order.gaps(|counter| counter == 2), 1, "3 has no excuse");
        assert_eq!(order.gaps(|counter| counter == 2 || counter == 3), 0);
    }

    #[test]
    fn a_gap_at_the_start_is_found() {
        assert_eq!(taken(&[1]).0, [Came::AfterHole]);
    }

    #[test]
    fn a_planted_double_is_found() {
        let (came, order) = taken(&[0, 1, 1, 0, 2]);
        assert_eq!(came, [Came::Next, Came::Next, Came::Again, Came::Again, Came::Next]);
        assert_eq!(order.seen(), 3);
    }

    #[test]
    fn a_planted_swap_is_found_and_nothing_is_missing() {
        let (came, order) = taken(&[0, 2, 1, 3]);
        assert_eq!(came, [Came::Next, Came::AfterHole, Came::Late, Came::Next]);
        assert_eq!(order.seen(), 4);
        assert!(order.holes.is_empty());
    }

    #[test]
    fn a_late_one_that_comes_twice_is_a_double() {
        let (came, order) = taken(&[0, 5, 3, 3, 1, 4, 2]);
        use Came::{AfterHole, Again, Late, Next};
        assert_eq!(came, [Next, AfterHole, Late, Again, Late, Late, Late]);
        assert_eq!(order.seen(), 6);
        assert!(order.holes.is_empty());
    }
}
