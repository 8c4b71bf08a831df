//! Facts: published and acknowledged, what they cost the disk, and while media is recorded.

use std::path::Path;

use super::driver::{Answer, Driver};
use super::process::{LOAD_CORE, pinned};
use super::rates::{Load, saturate};
use super::report::{Report, Row, rate};
use super::servers::{self, Server, Shape};
use super::{Plan, builds, median, pause, ratio};
use crate::{Failed, Outcome, shell};

const PART: &str = "durable";
/// Media that is recorded meanwhile: 100 MB/s in messages of 16 KiB.
const MEDIA_PER_SECOND: usize = 6104;
const FACTS_PER_SECOND: usize = 200;
/// What an entry's short form leaves out of it.
const ENTRY_LEFT_OUT_BYTES: f64 = 64.0;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let server = servers::convoke(Shape::Plain)?;
    published(&server, plan, report)?;
    media_bytes(&server, plan, report)?;
    beside_media(&server, plan, report)
}

/// What one data sync costs on the disk of that folder now.
pub(super) fn sync_cost(folder: &Path, seconds: f64) -> Result<Answer, Failed> {
    let mut command = pinned(LOAD_CORE, &builds::peer("drive"));
    let said = shell::output(command.arg("sync").arg(folder).arg(seconds.to_string()));
    Ok(Answer::read(&said.ok_or(Failed("a data sync could not be measured".to_owned()))?))
}

fn words(kind: &str, people: usize, size: usize) -> Vec<(&'static str, String)> {
    vec![
        ("size", size.to_string()),
        ("people", people.to_string()),
        ("kind", kind.to_owned()),
        ("publishers", "16".to_owned()),
    ]
}

/// Sixteen people with 64 requests each on their way, against JetStream with 1,024.
fn published(server: &Server, plan: &Plan, report: &mut Report) -> Outcome {
    let driver = Driver::start("facts", server, "fan", &words("facts", 16, 100))?;
    let mut loads = [Load { driver, server }];
    let jetstream = servers::nats(true)?;
    let (mut ours, mut theirs, mut written) = (Vec::new(), Vec::new(), Vec::new());
    let once = Plan { rounds: 1, ..*plan };
    for _ in 0..plan.rounds {
        let taken = saturate(&mut loads, &once, 1.0)?;
        ours.push(taken[0].granted);
        // A kept fact is its entry; what a block, the index and the witness add is what is asked.
        let entry_bytes = taken[0].message_bytes + ENTRY_LEFT_OUT_BYTES;
        written.push(taken[0].written_per_granted / entry_bytes);
        let Some(nats) = &jetstream else { continue };
        let words = [("size", "100".to_owned()), ("seconds", plan.seconds(1.0).to_string())];
        let mut driver = Driver::spawn("JetStream", nats, "jetstream", &words)?;
        theirs.push(driver.hear()?.get("granted_per_s"));
    }
    match jetstream {
        None => report.missing("durable publish against JetStream", "NATS is not installed"),
        Some(_) => {
            let what = "durable publish, window 1,024, against JetStream without sync".to_owned();
            let row = Row::at_least(PART, what, ratio(&ours, &theirs), [1.0, 2.0]);
            let figure = format!("{} to {}", rate(median(ours)), rate(median(theirs)));
            report.row(row.figure(figure));
        }
    }
    let what = "bytes written per byte, facts, 100 B".to_owned();
    report.row(Row::at_most(PART, what, median(written), [1.8, 1.3]));
    Ok(())
}

/// At 100 MB/s: beyond what the disk takes, the recorder leaves gaps instead.
fn media_bytes(server: &Server, plan: &Plan, report: &mut Report) -> Outcome {
    let mut driver = Driver::start("media", server, "fan", &words("media", 1, 16_384))?;
    let mut ratios = Vec::new();
    for _ in 0..plan.rounds {
        let before = server.process.written();
        let answer = driver.ask(&format!("rate {MEDIA_PER_SECOND} {}", plan.seconds(2.0)))?;
        pause(plan.seconds(1.0));
        let published = answer.get("published_per_s") * answer.get("seconds") * 16_384.0;
        ratios.push((server.process.written() - before) / published.max(1.0));
    }
    let what = "bytes written per byte, media, 16 KiB at 100 MB/s".to_owned();
    report.row(Row::at_most(PART, what, median(ratios), [1.1, 1.02]));
    Ok(())
}

/// A fact's way from socket to socket while 100 MB/s are recorded, against a sync at that time.
fn beside_media(server: &Server, plan: &Plan, report: &mut Report) -> Outcome {
    let mut media = Driver::start("media", server, "fan", &words("media", 1, 16_384))?;
    let mut facts = Driver::start("facts", server, "fan", &words("facts", 10, 100))?;
    let seconds = plan.seconds(3.0);
    let (mut latency, mut syncs, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        media.tell(&format!("rate {MEDIA_PER_SECOND} {}", seconds + 1.0))?;
        facts.tell(&format!("rate {FACTS_PER_SECOND} {seconds}"))?;
        // Side by side, so that both see the same disk.
        let sync = std::thread::scope(|scope| {
            let sync = scope.spawn(|| sync_cost(&server.data, seconds));
            let fact = facts.hear();
            (fact, sync.join().map_err(|_| Failed("the measure of a sync broke".to_owned())))
        });
        let (fact, sync) = (sync.0?, sync.1??);
        syncs.push(sync.get("p99_us"));
        let media = media.hear()?;
        latency.push(fact.get("p99_us"));
        shown.push(media.get("published_per_s") * 16_384.0 / 1e6);
    }
    let (p99, sync) = (median(latency.clone()), median(syncs.clone()));
    let what = "a fact while 100 MB/s of media is recorded, p99, in data syncs (p99)".to_owned();
    let figure = format!("{p99:.0} us, a sync {sync:.0} us");
    let note = format!("media at {:.0} MB/s", median(shown));
    let row = Row::at_most(PART, what, ratio(&latency, &syncs), [3.0, 1.5]);
    report.row(row.figure(figure).note(note));
    Ok(())
}
