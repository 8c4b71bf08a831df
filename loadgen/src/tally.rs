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
    /// The server skipped this many before it, as it may, and went on at a key frame.
    Jumped(u64),
    /// It had come before the connection was lost, and the picture begins with it again.
    Repeated,
}

/// What one receiver got of one publisher.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// The first one that counts.
    from: u64,
    next: u64,
    seen: u64,
    skipped: u64,
    /// Counters that were jumped over, as ranges (from, to), to excluded.
    holes: Vec<(u64, u64)>,
    /// Whether it begins with whatever comes first.
    open: bool,
    /// Whether the connection was lost since the last message.
    resumed: bool,
}

/// What became of one publisher's messages at one receiver, when all is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Messages that had to come.
    pub(crate) expected: u64,
    /// Different ones that came.
    pub(crate) seen: u64,
    /// Those that were skipped, as the server may.
    pub(crate) skipped: u64,
    /// Stretches that never came though later ones did.
    pub(crate) gaps: u64,
}

impl Order {
    /// Somebody who came later: messages from `sent` on must come, and some before it may.
    pub(crate) fn open(sent: u64) -> Self {
        Self { from: sent, next: sent, open: true, ..Self::default() }
    }

    /// The connection was lost and is back.
    pub(crate) fn resumed(&mut self) {
        self.resumed = true;
    }

    /// Takes in a message; `may_jump`: it is the beginning of a key frame, and the server may skip
    /// what is before it, for this receiver always, or only after the connection was lost.
    pub(crate) fn take(&mut self, counter: u64, may_jump: Option<Jump>) -> Came {
        if std::mem::take(&mut self.open) {
            match may_jump {
                // A picture begins with its newest key frame, whenever that was or will be.
                Some(_) => (self.from, self.next) = (counter, counter),
                None => self.from = self.from.min(counter),
            }
            self.next = self.next.min(counter);
        }
        if counter >= self.next {
            let skipped = counter - self.next;
            let jumps = match may_jump {
                Some(Jump::Always) => true,
                Some(Jump::AfterLoss) => self.resumed,
                None => false,
            };
            let came = match skipped {
                0 => Came::Next,
                _ if jumps => {
                    self.skipped += skipped;
                    Came::Jumped(skipped)
                }
                _ => {
                    self.holes.push((self.next, counter));
                    Came::AfterHole
                }
            };
            self.resumed = false;
            self.next = counter + 1;
            self.seen += 1;
            return came;
        }
        let in_hole = |&(from, to): &(u64, u64)| (from..to).contains(&counter);
        let Some(at) = self.holes.iter().position(in_hole) else {
            return if self.resumed { Came::Repeated } else { Came::Again };
        };
        let (from, to) = self.holes.swap_remove(at);
        let parts = [(from, counter), (counter + 1, to)];
        self.holes.extend(parts.into_iter().filter(|(from, to)| from < to));
        self.seen += 1;
        Came::Late
    }

    /// What became of the messages, of which `sent` were sent and some refused. A slow receiver of
    /// media need not have got to the end.
    pub(crate) fn settle(
        &self,
        sent: u64,
        is_refused: impl Fn(u64) -> bool,
        refused: impl FnOnce(std::ops::Range<u64>) -> u64,
        may_lag: bool,
    ) -> Settled {
        let behind = if may_lag { sent.saturating_sub(self.next) } else { 0 };
        let skipped = self.skipped + behind;
        let must = sent.saturating_sub(self.from).saturating_sub(refused(self.from..sent));
        let missed = |&&(from, to): &&(u64, u64)| (from..to).any(|counter| !is_refused(counter));
        Settled {
            expected: must.saturating_sub(skipped),
            seen: self.seen,
            skipped,
            gaps: self.holes.iter().filter(missed).count() as u64,
        }
    }
}

