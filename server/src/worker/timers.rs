//! What happens because time passes: silence, stalls, absences, empty sessions.

use std::collections::BTreeSet;

use convoke_model::Millis;
use convoke_model::meeting::lifecycle::{self, EndReason};
use convoke_model::meeting::roster::{self, LeaveReason, Place};
use convoke_wire::close::Close;
use convoke_wire::frame::Opcode;

use super::connection::{SessionKey, Stage};
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
/// After so long without a word of its own a connection keeps no memory for the next one.
const IDLE_MS: u64 = 2000;
/// How often people without a connection are looked for.
const ORPHANS_MS: u64 = 5000;

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
        self.look_at_lag();
    }

    /// Media that was collected goes to the recorder every 10 ms.
    pub(super) fn record_media(&mut self, last: bool) {
        let Some(since) = self.media_since else { return };
        if !last && self.now.since(since) < 10 {
            return;
        }
        self.media_since = None;
        for (key, batch) in std::mem::take(&mut self.media) {
            self.recorder.append(key, self.sealed_to(key), batch, self.now);
        }
    }

    /// First byte of a session's media that no seal binds yet.
    pub(super) fn sealed_to(&self, key: SessionKey) -> u64 {
        self.shard.session(key.0, key.1).map_or(0, |live| live.decided.recording.sealed)
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
            } else if silent > IDLE_MS {
                connection.rest();
            }
        }
    }

    /// Everybody who was here when the server stopped has a while to come back from now on.
    pub(super) fn restart(&mut self) {
        let until = self.now.plus(self.shared.patience.resume_ms);
        for live in self.shard.sessions() {
            for (who, _) in live.decided.roster.not_gone() {
                if live.decided.dial_in.caller(who).is_some() {
                    continue;
                }
                let key = (live.meeting, live.number);
                self.away.insert((key, who), (until, LeaveReason::ServerRestart));
            }
        }
        for ask in self.shard.all_disconnected() {
            self.shard.submit(ask);
        }
    }

    /// Lets go of people who did not come back in time.
    fn absences(&mut self) {
        let now = self.now;
        let over = self.away.iter().filter(|(_, (until, _))| *until <= now);
        let over: Vec<_> = over.map(|(&(key, who), &(_, reason))| (key, who, reason)).collect();
        for (key, who, reason) in over {
            self.away.remove(&(key, who));
            let live = self.shard.session(key.0, key.1);
            let place = live.and_then(|live| live.decided.roster.person(who)).map(|p| p.place);
            let waits = place == Some(Place::Lobby) && self.seated(key, who).is_none();
            if place == Some(Place::Away) || waits {
                let restart = reason == LeaveReason::ServerRestart;
                let at = live.and_then(|live| live.recovered()).filter(|_| restart);
                self.wish(key, roster::Command::Drop { who, reason, at });
            }
        }
        if now.since(self.orphans_sought) >= ORPHANS_MS {
            self.orphans_sought = now;
            self.orphans();
        }
    }

    /// Whoever hung up while the door was being asked never got a seat: nobody speaks for them.
    fn orphans(&mut self) {
        let entering: BTreeSet<_> = self
            .connections
            .iter()
            .flatten()
            .filter_map(|connection| match connection.stage {
                Stage::Entering { session, .. } => Some(session),
                _ => None,
            })
            .collect();
        let mut orphans = Vec::new();
        for live in self.shard.sessions() {
            let key = (live.meeting, live.number);
            if entering.contains(&key) {
                continue;
            }
            for (who, person) in live.decided.roster.not_gone() {
                let waited_for = self.away.contains_key(&(key, who));
                let lost = matches!(person.place, Place::Here | Place::Lobby);
                // A bridge speaks for callers.
                let lost = lost && live.decided.dial_in.caller(who).is_none();
                if lost && !waited_for && self.seated(key, who).is_none() {
                    orphans.push((key, who));
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
