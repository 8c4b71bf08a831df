//! How many letters one account's meetings may cause in a day, with the postman of the server and
//! a clock that the test turns.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use convoke::mail::{Delivering, Delivery, Letter, Mail, MailSettings, Postman};
use convoke_model::site::accounts::Email;
use serde_json::json;

use super::world::{EMAIL, World, world};

const BOB: &str = "bob@example.org";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A mail server that takes everything, unless it is away.
#[derive(Default)]
struct Counter {
    taken: Mutex<Vec<String>>,
    away: AtomicBool,
    tried_in_vain: AtomicUsize,
}

impl Counter {
    fn count(&self) -> usize {
        self.taken.lock().expect("not poisoned").len()
    }
}

impl Mail for Counter {
    fn is_set_up(&self) -> bool {
        true
    }

    fn send(&self, _: &Email, _: Letter) -> bool {
        true
    }

    fn deliver<'a>(&'a self, to: &'a Email, _: &'a Letter) -> Delivering<'a> {
        let delivery = if self.away.load(Ordering::Relaxed) {
            self.tried_in_vain.fetch_add(1, Ordering::Relaxed);
            Delivery::Later("away".to_owned())
        } else {
            self.taken.lock().expect("not poisoned").push(to.to_string());
            Delivery::Taken
        };
        Box::pin(std::future::ready(delivery))
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Meetings of an account, to each of which 400 people are asked.
fn invite(world: &World, cookie: &str, meetings: usize) {
    for _ in 0..meetings {
        let wish = json!({ "type": 0, "topic": "Buy now" });
        let made = world.post_as("/api/v1/meetings", &wish, cookie);
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        for hundred in 0..4 {
            let people = (0..100).map(|n| format!("{n}-{hundred}@example.net"));
            let people = json!({ "people": people.collect::<Vec<_>>() });
            let path = format!("/api/v1/meetings/{id}/invitations");
            let asked = world.post_as(&path, &people, cookie);
            assert_eq!(asked.status, 200, "{asked:?}");
        }
    }
}

#[test]
fn an_accounts_meetings_cause_a_thousand_letters_a_day_and_no_one_elses_wait() {
    let world = world("");
    world.letters.set_up.store(true, Ordering::Relaxed);
    for email in [EMAIL, BOB] {
        world.account(email, false);
    }
    let counter = Arc::new(Counter::default());
    counter.away.store(true, Ordering::Relaxed);
    let file = world.folder.secrets().join("letters.json");
    let settings = MailSettings::default();
    let postman = world.block_on(Postman::new(
        world.engine.clone(),
        counter.clone(),
        world.site.clone(),
        world.clock.clone(),
        &settings,
        file,
    ));
    // A part of the day is over; what is counted is counted by days of the calendar.
    world.clock.advance(Duration::from_secs(3600));
    let (ann, bob) = (world.sign_in(EMAIL), world.sign_in(BOB));
    let work = postman.expect("there was no file").work();
    invite(&world, &ann, 3);
    let working = world.block_on(async { tokio::spawn(work).abort_handle() });
    until("it is tried in vain", || counter.tried_in_vain.load(Ordering::Relaxed) > 0);
    counter.away.store(false, Ordering::Relaxed);
    until("the letters of a day", || counter.count() >= 1_000);
    invite(&world, &bob, 1);
    until("the letters of somebody else", || counter.count() >= 1_400);
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(counter.count(), 1_400, "what was not taken is not counted, and what was is");
    world.clock.advance(DAY);
    until("the rest on the next day", || counter.count() >= 1_600);
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(counter.count(), 1_600, "and nobody is told twice");
    working.abort();
}
