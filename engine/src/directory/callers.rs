//! Calls by what their bridge calls them: who they are, where, and what hosts want of them.

use std::collections::BTreeMap;

use convoke_model::meeting::roster::LeaveReason;
use convoke_model::meeting::{Event, dial_in, roster, track};
use convoke_model::{MeetingId, ParticipantId, SessionNumber};

use super::{Call, CallerInfo, CallerPlace};

/// The calls of open sessions. What is known of a session's calls goes with the session.
#[derive(Debug, Default)]
pub(super) struct Callers {
    calls: BTreeMap<Call, CallerInfo>,
    people: BTreeMap<(MeetingId, SessionNumber, ParticipantId), Call>,
}

/// Whether a fact may be about a caller: all others are passed over without a lock.
pub(super) fn concerns(event: &Event) -> bool {
    match event {
        Event::DialIn(_) => true,
        Event::Roster(event) => {
            matches!(event, roster::Event::Joined { .. } | roster::Event::Left { .. })
        }
        Event::Track(event) => {
            matches!(event, track::Event::Muted { .. } | track::Event::Unmuted { .. })
        }
        Event::Lifecycle(_)
        | Event::Floor(_)
        | Event::Control(_)
        | Event::Chat(_)
        | Event::Hand(_)
        | Event::Lock(_)
        | Event::Recording(_)
        | Event::Delivery(_)
        | Event::Policy(_) => false,
    }
}

impl Callers {
    pub(super) fn find(&self, call: &Call) -> Option<CallerInfo> {
        self.calls.get(call).copied()
    }

    /// Those who are in a session or its lobby.
    pub(super) fn here(&self) -> impl Iterator<Item = (&Call, &CallerInfo)> {
        let is_here = |place| matches!(place, CallerPlace::Here | CallerPlace::Lobby);
        self.calls.iter().filter(move |(_, info)| is_here(info.place))
    }

    /// The session of a meeting is over.
    pub(super) fn forget(&mut self, meeting: MeetingId) {
        self.calls.retain(|_, info| info.meeting != meeting);
        self.people.retain(|(of, _, _), _| *of != meeting);
    }

    pub(super) fn follow(&mut self, meeting: MeetingId, session: SessionNumber, event: &Event) {
        if let Event::DialIn(dial_in::Event::Called { who, call, .. }) = event {
            let who = *who;
            let (place, muted, quiet) = (CallerPlace::Lobby, false, false);
            let info = CallerInfo { meeting, session, who, place, muted, quiet };
            self.calls.insert(call.clone(), info);
            self.people.insert((meeting, session, who), call.clone());
            return;
        }
        let Some((who, change)) = change(event) else { return };
        let call = self.people.get(&(meeting, session, who));
        // The same call may have come in again as somebody else.
        let info = call.and_then(|call| self.calls.get_mut(call));
        if let Some(info) = info.filter(|info| info.who == who) {
            change(info);
        }
    }
}

type Change = fn(&mut CallerInfo);

fn change(event: &Event) -> Option<(ParticipantId, Change)> {
    Some(match event {
        Event::Roster(roster::Event::Joined { who, .. }) => {
            (*who, |info| info.place = CallerPlace::Here)
        }
        Event::Roster(roster::Event::Left { who, reason, .. }) => (
            *who,
            match reason {
                LeaveReason::Removed | LeaveReason::Denied => {
                    |info| info.place = CallerPlace::Removed
                }
                LeaveReason::Left
                | LeaveReason::Ended
                | LeaveReason::Lost
                | LeaveReason::ServerRestart => |info| info.place = CallerPlace::Gone,
            },
        ),
        Event::Track(track::Event::Muted { who }) => (*who, |info| info.muted = true),
        Event::Track(track::Event::Unmuted { who }) => (*who, |info| info.muted = false),
        Event::DialIn(dial_in::Event::MicrophoneOff { who }) => (*who, |info| info.quiet = true),
        Event::DialIn(dial_in::Event::MicrophoneOn { who }) => (*who, |info| info.quiet = false),
        Event::DialIn(dial_in::Event::Called { .. } | dial_in::Event::OnTelephone { .. })
        | Event::Roster(_)
        | Event::Track(_)
        | Event::Lifecycle(_)
        | Event::Floor(_)
        | Event::Control(_)
        | Event::Chat(_)
        | Event::Hand(_)
        | Event::Lock(_)
        | Event::Recording(_)
        | Event::Delivery(_)
        | Event::Policy(_) => return None,
    })
}
