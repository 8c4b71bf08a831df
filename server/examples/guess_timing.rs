//! Whether the time of a "no" tells meeting numbers that exist from those that do not: answers to
//! both, in turns, on one connection to a server with a real log, and how likely it is that they
//! are of one kind (two samples, Kolmogorov-Smirnov).
//!
//! `cargo run --release -p convoke --example guess_timing [SAMPLES]`

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke::backend::{Backend, Opening};
use convoke::clock::{Clock, SystemClock};
use convoke::config::Config;
use convoke::control::{Engine, NewAccount, NewMeeting};
use convoke::entropy;
use convoke::folder::Folder;
use convoke::http::{Listener, Parts, Patience, Site, Slots};
use convoke::mail::{Language, NoMail, Words};
use convoke::metrics::Metrics;
use convoke::plane;
use convoke::tickets::Tickets;
use convoke::vault::{SecretOf, Vault};
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::site::accounts::Email;
use convoke_model::text::{Name, Topic};
use convoke_model::{AccountId, MeetingId};
use tokio::sync::watch;

type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Meetings of each kind, each asked for in turn.
const MEETINGS: usize = 200;
/// Answers before it is measured.
const WARM: usize = 1_000;

/// The limits are not what is measured.
const SETTINGS: &str = "[join]\nper_minute = 1000000000\nburst = 1000000000\n\
    failures_burst = 1000000000\nfailures_per_second_total = 1000000000\n\
    wrong_passwords_max = 1000000000\n";

#[tokio::main]
async fn main() -> Done<()> {
    let samples = std::env::args().nth(1).map_or(Ok(10_000), |typed| typed.parse())?;
    let dir = std::env::temp_dir().join(format!("convoke-guess-timing-{}", std::process::id()));
    let done = measure(&dir, samples).await;
    std::fs::remove_dir_all(&dir)?;
    done
}

async fn measure(dir: &std::path::Path, samples: usize) -> Done<()> {
    let folder = Folder::open(dir)?;
    let config = Config::parse(SETTINGS)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (tickets, metrics) = (Arc::new(Tickets::default()), Arc::new(Metrics::new(8)));
    let Backend { engine, handover, stop, .. } = (plane::operations().open)(Opening {
        folder: &folder,
        config: &config,
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
        tickets: Arc::clone(&tickets),
    })?;
    let new = NewAccount {
        email: Email::new("ann@example.org").ok_or("an address")?,
        name: Name::new("Ann").map_err(|_| "a name")?,
        administrator: false,
        first: false,
    };
    let owner = engine.add_account(new).await?;
    let vault = Vault::open(&folder)?;
    let closed = meetings(&engine, &vault, owner, None).await?;
    let guarded = meetings(&engine, &vault, owner, Some("bad-weather")).await?;
    let listener = Listener::bind(([127, 0, 0, 1], 0).into())?;
    let address = listener.address();
    let site = Site::new(Parts {
        metrics,
        mail: Arc::new(NoMail),
        words: Arc::new(Words::load(None, Language::En)?),
        engine,
        handover,
        tickets,
        slots: Slots::new(config.connections, 1024),
        clock,
        folder: folder.clone(),
        config,
        listen: address,
        tls: None,
        patience: Patience::default(),
        policies: None,
        quarantine: None,
        public: None,
    })?;
    let (_stopping, stopped) = watch::channel(false);
    tokio::spawn(listener.run(site, stopped));
    let known: BTreeSet<MeetingId> = closed.iter().chain(&guarded).copied().collect();
    let unknown = move || loop {
        let id = entropy::meeting_id();
        if !known.contains(&id) {
            break id;
        }
    };
    tokio::task::spawn_blocking(move || {
        let none = || (0..MEETINGS).map(|_| unknown()).collect::<Vec<_>>();
        for (what, real, password) in [
            ("unknown, and unknown again", &none(), None),
            ("closed without a password", &closed, None),
            ("with a password, none shown", &guarded, None),
            ("with a password, a wrong one shown", &guarded, Some("good-weather")),
        ] {
            compare(address, what, (real, &none()), password, samples)?;
        }
        Done::Ok(())
    })
    .await??;
    stop();
    Ok(())
}

