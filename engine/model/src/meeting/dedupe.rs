//! Which requests became facts: the same request is never carried out twice, over reconnects and
//! restarts.

use std::collections::{BTreeMap, VecDeque};

use crate::id::{ClientId, Position};

/// How many answers are kept for each client.
pub const ANSWERS_MAX: usize = 64;

/// What is known of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Never carried out.
    New,
    /// Carried out; its last fact stands here.
    Done(Position),
    /// So old that the answer is forgotten; it was carried out or refused.
    Forgotten,
}

/// The last answers of every client of a session.
#[derive(Clone, Debug, Default)]
pub struct Dedupe {
    clients: BTreeMap<ClientId, Answers>,
}

/// What one client asked and got.
#[derive(Clone, Debug, Default)]
struct Answers {
    last: VecDeque<(u64, Position)>,
    /// Highest number that was carried out.
    highest: u64,
}

impl Dedupe {
    /// What is known of request `n` of `client`.
    #[must_use]
    pub fn known(&self, client: ClientId, n: u64) -> Known {
        let Some(answers) = self.clients.get(&client) else { return Known::New };
        if n > answers.highest {
            return Known::New;
        }
        let answers = &answers.last;
        if let Some(&(_, position)) = answers.iter().find(|&&(seen, _)| seen == n) {
            return Known::Done(position);
        }
        match answers.front() {
            Some(&(oldest, _)) if answers.len() == ANSWERS_MAX && n < oldest => Known::Forgotten,
            _ => Known::New,
        }
    }

    /// Highest number of a request of `client` that was carried out; 0 when there was none.
    #[must_use]
    pub fn highest(&self, client: ClientId) -> u64 {
        self.clients.get(&client).map_or(0, |answers| answers.highest)
    }

    pub(super) fn apply(&mut self, request: Option<(ClientId, u64)>, position: Position) {
        let Some((client, n)) = request else { return };
        let Answers { last: answers, highest } = self.clients.entry(client).or_default();
        *highest = n.max(*highest);
        match answers.back_mut() {
            // One request may become several facts: the last one is its answer.
            Some(last) if last.0 == n => last.1 = position,
            _ => {
                if answers.len() == ANSWERS_MAX {
                    answers.pop_front();
                }
                answers.push_back((n, position));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_and_then_forgotten() {
        let mut dedupe = Dedupe::default();
        let client = ClientId(5);
        for n in 1..=70 {
            dedupe.apply(Some((client, n)), Position { epoch: 1, seq: n * 2 });
            dedupe.apply(Some((client, n)), Position { epoch: 1, seq: n * 2 + 1 });
        }
        assert_eq!(dedupe.known(client, 70), Known::Done(Position { epoch: 1, seq: 141 }));
        assert_eq!(dedupe.known(client, 7), Known::Done(Position { epoch: 1, seq: 15 }));
        assert_eq!(dedupe.known(client, 6), Known::Forgotten);
        assert_eq!(dedupe.known(client, 71), Known::New);
        assert_eq!(dedupe.known(ClientId(6), 1), Known::New);
        assert_eq!((dedupe.highest(client), dedupe.highest(ClientId(6))), (70, 0));
    }

    #[test]
    fn a_request_carried_out_after_a_later_one_hides_none() {
        let mut dedupe = Dedupe::default();
        let client = ClientId(5);
        for (n, seq) in [(1, 1), (6, 2), (5, 3)] {
            dedupe.apply(Some((client, n)), Position { epoch: 1, seq });
        }
        assert_eq!(dedupe.known(client, 6), Known::Done(Position { epoch: 1, seq: 2 }));
        assert_eq!((dedupe.known(client, 4), dedupe.highest(client)), (Known::New, 6));
    }
}
