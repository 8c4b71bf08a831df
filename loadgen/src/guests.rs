//! Gets the guests: opens meetings and fetches tickets, no faster than they are used.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::{Clock, Micros, micros};
use crate::control::{Control, Phase};
use crate::door::{Door, Shut};
use crate::scenario::Ramp;
use crate::scenario::role::Role;
use crate::server::Server;
use crate::source::Sources;
use crate::tickets::{Cast, Crowd, Guest, Seat};

/// Threads that join.
const JOINERS: usize = 8;
/// How long a limit of the server is waited for.
const PATIENCE: Duration = Duration::from_secs(90);
const RETRY: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(1);

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
    pub(crate) crowd: &'a Crowd,
    pub(crate) roles: &'a [Role],
    pub(crate) ramp: &'a Ramp,
    /// Whether people come by the address that integrations call.
    pub(crate) legacy: bool,
    pub(crate) clock: Clock,
}

/// Somebody to be joined.
struct Wanted {
    meeting: Arc<Meeting>,
    name: String,
    seat: Seat,
    /// When they should come.
    began: Option<Micros>,
}

/// A meeting and its password.
struct Meeting {
    id: String,
    password: String,
    cast: Cast,
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
    wanted: &Sender<Wanted>,
) -> Result<(), String> {
    let door = Door::new(invitation.server, invitation.sources, 0);
    let (email, password) = (invitation.email, invitation.password);
    patient(control, || door.sign_in(email, password))
        .map_err(|shut| format!("cannot sign in as {email}: {shut}"))?;
    let mut pace = Pace { ramp: invitation.ramp, clock: invitation.clock, begin: None, number: 0 };
    let mut later = Vec::new();
    let crowd = invitation.crowd;
    for (cast, seats) in crowd.casts.iter().zip(&crowd.seats) {
        let password = random_password()?;
        let mut meeting = None;
        for (person, seat) in (0u32..).zip(seats) {
            let session = seat.session + 1;
            if seat.host {
                let topic = format!("Load test {session}");
                let opened = |shut| format!("cannot open a meeting: {shut}");
                let id = patient(control, || door.create(&topic, &password)).map_err(opened)?;
                let began = pace.wait(control);
                let ticket = patient(control, || door.host(&id)).map_err(opened)?;
                let password = password.clone();
                meeting = Some(Arc::new(Meeting { id, password, cast: *cast }));
                if !queues.send(Guest { ticket, seat: *seat, began }, *cast) {
                    return Ok(());
                }
                continue;
            }
            let Some(meeting) = &meeting else { continue };
            let name = format!("Load {session}-{person}");
            let mut someone = Wanted { meeting: meeting.clone(), name, seat: *seat, began: None };
            if let Some(at) = invitation.roles[seat.role].joins_at {
                later.push((at, someone));
                continue;
            }
            someone.began = pace.wait(control);
            if wanted.send(someone).is_err() || control.failure().is_some() {
                return Ok(());
            }
        }
    }
    newcomers(invitation, control, wanted, later);
    Ok(())
}

/// Those who come when the others are there: all of a time at once.
fn newcomers(
    invitation: &Invitation<'_>,
    control: &Control,
    wanted: &Sender<Wanted>,
    mut later: Vec<(Micros, Wanted)>,
) {
    later.sort_by_key(|(at, _)| *at);
    for (at, mut someone) in later {
        let mut time;
        loop {
            time = control.window().start.saturating_add(at);
            let phase = control.phase();
            if phase > Phase::Publish || control.failure().is_some() {
                return;
            }
            if phase == Phase::Publish && invitation.clock.now() >= time {
                break;
            }
            std::thread::sleep(TICK);
        }
        someone.began = Some(time);
        if wanted.send(someone).is_err() {
            return;
        }
    }
}

/// Lets people come when the ramp says.
struct Pace<'a> {
    ramp: &'a Ramp,
    clock: Clock,
    begin: Option<Micros>,
    number: u32,
}

impl Pace<'_> {
    /// Waits until the next person's time, and tells it.
    fn wait(&mut self, control: &Control) -> Option<Micros> {
        let after = self.ramp.at(self.number)?;
        self.number += 1;
        let time = *self.begin.get_or_insert_with(|| self.clock.now()) + micros(after);
        while self.clock.now() < time && control.failure().is_none() && !control.is_interrupted() {
            std::thread::sleep(TICK);
        }
        Some(time)
    }
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
        let Ok(Wanted { meeting, name, seat, began }) = next else { return };
        if control.phase() == Phase::Stop || control.failure().is_some() {
            return;
        }
        let began = Some(began.unwrap_or_else(|| invitation.clock.now()));
        let door = &doors[turn % doors.len()];
        let (id, password) = (&meeting.id, &meeting.password);
        let joined = patient(control, || match invitation.legacy {
            true => door.join_by_address(id, &name, password),
            false => door.join(id, &name, password),
        });
        match joined {
            Ok(ticket) => {
                if !queues.send(Guest { ticket, seat, began }, meeting.cast) {
                    return;
                }
            }
            Err(shut) => {
                let why = format!("{name} cannot join meeting {id}: {shut}");
                if invitation.roles[seat.role].is_steady() {
                    control.fail(why);
                    return;
                }
                control.error(format!("a newcomer cannot join: {shut}"));
            }
        }
    }
}

/// Hands over those who have their tickets already, when the ramp says.
pub(crate) fn hand_over(
    guests: &[Guest],
    crowd: &Crowd,
    ramp: &Ramp,
    (clock, control): (Clock, &Control),
    queues: &Queues,
) {
    let mut pace = Pace { ramp, clock, begin: None, number: 0 };
    for guest in guests {
        let began = pace.wait(control);
        let cast = crowd.casts[guest.seat.session as usize];
        if !queues.send(Guest { began, ..guest.clone() }, cast) || control.failure().is_some() {
            return;
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
