//! Seats in all meetings of the site together: counted exactly, whichever shard somebody enters
//! through. The log has no fact of its own for them: every join and every leaving is one, and after
//! a restart the seats are counted from the sessions that the log still holds open.

use std::sync::atomic::{AtomicU32, Ordering};

/// No seat is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// How many people sit, and how many may.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    /// 0: as many as come.
    most: AtomicU32,
    taken: AtomicU32,
}

impl Seats {
    /// How many are taken.
    pub(crate) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Acquire)
    }

    /// Whether nobody but a host would find one.
    pub(crate) fn are_full(&self) -> bool {
        let most = self.most.load(Ordering::Acquire);
        most > 0 && self.taken() >= most
    }

    /// Sets how many there are; 0 means as many as come. Whoever sits stays.
    pub(crate) fn allow(&self, most: u32) {
        self.most.store(most, Ordering::Release);
    }

    /// Takes so many, or none.
    pub(crate) fn take(&self, count: u32) -> Result<(), Full> {
        let most = self.most.load(Ordering::Acquire);
        let sit = |taken: u32| {
            let then = taken.saturating_add(count);
            (most == 0 || count == 0 || then <= most).then_some(then)
        };
        let taken = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, sit);
        taken.map(drop).map_err(|_| Full)
    }

    /// Follows a session in which `before` sat, of whom this knows, and `after` do now.
    pub(crate) fn follow(&self, before: u32, after: u32) {
        let moved = |taken: u32| Some(taken.saturating_add(after).saturating_sub(before));
        // Never an error: it always gives a number.
        let _ = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_never_more_than_there_are_however_many_try_at_once() {
        const MOST: u32 = 50;
        let seats = Seats::default();
        seats.allow(MOST);
        let sat: u32 = std::thread::scope(|scope| {
            let try_often = || (0..100).filter(|_| seats.take(1).is_ok()).count();
            let all: Vec<_> = (0..4).map(|_| scope.spawn(try_often)).collect();
            all.into_iter().map(|one| u32::try_from(one.join().expect("ran")).expect("few")).sum()
        });
        assert_eq!((sat, seats.taken(), seats.are_full()), (MOST, MOST, true));
        seats.follow(3, 2);
        assert_eq!((seats.take(2), seats.take(1), seats.take(1)), (Err(Full), Ok(()), Err(Full)));
    }

    #[test]
    fn without_a_limit_everybody_sits_and_a_lower_one_sends_nobody_away() {
        let seats = Seats::default();
        assert_eq!(seats.take(7), Ok(()));
        seats.allow(3);
        assert_eq!((seats.taken(), seats.take(1), seats.take(0)), (7, Err(Full), Ok(())));
        seats.follow(5, 0);
        assert_eq!((seats.taken(), seats.take(1)), (2, Ok(())));
    }
}
