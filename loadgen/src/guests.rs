//! Gets the guests: opens meetings and fetches tickets, no faster than they are used.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::control::{Control, Phase};
use crate::door::{Door, Shut};
use crate::server::Server;
use crate::source::Sources;
use crate::tickets::{Cast, Guest, Part};

/// Threads that join.
const JOINERS: usize = 8;
/// How long a limit of the server is waited for.
const PATIENCE: Duration = Duration::from_secs(90);
const RETRY: Duration = Duration::from_millis(500);

/// Where guests go: one queue for each worker, in turn.
pub(crate) struct Queues {
    queues: Vec<SyncSender<(Guest, Cast)>>,
    next: AtomicUsize,
}

impl Queues {
    pub(crate) fn new(queues: Vec<SyncSender<(Guest, Cast)>>) -> Self {
        Self { queues, next: AtomicUsize::new(0) }
    }

    /// Hands a guest over, and waits while too many wait; false when the run is over.
    pub(crate) fn send(&self, guest: Guest, cast: Cast) -> bool {
        let queue = self.next.fetch_add(1, Ordering::Relaxed) % self.queues.len();
        self.queues[queue].send((guest, cast)).is_ok()
    }
}

/// What the host needs.
pub(crate) struct Invitation<'a> {
    pub(crate) server: &'a Server,
    pub(crate) sources: &'a Sources,
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
    pub(crate) attendees: u32,
    pub(crate) casts: &'a [Cast],
}

/// Somebody to be joined.
struct Wanted {
    meeting: String,
    password: String,
    name: String,
    guest: (Part, u32, Cast),
}

/// Signs in, opens a meeting for each cast and joins everybody.
pub(crate) fn invite(invitation: &Invitation<'_>, control: &Control, queues: &Queues) {
    let (wanted, waiting) = channel();
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        for joiner in 0..JOINERS {
            let waiting = &waiting;
            scope.spawn(move || join_all(joiner, invitation, control, waiting, queues));
        }
        let open = |wanted| open_all(invitation, control, queues, &wanted);
        if let Err(why) = open(wanted) {
            control.fail(why);
        }
    });
}

fn open_all(
    invitation: &Invitation<'_>,
    control: &Control,
    queues: &Queues,
    wanted: &std::sync::mpsc::Sender<Wanted>,
) -> Result<(), String> {
    let door = Door::new(invitation.server, invitation.sources, 0);
    let (email, password) = (invitation.email, invitation.password);
    patient(control, || door.sign_in(email, password))
        .map_err(|shut| format!("cannot sign in as {email}: {shut}"))?;
    for (session, cast) in (0u32..).zip(invitation.casts) {
        let password = random_password()?;
        let topic = format!("Load test {}", session + 1);
        let opened = |shut| format!("cannot open a meeting: {shut}");
        let meeting = patient(control, || door.create(&topic, &password)).map_err(opened)?;
        let ticket = patient(control, || door.host(&meeting)).map_err(opened)?;
        if !queues.send(Guest { ticket, part: Part::Host, session }, *cast) {
            return Ok(());
        }
        for person in 0..invitation.attendees {
            let part = match person < cast.publishers {
                true => Part::Publisher(cast.first + person),
                false => Part::Attendee,
            };
            let someone = Wanted {
                meeting: meeting.clone(),
                password: password.clone(),
                name: format!("Load {}-{}", session + 1, person + 1),
                guest: (part, session, *cast),
            };
            if wanted.send(someone).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn join_all(
    joiner: usize,
    invitation: &Invitation<'_>,
    control: &Control,
    waiting: &Mutex<Receiver<Wanted>>,
    queues: &Queues,
) {
    // Joins spread over the source addresses, as the connections do.
    let doors: Vec<_> = (joiner..invitation.sources.count().max(joiner + 1))
        .step_by(JOINERS)
        .map(|number| Door::new(invitation.server, invitation.sources, number))
        .collect();
    for turn in 0.. {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Wanted { meeting, password, name, guest: (part, session, cast) }) = next else {
            return;
        };
        if control.phase() == Phase::Stop || control.failure().is_some() {
            return;
        }
        let door = &doors[turn % doors.len()];
        match patient(control, || door.join(&meeting, &name, &password)) {
            Ok(ticket) => {
                if !queues.send(Guest { ticket, part, session }, cast) {
                    return;
                }
            }
            Err(shut) => {
                control.fail(format!("{name} cannot join meeting {meeting}: {shut}"));
                return;
            }
        }
    }
}

/// Asks again for a while when the server only wants it slower.
fn patient<T>(control: &Control, mut ask: impl FnMut() -> Result<T, Shut>) -> Result<T, Shut> {
    let until = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Err(Shut::Refused { code, .. })
                if (code == "too_fast" || code == "busy")
                    && Instant::now() < until
                    && !control.is_interrupted()
                    && control.phase() != Phase::Stop =>
            {
                std::thread::sleep(RETRY);
            }
            told => return told,
        }
    }
}

fn random_password() -> Result<String, String> {
    let mut bytes = [0u8; 12];
    getrandom::fill(&mut bytes)
        .map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
