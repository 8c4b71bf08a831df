//! Tickets, and the file they may come from: one a line, `ROLE TICKET [SESSION]`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::CannotRun;

/// What somebody does in the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Opens the session, receives, and ends it afterwards.
    Host,
    /// Publishes, with its number within the run, and receives.
    Publisher(u32),
    /// Receives.
    Attendee,
}

/// Somebody with a right to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) ticket: String,
    pub(crate) part: Part,
    /// Number of the session within the run.
    pub(crate) session: u32,
}

/// Who publishes in a session: this many, with numbers from `first`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cast {
    pub(crate) first: u32,
    pub(crate) publishers: u32,
    /// People in the session, publishers and hosts included.
    pub(crate) people: u32,
}

/// Reads a file of tickets: the guests, and the cast of each session.
pub(crate) fn read(path: &Path) -> Result<(Vec<Guest>, Vec<Cast>), CannotRun> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    parse(&text).map_err(|CannotRun(why)| CannotRun(format!("{}: {why}", path.display())))
}

fn parse(text: &str) -> Result<(Vec<Guest>, Vec<Cast>), CannotRun> {
    let mut sessions = BTreeMap::new();
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (role, ticket, session) = match words[..] {
            [] => continue,
            [first, ..] if first.starts_with('#') => continue,
            [role, ticket] => (role, ticket, "1"),
            [role, ticket, session] => (role, ticket, session),
            _ => return Err(format!("line {} is not `ROLE TICKET [SESSION]`", at + 1).into()),
        };
        let count = sessions.len() as u32;
        let session = *sessions.entry(session).or_insert(count);
        let part = match role {
            "host" => Part::Host,
            "publisher" => Part::Publisher(0),
            "attendee" => Part::Attendee,
            _ => {
                return Err(format!(
                    "line {}: `{role}` is not host, publisher or attendee",
                    at + 1
                )
                .into());
            }
        };
        lines.push(Guest { ticket: ticket.to_owned(), part, session });
    }
    if !lines.iter().any(|guest| matches!(guest.part, Part::Publisher(_))) {
        return Err("it names no publisher".into());
    }
    let mut casts = vec![Cast::default(); sessions.len()];
    // Publishers of one session have numbers in a row.
    lines.sort_by_key(|guest| guest.session);
    let mut next = 0;
    for guest in &mut lines {
        let cast = &mut casts[guest.session as usize];
        if cast.people == 0 {
            cast.first = next;
        }
        cast.people += 1;
        if let Part::Publisher(number) = &mut guest.part {
            *number = next;
            next += 1;
            cast.publishers += 1;
        }
    }
    Ok((lines, casts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_tickets_is_read() {
        let text = "# two sessions\npublisher p1 red\nhost h1 red\n\nattendee a1 blue\n\
                    publisher p2 blue\npublisher p3 red\n";
        let (guests, casts) = parse(text).expect("sound");
        let parts: Vec<_> = guests.iter().map(|g| (g.ticket.as_str(), g.part, g.session)).collect();
        assert_eq!(
            parts,
            [
                ("p1", Part::Publisher(0), 0),
                ("h1", Part::Host, 0),
                ("p3", Part::Publisher(1), 0),
                ("a1", Part::Attendee, 1),
                ("p2", Part::Publisher(2), 1),
            ]
        );
        assert_eq!(casts[0], Cast { first: 0, publishers: 2, people: 3 });
        assert_eq!(casts[1], Cast { first: 2, publishers: 1, people: 2 });
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, word) in [
            ("publisher", "line 1"),
            ("publisher a\nking b", "line 2: `king`"),
            ("attendee a", "no publisher"),
        ] {
            let CannotRun(sentence) = parse(text).expect_err("wrong");
            assert!(sentence.contains(word), "{sentence}");
        }
    }
}
