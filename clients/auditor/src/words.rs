//! Facts in words: what a session's facts say to somebody who reads the log.

mod accounts;
mod others;

use convoke_model::Millis;
use convoke_model::meeting::chat::{self, To};
use convoke_model::meeting::lifecycle::{self, EndReason, MeetingType};
use convoke_model::meeting::recording::{self, GapReason};
use convoke_model::meeting::roster::{self, LeaveReason};
use convoke_model::meeting::{Event, control, delivery, dial_in, floor, hand, lock, track};
use convoke_model::policy::{Credential, Decided, Question, Value, Verdict};

pub(crate) use others::{life, site};

use crate::json::hex;
use crate::names::Names;
use crate::out::{count, plain};
use crate::times::Clock;

/// What happened, without who did it. Each joining is told with the word `joined`, each leaving of
/// somebody who had joined with the word `left`, so that they can be counted.
pub(crate) fn session(event: &Event, names: &Names, clock: &Clock) -> String {
    match event {
        Event::Lifecycle(lifecycle::Event::Opened(opening)) => format!(
            "opened \"{}\" ({}) for {}, {}; host {}; its meeting stands at seq {}",
            plain(opening.topic.as_str()),
            kind(opening.kind),
            count(u64::from(opening.participants_max), "person", "people"),
            if opening.recording { "recorded" } else { "not recorded" },
            names.account(opening.host),
            opening.meeting_seq,
        ),
        Event::Lifecycle(lifecycle::Event::Ended { reason }) => format!("ended: {}", end(*reason)),
        Event::Roster(event) => in_roster(event, names, clock),
        Event::Floor(floor::Event::PresenterChanged { who: Some(who) }) => {
            format!("{} presents", names.person(*who))
        }
        Event::Floor(floor::Event::PresenterChanged { who: None }) => "nobody presents".into(),
        Event::Control(event) => of_control(event, names),
        Event::Chat(chat::Event::Said { to, text }) => {
            let to = match to {
                To::Everyone => String::new(),
                To::Hosts => String::from(" to the hosts"),
                To::One(who) => format!(" to {}", names.person(*who)),
            };
            format!("says{to}: {}", plain(text.as_str()))
        }
        Event::Chat(chat::Event::Announced { text }) => {
            format!("the server says to everyone: {}", plain(text.as_str()))
        }
        Event::Chat(chat::Event::Silenced { who }) => {
            format!("{} may not write", names.person(*who))
        }
        Event::Chat(chat::Event::Unsilenced { who }) => {
            format!("{} may write again", names.person(*who))
        }
        Event::Track(event) => on_track(event, names),
        Event::Hand(hand::Event::Raised { who }) => {
            format!("{} raised a hand", names.person(*who))
        }
        Event::Hand(hand::Event::Lowered { who }) => {
            format!("the hand of {} is down", names.person(*who))
        }
        Event::Lock(lock::Event::Locked {}) => "locked the session".into(),
        Event::Lock(lock::Event::Unlocked {}) => "unlocked the session".into(),
        Event::Recording(event) => of_recording(event, clock),
        Event::Delivery(delivery::Event::Delivered(ledger)) => delivered(ledger, names),
        Event::DialIn(event) => by_telephone(event, names),
        Event::Policy(decided) => policy(decided, names),
    }
}

fn of_control(event: &control::Event, names: &Names) -> String {
    match event {
        control::Event::Asked {} => "would like to control the shared screen".into(),
        control::Event::Given { to } => format!("{} controls the screen", names.person(*to)),
        control::Event::Ended {} => "nobody controls the screen any more".into(),
        control::Event::Counted(control::Count { track, who, messages, bytes, first, last }) => {
            format!(
                "{} sent {} of input, {bytes} bytes, in {:.1} s on track {track}",
                names.person(*who),
                count(*messages, "message", "messages"),
                last.since(*first) as f64 / 1000.0,
            )
        }
    }
}

