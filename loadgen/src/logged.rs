//! Whether what was delivered is what the server's log holds: exactly the chat that was accepted,
//! each message once.

use std::collections::BTreeMap;
use std::path::Path;

use convoke_journal::reader::SegmentReader;
use serde::Serialize;

use crate::CannotRun;
use crate::control::Control;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::stamp::Stamp;

/// What the log says of a run's chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Logged {
    /// Messages of this run in the log.
    pub(crate) facts: u64,
    /// Accepted, but not in the log.
    pub(crate) missing: u64,
    /// More than once in the log.
    pub(crate) doubled: u64,
    /// In the log, but refused or never sent.
    pub(crate) foreign: u64,
    /// Deliveries that the log calls for, to people who were there from the start, less those that
    /// took place: more or fewer.
    pub(crate) undelivered: u64,
    pub(crate) overdelivered: u64,
}

impl Logged {
    /// Whether delivered equals logged.
    pub(crate) fn is_sound(&self) -> bool {
        let wrong = self.missing + self.doubled + self.foreign;
        wrong + self.undelivered + self.overdelivered == 0
    }

    pub(crate) fn sentence(&self) -> String {
        if self.is_sound() {
            return format!(
                "{} messages of chat, exactly those accepted and delivered",
                self.facts
            );
        }
        format!(
            "{} messages of chat: {} accepted and missing, {} twice, {} foreign; \
             deliveries: {} too few, {} too many",
            self.facts,
            self.missing,
            self.doubled,
            self.foreign,
            self.undelivered,
            self.overdelivered,
        )
    }
}

/// Refuses a folder that cannot be a server's, before the run.
pub(crate) fn check_folder(data: &Path) -> Result<(), CannotRun> {
    if data.join("log").is_dir() {
        return Ok(());
    }
    let shown = data.display();
    Err(format!("--data {shown} is not a Convoke data folder: there is no log/ in it").into())
}

/// Reads the log and compares it with what was accepted and delivered.
pub(crate) fn compare(
    data: &Path,
    plan: &Plan,
    control: &Control,
    totals: &Totals,
) -> Result<Logged, String> {
    let streams = control.streams();
    let mut found = BTreeMap::new();
    let mut reader = SegmentReader::open(data);
    let failed = |error| format!("the log in {} cannot be read: {error}", data.display());
    while let Some(raw) = reader.next_block().map_err(failed)? {
        for placed in raw.block().map_err(failed)?.entries {
            let header = &placed.entry.header;
            if header.event_type != plan.said_type || !streams.contains(&header.stream) {
                continue;
            }
            let stamp = plan.text(placed.entry.body()).and_then(Stamp::read);
            if let Some(stamp) = stamp.filter(|stamp| stamp.run == plan.run) {
                *found.entry((stamp.publisher, stamp.counter)).or_insert(0u64) += 1;
            }
        }
    }
    Ok(judge(&found, control, totals))
}

fn judge(found: &BTreeMap<(u32, u64), u64>, control: &Control, totals: &Totals) -> Logged {
    let refused = control.refused();
    let mut logged = Logged { facts: found.len() as u64, ..Logged::default() };
    for ((publisher, counter), count) in found {
        logged.doubled += count - 1;
        let sent = *counter < control.sent(*publisher);
        logged.foreign += u64::from(!sent || refused.contains(&(*publisher, *counter)));
    }
    let accepted = totals.accepted.iter();
    logged.missing = accepted.filter(|message| !found.contains_key(message)).count() as u64;
    for (publisher, (people, heard)) in &totals.heard {
        let range = (*publisher, 0)..=(*publisher, u64::MAX);
        let due = found.range(range).count() as u64 * people;
        logged.undelivered += due.saturating_sub(*heard);
        logged.overdelivered += heard.saturating_sub(due);
    }
    logged
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use convoke_journal::disk::RealDisk;
    use convoke_journal::{Journal as _, Opened, Options, open};
    use convoke_model::StreamId;

    use super::*;
    use crate::plan::tests::{chat_entry, plan};
    use crate::scenario::role::Medium;

    /// One publisher sent three messages, the last of which was refused; two people listen.
    fn judged(found: &[((u32, u64), u64)], accepted: &[(u32, u64)], heard: u64) -> Logged {
        let control = Control::new(1, vec![Medium::Chat], 1, Default::default());
        control.set_sent(0, 3);
        control.refused().insert((0, 2));
        let mut totals = Totals::new();
        totals.accepted = accepted.to_vec();
        totals.heard.insert(0, (2, heard));
        judge(&found.iter().copied().collect(), &control, &totals)
    }

    #[test]
    fn exactly_what_was_accepted_and_delivered_is_sound() {
        let logged = judged(&[((0, 0), 1), ((0, 1), 1)], &[(0, 0), (0, 1)], 4);
        assert!(logged.is_sound(), "{logged:?}");
        assert!(logged.sentence().starts_with("2 messages"));
    }

    #[test]
    fn the_log_of_a_server_is_read_for_this_run_s_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options::quiet(folder.path(), Arc::new(RealDisk), 1 << 20);
        let Opened::Ready(mut log) = open(&options).expect("a new log") else { panic!("whole") };
        let plan = plan(&[]).expect("sound");
        let ours = StreamId { meeting: 88_137_455, session: 1 };
        let other = StreamId { meeting: 88_137_456, session: 1 };
        let line = |run, counter, size| {
            let mut text = Vec::new();
            Stamp { run, publisher: 0, counter, intended: 5 }.write(size, &mut text);
            String::from_utf8(text).expect("printable")
        };
        for (stream, seq, text) in [
            (ours, 1, line(plan.run, 0, 24)),
            (ours, 2, line(plan.run ^ 1, 0, 100)), // Another run in the same session.
            (ours, 3, String::from("what a person says, which is no stamp")),
            (other, 1, line(plan.run, 1, 100)), // Not a session of this run.
            (ours, 4, line(plan.run, 1, 300)),
        ] {
            let entry = chat_entry(stream, log.epoch(), seq, &text);
            log.append(&[&entry]).expect("it is the next");
        }
        let control = Control::new(1, vec![Medium::Chat], 1, Default::default());
        control.know(ours);
        control.set_sent(0, 2);
        let mut totals = Totals::new();
        totals.accepted = vec![(0, 0), (0, 1)];
        totals.heard.insert(0, (3, 6));
        let logged = compare(folder.path(), &plan, &control, &totals).expect("readable");
        assert_eq!(logged, Logged { facts: 2, ..Logged::default() });
    }

    #[test]
    fn each_difference_is_named() {
        let (zero, one) = (((0, 0), 1), ((0, 1), 1));
        let both = [(0, 0), (0, 1)];
        assert_eq!(judged(&[zero], &both, 2).missing, 1);
        assert_eq!(judged(&[zero, ((0, 1), 2)], &both, 4).doubled, 1);
        assert_eq!(judged(&[zero, one, ((0, 2), 1)], &both, 6).foreign, 1, "it was refused");
        assert_eq!(judged(&[zero, one, ((0, 7), 1)], &both, 6).foreign, 1, "it was never sent");
        assert_eq!(judged(&[zero, one], &both, 3).undelivered, 1);
        assert_eq!(judged(&[zero, one], &both, 5).overdelivered, 1);
        assert!(!judged(&[zero, one], &both, 5).is_sound());
    }
}
