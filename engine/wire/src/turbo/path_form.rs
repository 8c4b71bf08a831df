//! The embedded viewer's address: parameters in the path, `/id=..&name=..&password=..`, no `?`.

use super::meeting_number::AskedMeeting;
use super::pairs::{Pairs, Unreadable};
use super::secret::Secret;

/// Who wants to watch which meeting.
#[derive(Clone, Debug)]
pub struct ViewerCall {
    /// The meeting to watch.
    pub meeting: AskedMeeting,
    /// The name to show.
    pub name: Option<String>,
    /// The meeting's password.
    pub password: Option<Secret>,
}

/// Reads a request target; `None` when it is not the path form at all.
///
/// The whole target is taken, so a `?` or `/` inside a name or password stays part of it.
/// Any of the three names may come first.
pub fn viewer_path(target: &[u8]) -> Option<Result<ViewerCall, Unreadable>> {
    let rest = target.strip_prefix(b"/")?;
    let names = ["id=", "name=", "password="];
    let known = |name: &str| {
        rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    if !names.into_iter().any(known) {
        return None;
    }
    Some(read(rest))
}

fn read(rest: &[u8]) -> Result<ViewerCall, Unreadable> {
    let pairs = Pairs::split(rest)?;
    Ok(ViewerCall {
        meeting: AskedMeeting::read(pairs.text(&["id"])?.as_deref()),
        name: pairs.text(&["name"])?,
        password: pairs.secret(&["password"])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::id::MeetingId;

    #[test]
    fn the_path_form_is_read_with_raw_and_escaped_values() {
        let table: &[(&[u8], &str, &str)] = &[
            (b"/id=8813-7455&name=Brian Smith&password=123", "Brian Smith", "123"),
            (b"/id=88137455&name=Brian%20Smith&password=123", "Brian Smith", "123"),
            (b"/ID=8813-7455&name=\xD5\xC5\xCE\xB0&password=a/b?c", "张伟", "a/b?c"),
            (b"/name=Ann&id=88137455&password=%31", "Ann", "1"),
        ];
        for (target, name, password) in table {
            let call = viewer_path(target).expect("the path form").expect("readable");
            assert_eq!(call.meeting, AskedMeeting::Is(MeetingId::new(88_137_455).expect("valid")));
            assert_eq!(call.name.as_deref(), Some(*name));
            assert_eq!(call.password.as_ref().map(Secret::expose), Some(*password));
        }
    }

    #[test]
    fn other_paths_are_left_alone() {
        for target in [&b"/"[..], b"/join?id=88137455", b"/identity", b"/m/88137455", b"id=1"] {
            assert!(viewer_path(target).is_none());
        }
    }
}
