//! What a report holds: who was there, what was held, or what was shown. A page and a file are made
//! of the same rows, column by column.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use convoke_journal::LogReader;
use convoke_model::{AccountId, MeetingId, Millis, StreamId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::attendance::{Held, held};
use super::recorded;
use super::sheet::Cell;

/// How long sessions are read before what was found has to do.
const READ_DEADLINE: Duration = Duration::from_secs(10);

/// What its rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportAbout)]
pub(super) enum About {
    /// One for each time that somebody was there.
    #[default]
    Attendance,
    /// One for each session.
    Sessions,
    /// One for each screen, camera and microphone that was shared.
    Recordings,
}

impl About {
    /// What files of it are called, and what a deed says of it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Attendance => "attendance",
            Self::Sessions => "sessions",
            Self::Recordings => "recordings",
        }
    }

    /// The names of its columns.
    pub(super) fn head(self) -> &'static [&'static str] {
        match self {
            Self::Attendance => &[
                "meeting", "topic", "session", "started", "ended", "name", "role", "account",
                "joined", "left", "minutes", "messages",
            ],
            Self::Sessions => &[
                "meeting",
                "topic",
                "session",
                "started",
                "ended",
                "host",
                "minutes",
                "attendances",
                "at_once",
                "messages",
                "shared",
                "recorded_bytes",
                "missing_seconds",
            ],
            Self::Recordings => &[
                "meeting", "topic", "session", "kind", "name", "account", "opened", "closed",
                "minutes", "width", "height", "codec", "bytes",
            ],
        }
    }
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Meeting(MeetingId),
    Text(String),
    Count(u64),
    /// With one digit after the point.
    Minutes(f64),
    Time(Millis),
    Account(AccountId),
    Unknown,
}

/// One row: when it begins, for the order, and its columns.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) at: Millis,
    pub(super) fields: Vec<Field>,
}

/// Of what it is, found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Meeting(MeetingId),
    Account(AccountId),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) of: Of,
    pub(super) about: About,
    pub(super) from: Millis,
    pub(super) to: Millis,
    pub(super) rows_max: usize,
    pub(super) now: Millis,
    /// The data folder, where recordings lie.
    pub(super) data: PathBuf,
}

#[derive(Default)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    pub(super) sessions: usize,
    pub(super) messages: u64,
    pub(super) recorded_bytes: u64,
    /// Whether there is more than was read.
    pub(super) cut: bool,
}

impl Report {
    /// The accounts that it speaks of.
    pub(super) fn accounts(&self) -> BTreeSet<AccountId> {
        let fields = self.rows.iter().flat_map(|row| &row.fields);
        fields
            .filter_map(|field| match field {
                Field::Account(id) => Some(*id),
                Field::Meeting(_)
                | Field::Text(_)
                | Field::Count(_)
                | Field::Minutes(_)
                | Field::Time(_)
                | Field::Unknown => None,
            })
            .collect()
    }
}

/// The names of accounts.
pub(super) type Names = BTreeMap<AccountId, String>;

impl Row {
    /// For a page.
    pub(super) fn json(&self, about: About, names: &Names) -> Value {
        let columns = about.head().iter().zip(&self.fields);
        let entries = columns.map(|(name, field)| match field {
            Field::Meeting(id) => ((*name).to_owned(), json!(id.number().to_string())),
            Field::Text(text) => ((*name).to_owned(), json!(text)),
            Field::Count(count) => ((*name).to_owned(), json!(count)),
            Field::Minutes(minutes) => ((*name).to_owned(), json!(tenths(*minutes))),
            Field::Time(at) => (format!("{name}_ms"), json!(at)),
            Field::Account(id) => ((*name).to_owned(), json!(names.get(id))),
            Field::Unknown if is_time(name) => (format!("{name}_ms"), Value::Null),
            Field::Unknown => ((*name).to_owned(), Value::Null),
        });
        Value::Object(entries.collect::<Map<String, Value>>())
    }

