//! The facts of a session as events. Of what people write only that they did is told.

use convoke_model::meeting::chat::{self, To};
use convoke_model::meeting::recording::{self, GapReason};
use convoke_model::meeting::roster::{self, LeaveReason};
use convoke_model::meeting::{
    Event, control, delivery, dial_in, floor, hand, lifecycle, lock, track,
};
use serde_json::json;

use super::meetings::{end, number};
use super::{Told, told};

/// A fact of a session's stream; nothing for what is not told.
pub(in crate::events) fn session(event: &Event) -> Option<Told> {
    Some(match event {
        Event::Lifecycle(lifecycle::Event::Opened(opening)) => told(
            "session.opened",
            json!({
                "topic": opening.topic.as_str(),
                "type": number(opening.kind),
                "host": opening.host.0,
                "participants_max": opening.participants_max,
                "recording": opening.recording,
            }),
        ),
        Event::Lifecycle(lifecycle::Event::Ended { reason }) => {
            told("session.ended", json!({ "reason": end(*reason) }))
        }
        Event::Roster(event) => of_roster(event),
        Event::Floor(floor::Event::PresenterChanged { who }) => {
            told("participant.presenting", json!({ "participant": who.map(|who| who.0) }))
        }
        Event::Control(event) => of_control(event),
        Event::Chat(event) => of_chat(event),
        Event::Track(event) => of_track(event),
        Event::Hand(hand::Event::Raised { who }) => {
            told("participant.hand_raised", json!({ "participant": who.0 }))
        }
        Event::Hand(hand::Event::Lowered { who }) => {
            told("participant.hand_lowered", json!({ "participant": who.0 }))
        }
        Event::Lock(lock::Event::Locked {}) => "session.locked".into(),
        Event::Lock(lock::Event::Unlocked {}) => "session.unlocked".into(),
        Event::Recording(event) => of_recording(event),
        // The call and its number are for the log only.
        Event::Policy(_) | Event::DialIn(dial_in::Event::Called { .. }) => return None,
        Event::DialIn(dial_in::Event::OnTelephone { who }) => {
            told("participant.on_telephone", json!({ "participant": who.0 }))
        }
        Event::DialIn(dial_in::Event::MicrophoneOff { who }) => {
            told("participant.microphone_off", json!({ "participant": who.0 }))
        }
        Event::DialIn(dial_in::Event::MicrophoneOn { who }) => {
            told("participant.microphone_on", json!({ "participant": who.0 }))
        }
        Event::Delivery(delivery::Event::Delivered(ledger)) => told(
            "participant.delivered",
            json!({
                "participant": ledger.who.0,
                "facts": ledger.handed,
                "facts_confirmed": ledger.confirmed,
                "media_bytes": ledger.media.handed,
                "media_bytes_confirmed": ledger.media.confirmed,
            }),
        ),
    })
}

fn of_control(event: &control::Event) -> Told {
    match event {
        control::Event::Asked {} => "participant.control_asked".into(),
        control::Event::Given { to } => {
            told("participant.control_given", json!({ "participant": to.0 }))
        }
        control::Event::Ended {} => "participant.control_ended".into(),
        control::Event::Counted(count) => told(
            "participant.control_counted",
            json!({
                "track": count.track.0,
                "participant": count.who.0,
                "messages": count.messages,
                "bytes": count.bytes,
                "first_ms": count.first.0,
                "last_ms": count.last.0,
            }),
        ),
    }
}

