//! Public lists of 10,000 meetings over real sockets on a real log: what somebody costs who has the
//! list already, and what a change costs.
//!
//! `cargo run --release -p convoke --example public_lists [MEETINGS]`

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke::backend::{Backend, Opening};
use convoke::calendar;
use convoke::clock::{Clock, SystemClock};
use convoke::config::Config;
use convoke::control::{Engine, NewAccount, NewMeeting};
use convoke::folder::Folder;
use convoke::http::{Listener, Parts, Patience, Site, Slots};
use convoke::mail::{Language, NoMail, Words};
use convoke::metrics::Metrics;
use convoke::plane;
use convoke::public::{self, Lists};
use convoke::tickets::Tickets;
use convoke::vault::Vault;
use convoke_model::AccountId;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::{LocalTime, Plan, Rule};
use convoke_model::site::accounts::Email;
use convoke_model::text::{Name, Topic, Zone};
use tokio::sync::watch;
use tokio::task::JoinSet;

type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Requests of somebody who has the list already.
const CONDITIONAL: usize = 5_000;
/// Changes of a meeting.
const CHANGES: usize = 15;
/// Meetings that are made at once.
const AT_ONCE: usize = 256;
/// The renderings, by the ends of their addresses.
const FORMS: [&str; 5] = ["html", "xml", "json", "ics", "atom"];

#[tokio::main]
async fn main() -> Done<()> {
    let count = std::env::args().nth(1).map_or(Ok(10_000), |typed| typed.parse())?;
    let dir = std::env::temp_dir().join(format!("convoke-public-lists-{}", std::process::id()));
    let done = measure(&dir, count).await;
    std::fs::remove_dir_all(&dir)?;
    done
}