    /// For a file.
    pub(super) fn cells(&self, names: &Names) -> Vec<Cell> {
        let cells = self.fields.iter().map(|field| match field {
            Field::Meeting(id) => Cell::Text(id.to_string()),
            Field::Text(text) => Cell::Text(text.clone()),
            Field::Count(count) => Cell::Number(as_number(*count)),
            Field::Minutes(minutes) => Cell::Number(tenths(*minutes)),
            Field::Time(at) => Cell::Text(told(*at)),
            Field::Account(id) => Cell::Text(names.get(id).cloned().unwrap_or_default()),
            Field::Unknown => Cell::Empty,
        });
        cells.collect()
    }
}

/// Columns that are times.
const TIMES: [&str; 6] = ["started", "ended", "joined", "left", "opened", "closed"];

/// Whether a column of this name holds times.
pub(super) fn is_time(name: &str) -> bool {
    TIMES.contains(&name)
}

fn tenths(minutes: f64) -> f64 {
    (minutes * 10.0).round() / 10.0
}

/// As spreadsheets have numbers: exact up to 9 * 10^15.
#[expect(clippy::cast_precision_loss, reason = "sizes and counts are far below 2^53")]
fn as_number(count: u64) -> f64 {
    count as f64
}

/// A time as programs and people read it, in UTC.
fn told(at: Millis) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

fn minutes(from: Millis, to: Millis) -> f64 {
    f64::from(u32::try_from(to.since(from) / 1000).unwrap_or(u32::MAX)) / 60.0
}

fn time(at: Option<Millis>) -> Field {
    at.map_or(Field::Unknown, Field::Time)
}

fn account(of: Option<AccountId>) -> Field {
    of.map_or(Field::Unknown, Field::Account)
}

fn count(of: usize) -> Field {
    Field::Count(u64::try_from(of).unwrap_or(u64::MAX))
}

/// Reads the sessions, the newest of a meeting first, should there be too many.
///
/// # Errors
/// What the log said.
pub(super) fn gather(log: &dyn LogReader, wanted: &Wanted) -> Result<Report, String> {
    let deadline = Instant::now() + READ_DEADLINE;
    let mut report = Report::default();
    for (stream, _) in log.streams().into_iter().rev().filter(|(stream, _)| stream.session != 0) {
        let Some(meeting) = MeetingId::new(stream.meeting) else { continue };
        if matches!(wanted.of, Of::Meeting(id) if id != meeting) {
            continue;
        }
        if Instant::now() > deadline {
            report.cut = true;
            break;
        }
        let session = held(log, stream)?;
        if session.started < wanted.from || session.started > wanted.to {
            continue;
        }
        add(&mut report, stream, meeting, &session, wanted, deadline);
        if report.rows.len() >= wanted.rows_max {
            report.cut = report.rows.len() > wanted.rows_max;
            report.rows.truncate(wanted.rows_max);
            break;
        }
    }
    Ok(report)
}

