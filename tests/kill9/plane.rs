//! The data plane of the real server: who is too slow for a picture is led on to a newer one and
//! the ledger says so, newcomers see a picture at once, publishers whom nobody follows are told,
//! and all of it is counted.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use convoke_model::TrackId;
use convoke_model::meeting::track;
use convoke_tests::program::{Server, run};
use convoke_tests::seat::{Seat, Shown};

const PASSWORD: &str = "clear-weather";
/// Bytes of one picture of these tests, and pictures from one key frame to the next.
const PICTURE_BYTES: usize = 16_000;
const KEY_EVERY: u32 = 50;
const PATIENCE: Duration = Duration::from_secs(30);

/// Shows a picture of the size and with the key frames of these tests.
fn show(host: &mut Seat, screen: TrackId, frame: u32) {
    host.show(screen, frame, frame.is_multiple_of(KEY_EVERY), &[7; PICTURE_BYTES]);
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
    let mut host = Seat::enter(server.address(), host_ticket);
    let screen = host.open(track::Kind::Screen, "vp8");
    let slow_ticket = server.ticket(&id, "Slow", PASSWORD);
    let mut slow = Seat::enter(server.address(), slow_ticket);

    // Nobody else reads: when this one does not, nobody follows.
    let mut frame = 0;
    let began = Instant::now();
    while host.slower.is_none() || frame < 2000 {
        assert!(began.elapsed() < PATIENCE, "the publisher was not told");
        for _ in 0..20 {
            show(&mut host, screen, frame);
            frame += 1;
        }
        host.look();
    }
    let last = frame - 1;
    slow.until("the newest picture", |slow| {
        slow.media.last().is_some_and(|picture| picture.header.frame == last)
    });
    let jump = slow.media.windows(2).find(|two| two[1].header.frame != two[0].header.frame + 1);
    let after = &jump.expect("pictures were skipped")[1];
    assert!(after.is_key(), "it goes on at a key frame, not at {}", after.header.frame);
    assert!(slow.media.len() < frame as usize, "not all pictures came");
    let bytes = slow.media.iter().map(Shown::wire_bytes).sum();
    slow.socket.send(&slow.half.confirm(bytes)).expect("a link");

    let mut late = Seat::enter(server.address(), server.ticket(&id, "Late", PASSWORD));
    late.until("a picture", |late| !late.media.is_empty());
    assert!(late.media[0].is_key(), "a newcomer begins at a key frame");

    let page = page(metrics);
    assert!(value(&page, "convoke_media_messages_total ") >= f64::from(frame));
    assert!(value(&page, "convoke_lane_jumps_total ") >= 1.0);
    assert!(value(&page, "convoke_slower_total ") >= 1.0);
    assert!(value(&page, "convoke_joins_total ") >= 3.0);
    assert!(value(&page, "convoke_flush_bytes_count ") >= 1.0);
    assert!(value(&page, "convoke_commit_seconds_count ") >= 1.0);
    assert!(!page.contains(&id) && !page.contains("Slow"), "nothing tells who met");

    host.end();
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
