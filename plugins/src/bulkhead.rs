//! Places at one server: so many ask at once, some more wait a little, the rest are told `busy`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::outcome::Fault;
use crate::said::Said;

/// Sign-ins that wait for a place at one server.
const WAITING_MAX: usize = 64;

/// Keeps what one server does to its callers away from everybody else.
#[derive(Debug)]
pub(crate) struct Bulkhead {
    places: Semaphore,
    places_max: usize,
    waiting: AtomicUsize,
    patience: Duration,
}

impl Bulkhead {
    pub(crate) fn new(places_max: u32, patience_ms: u64) -> Self {
        let places_max = places_max as usize;
        Self {
            places: Semaphore::new(places_max),
            places_max,
            waiting: AtomicUsize::new(0),
            patience: Duration::from_millis(patience_ms),
        }
    }

    /// A place, or `Busy` after a short while.
    pub(crate) async fn enter(&self) -> Result<SemaphorePermit<'_>, Fault> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let _waiter = Waiter::join(&self.waiting)?;
        match tokio::time::timeout(self.patience, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Fault::Busy),
        }
    }

    /// Places that are free.
    pub(crate) fn free(&self) -> usize {
        self.places.available_permits()
    }

    /// `3 of 16`, for people.
    pub(crate) fn said(&self) -> Said {
        let (taken, all) = (self.places_max.saturating_sub(self.free()), self.places_max);
        Said::new("places", [taken.to_string(), all.to_string()], format!("{taken} of {all}"))
    }
}

/// Somebody who waits for a place; leaving is counted whichever way it happens.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn join(waiting: &'a AtomicUsize) -> Result<Self, Fault> {
        let waiter = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            Ok(waiter)
        } else {
            Err(Fault::Busy)
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_and_waiters_are_bounded() {
        let bulkhead = Bulkhead::new(2, 100);
        let (one, _two) = (bulkhead.enter().await, bulkhead.enter().await);
        assert!(one.is_ok());
        assert_eq!((bulkhead.free(), bulkhead.said().to_string().as_str()), (0, "2 of 2"));
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(bulkhead.enter())).collect();
        for waiter in &mut waiting {
            let polled = tokio::time::timeout(Duration::ZERO, waiter.as_mut()).await;
            assert!(polled.is_err(), "waits");
        }
        assert!(matches!(bulkhead.enter().await, Err(Fault::Busy)), "one waiter too many");
        drop(one);
        let mut first = waiting.remove(0);
        let third = first.as_mut().await;
        assert!(third.is_ok(), "a place that became free");
        assert!(matches!(waiting.remove(0).await, Err(Fault::Busy)), "patience has an end");
        drop((third, first, waiting));
        assert_eq!(bulkhead.waiting.load(Ordering::Relaxed), 0);
    }
}
