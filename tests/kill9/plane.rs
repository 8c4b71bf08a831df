//! The data plane of the real server: who is too slow for a picture is led on to a newer one and
//! the ledger says so, newcomers see a picture at once, publishers whom nobody follows are told,
//! and all of it is counted.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use convoke_model::meeting::{Command, lifecycle, track};
use convoke_model::{Millis, TrackId};
use convoke_tests::client::Socket;
use convoke_tests::program::{Server, run};
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::media::{self, MediaHeader};

const PASSWORD: &str = "clear-weather";
/// Bytes of one picture of these tests, and pictures from one key frame to the next.
const PICTURE_BYTES: usize = 16_000;
const KEY_EVERY: u32 = 50;
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody with a link, who looks at what they want to.
struct Viewer {
    socket: Socket,
    half: ClientHalf,
    /// Numbers of the pictures that came, and whether the first was a key frame.
    pictures: Vec<(u32, bool)>,
    media_bytes: u64,
    track: Option<TrackId>,
    told_slower: Option<u64>,
    over: bool,
}

impl Viewer {
    fn enter(address: SocketAddr, ticket: String) -> Self {
        let mut socket = Socket::connect(address).expect("a link");
        let half = ClientHalf::new(ticket, "plane".to_owned());
        socket.send(&half.hello()).expect("a link");
        let (pictures, media_bytes) = (Vec::new(), 0);
        let mut viewer = Self {
            socket,
            half,
            pictures,
            media_bytes,
            track: None,
            told_slower: None,
            over: false,
        };
        viewer.until("the session", |viewer| viewer.half.position().seq > 0);
        viewer
    }

    /// Takes in what comes until something is so.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "{what} did not come");
            self.look();
        }
    }

    /// Takes in one message, if one comes.
    fn look(&mut self) {
        let message = match self.socket.receive() {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(_) => {
                self.over = true;
                return;
            }
        };
        match self.half.handle(&message).expect("the protocol is kept") {
            Some(Output::Media(header, _)) => {
                let is_key = header.flags & media::FLAG_KEY != 0;
                self.pictures.push((header.frame, is_key));
                self.media_bytes += message.len() as u64 + 4;
            }
            Some(Output::Fact(bytes)) => {
                let entry = convoke_wire::entry::EntryRef::read(&bytes).expect("an entry");
                let fact = convoke_wire::codec::decode::<convoke_model::meeting::Event>(&entry);
                if let convoke_model::meeting::Event::Track(track::Event::Opened {
                    track, ..
                }) = fact.expect("a fact").event
                {
                    self.track = Some(track);
                }
            }
            Some(Output::Slower(_, bits)) => self.told_slower = Some(bits),
            _ => {}
        }
    }

    fn wish(&mut self, command: Command) {
        let (_, message) = self.half.request(command);
        self.socket.send(&message).expect("a link");
    }

    fn open_screen(&mut self) -> TrackId {
        let (kind, codec) = (track::Kind::Screen, "vp8".to_owned());
        let open = track::Command::Open { kind, codec, width: 640, height: 360 };
        self.wish(Command::Track(open));
        self.until("the track", |viewer| viewer.track.is_some());
        self.track.expect("it was waited for")
    }

    fn show(&mut self, track: TrackId, frame: u32) {
        let key = if frame.is_multiple_of(KEY_EVERY) { media::FLAG_KEY } else { 0 };
        let header = MediaHeader {
            flags: key | media::FLAG_FIRST | media::FLAG_LAST,
            part: 0,
            track,
            generation: 1,
            frame,
            captured_us: 0,
            arrived: Millis(0),
            fact_seq: 0,
        };
        let mut message = header.to_bytes().to_vec();
        message.resize(PICTURE_BYTES, 7);
        self.socket.send(&message).expect("a link");
    }
}

fn page(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("metrics are served");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("a link");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("a page");
    page
}

fn value(page: &str, name: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|rest| rest.trim().parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in\n{page}"))
}

#[test]
fn who_is_too_slow_for_a_picture_goes_on_at_a_newer_one_and_the_ledger_says_so() {
    let metrics = convoke_ports::free_port();
    let server = Server::start(&format!("[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n"));
    let (id, host_ticket) = server.meeting(PASSWORD);
    let mut host = Viewer::enter(server.address(), host_ticket);
    let screen = host.open_screen();
    let slow_ticket = server.ticket(&id, "Slow", PASSWORD);
    let mut slow = Viewer::enter(server.address(), slow_ticket);

    // Nobody else reads: when this one does not, nobody follows.
    let mut frame = 0;
    let began = Instant::now();
    while host.told_slower.is_none() || frame < 2000 {
        assert!(began.elapsed() < PATIENCE, "the publisher was not told");
        for _ in 0..20 {
            host.show(screen, frame);
            frame += 1;
        }
        host.look();
    }
    let last = frame - 1;
    slow.until("the newest picture", |slow| {
        slow.pictures.last().is_some_and(|&(frame, _)| frame == last)
    });
    let jump = slow.pictures.windows(2).find(|two| two[1].0 != two[0].0 + 1);
    let jump = jump.expect("pictures were skipped");
    assert!(jump[1].1, "it goes on at a key frame, not at {}", jump[1].0);
    assert!(slow.pictures.len() < frame as usize, "not all pictures came");
    slow.socket.send(&slow.half.confirm(slow.media_bytes)).expect("a link");

    let mut late = Viewer::enter(server.address(), server.ticket(&id, "Late", PASSWORD));
    late.until("a picture", |late| !late.pictures.is_empty());
    assert!(late.pictures[0].1, "a newcomer begins at a key frame");

    let page = page(metrics);
    assert!(value(&page, "convoke_media_messages_total ") >= f64::from(frame));
    assert!(value(&page, "convoke_lane_jumps_total ") >= 1.0);
    assert!(value(&page, "convoke_slower_total ") >= 1.0);
    assert!(value(&page, "convoke_joins_total ") >= 3.0);
    assert!(value(&page, "convoke_flush_bytes_count ") >= 1.0);
    assert!(value(&page, "convoke_commit_seconds_count ") >= 1.0);
    assert!(!page.contains(&id) && !page.contains("Slow"), "nothing tells who met");

    host.wish(Command::Lifecycle(lifecycle::Command::End {}));
    for viewer in [&mut host, &mut slow, &mut late] {
        viewer.until("the end", |viewer| viewer.over);
    }
    let told = told(&server, &id);
    let of_slow = told.iter().find(|line| line.contains("Slow") && line.contains("was sent"));
    let of_slow = of_slow.unwrap_or_else(|| panic!("no ledger in {told:#?}"));
    assert!(of_slow.contains("too slow"), "{of_slow}");
    assert!(!of_slow.contains(" and 0 confirmed"), "{of_slow}");
    let ledgers = told.iter().filter(|line| line.contains("was sent facts up to")).count();
    assert_eq!(ledgers, 3, "one for each who was there: {told:#?}");
}

/// What the auditor shows of the meeting's session, once all ledgers are in the log.
fn told(server: &Server, id: &str) -> Vec<String> {
    let data = server.data();
    let words = ["--data", data.to_str().expect("plain names"), "show", id];
    let began = Instant::now();
    loop {
        let shown = run("convoke-audit", &words, "");
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let ledgers = lines.iter().filter(|line| line.contains("was sent facts")).count();
        if ledgers >= 3 || began.elapsed() > Duration::from_secs(5) {
            assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
            return lines;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