fn add(
    report: &mut Report,
    stream: StreamId,
    meeting: MeetingId,
    session: &Held,
    wanted: &Wanted,
    deadline: Instant,
) {
    let is_theirs = |account: Option<AccountId>| match wanted.of {
        Of::Meeting(_) => true,
        Of::Account(wanted) => account == Some(wanted),
    };
    let people: Vec<_> =
        session.people.iter().filter(|present| is_theirs(present.account)).collect();
    if people.is_empty() && !is_theirs(Some(session.host)) {
        return;
    }
    report.sessions += 1;
    report.recorded_bytes += session.recorded_bytes;
    report.messages += match wanted.of {
        Of::Meeting(_) => session.messages,
        Of::Account(_) => people.iter().map(|present| present.messages).sum(),
    };
    let until = session.ended.unwrap_or(wanted.now);
    let first = [
        Field::Meeting(meeting),
        Field::Text(session.topic.clone()),
        Field::Count(stream.session.into()),
    ];
    let row = |at: Millis, rest: Vec<Field>| Row {
        at,
        fields: first.iter().cloned().chain(rest).collect(),
    };
    match wanted.about {
        About::Attendance => report.rows.extend(people.into_iter().map(|present| {
            let left = present.left.unwrap_or(until);
            let rest = vec![
                Field::Time(session.started),
                time(session.ended),
                Field::Text(present.name.clone()),
                Field::Text(present.role.to_owned()),
                account(present.account),
                Field::Time(present.joined),
                time(present.left),
                Field::Minutes(minutes(present.joined, left)),
                Field::Count(present.messages),
            ];
            row(present.joined, rest)
        })),
        About::Sessions => {
            let rest = vec![
                Field::Time(session.started),
                time(session.ended),
                Field::Account(session.host),
                Field::Minutes(minutes(session.started, until)),
                count(session.people.len()),
                count(session.at_once),
                Field::Count(session.messages),
                count(session.shared.len()),
                Field::Count(session.recorded_bytes),
                Field::Count(session.missing_ms.div_ceil(1000)),
            ];
            report.rows.push(row(session.started, rest));
        }
        About::Recordings => {
            let sizes = (!session.shared.is_empty())
                .then(|| recorded::by_track(&wanted.data, stream, deadline))
                .flatten();
            let shared = session.shared.iter().filter(|shared| is_theirs(shared.account));
            report.rows.extend(shared.map(|shared| {
                let bytes = sizes.as_ref().map(|sizes| sizes.get(&shared.track).copied());
                let rest = vec![
                    Field::Text(shared.kind.word().to_owned()),
                    Field::Text(shared.name.clone()),
                    account(shared.account),
                    Field::Time(shared.opened),
                    time(shared.closed.or(session.ended)),
                    Field::Minutes(minutes(shared.opened, shared.closed.unwrap_or(until))),
                    Field::Count(shared.width.into()),
                    Field::Count(shared.height.into()),
                    Field::Text(shared.codec.clone()),
                    bytes.map_or(Field::Unknown, |bytes| Field::Count(bytes.unwrap_or(0))),
                ];
                row(shared.opened, rest)
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_and_a_file_say_the_same_column_by_column() {
        let names = Names::from([(AccountId(7), "ann@example.org".to_owned())]);
        for about in [About::Attendance, About::Sessions, About::Recordings] {
            let fields = about.head().iter().map(|name| match *name {
                "meeting" => Field::Meeting(MeetingId::new(88_137_455).expect("a number")),
                "account" | "host" => Field::Account(AccountId(7)),
                "minutes" => Field::Minutes(1.26),
                "left" | "closed" | "ended" => Field::Unknown,
                time if TIMES.contains(&time) => Field::Time(Millis(1_772_323_200_000)),
                _ => Field::Count(3),
            });
            let row = Row { at: Millis(1), fields: fields.collect() };
            let (page, cells) = (row.json(about, &names), row.cells(&names));
            let page = page.as_object().expect("an object");
            assert_eq!(page.len(), cells.len());
            for (name, cell) in about.head().iter().zip(&cells) {
                let is_time = TIMES.contains(name);
                let shown = &page[&if is_time { format!("{name}_ms") } else { (*name).to_owned() }];
                match (*name, cell) {
                    ("meeting", Cell::Text(text)) => assert_eq!(text, "8813-7455"),
                    ("account" | "host", Cell::Text(text)) => assert_eq!(shown, text),
                    (_, Cell::Text(text)) => {
                        assert!(is_time, "{name}");
                        assert_eq!(text, "2026-03-01T00:00:00Z");
                        assert_eq!(shown, &json!(1_772_323_200_000_u64));
                    }
                    (_, Cell::Number(number)) => assert_eq!(shown.as_f64(), Some(*number)),
                    (_, Cell::Empty) => assert_eq!(shown, &Value::Null),
                }
            }
        }
    }
}
