//! Tickets, and the file they may come from: one a line, `ROLE TICKET [SESSION]`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::CannotRun;
use crate::clock::Micros;
use crate::scenario::role::{Medium, Role};

/// Somebody's place in the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Number of the session within the run.
    pub(crate) session: u32,
    /// Number of the role within the plan.
    pub(crate) role: usize,
    /// Opens the session, and ends it afterwards.
    pub(crate) host: bool,
    /// Number within the run of the first thing that they publish.
    pub(crate) first: u32,
}

/// Somebody with a right to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) ticket: String,
    pub(crate) seat: Seat,
    /// When they wanted to be let in; `None`: when they connect.
    pub(crate) began: Option<Micros>,
}

/// What is published in a session: so many things, with numbers from `first`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cast {
    pub(crate) first: u32,
    pub(crate) voices: u32,
    /// People who are in the session from the start, publishers and hosts included.
    pub(crate) people: u32,
    /// Number of the remote input, if somebody controls the screen: it comes to one person alone.
    pub(crate) input: Option<u32>,
}

/// Everybody of a run, by session.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    pub(crate) casts: Vec<Cast>,
    /// What each thing that is published is, by its number.
    pub(crate) mediums: Vec<Medium>,
    /// Everybody's place, by session and in the order they come; the host first.
    pub(crate) seats: Vec<Vec<Seat>>,
}

impl Crowd {
    /// Seats a session: its host, then the others, by their roles.
    pub(crate) fn seat(&mut self, roles: &[Role], host: usize, people: &[(usize, u32)]) {
        let others = people.iter().flat_map(|(role, count)| (0..*count).map(|_| (*role, false)));
        self.seat_all(roles, std::iter::once((host, true)).chain(others));
    }

    fn seat_all(&mut self, roles: &[Role], people: impl Iterator<Item = (usize, bool)>) {
        let session = self.casts.len() as u32;
        let mut cast = Cast { first: self.mediums.len() as u32, ..Cast::default() };
        let mut seats = Vec::new();
        for (role, host) in people {
            let first = self.mediums.len() as u32;
            let inputs = (first..).zip(&roles[role].outputs);
            let mut inputs = inputs.filter(|(_, output)| output.medium == Medium::INPUT);
            cast.input = cast.input.or(inputs.next().map(|(number, _)| number));
            seats.push(Seat { session, role, host, first });
            self.mediums.extend(roles[role].outputs.iter().map(|output| output.medium));
            cast.people += u32::from(roles[role].is_steady());
        }
        cast.voices = self.mediums.len() as u32 - cast.first;
        self.casts.push(cast);
        self.seats.push(seats);
    }

    /// All people, those who come later included.
    pub(crate) fn people(&self) -> usize {
        self.seats.iter().map(Vec::len).sum()
    }

    /// Those who are there from the start.
    pub(crate) fn steady(&self) -> usize {
        self.casts.iter().map(|cast| cast.people as usize).sum()
    }

    /// People who publish something.
    pub(crate) fn publishers(&self, roles: &[Role]) -> usize {
        let seats = self.seats.iter().flatten();
        seats.filter(|seat| !roles[seat.role].outputs.is_empty()).count()
    }
}

/// Reads a file of tickets: the guests, by session, and where they sit.
pub(crate) fn read(path: &Path, roles: &[Role]) -> Result<(Vec<Guest>, Crowd), CannotRun> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    parse(&text, roles).map_err(|CannotRun(why)| CannotRun(format!("{}: {why}", path.display())))
}

fn parse(text: &str, roles: &[Role]) -> Result<(Vec<Guest>, Crowd), CannotRun> {
    let mut sessions = BTreeMap::new();
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (word, ticket, session) = match words[..] {
            [] => continue,
            [first, ..] if first.starts_with('#') => continue,
            [role, ticket] => (role, ticket, "1"),
            [role, ticket, session] => (role, ticket, session),
            _ => return Err(format!("line {} is not `ROLE TICKET [SESSION]`", at + 1).into()),
        };
        let count = sessions.len();
        let session = *sessions.entry(session).or_insert(count);
        let Some(role) = roles.iter().position(|role| role.name == word) else {
            let names: Vec<_> = roles.iter().map(|role| role.name.as_str()).collect();
            let known = names.join(", ");
            return Err(format!("line {}: `{word}` is not one of {known}", at + 1).into());
        };
        lines.push((session, role, ticket));
    }
    if !lines.iter().any(|(_, role, _)| !roles[*role].outputs.is_empty()) {
        return Err("it names no publisher".into());
    }
    // Publishers of one session have numbers in a row.
    lines.sort_by_key(|(session, ..)| *session);
    let mut crowd = Crowd::default();
    let mut guests = Vec::new();
    for of_session in lines.chunk_by(|(one, ..), (other, ..)| one == other) {
        let people = of_session.iter().map(|(_, role, _)| (*role, *role == 0));
        crowd.seat_all(roles, people);
        let seats = crowd.seats.last().into_iter().flatten();
        for ((_, _, ticket), seat) in of_session.iter().zip(seats) {
            guests.push(Guest { ticket: (*ticket).to_owned(), seat: *seat, began: None });
        }
    }
    if crowd.steady() < guests.len() {
        return Err("tickets are good for a minute, so nobody with one can come later".into());
    }
    Ok((guests, crowd))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles() -> Vec<Role> {
        crate::plan::tests::plan(&[]).expect("sound").roles
    }

    #[test]
    fn a_file_of_tickets_is_read() {
        let text = "# two sessions\npublisher p1 red\nhost h1 red\n\nattendee a1 blue\n\
                    publisher p2 blue\npublisher p3 red\n";
        let (guests, crowd) = parse(text, &roles()).expect("sound");
        let seat = |guest: &Guest| {
            let Seat { session, role, host, first } = guest.seat;
            (guest.ticket.clone(), session, role, host, first)
        };
        let seats: Vec<_> = guests.iter().map(seat).collect();
        assert_eq!(
            seats,
            [
                ("p1".to_owned(), 0, 1, false, 0),
                ("h1".to_owned(), 0, 0, true, 1),
                ("p3".to_owned(), 0, 1, false, 1),
                ("a1".to_owned(), 1, 2, false, 2),
                ("p2".to_owned(), 1, 1, false, 2),
            ]
        );
        assert_eq!(crowd.casts[0], Cast { first: 0, voices: 2, people: 3, input: None });
        assert_eq!(crowd.casts[1], Cast { first: 2, voices: 1, people: 2, input: None });
        assert_eq!((crowd.people(), crowd.publishers(&roles())), (5, 3));
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, word) in [
            ("publisher", "line 1"),
            ("publisher a\nking b", "line 2: `king`"),
            ("attendee a", "no publisher"),
        ] {
            let CannotRun(sentence) = parse(text, &roles()).expect_err("wrong");
            assert!(sentence.contains(word), "{sentence}");
        }
    }
}
