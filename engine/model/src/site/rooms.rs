//! Rooms: meetings that are held at once, where the site allows only so many. One writer gives them
//! out, so that the limit holds however many threads hold meetings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{MeetingId, Millis};
use crate::refusal::Refusal;

/// How long a room is kept for a meeting that was given it and has not begun.
const BEGINS_WITHIN_MS: u64 = 60_000;

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A meeting is about to be held.
    Take {
        /// Which.
        meeting: MeetingId,
        /// Meetings with a room that are not held any more, as far as the server sees.
        over: Vec<MeetingId>,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A meeting has a room.
    Taken {
        /// Which.
        meeting: MeetingId,
    },
    /// Meetings have no room any more.
    Given {
        /// Which.
        meetings: Vec<MeetingId>,
    },
}

/// Who has a room, and since when.
#[derive(Clone, Debug, Default)]
pub struct Rooms(BTreeMap<MeetingId, Millis>);

impl Rooms {
    /// The meetings that have one.
    pub fn meetings(&self) -> impl Iterator<Item = MeetingId> {
        self.0.keys().copied()
    }

    pub(super) fn decide(
        &self,
        most: u32,
        now: Millis,
        command: &Command,
    ) -> Result<Vec<Event>, Refusal> {
        let Command::Take { meeting, over } = command;
        if most == 0 || self.0.contains_key(meeting) {
            return Ok(Vec::new());
        }
        // One that was given a room a moment ago may be beginning just now.
        let fresh = |since: &Millis| since.0 + BEGINS_WITHIN_MS > now.0;
        let is_over = |one: &MeetingId| self.0.get(one).is_some_and(|since| !fresh(since));
        let given: Vec<MeetingId> = over.iter().copied().filter(is_over).collect();
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if self.0.len() - given.len() >= most {
            return Err(Refusal::RoomsFull);
        }
        let mut facts = Vec::new();
        if !given.is_empty() {
            facts.push(Event::Given { meetings: given });
        }
        facts.push(Event::Taken { meeting: *meeting });
        Ok(facts)
    }

    pub(super) fn apply(&mut self, at: Millis, event: &Event) {
        match event {
            Event::Taken { meeting } => {
                self.0.insert(*meeting, at);
            }
            Event::Given { meetings } => self.0.retain(|meeting, _| !meetings.contains(meeting)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> MeetingId {
        MeetingId::new(10_000_000 + number).expect("eight digits")
    }

    fn take(rooms: &mut Rooms, at: u64, number: u32, over: &[u32]) -> Result<(), Refusal> {
        let over = over.iter().copied().map(id).collect();
        let command = Command::Take { meeting: id(number), over };
        for fact in rooms.decide(2, Millis(at), &command)? {
            rooms.apply(Millis(at), &fact);
        }
        Ok(())
    }

    #[test]
    fn a_room_is_free_again_when_its_meeting_is_over() {
        let mut rooms = Rooms::default();
        assert_eq!(take(&mut rooms, 0, 1, &[]), Ok(()));
        assert_eq!(take(&mut rooms, 0, 2, &[]), Ok(()));
        assert_eq!(take(&mut rooms, 1, 1, &[]), Ok(()), "it has one already");
        assert_eq!(take(&mut rooms, 1, 3, &[]), Err(Refusal::RoomsFull));
        assert_eq!(take(&mut rooms, 2, 3, &[1]), Err(Refusal::RoomsFull), "it may be beginning");
        assert_eq!(take(&mut rooms, BEGINS_WITHIN_MS, 3, &[1]), Ok(()));
        assert_eq!(rooms.meetings().collect::<Vec<_>>(), [id(2), id(3)]);
    }

    #[test]
    fn without_a_limit_nobody_keeps_count() {
        let rooms = Rooms::default();
        let command = Command::Take { meeting: id(1), over: Vec::new() };
        assert_eq!(rooms.decide(0, Millis(0), &command), Ok(Vec::new()));
    }
}
