//! Line ends in what people type, in every spelling: of no letter, no calendar and no answer does
//! any become a line of its own, and no letter goes to somebody who was slipped in.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use convoke::config::Config;
use convoke::mail::{About, Delivery, Language, Letter, Mail, Method, News, Smtp, Words};
use convoke_model::site::accounts::Email;
use convoke_model::text::{Name, Sentence, Topic};
use convoke_model::{MeetingId, Millis};
use serde_json::json;

use super::line::Line;
use super::world::{EMAIL, World, world};

const ENDS: [&str; 30] = [
    "\r\n",
    "\n",
    "\r",
    "\n\r",
    "\r\r\n",
    "\r\n ",
    "\r\n\t",
    "\r\n\r\n",
    "\n\n",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{b}",
    "\u{c}",
    "\u{1c}",
    "\u{1d}",
    "\u{1e}",
    "\0",
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "%0d%0a",
    "\\r\\n",
    "\\n",
    "=0D=0A",
    "=\r\n",
    "&#13;&#10;",
    // Cut to eight bits, these are a line end.
    "\u{560d}\u{560a}",
    "=?utf-8?Q?=0D=0A?=",
    "?=\r\n =?utf-8?Q?",
];

const LINES: [&str; 17] = [
    "Bcc: victim@example.net",
    "To: victim@example.net",
    "Cc: <victim@example.net>",
    "Subject: Pay now",
    "From: boss@example.net",
    "Content-Type: text/html",
    "Content-Transfer-Encoding: 7bit",
    "RCPT TO:<victim@example.net>",
    "MAIL FROM:<boss@example.net>",
    "ATTENDEE:mailto:victim@example.net",
    "END:VEVENT",
    "BEGIN:VALARM",
    "ATTACH:https://evil.example/x",
    "URL;VALUE=URI:https://evil.example/",
    "Set-Cookie: sid=evil",
    "=?utf-8?B?DQpCY2M6IHZpY3RpbUBleGFtcGxlLm5ldA==?=",
    "--boundary",
];

/// Each end with each line: before, within, after, and twice.
fn variants() -> Vec<String> {
    let mut variants = Vec::new();
    for end in ENDS {
        for line in LINES {
            variants.push(format!("{end}{line}"));
            variants.push(format!("Budget{end}{line}"));
            variants.push(format!("Budget{end}{line}{end}"));
            variants.push(format!("Büdget {end}{line}{end}{line}{end}x"));
        }
    }
    assert!(variants.len() > 2_000);
    variants
}

/// A mail server of this test: takes every letter, and hands on whom it is for and its bytes.
struct Sink {
    port: u16,
    taken: Receiver<Taken>,
}

#[derive(Debug)]
struct Taken {
    recipients: Vec<String>,
    bytes: Vec<u8>,
}

impl Sink {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("bound").port();
        let (put, taken) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let put = put.clone();
                std::thread::spawn(move || serve(stream, &put));
            }
        });
        Self { port, taken }
    }
}

/// One connection, in which only CR LF ends a line. Ends with the caller.
fn serve(stream: TcpStream, put: &Sender<Taken>) -> Option<()> {
    let mut write = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream);
    let mut say = move |line: &str| write.write_all(format!("{line}\r\n").as_bytes()).ok();
    let mut recipients = Vec::new();
    say("220 sink")?;
    loop {
        let line = String::from_utf8(line_of(&mut lines)?).ok()?;
        let verb = line.trim_end().to_ascii_uppercase();
        if verb.starts_with("RCPT TO:") {
            recipients.push(line[8..].trim_end().to_owned());
        }
        if verb.starts_with("QUIT") {
            return say("221 bye");
        }
        if verb != "DATA" {
            say("250 yes")?;
            continue;
        }
        say("354 go on")?;
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n.\r\n") {
            bytes.extend(line_of(&mut lines)?);
        }
        put.send(Taken { recipients: std::mem::take(&mut recipients), bytes }).ok()?;
        say("250 taken")?;
    }
}

fn line_of(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let before = line.len();
        stream.read_until(b'\n', &mut line).ok()?;
        if line.len() == before {
            return None;
        }
    }
    Some(line)
}

/// How often each field is in the head; a field is a line that is no continuation.
fn fields(head: &str) -> BTreeMap<String, usize> {
    let mut fields = BTreeMap::new();
    for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
        let (name, _) = line.split_once(':').unwrap_or_else(|| panic!("no field: {head:?}"));
        *fields.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    fields
}

fn about(topic: &str, host: &str, reason: Option<String>) -> About {
    About {
        news: News::Cancelled,
        id: MeetingId::new(88_137_455).expect("eight digits"),
        topic: topic.to_owned(),
        host: host.to_owned(),
        when: None,
        now: Millis(0),
        join_url: "https://meet.example.org/join".to_owned(),
        password: None,
        numbers: Vec::new(),
        access_code: None,
        reason,
    }
}

/// Sends a letter and gives what the mail server was told.
fn sent(world: &World, smtp: &Smtp, sink: &Sink, to: &Email, about: About) -> Taken {
    let calendar =
        (about.reason.is_none()).then(|| (Method::Request, "BEGIN:VCALENDAR\r\n".into()));
    let letter = Letter::Meeting { about: Box::new(about), calendar };
    let delivered = world.block_on(smtp.deliver(to, &letter));
    assert_eq!(delivered, Delivery::Taken, "{letter:?}");
    sink.taken.recv().expect("it was taken")
}