async fn measure(dir: &std::path::Path, count: usize) -> Done<()> {
    let folder = Folder::open(dir)?;
    let most = u32::MAX;
    let config = Config::parse(&format!("[public]\nper_minute = {most}\nburst = {most}\n"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (tickets, metrics) = (Arc::new(Tickets::default()), Arc::new(Metrics::new(8)));
    let Backend { engine, handover, known, stop, .. } = (plane::operations().open)(Opening {
        folder: &folder,
        config: &config,
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
        tickets: Arc::clone(&tickets),
    })?;
    let lists = Arc::new(Lists::new(public::Parts {
        known: known.ok_or("the log is not whole")?,
        policies: None,
        vault: Arc::new(Vault::open(&folder)?),
        clock: clock.clone(),
        key: folder.key("public.key")?,
    }));
    let owner = engine.add_account(NewAccount {
        email: Email::new("ann@example.org").ok_or("an address")?,
        name: Name::new("Ann Müller").map_err(|_| "a name")?,
        administrator: false,
        first: false,
    });
    let owner = owner.await?;
    fill(&engine, owner, count).await?;
    let listener = Listener::bind(([127, 0, 0, 1], 0).into())?;
    let address = listener.address();
    let site = Site::new(Parts {
        metrics,
        mail: Arc::new(NoMail),
        words: Arc::new(Words::load(None, Language::En)?),
        engine: engine.clone(),
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
        public: Some(Arc::clone(&lists)),
    })?;
    let (_stopping, stopped) = watch::channel(false);
    tokio::spawn(listener.run(site, stopped));
    changes(&engine, &lists, owner, address).await?;
    let one = tokio::task::spawn_blocking(move || conditional(address)).await??;
    let renderings = lists.current().ok_or("there is a list")?.renderings();
    tell(&format!("conditional GET: {one}; renderings of this list: {renderings}"))?;
    stop();
    Ok(())
}

async fn fill(engine: &Arc<dyn Engine>, owner: AccountId, count: usize) -> Done<()> {
    let before = Instant::now();
    let mut making = JoinSet::new();
    for number in 0..count {
        while making.len() >= AT_ONCE {
            made(making.join_next().await)?;
        }
        let (engine, new) = (engine.clone(), meeting(number, owner)?);
        making.spawn(async move { engine.create_meeting(new).await.is_ok() });
    }
    while !making.is_empty() {
        made(making.join_next().await)?;
    }
    tell(&format!("{count} meetings made in {:.1} s", before.elapsed().as_secs_f64()))?;
    Ok(())
}

fn made(joined: Option<Result<bool, tokio::task::JoinError>>) -> Done<()> {
    match joined.transpose()? {
        Some(true) | None => Ok(()),
        Some(false) => Err("a meeting was not made".into()),
    }
}

/// What each change costs: to work the list out, and the first reader of each form after it.
async fn changes(
    engine: &Arc<dyn Engine>,
    lists: &Arc<Lists>,
    owner: AccountId,
    address: SocketAddr,
) -> Done<()> {
    let (mut worked_out, mut first) = (Vec::new(), vec![Vec::new(); FORMS.len()]);
    let mut bytes = vec![0; FORMS.len()];
    for change in 0..CHANGES {
        engine.create_meeting(meeting(1_000_000 + change, owner)?).await?;
        let before = Instant::now();
        lists.refresh().await;
        worked_out.push(before.elapsed());
        for (at, form) in FORMS.iter().enumerate() {
            let target = format!("/as/public/meetings.{form}");
            let get = move || {
                let mut caller = TcpStream::connect(address)?;
                let before = Instant::now();
                let (_, body) = ask(&mut caller, &target, "")?;
                Done::Ok((before.elapsed(), body))
            };
            let (took, body) = tokio::task::spawn_blocking(get).await??;
            first[at].push(took);
            bytes[at] = body;
        }
    }
    tell(&format!("after a change, the list is worked out: {}", Figures::of(worked_out)))?;
    for ((form, took), bytes) in FORMS.iter().zip(first).zip(bytes) {
        let (figures, mb) = (Figures::of(took), bytes as f64 / 1e6);
        tell(&format!("after a change, the first {form} ({mb:.1} MB): {figures}"))?;
    }
    Ok(())
}

/// Somebody who has the page already asks for it again and again.
fn conditional(address: SocketAddr) -> Done<Figures> {
    let mut caller = TcpStream::connect(address)?;
    let target = "/as/public/meetings.html";
    let (head, _) = ask(&mut caller, target, "")?;
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).ok_or("a tag")?;
    let known = format!("If-None-Match: {tag}\r\n");
    let mut took = Vec::with_capacity(CONDITIONAL);
    for _ in 0..CONDITIONAL {
        let before = Instant::now();
        let (head, _) = ask(&mut caller, target, &known)?;
        took.push(before.elapsed());
        if !head.starts_with("http/1.1 304") {
            return Err(head.into());
        }
    }
    Ok(Figures::of(took))
}

/// One answer on an open connection: its head, and how long its body was.
fn ask(caller: &mut TcpStream, target: &str, headers: &str) -> Done<(String, usize)> {
    caller.set_nodelay(true)?;
    let to = caller.peer_addr()?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: {to}\r\n{headers}\r\n");
    caller.write_all(request.as_bytes())?;
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 256 * 1024]);
    let read = |caller: &mut TcpStream, buffer: &mut [u8]| match caller.read(buffer)? {
        0 => Done::Err("the answer ended too early".into()),
        read => Ok(read),
    };
    loop {
        let got = read(caller, &mut buffer)?;
        bytes.extend_from_slice(&buffer[..got]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(Ok(0), str::parse)?;
        let mut left = (end + 4 + length).saturating_sub(bytes.len());
        while left > 0 {
            left = left.saturating_sub(read(caller, &mut buffer)?);
        }
        return Ok((head, length));
    }
}

/// A public meeting like many: every tenth comes again each week.
fn meeting(number: usize, owner: AccountId) -> Done<NewMeeting> {
    let (year, month, day) = (27 + number % 3, 1 + number % 12, 1 + number % 28);
    let start = format!("20{year}-{month:02}-{day:02}T{:02}:00", number % 24);
    let start = LocalTime::new(&start).ok_or("a time")?;
    let zone = ["Europe/Zurich", "America/New_York", "Asia/Shanghai"][number % 3];
    let zone = Zone::new(zone).map_err(|_| "a zone")?;
    let rule = number.is_multiple_of(10).then(|| Rule::new("FREQ=WEEKLY")).flatten();
    let when = calendar::when(&start, 60, &zone, rule.as_ref());
    let when = Some(when.map_err(|refusal| refusal.code())?);
    Ok(NewMeeting {
        kind: MeetingType::Interactive,
        topic: Topic::new(&format!("Talk {number}: what is new")).map_err(|_| "a topic")?,
        owner,
        has_password: false,
        plan: Some(Plan { when, recurring: rule.is_some(), public: true, ..Plan::default() }),
    })
}

struct Figures([Duration; 3]);

impl Figures {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort();
        Self([50, 99, 100].map(|part| all[(all.len() - 1) * part / 100]))
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = self.0.map(|time| time.as_secs_f64() * 1000.0);
        write!(f, "p50 {p50:.3} ms, p99 {p99:.3} ms, max {max:.3} ms")
    }
}

fn tell(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")
}