fn by_telephone(event: &dial_in::Event, names: &Names) -> String {
    match event {
        dial_in::Event::Called { who, call, number } => format!(
            "participant {who} calls from {} (call {} of the bridge {})",
            number.as_ref().map_or("a number that is withheld".into(), |n| plain(n.as_str())),
            plain(call.id.as_str()),
            plain(call.bridge.as_str()),
        ),
        dial_in::Event::OnTelephone { who } => {
            format!("{} is on the telephone", names.person(*who))
        }
        dial_in::Event::MicrophoneOff { who } => {
            format!("the telephone of {} is silent", names.person(*who))
        }
        dial_in::Event::MicrophoneOn { who } => {
            format!("the telephone of {} is heard again", names.person(*who))
        }
    }
}

/// What somebody got of facts and media, and what not.
fn delivered(ledger: &delivery::Ledger, names: &Names) -> String {
    let delivery::Ledger { who, handed, confirmed, media, connections, catch_ups } = ledger;
    let mut words = format!(
        "{} was sent facts up to {handed} and confirmed {confirmed}; of media, {} bytes were sent \
         and {} confirmed",
        names.person(*who),
        media.handed,
        media.confirmed
    );
    if media.skips > 0 {
        let (bytes, times) = (media.skipped, media.skips);
        words.push_str(&format!("; {bytes} bytes were skipped, too slow {times} times"));
    }
    if *catch_ups > 0 {
        words.push_str(&format!("; read the log {catch_ups} times to catch up"));
    }
    if *connections > 1 {
        words.push_str(&format!("; over {connections} connections"));
    }
    words
}

fn in_roster(event: &roster::Event, names: &Names, clock: &Clock) -> String {
    match event {
        roster::Event::Entered { who, account, grant, .. } => {
            let account = account.map_or_else(|| "no account".into(), |id| names.account(id));
            let may = [
                (grant.screen, "screen"),
                (grant.camera, "camera"),
                (grant.microphone, "microphone"),
                (grant.chat, "chat"),
            ];
            let may: Vec<&str> =
                may.iter().filter(|(may, _)| *may).map(|(_, what)| *what).collect();
            let may = if may.is_empty() { "watch only".into() } else { may.join(", ") };
            let role = grant.role.word();
            format!("participant {who} came through the door as {role} ({account}; may use: {may})")
        }
        roster::Event::Waiting { who, .. } => format!("{} waits in the lobby", names.person(*who)),
        roster::Event::Joined { who, role, .. } => {
            format!("{} joined as {}", names.person(*who), role.word())
        }
        roster::Event::Left { who, reason, at } => {
            let verb = if names.waits(*who) { "went from the lobby" } else { "left" };
            let why = match reason {
                LeaveReason::Left => "",
                LeaveReason::Removed => " (removed by a host)",
                LeaveReason::Denied => " (turned away)",
                LeaveReason::Ended => " (the session ended)",
                LeaveReason::Lost => " (the connection did not come back)",
                LeaveReason::ServerRestart => " (did not come back after a restart)",
            };
            let seen = at.map_or_else(String::new, |at| last_seen(at, clock));
            format!("{} {verb}{why}{seen}", names.person(*who))
        }
        roster::Event::Disconnected { who, at: None } => {
            format!("{} lost the connection", names.person(*who))
        }
        roster::Event::Disconnected { who, at: Some(at) } => {
            let seen = last_seen(*at, clock);
            format!("{} lost the connection when the server stopped{seen}", names.person(*who))
        }
        roster::Event::Reconnected { who } => format!("{} is back", names.person(*who)),
    }
}

/// When somebody was last known to be here, where the fact itself was written later.
pub(crate) fn last_seen(at: Millis, clock: &Clock) -> String {
    format!(", last seen {}", clock.tell(at))
}

fn on_track(event: &track::Event, names: &Names) -> String {
    match event {
        track::Event::Opened { track, codec, to: Some(to), .. } => {
            format!("sends input to {} as track {track} ({})", names.person(*to), plain(codec))
        }
        track::Event::Opened { track, kind, codec, width, height, to: None } => {
            let pixels = if *width == 0 { String::new() } else { format!(", {width}x{height}") };
            let codec = plain(codec);
            format!("shares a {} as track {track} ({codec}{pixels})", kind.word())
        }
        track::Event::Closed { track } => format!("{} is closed", names.track(*track)),
        track::Event::Paused { track, generation } => {
            format!("{} is paused, generation {generation}", names.track(*track))
        }
        track::Event::Resumed { track, generation } => {
            format!("{} goes on, generation {generation}", names.track(*track))
        }
        track::Event::Muted { who } => format!("{} is muted", names.person(*who)),
        track::Event::Unmuted { who } => format!("{} may speak again", names.person(*who)),
    }
}

