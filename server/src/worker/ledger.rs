//! The delivery ledger: what each participant was handed over, what of it arrived, and what was
//! skipped.

use convoke_model::ParticipantId;
use convoke_model::meeting::delivery::{Command, Ledger, Media};
use convoke_model::meeting::{Command as SessionCommand, delivery};

use super::connection::{Connection, Seat, SessionKey, Stage};
use super::core::Core;

/// Somebody who went, and the connection that is told its last.
pub(super) struct Parting {
    pub(super) key: SessionKey,
    pub(super) who: ParticipantId,
    /// Place and number of the connection, when there is one.
    pub(super) connection: Option<(usize, u64)>,
}

impl Core {
    /// Adds what a connection did for its participant, who may come back with another one.
    pub(super) fn keep_ledger(&mut self, token: usize, seat: Seat) {
        let Some(connection) = self.connections.get(token).and_then(Option::as_ref) else { return };
        if matches!(connection.stage, Stage::Lobby(_)) {
            return;
        }
        let handed = self.handed(connection, seat);
        let (passed, confirmed) = (connection.passed, connection.confirmed);
        let (media_confirmed, catch_ups) = (connection.media_confirmed, connection.catch_ups);
        let ledger =
            self.ledgers.entry((seat.session, seat.who)).or_insert_with(|| Ledger::of(seat.who));
        ledger.handed = ledger.handed.max(handed);
        ledger.confirmed = ledger.confirmed.max(confirmed.min(handed));
        ledger.connections += 1;
        ledger.catch_ups += catch_ups;
        ledger.media = Media {
            handed: ledger.media.handed + passed.handed,
            // What a client tells cannot be more than what it was given.
            confirmed: ledger.media.confirmed + media_confirmed.min(passed.handed),
            skipped: ledger.media.skipped + passed.skipped,
            skips: ledger.media.skips + passed.skips,
        };
    }

    /// The last fact that was handed to a connection's socket.
    fn handed(&self, connection: &Connection, seat: Seat) -> u64 {
        let live = self.shard.session(seat.session.0, seat.session.1);
        let at = match &connection.stage {
            Stage::Live(_, readers) => Some(readers.facts_at),
            Stage::Fresh
            | Stage::Asking(_)
            | Stage::Entering { .. }
            | Stage::Lobby(_)
            | Stage::CatchingUp(_)
            | Stage::Leaving => connection.left_at,
        };
        let seq = at.and_then(|at| live?.seq_before(at));
        seq.unwrap_or_default().max(connection.seq)
    }

    /// Closes the ledgers of those who went: after the flush that told them so.
    pub(super) fn close_ledgers(&mut self) {
        for Parting { key, who, connection } in std::mem::take(&mut self.parting) {
            if let Some((token, id)) = connection
                && self.is_here(token, id)
                && let Some(seat) = self.connection(token).and_then(|c| c.parted.take())
            {
                self.keep_ledger(token, seat);
            }
            // Who never got a seat since the start has none.
            let Some(ledger) = self.ledgers.remove(&(key, who)) else { continue };
            let close: delivery::Command = Command::Close(ledger);
            let wish = convoke_engine::Wish::Session(key.0, key.1, SessionCommand::Delivery(close));
            self.shard.submit(convoke_engine::Ask::server(wish));
        }
    }
}
