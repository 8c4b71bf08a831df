//! The list as JSON. `schemas/public/meetings.schema.json` tells its shape.

use serde::Serialize;

use super::text::instant;
use super::{Date, PublicList, PublicMeeting, Times};

#[derive(Serialize)]
struct List<'a> {
    title: Option<&'a str>,
    server: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<&'a str>,
    updated: String,
    meetings: Vec<Meeting<'a>>,
}

#[derive(Serialize)]
struct Meeting<'a> {
    key: String,
    changed: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurring: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u32>,
    dates: Vec<When<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_url: Option<String>,
}

#[derive(Serialize)]
struct When<'a> {
    begins: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<String>,
    local: &'a str,
}

pub(super) fn render(list: &PublicList, base: &str) -> String {
    let list = List {
        title: list.title.as_deref(),
        server: &list.server,
        colour: list.colour.as_deref(),
        updated: instant(list.updated),
        meetings: list.meetings.iter().map(|meeting| shown(meeting, base)).collect(),
    };
    serde_json::to_string(&list).expect("text, numbers and lists become JSON")
}

fn shown<'a>(meeting: &'a PublicMeeting, base: &str) -> Meeting<'a> {
    let (mut recurs, mut how, mut zone) = (None, None, None);
    match &meeting.times {
        Times::Untold => {}
        Times::Anytime { recurring } => recurs = Some(*recurring),
        Times::Planned { zone: of, rule, recurring, .. } => {
            (recurs, how, zone) = (Some(*recurring), rule.as_deref(), Some(of.as_str()));
        }
    }
    let when = |date: &'a Date| When {
        begins: instant(date.begins),
        ends: meeting.end_of(date).map(instant),
        local: &date.local,
    };
    Meeting {
        key: meeting.urn(),
        changed: instant(meeting.changed),
        id: meeting.meeting.map(|id| id.to_string()),
        topic: meeting.topic.as_deref(),
        kind: meeting.kind.map(|kind| kind.number()),
        host: meeting.host.as_deref(),
        recurring: recurs,
        rule: how,
        time_zone: zone,
        minutes: meeting.minutes(),
        dates: meeting.dates().iter().map(when).collect(),
        join_url: meeting.join_url(base),
    }
}
