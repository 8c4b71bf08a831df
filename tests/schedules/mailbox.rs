//! The way into a core, as the server builds it: a queue, and a wake-up that many requests share.

use std::collections::VecDeque;

use convoke_engine::{Ask, TurnId};
use convoke_fanout::Wakeup;
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use crate::bug::Bug;

/// What a core is told from other threads.
pub(crate) enum ToCore {
    Ask(Ask),
    Durable(TurnId),
    Stop,
}

/// The lane's own `Wakeup` between a queue and a bell. The bell stands for the poll's waker: rung
/// while nobody sleeps, it is heard by the next sleeper. There is no tick here that would hide a
/// bell that was never rung.
pub(crate) struct Mailbox {
    queue: Mutex<VecDeque<ToCore>>,
    wakeup: Wakeup,
    bell: Mutex<bool>,
    rung: Condvar,
    bug: Option<Bug>,
}

impl Mailbox {
    pub(crate) fn new(bug: Option<Bug>) -> Self {
        Self {
            queue: Mutex::new(VecDeque::new()),
            wakeup: Wakeup::new(),
            bell: Mutex::new(false),
            rung: Condvar::new(),
            bug,
        }
    }

    pub(crate) fn send(&self, message: ToCore) {
        if self.bug == Some(Bug::BellBeforeWork) {
            self.ring();
            return self.push(message);
        }
        self.push(message);
        self.ring();
    }

    fn push(&self, message: ToCore) {
        self.queue.lock().expect("nobody panics").push_back(message);
        // `Wakeup` is not one of shuttle's own; here another thread may come in between.
        thread::yield_now();
    }

    fn ring(&self) {
        if self.wakeup.request() {
            *self.bell.lock().expect("nobody panics") = true;
            self.rung.notify_one();
        }
    }

    /// Waits for the bell.
    pub(crate) fn sleep(&self) {
        let mut bell = self.bell.lock().expect("nobody panics");
        while !*bell {
            bell = self.rung.wait(bell).expect("nobody panics");
        }
        *bell = false;
    }

    /// Takes what has come in. What comes meanwhile waits for the next round.
    pub(crate) fn mail(&self) -> Vec<ToCore> {
        if self.bug == Some(Bug::LookBeforeTake) {
            let mail = self.look();
            self.wakeup.take();
            return mail;
        }
        self.wakeup.take();
        thread::yield_now();
        self.look()
    }

    fn look(&self) -> Vec<ToCore> {
        let mut queue = self.queue.lock().expect("nobody panics");
        let mail = queue.drain(..);
        let mail: Vec<ToCore> =
            if self.bug == Some(Bug::NewestFirst) { mail.rev().collect() } else { mail.collect() };
        drop(queue);
        thread::yield_now();
        mail
    }
}
