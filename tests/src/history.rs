//! Recorded histories: whether all that people sent, were answered and heard fits into one order
//! that agrees with real time (linearizability), with the log's own seq as that order.

use std::collections::BTreeMap;

/// What became of a request, as its author knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Accepted; the receipt came then and names this seq.
    Accepted(T, u64),
    /// Accepted, as was said then; by which seq is no longer known.
    Done(T),
    /// Refused: it must not be in the log.
    Refused(T),
    /// No answer came: it may be in the log or not.
    Unanswered,
}

/// One request. `T` is a time: anything that is ordered and the same clock for everybody.
#[derive(Clone, Debug)]
pub struct Request<T> {
    /// What it puts into the log; no other request says the same.
    pub text: String,
    /// A moment before it was first sent.
    pub sent: T,
    /// What became of it.
    pub outcome: Outcome<T>,
}

/// Something that was heard.
#[derive(Clone, Debug)]
pub struct Heard<T> {
    /// Its place in the log, as it was said.
    pub seq: u64,
    /// What was heard.
    pub text: String,
    /// A moment after it came.
    pub at: T,
}

/// All that is known of a run.
#[derive(Clone, Debug)]
pub struct History<T> {
    /// What the log holds in the end, by seq.
    pub log: BTreeMap<u64, String>,
    /// Every request that was ever sent.
    pub requests: Vec<Request<T>>,
    /// What each observer heard, in the order in which it came. One who joined late or was away
    /// may have missed some.
    pub observers: Vec<Vec<Heard<T>>>,
}

/// Everything that is wrong with a history, a sentence each; nothing when it is linearizable.
#[must_use]
pub fn faults<T: Copy + Ord>(history: &History<T>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seq_of: BTreeMap<&str, u64> = BTreeMap::new();
    for (&seq, text) in &history.log {
        if let Some(first) = seq_of.insert(text, seq) {
            faults.push(format!("{text} is in the log twice, at {first} and {seq}"));
        }
    }
    let known: BTreeMap<&str, &Request<T>> =
        history.requests.iter().map(|request| (request.text.as_str(), request)).collect();
    if known.len() < history.requests.len() {
        faults.push("two requests say the same, so that they cannot be told apart".to_owned());
    }
    for text in seq_of.keys().filter(|text| !known.contains_key(**text)) {
        faults.push(format!("{text} is in the log and nobody sent it"));
    }
    for request in &history.requests {
        faults.extend(promise_broken(request, seq_of.get(request.text.as_str()).copied()));
    }
    let mut first_heard: BTreeMap<u64, T> = BTreeMap::new();
    for heard in &history.observers {
        faults.extend(misheard(heard, history, &known));
        for one in heard {
            let first = first_heard.entry(one.seq).or_insert(one.at);
            *first = one.at.min(*first);
        }
    }
    faults.extend(against_real_time(history, &seq_of, &first_heard));
    faults
}

/// What an answer promised and the log does not keep.
fn promise_broken<T>(request: &Request<T>, seq: Option<u64>) -> Option<String> {
    let text = &request.text;
    match (&request.outcome, seq) {
        (Outcome::Accepted(..) | Outcome::Done(_), None) => {
            Some(format!("{text} was accepted and is lost"))
        }
        (Outcome::Accepted(_, told), Some(seq)) if *told != seq => {
            Some(format!("the receipt of {text} names {told}, the log has it at {seq}"))
        }
        (Outcome::Refused(_), Some(seq)) => {
            Some(format!("{text} was refused and is in the log at {seq}"))
        }
        _ => None,
    }
}

/// Where an observer heard something else than the log holds, in another order, or before it was
/// sent.
fn misheard<T: Copy + Ord>(
    heard: &[Heard<T>],
    history: &History<T>,
    known: &BTreeMap<&str, &Request<T>>,
) -> Vec<String> {
    let mut faults = Vec::new();
    for two in heard.windows(2).filter(|two| two[0].seq >= two[1].seq) {
        faults.push(format!("{} was heard after {}", two[1].seq, two[0].seq));
    }
    for Heard { seq, text, at } in heard {
        match history.log.get(seq) {
            Some(logged) if logged == text => {}
            Some(logged) => {
                faults.push(format!("{text} was heard at {seq}, where the log has {logged}"));
            }
            None => faults.push(format!("{text} was heard at {seq}, where the log has nothing")),
        }
        if known.get(text.as_str()).is_some_and(|request| *at < request.sent) {
            faults.push(format!("{text} was heard before it was sent"));
        }
    }
    faults
}

