//! The engine as it is opened, on a disk that is full and with no room free.

use super::*;
use crate::backend::Opening;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::folder::Folder;
use crate::metrics::Metrics;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::site::settings::{self, Limits, Part};
use convoke_model::text::{Name, Topic};

#[tokio::test]
async fn on_a_full_disk_no_fact_is_taken_and_what_is_there_is_read() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = Folder::open(dir.path()).expect("opens");
    let opened = |config: &Config| {
        let (clock, tickets) = (Arc::new(SystemClock::new()), Arc::default());
        let metrics = Arc::new(Metrics::new(1));
        let opening = Opening { folder: &folder, config, clock, metrics, tickets };
        (crate::plane::operations().open)(opening).expect("opens")
    };
    let ann = Email::new("ann@example.org").expect("an address");
    let new = |email: &Email| NewAccount {
        email: email.clone(),
        name: Name::new("Ann").expect("a name"),
        administrator: false,
        first: false,
    };
    let room = opened(&Config::default());
    room.engine.add_account(new(&ann)).await.expect("added");
    (room.stop)();
    // More than any disk has free, so that it is full from the first look on.
    let mut config = Config::default();
    config.disk.full_mib = u32::MAX;
    let full = opened(&config);
    let read_only = EngineError::Refused(Refusal::ReadOnly);
    let bob = Email::new("bob@example.org").expect("an address");
    assert_eq!(full.engine.add_account(new(&bob)).await, Err(read_only.clone()));
    let (route, in_address) = ("/id".to_owned(), true);
    let fact = site::Command::Audit(site::Audit::CredentialExposed { route, in_address });
    assert_eq!(full.engine.record(fact).await, Err(read_only));
    assert!(!full.engine.writable());
    assert!(full.engine.account_by_email(&ann).await.expect("reads").is_some());
    assert!(full.engine.account_by_email(&bob).await.expect("reads").is_none());
    (full.stop)();
}

#[tokio::test]
async fn no_more_meetings_are_held_at_once_than_the_site_allows() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = Folder::open(dir.path()).expect("opens");
    let mut config = Config::default();
    // However full the disk of this machine is.
    (config.disk.very_low_percent, config.disk.low_percent) = (0, 0);
    (config.disk.very_low_mib, config.disk.full_mib) = (1, 1);
    let (clock, tickets) = (Arc::new(SystemClock::new()), Arc::default());
    let metrics = Arc::new(Metrics::new(1));
    let opening = Opening { folder: &folder, config: &config, clock, metrics, tickets };
    let room = (crate::plane::operations().open)(opening).expect("opens");
    let engine = &room.engine;
    let new = NewAccount {
        email: Email::new("ann@example.org").expect("an address"),
        name: Name::new("Ann").expect("a name"),
        administrator: false,
        first: false,
    };
    let owner = engine.add_account(new).await.expect("added");
    let mut meetings = Vec::new();
    for topic in ["First", "Second"] {
        let new = NewMeeting {
            kind: MeetingType::Interactive,
            topic: Topic::new(topic).expect("a topic"),
            owner,
            has_password: false,
            plan: None,
        };
        meetings.push(engine.create_meeting(new).await.expect("made"));
    }
    let part = Part::Limits(Limits { rooms: 1, participants: 0 });
    let set = site::Command::Settings(settings::Command::Set { part, reason: None });
    engine.wish(Actor::Server, set).await.expect("set");
    engine.open_session(meetings[0], owner).await.expect("there is a room");
    engine.open_session(meetings[0], owner).await.expect("it has one already");
    let full = engine.open_session(meetings[1], owner).await;
    assert_eq!(full, Err(EngineError::Refused(Refusal::RoomsFull)));
    (room.stop)();
}