/// Holds a letter against whom it is for; also its body, where that was let into the log.
fn check(taken: &Taken, to: &Email, typed: &str, body_too: bool) {
    assert_eq!(taken.recipients, [format!("<{to}>")], "{typed:?}");
    let letter = String::from_utf8_lossy(&taken.bytes);
    let (head, _) = letter.split_once("\r\n\r\n").expect("a head and a body");
    // What some servers take for a line end, so that a second letter begins behind it.
    let whole = if body_too { &letter } else { head }.replace("\r\n", "");
    assert!(!whole.contains(['\r', '\n', '\0']), "{typed:?}: {letter}");
    let mut found = fields(head);
    for name in ["from", "to", "subject", "date", "mime-version", "content-type"] {
        let count = found.remove(name).unwrap_or(usize::from(name == "date"));
        assert_eq!(count, 1, "{name} of {typed:?}: {head}");
    }
    found.remove("content-transfer-encoding");
    assert!(found.is_empty(), "{typed:?}: {found:?} in {head}");
    let line = |name: &str| head.split("\r\n").find(|line| line.starts_with(name)).expect("there");
    assert_eq!(line("To:"), format!("To: {to}"), "{typed:?}");
    assert_eq!(line("From:"), "From: Meetings <m@example.org>", "{typed:?}");
}

/// Mail servers that are written to at once: each letter waits for one that acknowledges late.
const SINKS: usize = 32;

#[test]
fn nothing_that_was_typed_becomes_a_line_of_a_letter() {
    let (world, variants) = (world(""), variants());
    let addresses: usize = std::thread::scope(|scope| {
        let parts = variants.chunks(variants.len().div_ceil(SINKS));
        let all: Vec<_> = parts.map(|part| scope.spawn(|| letters(&world, part))).collect();
        all.into_iter().map(|one| one.join().expect("all of them are checked")).sum()
    });
    assert!(addresses > 20, "only {addresses} were shaped like an address");
}

/// Writes letters about each of these, and to addresses with each in them: how many of those are
/// shaped like one.
fn letters(world: &World, variants: &[String]) -> usize {
    let sink = Sink::start();
    let settings = format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         from = \"Meetings <m@example.org>\"\n",
        sink.port
    );
    let settings = Config::parse(&settings).expect("settings").mail;
    let words = Arc::new(Words::load(None, Language::En).expect("whole"));
    let smtp = world.block_on(async { Smtp::start(&settings, words) });
    let smtp = smtp.expect("right settings").expect("a server is set");
    let ann = Email::new(EMAIL).expect("an address");
    let mut addresses = 0;
    for (n, typed) in variants.iter().enumerate() {
        // As it gets into the log, and every fifth as if the log had let all of it in.
        let kept = |taken: Option<String>| taken.unwrap_or_else(|| "x".to_owned());
        let raw = n % 5 == 0;
        let (topic, host, reason) = if raw {
            (typed.clone(), typed.clone(), typed.clone())
        } else {
            (
                kept(Topic::new(typed).ok().map(|topic| topic.as_str().to_owned())),
                kept(Name::new(typed).ok().map(|name| name.as_str().to_owned())),
                kept(Sentence::new(typed).ok().map(|reason| reason.as_str().to_owned())),
            )
        };
        let reason = (n % 2 == 0).then_some(reason);
        let taken = sent(world, &smtp, &sink, &ann, about(&topic, &host, reason));
        check(&taken, &ann, typed, !raw);
        // In an address: most are none; of what is left each is one recipient, or no letter.
        for typed in [format!("ann@example.org{typed}"), format!("{typed}@example.org")] {
            let Some(to) = Email::new(&typed) else { continue };
            assert!(!to.as_str().contains(char::is_control), "{typed:?}");
            addresses += 1;
            let letter = Letter::Meeting { about: about("x", "x", None).into(), calendar: None };
            if world.block_on(smtp.deliver(&to, &letter)) == Delivery::Taken {
                check(&sink.taken.recv().expect("it was taken"), &to, &typed, true);
            }
        }
    }
    assert!(sink.taken.try_recv().is_err(), "a letter too many");
    addresses
}

#[test]
fn nothing_that_was_typed_becomes_a_line_of_a_calendar_or_of_an_answer() {
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    let wish = json!({ "type": 0, "topic": "Weekly", "when": {
        "start": "2031-03-25T10:00", "minutes": 45, "zone": "Europe/Berlin",
    } });
    let made = world.post_as("/api/v1/meetings", &wish, &cookie);
    let path = format!("/api/v1/meetings/{}", made.json()["id"].as_str().expect("an id"));
    let mut line = Line::to(&world);
    let signed = format!("Cookie: {cookie}\r\n");
    let names = |ics: &str| {
        let lines = ics.strip_suffix("\r\n").expect("lines end").split("\r\n");
        let own = lines.filter(|line| !line.starts_with(' '));
        own.map(|line| line.split([':', ';']).next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let theirs = ["set-cookie", "bcc", "to", "cc", "subject", "from", "content-transfer-encoding"];
    let calendar = format!("{path}/calendar");
    let before = line.get(&calendar, &signed);
    let expected = names(&before.body);
    let own = format!("Origin: {}\r\nContent-Type: application/json\r\n{signed}", world.origin());
    for typed in variants() {
        let body = json!({ "topic": typed }).to_string();
        let changed = line.call("PATCH", &path, &own, &body);
        assert_eq!(changed.status, 200, "{typed:?}: {changed:?}");
        let file = line.get(&calendar, &signed);
        assert_eq!(names(&file.body), expected, "{typed:?}: {}", file.body);
        let lone = file.body.replace("\r\n", "").contains(|c: char| c.is_control());
        assert!(!lone, "{typed:?}: {:?}", file.body);
        let mut headers = changed.headers.iter().chain(&file.headers);
        assert!(headers.all(|(name, _)| !theirs.contains(&name.as_str())), "{typed:?}: {file:?}");
    }
}