fn of_recording(event: &recording::Event, clock: &Clock) -> String {
    match event {
        recording::Event::Started {} => "recording is on".into(),
        recording::Event::Stopped {} => "recording is off".into(),
        recording::Event::MediaSealed(seal) => format!(
            "media sealed: bytes {} to {} of {}, SHA-256 {}",
            seal.from,
            seal.to,
            plain(&seal.file),
            hex(&seal.sha256)
        ),
        recording::Event::Missing(gap) => gap_words(gap, clock),
    }
}

/// A gap of the recording.
pub(crate) fn gap_words(gap: &recording::Gap, clock: &Clock) -> String {
    let why = match gap.reason {
        GapReason::Crash => "the server stopped",
        GapReason::Behind => "the recorder fell behind",
        GapReason::DiskFull => "the disk took no more",
    };
    format!("media is missing from {} to {}: {why}", clock.tell(gap.from), clock.tell(gap.to))
}

fn policy(decided: &Decided, names: &Names) -> String {
    let asked = match &decided.question {
        Question::Admit(admit) => {
            let who = admit.account.map_or_else(|| "somebody".into(), |id| names.account(id));
            let with = match admit.credential {
                Credential::Owner => "as the owner",
                Credential::Password => "with the password",
                Credential::Invitation => "with an invitation",
                Credential::Nothing => "with nothing",
            };
            format!("may {who} come in {with} as {}?", admit.role.word())
        }
        Question::Record(_) => "is media recorded?".into(),
        Question::Authenticate(asked) => format!("is {} who they say?", plain(&asked.identity)),
        Question::Code(asked) => format!("where does {} lead?", plain(&asked.digits)),
        Question::DrawCode(asked) => format!("which code does {} get?", asked.meeting),
        Question::Publish(asked) => {
            format!("what may {} say of {}?", plain(&asked.feed), asked.meeting)
        }
        Question::Register(asked) => format!("is there a seat in {}?", asked.meeting),
    };
    let verdict = match &decided.verdict {
        Verdict::Enter(role) => format!("come in as {}", role.word()),
        Verdict::Lobby => "wait in the lobby".into(),
        Verdict::Refuse(refusal) => format!("refused: {}", refusal.code()),
        Verdict::TurnAway { reason } => format!("refused: {}", plain(reason.as_str())),
        Verdict::Record { media: true, .. } => "from the start".into(),
        Verdict::Record { media: false, .. } => "not from the start".into(),
        Verdict::Authenticate(_)
        | Verdict::Code(_)
        | Verdict::Drawn(_)
        | Verdict::Publish(_)
        | Verdict::Register(_)
        | Verdict::Next => plain(&Value::from(&decided.verdict).shown()),
    };
    let fallback = match (&decided.why, decided.fallback) {
        (Some(why), true) => format!(", by fallback: {}", plain(&why.told)),
        (None, true) => ", by fallback".into(),
        (_, false) => String::new(),
    };
    let trial = if decided.live.is_some() { "on trial, " } else { "" };
    let policy = plain(&decided.policy);
    format!("{trial}policy {policy}: {asked} {verdict}{fallback} ({} us)", decided.micros)
}

/// What a meeting is for.
pub(crate) fn kind(kind: MeetingType) -> &'static str {
    match kind {
        MeetingType::Interactive => "interactive",
        MeetingType::RemoteSupport => "remote support",
        MeetingType::RemoteAccess => "remote access",
        MeetingType::Webinar => "webinar",
        MeetingType::VideoConference => "video conference",
    }
}

/// Why a session ended.
pub(crate) fn end(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Host => "a host ended it",
        EndReason::Empty => "nobody was there any more",
        EndReason::Administrator => "an administrator ended it",
    }
}