async fn meetings(
    engine: &Arc<dyn Engine>,
    vault: &Vault,
    owner: AccountId,
    password: Option<&str>,
) -> Done<Vec<MeetingId>> {
    let mut meetings = Vec::with_capacity(MEETINGS);
    for _ in 0..MEETINGS {
        let new = NewMeeting {
            kind: MeetingType::Interactive,
            topic: Topic::new("Budget of next year").map_err(|_| "a topic")?,
            owner,
            has_password: password.is_some(),
            plan: None,
        };
        let id = engine.create_meeting(new).await?;
        if let Some(password) = password {
            vault.put(SecretOf::Meeting(id), password.as_bytes())?;
        }
        meetings.push(id);
    }
    Ok(meetings)
}

/// Asks for numbers of both kinds in an order that chance gives, and tells what came of it.
fn compare(
    address: SocketAddr,
    what: &str,
    (real, none): (&[MeetingId], &[MeetingId]),
    password: Option<&str>,
    samples: usize,
) -> Done<()> {
    let mut caller = TcpStream::connect(address)?;
    caller.set_nodelay(true)?;
    let mut took = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    let mut answers = BTreeSet::new();
    for n in 0..WARM + samples {
        let [coin] = entropy::bytes::<1>();
        let order = if coin & 1 == 0 { [0, 1] } else { [1, 0] };
        for kind in order {
            let id = [real, none][kind][n % MEETINGS];
            let (answer, time) = ask(&mut caller, id, password)?;
            answers.insert(answer);
            if n >= WARM {
                took[kind].push(time);
            }
        }
    }
    let [mut one, mut other] = took;
    one.sort();
    other.sort();
    let (distance, p) = kolmogorov_smirnov(&one, &other);
    let middle = |took: &[Duration]| took[took.len() / 2].as_nanos() as f64 / 1_000.0;
    let told = format!(
        "{what}: {} kinds of answer; p50 {:.1} us, unknown {:.1} us; D {distance:.4}, p {p:.4}",
        answers.len(),
        middle(&one),
        middle(&other),
    );
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}

/// One try to join: all of the answer but its date, and how long it took.
fn ask(caller: &mut TcpStream, id: MeetingId, password: Option<&str>) -> Done<(String, Duration)> {
    let to = caller.peer_addr()?;
    let shown = password.map_or(String::new(), |word| format!(",\"password\":\"{word}\""));
    let body = format!("{{\"id\":\"{}\",\"name\":\"Eve\"{shown}}}", id.number());
    let request = format!(
        "POST /api/v1/join HTTP/1.1\r\nHost: {to}\r\nOrigin: http://{to}\r\n\
         Cookie: browser=AAAAAAAAAAAAAAAAAAAAAA\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let before = Instant::now();
    caller.write_all(request.as_bytes())?;
    let (mut bytes, mut part) = (Vec::new(), [0; 8192]);
    loop {
        let count = caller.read(&mut part)?;
        if count == 0 {
            return Err("the answer ended too early".into());
        }
        bytes.extend_from_slice(&part[..count]);
        let text = std::str::from_utf8(&bytes)?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() < length.ok_or("a length")?.parse()? {
            continue;
        }
        let took = before.elapsed();
        let kept = text.lines().filter(|line| !line.starts_with("date: "));
        return Ok((kept.collect::<Vec<_>>().join("\n"), took));
    }
}

/// The largest distance of two sorted samples' distributions, and how likely one as large is for
/// samples of one distribution (Stephens' approximation, good above some 20 of each).
fn kolmogorov_smirnov(one: &[Duration], other: &[Duration]) -> (f64, f64) {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < one.len() && j < other.len() {
        let at = one[i].min(other[j]);
        i += one[i..].iter().take_while(|time| **time <= at).count();
        j += other[j..].iter().take_while(|time| **time <= at).count();
        distance = distance.max((i as f64 / n - j as f64 / m).abs());
    }
    let root = (n * m / (n + m)).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance;
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * (f64::from(k) * lambda).powi(2)).exp()
    };
    // The series does not converge near 0, where the samples are as alike as can be.
    let p = if lambda < 0.2 { 1.0 } else { (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0) };
    (distance, p)
}
