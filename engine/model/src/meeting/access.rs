//! Who may wish what: one pure function over every command; whatever is not listed is refused.

use super::{
    Command, Session, chat, control, delivery, dial_in, floor, hand, lifecycle, lock, recording,
    roster, track,
};
use crate::grant::Role;
use crate::record::Actor;
use crate::refusal::Refusal;

/// What a command asks of its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Only the server itself may.
    Server,
    /// Anybody in the session, viewers too.
    Presence,
    /// Anybody in the session who takes part.
    Part,
    /// A host.
    Host,
    /// A host or the presenter.
    Floor,
}

/// What `command` asks of its author.
#[must_use]
pub fn needs(command: &Command) -> Needs {
    match command {
        Command::Lifecycle(command) => match command {
            lifecycle::Command::End {} => Needs::Host,
            lifecycle::Command::Open(_) | lifecycle::Command::Close { .. } => Needs::Server,
        },
        Command::Roster(command) => match command {
            roster::Command::Leave {} => Needs::Presence,
            roster::Command::Admit { .. }
            | roster::Command::Deny { .. }
            | roster::Command::Remove { .. } => Needs::Host,
            roster::Command::Enter(_)
            | roster::Command::Drop { .. }
            | roster::Command::Interrupt { .. }
            | roster::Command::Disconnect { .. }
            | roster::Command::Reconnect { .. } => Needs::Server,
        },
        Command::Floor(command) => match command {
            floor::Command::Give { .. } => Needs::Floor,
            floor::Command::Take {} => Needs::Host,
            floor::Command::Release {} => Needs::Part,
        },
        Command::Control(command) => match command {
            control::Command::Ask {}
            | control::Command::Give { .. }
            | control::Command::Release {} => Needs::Part,
            control::Command::Take {} => Needs::Floor,
            control::Command::Count(_) => Needs::Server,
        },
        Command::Chat(command) => match command {
            chat::Command::Say { .. } => Needs::Part,
            chat::Command::Announce { .. } => Needs::Server,
            chat::Command::Silence { .. } | chat::Command::Unsilence { .. } => Needs::Host,
        },
        Command::Track(command) => match command {
            track::Command::Open { .. }
            | track::Command::Close { .. }
            | track::Command::Pause { .. }
            | track::Command::Resume { .. } => Needs::Part,
            track::Command::Mute { .. } | track::Command::Unmute { .. } => Needs::Host,
        },
        Command::Hand(command) => match command {
            hand::Command::Raise {} | hand::Command::Lower {} => Needs::Part,
            hand::Command::LowerOf { .. } => Needs::Host,
        },
        Command::Lock(lock::Command::Lock {} | lock::Command::Unlock {}) => Needs::Host,
        Command::Recording(command) => match command {
            recording::Command::Start {} | recording::Command::Stop {} => Needs::Host,
            recording::Command::Seal(_) | recording::Command::Gap(_) => Needs::Server,
        },
        Command::Delivery(delivery::Command::Close(_))
        | Command::DialIn(dial_in::Command::Arrive(_) | dial_in::Command::Report { .. })
        | Command::Policy(_) => Needs::Server,
    }
}

/// Whether a command may come after the end: what the recorder wrote or missed, what arrived, what
/// was sent.
pub(super) fn trails(command: &Command) -> bool {
    match command {
        Command::Recording(recording::Command::Seal(_) | recording::Command::Gap(_))
        | Command::Delivery(delivery::Command::Close(_))
        | Command::Control(control::Command::Count(_)) => true,
        Command::Recording(recording::Command::Start {} | recording::Command::Stop {})
        | Command::Lifecycle(_)
        | Command::Roster(_)
        | Command::Floor(_)
        | Command::Control(
            control::Command::Ask {}
            | control::Command::Give { .. }
            | control::Command::Take {}
            | control::Command::Release {},
        )
        | Command::Chat(_)
        | Command::Track(_)
        | Command::Hand(_)
        | Command::Lock(_)
        | Command::DialIn(_)
        | Command::Policy(_) => false,
    }
}

/// Refuses a command that its author may not wish.
pub(super) fn check(session: &Session, by: Actor, command: &Command) -> Result<(), Refusal> {
    let needs = needs(command);
    let Some(who) = by.participant() else {
        // The server may also do what a host may: end a session, for one.
        return if matches!(needs, Needs::Server | Needs::Host) {
            Ok(())
        } else {
            Err(Refusal::NotAllowed)
        };
    };
    let Some(person) = session.roster.present(who) else {
        // Who waits in the lobby may leave it, and nothing else.
        let leaves = matches!(command, Command::Roster(roster::Command::Leave {}));
        let may = leaves && session.roster.is_waiting(who);
        return if may { Ok(()) } else { Err(Refusal::NotAllowed) };
    };
    let role = person.grant.role;
    let may = match needs {
        Needs::Server => false,
        Needs::Presence => true,
        Needs::Part => role.takes_part(),
        Needs::Host => role == Role::Host,
        Needs::Floor => role == Role::Host || session.floor.presenter == Some(who),
    };
    if may { Ok(()) } else { Err(Refusal::NotAllowed) }
}