/// Requests that stand before one that was answered, or heard, before they were sent.
fn against_real_time<T: Copy + Ord>(
    history: &History<T>,
    seq_of: &BTreeMap<&str, u64>,
    first_heard: &BTreeMap<u64, T>,
) -> Vec<String> {
    // By when each entry had surely taken its place, and from when on it can have.
    let mut settled: Vec<(T, u64)> = first_heard.iter().map(|(&seq, &at)| (at, seq)).collect();
    let mut begun: Vec<(T, u64, &str)> = Vec::new();
    for request in &history.requests {
        let Some(&seq) = seq_of.get(request.text.as_str()) else { continue };
        begun.push((request.sent, seq, &request.text));
        match request.outcome {
            Outcome::Accepted(at, _) | Outcome::Done(at) => settled.push((at, seq)),
            Outcome::Refused(_) | Outcome::Unanswered => {}
        }
    }
    settled.sort_unstable();
    begun.sort_unstable();
    let mut settled = settled.into_iter().peekable();
    let mut highest = 0;
    let mut faults = Vec::new();
    for (sent, seq, text) in begun {
        while let Some((_, before)) = settled.next_if(|&(at, _)| at < sent) {
            highest = highest.max(before);
        }
        if seq < highest {
            let order = format!("{seq} stands before {highest}");
            faults.push(format!("{text} was sent after {highest} was known, and {order}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str, sent: u64, outcome: Outcome<u64>) -> Request<u64> {
        Request { text: text.to_owned(), sent, outcome }
    }

    fn heard(all: &[(u64, &str, u64)]) -> Vec<Heard<u64>> {
        all.iter().map(|&(seq, text, at)| Heard { seq, text: text.to_owned(), at }).collect()
    }

    /// Two requests at the same time, one after them, one that nobody answered.
    fn good() -> History<u64> {
        let log = [(3, "b"), (5, "a"), (6, "c"), (9, "d")];
        History {
            log: log.map(|(seq, text)| (seq, text.to_owned())).into(),
            requests: vec![
                request("a", 10, Outcome::Accepted(30, 5)),
                request("b", 20, Outcome::Accepted(40, 3)),
                request("c", 41, Outcome::Done(60)),
                request("d", 50, Outcome::Unanswered),
                request("e", 50, Outcome::Unanswered),
                request("f", 55, Outcome::Refused(70)),
            ],
            observers: vec![
                heard(&[(3, "b", 25), (5, "a", 27), (6, "c", 45), (9, "d", 90)]),
                heard(&[(5, "a", 80), (9, "d", 80)]),
            ],
        }
    }

    fn only_fault(change: impl FnOnce(&mut History<u64>)) -> String {
        let mut history = good();
        change(&mut history);
        let faults = faults(&history);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.concat()
    }

    #[test]
    fn a_history_that_fits_one_order_has_no_faults() {
        assert_eq!(faults(&good()), Vec::<String>::new());
        let nothing: History<u64> =
            History { log: BTreeMap::new(), requests: Vec::new(), observers: Vec::new() };
        assert_eq!(faults(&nothing), Vec::<String>::new());
    }

    #[test]
    fn requests_at_the_same_time_may_stand_in_either_order() {
        let mut history = good();
        history.requests[1].sent = 30;
        history.observers.clear();
        // The answer to `a` came no earlier than `b` was sent.
        assert_eq!(faults(&history), Vec::<String>::new());
    }

    #[test]
    fn one_sent_after_an_answer_must_not_stand_before_it() {
        let fault = only_fault(|history| {
            history.requests[1].sent = 31;
            history.observers.clear();
        });
        assert_eq!(fault, "b was sent after 5 was known, and 3 stands before 5");
    }

    #[test]
    fn one_sent_after_something_was_heard_must_not_stand_before_it() {
        let fault = only_fault(|history| {
            history.requests[1].sent = 28;
            history.observers[0].remove(0);
        });
        assert_eq!(fault, "b was sent after 5 was known, and 3 stands before 5");
    }

    #[test]
    fn an_accepted_one_is_in_the_log_once_and_where_its_receipt_says() {
        let lost = only_fault(|history| history.requests[4].outcome = Outcome::Done(70));
        assert_eq!(lost, "e was accepted and is lost");
        let moved = only_fault(|history| history.requests[0].outcome = Outcome::Accepted(30, 4));
        assert_eq!(moved, "the receipt of a names 4, the log has it at 5");
        let twice = only_fault(|history| {
            history.log.insert(12, "d".to_owned());
        });
        assert_eq!(twice, "d is in the log twice, at 9 and 12");
    }

    #[test]
    fn what_was_refused_or_never_sent_is_not_in_the_log() {
        let refused = only_fault(|history| {
            history.log.insert(12, "f".to_owned());
        });
        assert_eq!(refused, "f was refused and is in the log at 12");
        let foreign = only_fault(|history| {
            history.log.insert(12, "x".to_owned());
        });
        assert_eq!(foreign, "x is in the log and nobody sent it");
    }

    #[test]
    fn every_observer_hears_the_log_in_its_order() {
        let other = only_fault(|history| history.observers[1][0].text = "b".to_owned());
        assert_eq!(other, "b was heard at 5, where the log has a");
        let nothing = only_fault(|history| history.observers[1][0].seq = 4);
        assert_eq!(nothing, "a was heard at 4, where the log has nothing");
        let turned = only_fault(|history| history.observers[1].reverse());
        assert_eq!(turned, "5 was heard after 9");
        let again = only_fault(|history| {
            let one = history.observers[1][0].clone();
            history.observers[1].insert(0, one);
        });
        assert_eq!(again, "5 was heard after 5");
    }

    #[test]
    fn nothing_is_heard_before_it_was_sent() {
        let fault = only_fault(|history| history.observers[0][2].at = 40);
        assert_eq!(fault, "c was heard before it was sent");
    }
}
