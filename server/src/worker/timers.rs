//! What happens because time passes: silence, stalls, absences, empty sessions.

use convoke_model::Millis;
use convoke_model::meeting::lifecycle::{self, EndReason};
use convoke_model::meeting::roster::{self, LeaveReason, Place};
use convoke_wire::close::Close;
use convoke_wire::frame::Opcode;

use super::connection::Stage;
use super::core::Core;

/// How long is waited for what, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a hello after the upgrade.
    pub hello_ms: u64,
    /// For a word of the client, before it is asked whether it is there.
    pub ping_ms: u64,
    /// For a word of the client, before it is given up.
    pub silent_ms: u64,
    /// For the socket to take something.
    pub stall_ms: u64,
    /// For somebody whose connection was lost to come back.
    pub resume_ms: u64,
    /// For somebody to come into an empty session.
    pub empty_ms: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            hello_ms: 10_000,
            ping_ms: 20_000,
            silent_ms: 45_000,
            stall_ms: 15_000,
            resume_ms: 60_000,
            empty_ms: 600_000,
        }
    }
}

/// How often the timers are looked at.
const TICK_MS: u64 = 250;

impl Core {
    pub(super) fn tick(&mut self) {
        if self.now.since(self.ticked) < TICK_MS {
            return;
        }
        self.ticked = self.now;
        self.connections_tick();
        self.absences();
        self.empty_sessions();
        self.key_frames();
    }

    /// Media that was collected goes to the recorder every 10 ms.
    pub(super) fn record_media(&mut self, last: bool) {
        let Some(since) = self.media_since else { return };
        if !last && self.now.since(since) < 10 {
            return;
        }
        self.media_since = None;
        for (key, batch) in std::mem::take(&mut self.media) {
            self.recorder.append(key, batch, self.now);
        }
    }

    fn connections_tick(&mut self) {
        let (now, patience) = (self.now, self.shared.patience);
        for token in 0..self.connections.len() {
            let Some(connection) = self.connection(token) else { continue };
            let silent = now.since(connection.heard);
            let fresh = matches!(connection.stage, Stage::Fresh);
            let stalled = connection.stalled.is_some_and(|at| now.since(at) > patience.stall_ms);
            let overdue = fresh && now.since(connection.opened) > patience.hello_ms;
            let leaving = matches!(connection.stage, Stage::Leaving);
            if stalled || (leaving && silent > patience.stall_ms) {
                self.hang_up(token);
            } else if overdue || silent > patience.silent_ms {
                self.violation(token, Close::Silent);
            } else if silent > patience.ping_ms && connection.pinged.is_none() {
                connection.pinged = Some(now);
                connection.push(Opcode::Ping, b"");
                self.queue_flush(token);
            }
        }
    }

    /// Lets go of people who did not come back in time. Everybody who was here when the server stopped
    /// has the same time from its start.
    fn absences(&mut self) {
        if let Some(start) = self.restarted
            && self.now.since(start) >= self.shared.patience.resume_ms
        {
            self.restarted = None;
            for ask in self.shard.drop_missing() {
                self.shard.submit(ask);
            }
        }
        while let Some(&(until, key, who)) = self.away.front() {
            if until > self.now {
                break;
            }
            self.away.pop_front();
            let live = self.shard.session(key.0, key.1);
            let person = live.and_then(|live| live.decided.roster.person(who));
            let is_away = person.is_some_and(|person| person.place == Place::Away);
            // Came back and was lost again: the later absence counts.
            let again = self.away.iter().any(|&(_, k, w)| k == key && w == who);
            if is_away && !again && self.restarted.is_none() {
                self.wish(key, roster::Command::Drop { who, reason: LeaveReason::Lost });
            }
        }
        self.orphans();
    }

    /// Whoever hung up while the door was being asked never got a seat: nobody speaks for them.
    fn orphans(&mut self) {
        let mut orphans = Vec::new();
        if self.restarted.is_none() {
            for live in self.shard.sessions() {
                let key = (live.meeting, live.number);
                let entering = self.connections.iter().flatten().any(|connection| {
                    matches!(connection.stage, Stage::Entering { session, .. } if session == key)
                });
                if entering {
                    continue;
                }
                for (who, person) in live.decided.roster.not_gone() {
                    let speaks = self.seated(key, who).is_some();
                    if matches!(person.place, Place::Here | Place::Lobby) && !speaks {
                        orphans.push((key, who));
                    }
                }
            }
        }
        for (key, who) in orphans {
            self.wish(key, roster::Command::Disconnect { who });
        }
    }

    /// Ends sessions that nobody has been in for a while.
    fn empty_sessions(&mut self) {
        let (now, patience) = (self.now, self.shared.patience);
        let mut over = Vec::new();
        let mut empty = std::mem::take(&mut self.empty);
        let mut still = std::collections::BTreeMap::new();
        for live in self.shard.sessions() {
            if live.decided.roster.count() > 0 || !live.decided.lifecycle.is_open() {
                continue;
            }
            let key = (live.meeting, live.number);
            let since = empty.remove(&key).unwrap_or(now);
            if now.since(since) >= patience.empty_ms {
                over.push(key);
            } else {
                still.insert(key, since);
            }
        }
        self.empty = still;
        for (meeting, session) in over {
            let close = lifecycle::Command::Close { reason: EndReason::Empty };
            let command = convoke_model::meeting::Command::Lifecycle(close);
            let wish = convoke_engine::Wish::Session(meeting, session, command);
            self.shard.submit(convoke_engine::Ask::server(wish));
        }
    }

    /// Asks publishers again who were asked for a key frame too soon after the last one.
    fn key_frames(&mut self) {
        let (now, limits): (Millis, _) = (self.now, *self.shard.limits());
        let mut wanted = Vec::new();
        let keys: Vec<_> = self.shard.sessions().map(|live| (live.meeting, live.number)).collect();
        for key in keys {
            let Some(live) = self.shard.session_mut(key.0, key.1) else { continue };
            let tracks: Vec<_> = live.lanes.tracks().keys().copied().collect();
            for track in tracks {
                if let Some(lane) = live.lanes.track_mut(track)
                    && lane.ask_again(now, &limits)
                {
                    wanted.push((key, track, lane.owner));
                }
            }
        }
        for (key, track, owner) in wanted {
            self.ask_key_frame(key, track, owner);
        }
    }
}
