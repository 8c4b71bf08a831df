//! One run, from the arguments to the report.

use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant, SystemTime};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::CannotRun;
use crate::cli::{FileArgs, Kind, MetricsArgs, ReplayArgs, RunArgs};
use crate::clock::{Clock, Micros};
use crate::control::{Control, Phase};
use crate::guests::{Invitation, Queues, hand_over, invite};
use crate::logged;
use crate::machine::check_files;
use crate::measure::Totals;
use crate::metrics;
use crate::plan::Plan;
use crate::progress::{Progress, is_watched};
use crate::publisher::Window;
use crate::replay::{self, Playing};
use crate::report::{About, Files, Report, Setting, own_command};
use crate::scenario::role::Output;
use crate::scenario::{Join, Scenario, ServerPart};
use crate::server::Server;
use crate::source::Sources;
use crate::tickets::{self, Crowd, Guest};
use crate::worker::{Orders, work};

/// Nobody came in for this long: the run cannot take place.
const GATHER_STALL: Duration = Duration::from_secs(30);
/// Tracks are open by then.
const OPEN_MAX: Duration = Duration::from_secs(30);
/// Between the last preparation and the first message.
const BREATH: Micros = 300_000;
/// Nothing arrived for this long: the rest is lost.
const DRAIN_STALL: Duration = Duration::from_secs(2);
const DRAIN_MAX: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(20);
/// Tickets that wait for a thread: few, for they are good for a minute only.
const WAITING_MAX: usize = 16;
const THREADS_DEFAULT_MAX: usize = 2;

/// How people get their tickets.
enum Way {
    Tickets(Vec<Guest>),
    Account { email: String, password: String },
}

pub(crate) fn run(args: &RunArgs) -> Result<Report, CannotRun> {
    let scenario = Scenario::of(args)?;
    carry_out(&scenario, || read_password(args), &args.files, &args.metrics)
}

/// Plays a recorded session.
pub(crate) fn replay(args: &ReplayArgs) -> Result<Report, CannotRun> {
    let ReplayArgs { speed, fan, seed, .. } = *args;
    let mut scenario = replay::scenario(&args.archive, Playing { speed, fan, seed })?;
    scenario.server = ServerPart {
        url: Some(args.server.clone()),
        account: Some(args.account.clone()),
        ca: args.ca.clone(),
        tickets: None,
        data: args.data.clone(),
        threads: args.threads,
        sources: args.sources,
    };
    let password = || password_line().map(Some);
    carry_out(&scenario, password, &args.files, &args.metrics)
}

