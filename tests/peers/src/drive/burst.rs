//! People who come into a live session at the same time: how long until each has the first picture.

use std::time::Duration;

use crate::crowd::Crowd;
use crate::door::Meeting;
use crate::entrance::{Entrance, Part, Way};
use crate::measure::Measure;
use crate::options::Options;

/// The picture that is shown: parts of a frame a second.
const PER_SECOND: u64 = 30;
const PATIENCE_US: u64 = 60_000_000;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let mut crowd = Crowd::new(options)?;
    let people: usize = options.number("people", 1000)?;
    let spread: u64 = options.number::<u64>("spread-ms", 0)? * 1000;
    let door = crowd.door(options)?;
    let meeting = door.open("Burst")?;
    let host = Way::Ticket(meeting.ticket.clone());
    crowd.open(&[Entrance { part: Part::Publisher, way: host }], 1)?;
    let mut shown = 0;
    let begun = crowd.clock.now();
    // The session is live for a while before anybody comes.
    let begin = begun + 500_000;
    let mut come = 0;
    loop {
        let now = crowd.clock.now();
        while begun + shown * 1_000_000 / PER_SECOND <= now {
            if let Some(host) = crowd.conns[0].as_mut() {
                host.publish(&crowd.shape, shown, now);
                host.flush()?;
            }
            shown += 1;
        }
        let due = |person: usize| begin + spread * person as u64 / people as u64;
        while come < people && due(come) <= now {
            let token = crowd.start(&reader(&meeting))?;
            if let Some(conn) = crowd.conns[token].as_mut() {
                conn.began = due(come);
            }
            come += 1;
        }
        crowd.turn(Some(Duration::from_millis(2)))?;
        if let Some((_, why)) = crowd.ended.first() {
            return Err(why.clone());
        }
        let seen = crowd.conns.iter().flatten().filter(|conn| conn.key_at.is_some()).count();
        if seen == people || crowd.clock.now() > begin + PATIENCE_US {
            break;
        }
    }
    let mut times = Measure::new();
    times.from = Some(0);
    for conn in crowd.conns.iter().flatten() {
        if let Some(at) = conn.key_at {
            times.sample(conn.began, at, 1);
        }
    }
    println!("came={} {}", times.latency.len(), times.percentiles());
    Ok(())
}

fn reader(meeting: &Meeting) -> Entrance {
    Entrance { part: Part::Reader, way: Way::Join(meeting.clone()) }
}
