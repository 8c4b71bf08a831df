//! The facts of a meeting's life as events.

use convoke_model::meeting::life::Event;
use convoke_model::meeting::lifecycle::{EndReason, MeetingType};
use convoke_model::meeting::plan::Plan;
use serde_json::{Value, json};

use super::{Told, told};

/// A fact of a meeting's own stream.
pub(in crate::events) fn life(event: &Event) -> Told {
    match event {
        Event::Created(creation) => told(
            "meeting.created",
            json!({
                "topic": creation.topic.as_str(),
                "type": creation.kind.number(),
                "owner": creation.owner.0,
                "has_password": creation.has_password,
                "plan": creation.plan.as_ref().map(plan),
            }),
        ),
        Event::Changed(change) => told(
            "meeting.changed",
            json!({
                "topic": change.topic.as_str(),
                "type": change.kind.number(),
                "has_password": change.has_password,
                "password_changed": change.password_changed,
                "plan": plan(&change.plan),
            }),
        ),
        Event::Cancelled { reason } => {
            let reason = reason.as_ref().map(|reason| reason.as_str());
            told("meeting.cancelled", json!({ "reason": reason }))
        }
        Event::Restored {} => "meeting.restored".into(),
        Event::Transferred { from, to } => {
            told("meeting.transferred", json!({ "from": from.0, "to": to.0 }))
        }
        Event::CodeDrawn { code: _ } => "meeting.code_drawn".into(),
        // To whom is between the host and them.
        Event::Invited { people } => told("meeting.invited", json!({ "people": people.len() })),
        Event::SessionOpened { session } => {
            told("meeting.session_opened", json!({ "session": session.0 }))
        }
        Event::SessionEnded { session, reason, tail, hash: _ } => told(
            "meeting.session_ended",
            json!({ "session": session.0, "reason": end(*reason), "seq": tail.seq }),
        ),
    }
}

/// A plan, without what lets callers in.
fn plan(plan: &Plan) -> Value {
    let Plan { when, recurring, public, own_network, lobby, participants_max, dial_in } = plan;
    let when = when.as_ref().map(|when| {
        json!({
            "start": when.start.as_str(),
            "minutes": when.minutes,
            "time_zone": when.zone.as_str(),
            "rule": when.rule.as_ref().map(|rule| rule.as_str()),
            "begins_ms": when.begins.0,
            "ends_ms": when.ends.map(|ends| ends.0),
        })
    });
    let number = dial_in.as_ref().and_then(|dial_in| dial_in.number.as_ref());
    json!({
        "when": when,
        "recurring": recurring,
        "public": public,
        "own_network": own_network,
        "lobby": lobby,
        "participants_max": participants_max,
        "dial_in_number": number.map(|number| number.as_str()),
    })
}

/// Why a session ended.
pub(super) fn end(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Host => "host",
        EndReason::Empty => "empty",
        EndReason::Administrator => "administrator",
    }
}

/// The number by which callers know a type.
pub(super) fn number(kind: MeetingType) -> Value {
    kind.number().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::meeting::life::{Change, Creation};
    use convoke_model::meeting::plan::DialIn;
    use convoke_model::policy::draw_code::AccessCode;
    use convoke_model::text::Topic;
    use convoke_model::{AccountId, MeetingId};

    #[test]
    fn no_access_code_is_told() {
        let code = AccessCode::new("123456789").expect("a code");
        let dial_in = Some(DialIn { number: None, code: Some(code.clone()) });
        let plan = Plan { dial_in, ..Plan::default() };
        let (kind, topic) = (MeetingType::Interactive, Topic::new("Plans").expect("a topic"));
        let created = Event::Created(Creation {
            meeting: MeetingId::new(88_137_455).expect("eight digits"),
            owner: AccountId(7),
            kind,
            topic: topic.clone(),
            has_password: true,
            plan: Some(plan.clone()),
        });
        let (has_password, password_changed) = (true, true);
        let changed = Event::Changed(Change { kind, topic, has_password, password_changed, plan });
        for event in [created, changed, Event::CodeDrawn { code }] {
            assert!(!life(&event).data.to_string().contains("123456789"), "{event:?}");
        }
    }
}
