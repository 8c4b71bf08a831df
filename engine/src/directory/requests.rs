//! Requests of programs that became facts of the site or of a meeting's life: so that one that is
//! sent again, after a restart too, is known to be done.

use std::collections::{BTreeMap, BTreeSet};

use convoke_model::{ClientId, Millis, Position, StreamId};

/// Requests that are remembered; the oldest goes for the newest.
const REQUESTS_MAX: usize = 20_000;

/// What is known of a request that became facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Its number: what was asked, in short.
    pub n: u64,
    /// The stream of its first fact.
    pub stream: StreamId,
    /// Its last fact there.
    pub position: Position,
    /// When the first one became a fact.
    pub time: Millis,
}

/// The newest requests, whatever the order in which their facts are read.
#[derive(Debug, Default)]
pub(super) struct Requests {
    by_client: BTreeMap<ClientId, Carried>,
    by_time: BTreeSet<(Millis, ClientId)>,
}

impl Requests {
    pub(super) fn get(&self, client: ClientId) -> Option<Carried> {
        self.by_client.get(&client).copied()
    }

    pub(super) fn note(
        &mut self,
        request: Option<(ClientId, u64)>,
        stream: StreamId,
        position: Position,
        time: Millis,
    ) {
        let Some((client, n)) = request else { return };
        if let Some(known) = self.by_client.get_mut(&client) {
            if known.n == n {
                if known.stream == stream {
                    known.position = position;
                }
                return;
            }
            self.by_time.remove(&(known.time, client));
        }
        self.by_client.insert(client, Carried { n, stream, position, time });
        self.by_time.insert((time, client));
        while self.by_time.len() > REQUESTS_MAX {
            let Some((_, oldest)) = self.by_time.pop_first() else { break };
            self.by_client.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seq: u64) -> Position {
        Position { epoch: 1, seq }
    }

    #[test]
    fn a_request_is_known_by_its_first_stream_and_its_last_fact_there() {
        let mut requests = Requests::default();
        let meeting = StreamId { meeting: 88_137_455, session: 0 };
        let request = Some((ClientId(5), 7));
        requests.note(None, StreamId::SITE, at(1), Millis(1));
        requests.note(request, meeting, at(1), Millis(2));
        requests.note(request, meeting, at(2), Millis(3));
        requests.note(request, StreamId::SITE, at(2), Millis(4));
        let known = Carried { n: 7, stream: meeting, position: at(2), time: Millis(2) };
        assert_eq!(requests.get(ClientId(5)), Some(known));
        assert_eq!(requests.get(ClientId(6)), None);
        // The same client's next request takes the place of this one.
        requests.note(Some((ClientId(5), 8)), StreamId::SITE, at(3), Millis(9));
        assert_eq!(requests.get(ClientId(5)).map(|known| known.n), Some(8));
        assert_eq!(requests.by_time.len(), 1);
    }

    #[test]
    fn the_newest_are_remembered_in_whatever_order_they_are_read() {
        let mut requests = Requests::default();
        let most = u64::try_from(REQUESTS_MAX).expect("small");
        for n in (0..most + 10).rev() {
            requests.note(Some((ClientId(n + 1), 1)), StreamId::SITE, at(1), Millis(n));
        }
        assert_eq!(requests.by_client.len(), REQUESTS_MAX);
        assert!(requests.get(ClientId(10)).is_none() && requests.get(ClientId(11)).is_some());
        assert!(requests.get(ClientId(most + 10)).is_some());
    }
}
