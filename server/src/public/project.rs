//! From facts and verdicts to what the public may know: a function of its arguments alone, so that
//! the past is worked out as the present was.

use convoke_engine::policies::{Builtin, Policies as _};
use convoke_model::meeting::plan::{Plan, When};
use convoke_model::policy::publish::Verdict;
use convoke_model::policy::{self, publish};
use convoke_model::site::scripts::Member;
use convoke_model::site::settings::{Publishing, Settings};
use convoke_model::{MeetingId, Millis};
use convoke_plugins::feed::guard::{self, Candidate, Said};
use convoke_plugins::feed::{Date, LISTED_MAX, OCCURRENCES_MAX, PublicList, PublicMeeting, Times};

use super::known::{State, Wished};
use crate::calendar;

/// How far ahead of the next one the dates of a series are told.
const AHEAD_MS: u64 = 2 * 366 * 24 * 60 * 60 * 1000;

/// Who decides.
#[derive(Clone, Copy)]
pub(super) enum Rule<'a> {
    /// The rule that is compiled in: what is wished is listed.
    BuiltIn,
    /// These scripts, by the decisions that the log has.
    Scripts(&'a [Member]),
}

impl<'a> Rule<'a> {
    /// The rule where these scripts are set.
    pub(super) fn of(chain: &'a [Member]) -> Self {
        if chain.is_empty() { Self::BuiltIn } else { Self::Scripts(chain) }
    }
}

/// What the public may know, and for how long.
pub(super) struct Projected {
    pub(super) list: PublicList,
    /// When a date of it is over.
    pub(super) until: Option<Millis>,
    /// Whether there are no lists.
    pub(super) off: bool,
    /// Whose pages may show the page in a frame, as browsers are told.
    pub(super) ancestors: String,
}

/// Works it out for an instant.
pub(super) fn project(
    state: &State,
    now: Millis,
    rule: Rule<'_>,
    texts: &mut dyn FnMut(&Wished, &Verdict) -> Said,
    key: &dyn Fn(MeetingId) -> u128,
) -> Projected {
    let publishing = &state.settings.publishing;
    let mut until: Option<Millis> = None;
    let mut meetings = Vec::new();
    for wished in &state.meetings {
        if publishing.off {
            break;
        }
        let plan = wished.details.plan.clone().unwrap_or_default();
        let Some((times, ends)) = times(&plan, now) else { continue };
        let Some(verdict) = verdict(wished, rule) else { continue };
        until = [until, ends].into_iter().flatten().min();
        let candidate = Candidate {
            key: key(wished.details.meeting),
            changed: wished.changed,
            changes: wished.changes,
            meeting: wished.details.meeting,
            kind: wished.details.kind,
            times,
        };
        let said = texts(wished, &verdict);
        meetings.extend(guard::publish(candidate, &verdict, said));
    }
    meetings.sort_by_key(|meeting| {
        (meeting.next().map_or(Millis(u64::MAX), |date| date.begins), meeting.key)
    });
    meetings.truncate(LISTED_MAX);
    let list = head(&state.settings, meetings);
    Projected { list, until, off: publishing.off, ancestors: ancestors(publishing) }
}

fn head(settings: &Settings, meetings: Vec<PublicMeeting>) -> PublicList {
    let branding = &settings.branding;
    let name = branding.name.as_ref().map(|name| name.as_str().to_owned());
    PublicList {
        server: name.unwrap_or_else(|| "Convoke".to_owned()),
        title: settings.publishing.title.as_ref().map(|title| title.as_str().to_owned()),
        colour: branding.colour.clone().map(String::from),
        updated: Millis(0),
        meetings,
    }
}

/// What was decided of a meeting as it is now; nothing as long as that is not known.
fn verdict(wished: &Wished, rule: Rule<'_>) -> Option<Verdict> {
    match rule {
        Rule::BuiltIn => {
            let question = policy::Question::Publish(wished.question());
            match Builtin.ask(&question).verdict {
                policy::Verdict::Publish(verdict) => Some(verdict),
                policy::Verdict::Enter(_)
                | policy::Verdict::Lobby
                | policy::Verdict::Refuse(_)
                | policy::Verdict::TurnAway { .. }
                | policy::Verdict::Record { .. }
                | policy::Verdict::Authenticate(_)
                | policy::Verdict::Code(_)
                | policy::Verdict::Drawn(_)
                | policy::Verdict::Register(_)
                | policy::Verdict::Next => Some(publish::Verdict::Hide),
            }
        }
        Rule::Scripts(chain) => {
            let last = wished.last.as_ref()?;
            last.holds(&wished.question(), chain).then(|| last.verdict.clone())
        }
    }
}

/// When it is held from now on, and when the first of these dates is over; nothing when all are.
fn times(plan: &Plan, now: Millis) -> Option<(Times, Option<Millis>)> {
    let Some(when) = &plan.when else {
        return Some((Times::Anytime { recurring: plan.recurring }, None));
    };
    let dates = dates(when, now);
    let first = dates.first()?;
    let ends = first.1;
    let dates = dates.into_iter().map(|(date, _)| date).collect();
    let times = Times::Planned {
        zone: when.zone.as_str().to_owned(),
        rule: when.rule.as_ref().map(|rule| rule.as_str().to_owned()),
        recurring: plan.recurring || when.rule.is_some(),
        minutes: Some(when.minutes),
        dates,
    };
    Some((times, Some(ends)))
}

fn dates(when: &When, now: Millis) -> Vec<(Date, Millis)> {
    let Some(first) = calendar::next(when, now) else { return Vec::new() };
    let found = if when.rule.is_some() {
        let to = Millis(first.begins.0.saturating_add(AHEAD_MS));
        calendar::occurrences(when, now, to, OCCURRENCES_MAX)
    } else {
        vec![first]
    };
    let date = |one: calendar::Occurrence| {
        (Date { begins: one.begins, local: one.local.as_str().to_owned() }, one.ends)
    };
    found.into_iter().map(date).collect()
}

/// The value of `frame-ancestors`.
fn ancestors(publishing: &Publishing) -> String {
    let named = publishing.frame_ancestors.iter();
    let named: Vec<&str> =
        named.map(String::as_str).filter(|origin| Publishing::is_ancestor(origin)).collect();
    if named.is_empty() { "'none'".to_owned() } else { format!("'self' {}", named.join(" ")) }
}
