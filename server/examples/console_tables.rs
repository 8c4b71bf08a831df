//! The console's tables with 100,000 accounts and as many meetings, over real sockets on a real
//! log: what a page costs by order and filter, and what the overview does.
//!
//! `cargo run --release -p convoke --example console_tables [ROWS]`

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke::backend::{Backend, Opening};
use convoke::clock::{Clock, SystemClock};
use convoke::config::Config;
use convoke::control::{Engine, NewAccount, NewMeeting};
use convoke::folder::Folder;
use convoke::http::{Listener, Parts, Patience, Site, Slots};
use convoke::mail::{Language, NoMail, Words};
use convoke::metrics::Metrics;
use convoke::plane;
use convoke::tickets::Tickets;
use convoke_model::AccountId;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::site::accounts::Email;
use convoke_model::text::{Name, Topic};
use tokio::sync::watch;
use tokio::task::JoinSet;

type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PASSWORD: &str = "purple kettle moonwalk";
/// Facts that are made at once.
const AT_ONCE: usize = 2_000;
/// How often each page is asked for.
const TIMES: usize = 30;
/// What is asked for: as the console does it.
const PAGES: [&str; 12] = [
    "accounts?sort=name&limit=25",
    "accounts?sort=-email&limit=25",
    "accounts?sort=name&limit=25&q=person%20990",
    "accounts?sort=name&limit=25&q=m%C3%BCller",
    "accounts?sort=name&limit=25&state=disabled",
    "meetings?list=past&sort=-created&limit=25",
    "meetings?list=past&sort=topic&limit=25",
    "meetings?list=past&sort=host&limit=25",
    "meetings?list=past&sort=topic&limit=25&q=talk%20990",
    "meetings?list=active&sort=-here&limit=25",
    "groups?sort=members&limit=25",
    "overview?",
];

#[tokio::main]
async fn main() -> Done<()> {
    let count = std::env::args().nth(1).map_or(Ok(100_000), |typed| typed.parse())?;
    let dir = std::env::temp_dir().join(format!("convoke-console-tables-{}", std::process::id()));
    let done = measure(&dir, count).await;
    std::fs::remove_dir_all(&dir)?;
    done
}

async fn measure(dir: &Path, count: usize) -> Done<()> {
    let folder = Folder::open(dir)?;
    let config = Config::parse("")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (tickets, metrics) = (Arc::new(Tickets::default()), Arc::new(Metrics::new(8)));
    let Backend { engine, handover, stop, .. } = (plane::operations().open)(Opening {
        folder: &folder,
        config: &config,
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
        tickets: Arc::clone(&tickets),
    })?;
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
        public: None,
    })?;
    let root = account("root@example.org", "Zora Root", true)?;
    let added = site.accounts().add(root, PASSWORD).await;
    added.map_err(|error| format!("{error:?}"))?;
    fill(&engine, count).await?;
    let (_stopping, stopped) = watch::channel(false);
    tokio::spawn(listener.run(site, stopped));
    tokio::task::spawn_blocking(move || pages(address)).await??;
    stop();
    Ok(())
}

async fn fill(engine: &Arc<dyn Engine>, count: usize) -> Done<()> {
    let before = Instant::now();
    let mut making = JoinSet::new();
    for n in 0..count {
        while making.len() >= AT_ONCE {
            made(making.join_next().await)?;
        }
        // An order that is not theirs.
        let number = n * 7_919 % count;
        let last = if number.is_multiple_of(1_000) { "Müller" } else { "Person" };
        let new = account(&format!("p{number}@example.org"), &format!("{last} {number}"), false)?;
        let engine = engine.clone();
        making.spawn(async move {
            let Ok(owner) = engine.add_account(new).await else { return false };
            let Ok(meeting) = meeting(number, owner) else { return false };
            engine.create_meeting(meeting).await.is_ok()
        });
    }
    while !making.is_empty() {
        made(making.join_next().await)?;
    }
    let took = before.elapsed().as_secs_f64();
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    tell(&format!("{count} accounts and as many meetings made in {took:.1} s ({profile})"))
}

fn made(joined: Option<Result<bool, tokio::task::JoinError>>) -> Done<()> {
    match joined.transpose()? {
        Some(true) | None => Ok(()),
        Some(false) => Err("one was not made".into()),
    }
}

fn account(email: &str, name: &str, administrator: bool) -> Done<NewAccount> {
    Ok(NewAccount {
        email: Email::new(email).ok_or("an address")?,
        name: Name::new(name).map_err(|_| "a name")?,
        administrator,
        first: false,
    })
}

fn meeting(number: usize, owner: AccountId) -> Done<NewMeeting> {
    Ok(NewMeeting {
        kind: MeetingType::Interactive,
        topic: Topic::new(&format!("Talk {number}: what is new")).map_err(|_| "a topic")?,
        owner,
        has_password: false,
        plan: None,
    })
}

fn pages(address: SocketAddr) -> Done<()> {
    let mut caller = TcpStream::connect(address)?;
    caller.set_nodelay(true)?;
    let body = format!("{{\"email\":\"root@example.org\",\"password\":\"{PASSWORD}\"}}");
    let signed = ask(
        &mut caller,
        &format!(
            "POST /api/v1/sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )?;
    let cookie = signed.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.and_then(|set| set.split(';').next()).ok_or("a cookie")?.to_owned();
    for page in PAGES {
        let request = format!(
            "GET /api/v1/admin/{page} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n"
        );
        let mut took = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let before = Instant::now();
            let head = ask(&mut caller, &request)?;
            took.push(before.elapsed());
            if !head.starts_with("HTTP/1.1 200") {
                return Err(head.into());
            }
        }
        tell(&format!("{page}: {}", figures(took)))?;
    }
    Ok(())
}

/// One answer on an open connection: its head.
fn ask(caller: &mut TcpStream, request: &str) -> Done<String> {
    caller.write_all(request.as_bytes())?;
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let got = caller.read(&mut buffer)?;
        if got == 0 {
            return Err("the answer ended too early".into());
        }
        bytes.extend_from_slice(&buffer[..got]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(Ok(0), str::parse)?;
        if bytes.len() >= end + 4 + length {
            return Ok(head);
        }
    }
}

fn figures(mut all: Vec<Duration>) -> String {
    all.sort();
    let ms = |at: usize| all.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0);
    let last = all.len().saturating_sub(1);
    format!("p50 {:.1} ms, max {:.1} ms", ms(last / 2), ms(last))
}

fn tell(line: &str) -> Done<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}
