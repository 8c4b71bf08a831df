//! What programs listen to: events, and webhooks.

use utoipa::openapi::Required;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Patch, Post};

use super::parts::{Call, Does, Schemas, Who, call, header, named, number, query, query_number};
use crate::http::{events, webhooks};

const HEARS: Who = Who::Programs("events:read");
const READ: Who = Who::Programs("admin:read");
const WRITE: Who = Who::Programs("admin:write");

pub(super) fn all(s: &mut Schemas) -> Vec<Call> {
    let mut all = events_of(s);
    all.extend(webhooks_of(s));
    all
}

fn events_of(s: &mut Schemas) -> Vec<Call> {
    let page = s.add::<events::Events>();
    let does = |id, what: &str| Does::new(Get, id, "events", what).by(HEARS);
    let which = || {
        [
            query("type", "Words, families and `*`, with commas: `meeting.*,session.ended`."),
            query("stream", "Only this one: `site`, `88137455`, `88137455/1`."),
            query("after", "What comes behind this cursor. `now` is the end of the log."),
        ]
    };
    let most = "How many at most, 1 to 1000; 100 when it is not said.";
    let last = "The cursor to go on from; it goes before `after`.";
    let documents = [
        (
            "/api/v1/events",
            does("list_events", "What happened, in order.")
                .with(which())
                .with([query_number("limit", most, Some(1000))])
                .answers(page, &[])
                .refuses(&[404]),
        ),
        (
            "/api/v1/events/stream",
            does("follow_events", "What happens, as it does: Server-Sent Events without an end.")
                .with(which())
                .with([header("Last-Event-ID", last)])
                .done("200", &[("text/event-stream", None)], &[])
                .refuses(&[404]),
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, vec![does], s)).collect()
}

fn webhooks_of(s: &mut Schemas) -> Vec<Call> {
    let (list, seen) = (s.add::<webhooks::List>(), s.add::<webhooks::Seen>());
    let (wanted, made) = (s.add::<webhooks::Wanted>(), s.add::<webhooks::Made>());
    let (change, why) = (s.add::<webhooks::Change>(), s.add::<webhooks::Why>());
    let (secret, sent) = (s.add::<webhooks::NewSecret>(), s.add::<webhooks::SentSeen>());
    let dead = s.add::<webhooks::Dead>();
    let does = |method, id, what: &str| Does::new(method, id, "webhooks", what);
    let n = || number("n", "The number of a webhook.");
    let one = |method, id, what: &str| does(method, id, what).by(WRITE).with([n()]);
    let event = || named("event", "The name of an event.", "^evt_[0-9]+_[0-9]+_[0-9]+_[0-9]+$");
    let documents = [
        (
            "/api/v1/webhooks",
            vec![
                does(Get, "list_webhooks", "All of them.").by(READ).answers(list, &[]),
                does(Post, "add_webhook", "Add one. Its secret is shown once.")
                    .by(WRITE)
                    .takes(wanted)
                    .done("201", &[("application/json", Some(made))], &[])
                    .refuses(&[409]),
            ],
        ),
        (
            "/api/v1/webhooks/{n}",
            vec![
                does(Get, "read_webhook", "One, and how it fares.")
                    .by(READ)
                    .with([n()])
                    .answers(seen.clone(), &[])
                    .refuses(&[404]),
                one(Patch, "change_webhook", "Change what is given of one.")
                    .takes(change)
                    .answers(seen.clone(), &[])
                    .refuses(&[404, 409]),
                one(Delete, "remove_webhook", "Take one away.")
                    .may_take(why.clone(), Required::False)
                    .done("204", &[], &[])
                    .refuses(&[404]),
            ],
        ),
        (
            "/api/v1/webhooks/{n}/rotate",
            vec![
                one(Post, "rotate_webhook", "A new secret, which is shown once.")
                    .may_take(why, Required::False)
                    .answers(secret, &[])
                    .refuses(&[404]),
            ],
        ),
        (
            "/api/v1/webhooks/{n}/test",
            vec![
                one(Post, "test_webhook", "Call it, and tell what came of it.")
                    .answers(sent.clone(), &[])
                    .refuses(&[404]),
            ],
        ),
        (
            "/api/v1/webhooks/{n}/retry",
            vec![
                one(Post, "retry_webhook", "Try at once what waits for a better time.")
                    .answers(seen, &[])
                    .refuses(&[404]),
            ],
        ),
        (
            "/api/v1/webhooks/{n}/dead",
            vec![
                does(Get, "list_dead_events", "Events that were given up, the newest first.")
                    .by(READ)
                    .with([n()])
                    .answers(dead, &[])
                    .refuses(&[404]),
            ],
        ),
        (
            "/api/v1/webhooks/{n}/dead/{event}",
            vec![
                one(Post, "redeliver_event", "Tell one of them after all.")
                    .with([event()])
                    .answers(sent, &[])
                    .refuses(&[404, 409]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}