/// When the server may skip media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    /// This receiver cannot take it all.
    Always,
    /// This receiver was away.
    AfterLoss,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(counters: &[u64]) -> (Vec<Came>, Order) {
        let mut order = Order::default();
        (counters.iter().map(|counter| order.take(*counter, None)).collect(), order)
    }

    fn settle(order: &Order, sent: u64, refused: &[u64]) -> Settled {
        let within = |range: std::ops::Range<u64>| {
            refused.iter().filter(|counter| range.contains(*counter)).count() as u64
        };
        order.settle(sent, |counter| refused.contains(&counter), within, false)
    }

    #[test]
    fn in_order_is_sound() {
        let (came, order) = taken(&[0, 1, 2]);
        let want = Settled { expected: 3, seen: 3, skipped: 0, gaps: 0 };
        assert_eq!((came, settle(&order, 3, &[])), (vec![Came::Next; 3], want));
    }

    #[test]
    fn a_planted_gap_is_found() {
        let (came, order) = taken(&[0, 1, 4, 5]);
        assert_eq!(came, [Came::Next, Came::Next, Came::AfterHole, Came::Next]);
        assert_eq!(settle(&order, 6, &[]).gaps, 1);
        assert_eq!(settle(&order, 6, &[2]).gaps, 1, "3 has no excuse");
        let want = Settled { expected: 4, seen: 4, skipped: 0, gaps: 0 };
        assert_eq!(settle(&order, 6, &[2, 3]), want);
    }

    #[test]
    fn a_gap_at_either_end_is_found() {
        let (came, order) = taken(&[1]);
        assert_eq!(came, [Came::AfterHole]);
        let want = Settled { expected: 4, seen: 1, skipped: 0, gaps: 1 };
        assert_eq!(settle(&order, 4, &[]), want, "what never came is expected all the same");
    }

    #[test]
    fn a_planted_double_is_found() {
        let (came, order) = taken(&[0, 1, 1, 0, 2]);
        assert_eq!(came, [Came::Next, Came::Next, Came::Again, Came::Again, Came::Next]);
        assert_eq!(settle(&order, 3, &[]).seen, 3);
    }

    #[test]
    fn a_planted_swap_is_found_and_nothing_is_missing() {
        let (came, order) = taken(&[0, 2, 1, 3]);
        assert_eq!(came, [Came::Next, Came::AfterHole, Came::Late, Came::Next]);
        let want = Settled { expected: 4, seen: 4, skipped: 0, gaps: 0 };
        assert_eq!(settle(&order, 4, &[]), want);
    }

    #[test]
    fn a_late_one_that_comes_twice_is_a_double() {
        let (came, order) = taken(&[0, 5, 3, 3, 1, 4, 2]);
        use Came::{AfterHole, Again, Late, Next};
        assert_eq!(came, [Next, AfterHole, Late, Again, Late, Late, Late]);
        assert_eq!(settle(&order, 6, &[]).gaps, 0);
    }

    #[test]
    fn a_jump_to_a_key_frame_is_no_loss_for_the_slow_alone() {
        let mut slow = Order::default();
        slow.take(0, Some(Jump::Always));
        assert_eq!(slow.take(9, Some(Jump::Always)), Came::Jumped(8));
        assert_eq!(slow.take(12, None), Came::AfterHole, "this is no key frame");
        let told = slow.settle(20, |_| false, |_| 0, true);
        assert_eq!(told, Settled { expected: 5, seen: 3, skipped: 15, gaps: 1 });
        let mut fast = Order::default();
        fast.take(0, Some(Jump::AfterLoss));
        assert_eq!(fast.take(9, Some(Jump::AfterLoss)), Came::AfterHole);
        assert_eq!(settle(&fast, 10, &[]).expected, 10);
    }

    #[test]
    fn who_was_away_may_miss_media_once_and_see_the_picture_again() {
        let mut order = Order::default();
        order.take(0, Some(Jump::AfterLoss));
        order.take(1, None);
        order.resumed();
        assert_eq!(order.take(0, Some(Jump::AfterLoss)), Came::Repeated);
        assert_eq!(order.take(1, None), Came::Repeated);
        assert_eq!(order.take(5, Some(Jump::AfterLoss)), Came::Jumped(3));
        assert_eq!(order.take(5, None), Came::Again, "it is back");
        assert_eq!(order.take(8, Some(Jump::AfterLoss)), Came::AfterHole, "it is back");
    }

    #[test]
    fn who_comes_later_must_get_what_is_said_from_then_on() {
        let mut early = Order::open(10);
        assert_eq!(early.take(8, None), Came::Next, "it was under way");
        early.take(9, None);
        assert_eq!(settle(&early, 12, &[]).expected, 4, "10 and 11 are missing");
        let mut holed = Order::open(10);
        assert_eq!(holed.take(11, None), Came::AfterHole);
        assert_eq!(settle(&holed, 12, &[]), Settled { expected: 2, seen: 1, skipped: 0, gaps: 1 });
        let mut picture = Order::open(10);
        assert_eq!(picture.take(14, Some(Jump::AfterLoss)), Came::Next);
        assert_eq!(settle(&picture, 15, &[]).expected, 1);
        assert_eq!(settle(&Order::open(10), 12, &[]).expected, 2, "nothing came");
    }
}
