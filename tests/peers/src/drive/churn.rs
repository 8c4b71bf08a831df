//! People who come and go: each joins, has the session, leaves and hangs up. The host stays, and
//! ends the session when told to.

use std::time::Duration;

use crate::crowd::Crowd;
use crate::entrance::{Entrance, Part, Way};
use crate::measure::Measure;
use crate::options::Options;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let mut crowd = Crowd::new(options)?;
    let people: usize = options.number("people", 10_000)?;
    let in_flight: usize = options.number("in-flight", 32)?;
    let door = crowd.door(options)?;
    let meeting = door.open("Churn")?;
    let host = Way::Ticket(meeting.ticket.clone());
    crowd.open(&[Entrance { part: Part::Reader, way: host }], 1)?;
    println!("ready");
    let entrance = Entrance { part: Part::Reader, way: Way::Join(meeting) };
    let mut times = Measure::new();
    times.from = Some(0);
    let (begun, mut come, mut gone) = (crowd.clock.now(), 0, 0);
    let mut here: Vec<usize> = Vec::new();
    while gone < people {
        while come < people && here.len() < in_flight {
            here.push(crowd.start(&entrance)?);
            come += 1;
        }
        crowd.turn(Some(Duration::from_millis(10)))?;
        let ended = std::mem::take(&mut crowd.ended);
        for token in std::mem::take(&mut here) {
            match crowd.conns[token].as_mut() {
                None => gone += 1,
                Some(conn) => {
                    // Whoever has the session says goodbye, and the server hangs up then.
                    if let Some(at) = conn.live_at
                        && !conn.leaving
                    {
                        times.sample(conn.began, at, 1);
                        conn.leave();
                        conn.flush()?;
                    }
                    here.push(token);
                }
            }
        }
        if let Some((_, why)) = ended.iter().find(|(_, why)| !expected(why)) {
            return Err(why.clone());
        }
    }
    let seconds = (crowd.clock.now() - begun) as f64 / 1e6;
    println!("came={} per_s={:.0} {}", times.latency.len(), people as f64 / seconds, {
        times.percentiles()
    });
    // What is left is measured while the host is still there, and again when the session is over.
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| error.to_string())?;
    if let Some(host) = crowd.conns[0].as_mut() {
        host.end();
        host.flush()?;
    }
    while crowd.conns[0].is_some() {
        crowd.turn(Some(Duration::from_millis(10)))?;
    }
    println!("ended");
    Ok(())
}

/// Whether this is how a connection ends whose person has left.
fn expected(why: &str) -> bool {
    why.contains("1000") || why.contains("closed the connection") || why.contains("hung up: \u{3}")
}
