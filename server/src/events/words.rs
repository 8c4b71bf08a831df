//! The words of events: one for each fact that is worth telling, and what is said with it. Nothing
//! secret is: no password, no access code, no text that people wrote to each other.

mod meetings;
mod sessions;
mod sites;

use serde_json::{Value, json};

pub(super) use meetings::life;
pub(super) use sessions::session;
pub(super) use sites::site;

/// A fact as it is told.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    pub(super) word: &'static str,
    pub(super) data: Value,
}

impl From<&'static str> for Told {
    fn from(word: &'static str) -> Self {
        Self { word, data: json!({}) }
    }
}

fn told(word: &'static str, data: Value) -> Told {
    Told { word, data }
}

/// A fact whose payload was overwritten.
pub(super) const ERASED: &str = "log.erased";
/// A fact that this version of the server cannot read.
pub(super) const UNREADABLE: &str = "log.unreadable";

/// Events that come in great numbers: `*` does not mean them.
pub(super) const QUIET: &[&str] = &[
    "account.sign_in_failed",
    "chat.said",
    "participant.control_counted",
    "participant.delivered",
    "participant.disconnected",
    "participant.entered",
    "participant.reconnected",
    "recording.sealed",
    "track.closed",
    "track.opened",
    "track.paused",
    "track.resumed",
];

/// The word of a fact of which there are very many, by the number in its header: whoever does not
/// want it need not read it.
pub(super) fn numerous(event_type: u16) -> Option<&'static str> {
    match event_type {
        0x0401 => Some("chat.said"),
        0x0803 => Some("recording.sealed"),
        _ => None,
    }
}

/// Every word, and what it says. `docs/API-EVENTS.md` has the same.
#[rustfmt::skip]
pub const WORDS: &[(&str, &str)] = &[
    ("account.added",              "An account was made."),
    ("account.changed",            "What an account is called, or what it may do, changed."),
    ("account.codes_off",          "An account asks for no codes any more."),
    ("account.codes_on",           "An account asks for codes of an authenticator app."),
    ("account.disabled",           "An account was switched off."),
    ("account.enabled",            "An account was switched on again."),
    ("account.password_changed",   "An account has another password."),
    ("account.reset_issued",       "A link to set a new password was made."),
    ("account.sign_in_failed",     "Somebody failed to sign in."),
    ("account.sign_ins_ended",     "Sign-ins of an account were ended."),
    ("account.signed_in",          "Somebody signed in."),
    ("administrator.did",          "An administrator did something in the console."),
    ("alarm.raised",               "Something that an operator should hear of at once."),
    ("chat.announced",             "The server wrote to everybody; what, is not told."),
    ("chat.said",                  "Somebody wrote something; what, is not told."),
    ("connection.removed",         "A connection to another server was taken away."),
    ("connection.set",             "A connection to another server was set or changed."),
    ("group.added",                "A group was made."),
    ("group.changed",              "A group's name or privileges changed."),
    ("group.removed",              "A group was taken away."),
    ("key.made",                   "A key by which programs act for an account was made."),
    ("key.revoked",                "Such a key is dead."),
    ("log.erased",                 "A fact whose content was erased."),
    ("log.unreadable",             "A fact that this version of the server cannot read."),
    ("meeting.cancelled",          "A meeting was called off."),
    ("meeting.changed",            "A meeting's topic, type, password or plan changed."),
    ("meeting.code_drawn",         "A meeting got an access code; which, is not told."),
    ("meeting.created",            "A meeting was made."),
    ("meeting.invited",            "People were asked to come; who, is not told."),
    ("meeting.restored",           "A meeting that was called off is held after all."),
    ("meeting.session_ended",      "A session of the meeting ended, as its meeting noted."),
    ("meeting.session_opened",     "A session of the meeting was opened, as its meeting noted."),
    ("meeting.transferred",        "A meeting was given to another host."),
    ("participant.chat_allowed",   "Somebody may write again."),
    ("participant.chat_paused",    "Somebody may not write."),
    ("participant.control_asked",  "Somebody would like to control the shared screen."),
    ("participant.control_counted", "How much input came while somebody had control."),
    ("participant.control_ended",  "Nobody controls the shared screen any more."),
    ("participant.control_given",  "Somebody controls the shared screen."),
    ("participant.delivered",      "How much one participant was sent, told when they go."),
    ("participant.disconnected",   "A participant lost the connection and may come back."),
    ("participant.entered",        "Somebody came in; who joins or waits is told next."),
    ("participant.hand_lowered",   "A hand went down."),
    ("participant.hand_raised",    "A hand went up."),
    ("participant.joined",         "Somebody is in the session."),
    ("participant.left",           "Somebody is no longer in the session or its lobby."),
    ("participant.microphone_off", "A caller's microphone is off."),
    ("participant.microphone_on",  "A caller's microphone is on again."),
    ("participant.muted",          "Somebody may not speak."),
    ("participant.on_telephone",   "Somebody who joined is on the telephone."),
    ("participant.presenting",     "Somebody else presents, or nobody."),
    ("participant.reconnected",    "A participant is back."),
    ("participant.unmuted",        "Somebody may speak again."),
    ("participant.waiting",        "Somebody waits in the lobby."),
    ("policy.loaded",              "Other scripts answer what is policy."),
    ("recording.missing",          "A stretch of the recording is missing."),
    ("recording.sealed",           "A stretch of the recording is bound to the log."),
    ("recording.started",          "Media is recorded from here."),
    ("recording.stopped",          "Media is not recorded from here."),
    ("server.backed_up",           "A backup was made."),
    ("server.credential_exposed",  "A password came in an address or over plain HTTP."),
    ("server.erased",              "Contents of facts were erased."),
    ("server.lost",                "A loss of facts was accepted by the operator."),
    ("server.started",             "The server started."),
    ("session.ended",              "A session is over."),
    ("session.locked",             "Nobody else may come into the session."),
    ("session.opened",             "A session began."),
    ("session.unlocked",           "People may come into the session again."),
    ("settings.changed",           "An administrator set something."),
    ("track.closed",               "Something is no longer shared."),
    ("track.opened",               "A screen, camera, microphone or remote input is there."),
    ("track.paused",               "Nothing is sent on a track for a while."),
    ("track.resumed",              "A track is sent again."),
    ("webhook.added",              "Somebody is told of events from now on."),
    ("webhook.changed",            "A webhook tells something else, or elsewhere."),
    ("webhook.disabled",           "A webhook was switched off."),
    ("webhook.enabled",            "A webhook was switched on again."),
    ("webhook.gave_up",            "An event could not be told and was given up."),
    ("webhook.redelivered",        "An event that was given up was told after all."),
    ("webhook.removed",            "A webhook was taken away."),
    ("webhook.secret_changed",     "A webhook's calls are signed with another secret."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_the_documentation_has_the_same() {
        assert!(WORDS.is_sorted_by_key(|(word, _)| word), "sorted, each once");
        assert!(QUIET.iter().all(|quiet| WORDS.iter().any(|(word, _)| word == quiet)));
        let page = include_str!("../../../docs/API-EVENTS.md");
        let rows: Vec<String> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.split(" | ").take(2).collect::<Vec<_>>().join(" | "))
            .collect();
        let table = WORDS.iter().map(|(word, says)| {
            let quiet = if QUIET.contains(word) { " (only when asked for)" } else { "" };
            format!("| `{word}`{quiet} | {says}")
        });
        assert_eq!(rows, table.collect::<Vec<_>>());
    }
}