/// Runs a scenario and writes the files that tell of it.
fn carry_out(
    scenario: &Scenario,
    password: impl FnOnce() -> Result<Option<String>, CannotRun>,
    files: &FileArgs,
    metrics: &MetricsArgs,
) -> Result<Report, CannotRun> {
    let plan = Plan::new(scenario)?;
    if let Some(data) = &scenario.server.data {
        logged::check_folder(data)?;
    }
    let (way, crowd) = cast(scenario, password)?;
    let people = crowd.people();
    check_files(people)?;
    let files = Files::open(files)?;
    let url = scenario.server.url.as_deref().ok_or("--server or `server.url` is needed")?;
    let server = Server::find(url, scenario.server.ca.as_deref())?;
    let sources = Sources::choose(server.address, scenario.server.sources, people)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = scenario.server.threads.map_or(cores.min(THREADS_DEFAULT_MAX), |k| k as usize);

    let (mediums, sessions) = (crowd.mediums.clone(), crowd.casts.len());
    let mut control = Control::new(threads, mediums, sessions, interruption()?);
    control.watched = is_watched();
    control.keeps_accepted = scenario.server.data.is_some();
    let control = Arc::new(control);
    if let Some(address) = metrics.address {
        metrics::serve(metrics::allowed(address, metrics.anywhere)?, &control)?;
    }
    let (clock, started) = (Clock::start(), SystemTime::now());
    let (mut workers, mut queues) = (Vec::new(), Vec::new());
    for number in 0..threads {
        let (queue, guests) = sync_channel(WAITING_MAX);
        queues.push(queue);
        let (server, sources, plan) = (server.clone(), sources.clone(), plan.clone());
        let control = control.clone();
        let orders = Orders { number, server, sources, plan, clock, control, guests };
        workers.push(std::thread::spawn(move || work(orders)));
    }
    let queues = Queues::new(queues);
    let began = Instant::now();
    let mut told = std::thread::scope(|scope| {
        let (server, sources, ramp) = (&server, &sources, &scenario.ramp);
        let (crowd, roles) = (&crowd, &plan.roles[..]);
        let inviting = || match &way {
            Way::Tickets(guests) => hand_over(guests, crowd, ramp, (clock, &control), &queues),
            Way::Account { email, password } => {
                let legacy = scenario.join == Join::Legacy;
                let invitation = Invitation {
                    server,
                    sources,
                    email,
                    password,
                    crowd,
                    roles,
                    ramp,
                    legacy,
                    clock,
                };
                invite(&invitation, &control, &queues);
            }
        };
        scope.spawn(inviting);
        let told = conduct(&plan, crowd, clock, &control);
        // Also ends those who still fetch tickets.
        control.enter(Phase::Stop);
        told
    });
    let mut totals = Totals::of(&plan);
    for worker in workers {
        // What the other threads counted is kept.
        let failure = match worker.join() {
            Ok(Ok(counted)) => {
                totals.add(counted);
                continue;
            }
            Ok(Err(error)) => format!("a thread of the generator failed: {error}"),
            Err(_) => "a thread of the generator failed".to_owned(),
        };
        told.failure.get_or_insert(failure);
    }
    control.take_errors().into_iter().for_each(|what| totals.error(what));
    let Told { window, gathered, failure } = told;
    let begun = window.map_or(0, |window| window.start);
    let absent = (people as u64).saturating_sub(totals.joins.len());
    if absent > 0 && window.is_some() && !control.is_interrupted() {
        totals.error(format!("{absent} of {people} people did not come in before the end"));
    }
    if let (Some(data), Some(_)) = (&scenario.server.data, window) {
        match logged::compare(data, &plan, &control, &totals) {
            Ok(logged) => totals.logged = Some(logged),
            // The rest of the figures is good all the same.
            Err(why) => totals.error(why),
        }
    }
    let gather_seconds = gathered.unwrap_or_else(Instant::now).duration_since(began).as_secs_f64();
    let first = scenario.roles.iter().flat_map(|role| &role.outputs).next();
    let (kind, rate, size) = first.map_or((Kind::Chat, 0.0, 0), Output::told);
    let about = About {
        server: server.origin,
        kind,
        sessions,
        people,
        publishers: crowd.publishers(&plan.roles),
        rate,
        size,
        seed: plan.seed,
        threads,
        sources: sources.count(),
        seconds: window.map_or(0.0, |window| (window.end - window.start) as f64 / 1e6),
        interrupted: control.is_interrupted(),
        gather_seconds,
        setting: Setting::of(scenario, gather_seconds),
        command: own_command(),
        started: started + Duration::from_micros(begun),
        failure,
        began: window.is_some(),
    };
    let report = Report::new(about, totals);
    files.write(&report)?;
    Ok(report)
}

fn cast(
    scenario: &Scenario,
    password: impl FnOnce() -> Result<Option<String>, CannotRun>,
) -> Result<(Way, Crowd), CannotRun> {
    let roles = &scenario.roles;
    if let Some(path) = &scenario.server.tickets {
        let (guests, crowd) = tickets::read(path, roles)?;
        return Ok((Way::Tickets(guests), crowd));
    }
    let email = scenario.server.account.clone().ok_or("--account or --tickets is needed")?;
    let password = password()?.ok_or("--password-stdin is needed")?;
    let mut crowd = Crowd::default();
    for group in &scenario.groups {
        (0..group.count).for_each(|_| crowd.seat(roles, group.host, &group.people));
    }
    Ok((Way::Account { email, password }, crowd))
}

/// The password that is on standard input, unless it was read before; `None` when none is needed.
pub(crate) fn read_password(args: &RunArgs) -> Result<Option<String>, CannotRun> {
    if args.tickets.is_some() || args.password.is_some() || !args.password_stdin {
        return Ok(args.password.clone());
    }
    password_line().map(Some)
}

fn password_line() -> Result<String, CannotRun> {
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .map_err(|error| format!("cannot read the password from standard input: {error}"))?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err("the password is read from standard input, which is empty".into());
    }
    Ok(password)
}

fn interruption() -> Result<Arc<AtomicBool>, CannotRun> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The second time ends the program at once.
        signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone())
            .and_then(|_| signal_hook::flag::register(signal, flag.clone()))
            .map_err(|error| format!("signals cannot be watched: {error}"))?;
    }
    Ok(flag)
}