fn of_roster(event: &roster::Event) -> Told {
    match event {
        roster::Event::Entered { who, account, grant, client: _, family: _, ticket: _ } => {
            let (participant, account) = (who.0, account.map(|account| account.0));
            let role = grant.role.word();
            let data = json!({ "participant": participant, "account": account, "role": role });
            told("participant.entered", data)
        }
        roster::Event::Waiting { who, name } => {
            let data = json!({ "participant": who.0, "name": name.as_str() });
            told("participant.waiting", data)
        }
        roster::Event::Joined { who, name, role } => {
            let (participant, name) = (who.0, name.as_str());
            let data = json!({ "participant": participant, "name": name, "role": role.word() });
            told("participant.joined", data)
        }
        roster::Event::Left { who, reason, at } => {
            let reason = match reason {
                LeaveReason::Left => "left",
                LeaveReason::Removed => "removed",
                LeaveReason::Denied => "denied",
                LeaveReason::Ended => "ended",
                LeaveReason::Lost => "lost",
                LeaveReason::ServerRestart => "server_restart",
            };
            let seen = at.map(|at| at.0);
            let data = json!({ "participant": who.0, "reason": reason, "last_seen_ms": seen });
            told("participant.left", data)
        }
        roster::Event::Disconnected { who, at } => {
            let seen = at.map(|at| at.0);
            let data = json!({ "participant": who.0, "last_seen_ms": seen });
            told("participant.disconnected", data)
        }
        roster::Event::Reconnected { who } => {
            told("participant.reconnected", json!({ "participant": who.0 }))
        }
    }
}

fn of_chat(event: &chat::Event) -> Told {
    match event {
        chat::Event::Said { to, text: _ } => {
            let to = match to {
                To::Everyone => "everyone",
                To::Hosts => "hosts",
                To::One(_) => "one",
            };
            told("chat.said", json!({ "to": to }))
        }
        chat::Event::Announced { text: _ } => told("chat.announced", json!({})),
        chat::Event::Silenced { who } => {
            told("participant.chat_paused", json!({ "participant": who.0 }))
        }
        chat::Event::Unsilenced { who } => {
            told("participant.chat_allowed", json!({ "participant": who.0 }))
        }
    }
}

fn of_track(event: &track::Event) -> Told {
    match event {
        track::Event::Opened { track, kind, codec, width, height, to } => told(
            "track.opened",
            json!({
                "track": track.0,
                "kind": kind.word(),
                "codec": codec,
                "width": width,
                "height": height,
                "to": to.map(|to| to.0),
            }),
        ),
        track::Event::Closed { track } => told("track.closed", json!({ "track": track.0 })),
        track::Event::Paused { track, generation: _ } => {
            told("track.paused", json!({ "track": track.0 }))
        }
        track::Event::Resumed { track, generation: _ } => {
            told("track.resumed", json!({ "track": track.0 }))
        }
        track::Event::Muted { who } => told("participant.muted", json!({ "participant": who.0 })),
        track::Event::Unmuted { who } => {
            told("participant.unmuted", json!({ "participant": who.0 }))
        }
    }
}

fn of_recording(event: &recording::Event) -> Told {
    match event {
        recording::Event::Started {} => "recording.started".into(),
        recording::Event::Stopped {} => "recording.stopped".into(),
        recording::Event::MediaSealed(seal) => {
            told("recording.sealed", json!({ "bytes": seal.to.saturating_sub(seal.from) }))
        }
        recording::Event::Missing(gap) => {
            let reason = match gap.reason {
                GapReason::Crash => "crash",
                GapReason::Behind => "behind",
                GapReason::DiskFull => "disk_full",
            };
            let data = json!({ "from_ms": gap.from.0, "to_ms": gap.to.0, "reason": reason });
            told("recording.missing", data)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::words::numerous;
    use convoke_model::Millis;
    use convoke_model::text::ChatText;
    use convoke_wire::codec::Fact;

    #[test]
    fn what_people_write_is_not_told() {
        let text = ChatText::new("between you and me").expect("a text");
        let said = Event::Chat(chat::Event::Said { to: To::Hosts, text });
        assert_eq!(numerous(said.event_type()), Some("chat.said"));
        assert_eq!(session(&said), Some(told("chat.said", json!({ "to": "hosts" }))));
        let (from, to, at) = (10, 17, Millis(1));
        let seal = recording::Seal {
            file: "media".into(),
            from,
            to,
            sha256: [0; 32],
            first: at,
            last: at,
        };
        let sealed = Event::Recording(recording::Event::MediaSealed(seal));
        assert_eq!(numerous(sealed.event_type()), Some("recording.sealed"));
        assert_eq!(session(&sealed), Some(told("recording.sealed", json!({ "bytes": 7 }))));
    }
}