/// How far the run came.
struct Told {
    /// When publishers published; `None` when it did not come to that.
    window: Option<Window>,
    gathered: Option<Instant>,
    failure: Option<String>,
}

/// Leads the run through its phases.
fn conduct(plan: &Plan, crowd: &Crowd, clock: Clock, control: &Control) -> Told {
    let mut progress = Progress::new(control);
    let mut told = Told { window: None, gathered: None, failure: None };
    let prepared = gather(crowd.steady(), control, &mut progress).and_then(|gathered| {
        told.gathered = Some(gathered);
        open(crowd.mediums.len(), control, &mut progress)
    });
    match prepared {
        Ok(()) => {
            let start = clock.now() + BREATH;
            let wanted = Window { start, end: start + plan.length };
            let window = publish(wanted, clock, control, &mut progress);
            if control.people(|counts| &counts.live) == 0 {
                let seconds = |window: Window| (window.end - window.start) as f64 / 1e6;
                let (after, of) = (seconds(window), seconds(wanted));
                told.failure =
                    Some(format!("the server went away after {after:.1} s of {of:.1} s"));
            } else {
                drain(window, control, &mut progress);
            }
            told.window = Some(window);
        }
        Err(CannotRun(why)) => told.failure = Some(why),
    }
    progress.end();
    told
}

fn gather(people: usize, control: &Control, progress: &mut Progress) -> Result<Instant, CannotRun> {
    let (mut most, mut since) = (0, Instant::now());
    loop {
        let live = control.people(|counts| &counts.live);
        prepared(control)?;
        if live >= people {
            return Ok(Instant::now());
        }
        if live > most {
            (most, since) = (live, Instant::now());
        }
        if since.elapsed() > GATHER_STALL {
            let waited = GATHER_STALL.as_secs();
            return Err(format!(
                "only {live} of {people} people came in, and nobody more for {waited} s"
            )
            .into());
        }
        progress.show(control, live as f64, people as f64);
        std::thread::sleep(STEP);
    }
}

fn open(publishers: usize, control: &Control, progress: &mut Progress) -> Result<(), CannotRun> {
    control.enter(Phase::Open);
    let began = Instant::now();
    loop {
        let ready = control.people(|counts| &counts.ready);
        prepared(control)?;
        if ready >= publishers {
            return Ok(());
        }
        if began.elapsed() > OPEN_MAX {
            return Err(
                format!("only {ready} of {publishers} publishers could open a track").into()
            );
        }
        progress.show(control, ready as f64, publishers as f64);
        std::thread::sleep(STEP);
    }
}

/// What stands in the way of the first message.
fn prepared(control: &Control) -> Result<(), CannotRun> {
    match control.failure() {
        Some(why) => Err(CannotRun(why)),
        None if control.is_interrupted() => Err("interrupted before anybody had published".into()),
        None => Ok(()),
    }
}

/// Lets publishers publish while anybody is there, and tells from when to when they really did.
fn publish(window: Window, clock: Clock, control: &Control, progress: &mut Progress) -> Window {
    control.set_window(window);
    control.enter(Phase::Publish);
    let seconds = |time: Micros| time as f64 / 1e6;
    while clock.now() < window.end {
        if control.is_interrupted() || control.people(|counts| &counts.live) == 0 {
            let now = clock.now().max(window.start);
            control.set_window(Window { end: now, ..window });
            break;
        }
        let passed = clock.now().saturating_sub(window.start);
        progress.show(control, seconds(passed), seconds(window.end - window.start));
        std::thread::sleep(STEP);
    }
    control.window()
}

/// Waits for what is under way, as long as something arrives.
fn drain(window: Window, control: &Control, progress: &mut Progress) {
    control.enter(Phase::Drain);
    let seconds = (window.end - window.start) as f64 / 1e6;
    let began = Instant::now();
    let (mut last, mut since) = (0, Instant::now());
    // The threads' counts are renewed once they see the phase.
    std::thread::sleep(STEP * 5);
    loop {
        let delivered = control.sum(|counts| &counts.delivered);
        let expected = control.sum(|counts| &counts.expected);
        let unsent = control.sum(|counts| &counts.unsent);
        if delivered != last {
            (last, since) = (delivered, Instant::now());
        }
        let done = unsent == 0 && delivered >= expected;
        if done || since.elapsed() > DRAIN_STALL || began.elapsed() > DRAIN_MAX {
            return;
        }
        progress.show(control, seconds, seconds);
        std::thread::sleep(STEP);
    }
}
