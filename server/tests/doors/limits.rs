//! Limits of the listener: slow, long, malformed and too many.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use convoke::http::Patience;

use super::client::{connect, raw, read};
use super::world::{waiting_world, world};

/// Sends bytes and reads until the other side closes; gives what came and after how long.
fn until_closed(world: &super::world::World, bytes: &[u8]) -> (String, Duration) {
    let mut stream = connect(world.address);
    stream.write_all(bytes).expect("sent");
    let start = Instant::now();
    let mut all = Vec::new();
    // A reset is a closing too.
    let _ = stream.read_to_end(&mut all);
    (String::from_utf8_lossy(&all).into_owned(), start.elapsed())
}

/// Less than a second for one thing, an hour for everything else.
fn impatient(change: impl FnOnce(&mut Patience, Duration)) -> Patience {
    let hour = Duration::from_secs(3600);
    let mut patience =
        Patience { handshake: hour, head: hour, body: hour, keep_alive: hour, write_stall: hour };
    change(&mut patience, Duration::from_millis(700));
    patience
}

fn soon(took: Duration) {
    assert!((500..5000).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn a_server_waits_as_long_as_is_written() {
    let seconds = Duration::from_secs;
    let patience = Patience {
        handshake: seconds(5),
        head: seconds(5),
        body: seconds(10),
        keep_alive: seconds(30),
        write_stall: seconds(15),
    };
    assert_eq!(Patience::default(), patience);
}

#[test]
fn slow_hand_shakes_are_cut() {
    let world = waiting_world(impatient(|patience, short| patience.handshake = short), true);
    // Nothing at all, the first byte of a hand-shake, and one that stops in the middle.
    for said in [&b""[..], &[0x16], &[0x16, 3, 1, 2, 0, 1, 0]] {
        let (answer, took) = until_closed(&world, said);
        assert_eq!(answer, "", "{said:?}");
        soon(took);
    }
}

#[test]
fn kept_connections_are_let_go_when_nothing_comes() {
    let world = waiting_world(impatient(|patience, short| patience.keep_alive = short), false);
    let mut stream = connect(world.address);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).expect("sent");
        assert_eq!(read(&mut stream).status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    let start = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert_eq!(rest, b"");
    soon(start.elapsed());
}

#[test]
fn slow_bodies_are_cut_and_others_are_not_held_up() {
    let world = waiting_world(impatient(|patience, short| patience.body = short), false);
    let head = format!(
        "POST /api/v1/join HTTP/1.1\r\nHost: {}\r\nOrigin: {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        world.address,
        world.origin()
    );
    let mut slow = connect(world.address);
    slow.write_all(head.as_bytes()).expect("sent");
    let start = Instant::now();
    assert_eq!(world.get("/healthz").status, 200);
    assert_eq!(read(&mut slow).status, 408);
    soon(start.elapsed());
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert_eq!(rest, b"", "and it is closed");
}

#[test]
fn slow_heads_are_cut_after_five_seconds() {
    let world = world("");
    let half = format!("GET / HTTP/1.1\r\nHost: {}\r\nX-Slow: ", world.address);
    let cases: [&[u8]; 3] = [b"", b"GET / HT", half.as_bytes()];
    std::thread::scope(|scope| {
        for case in cases {
            let world = &world;
            scope.spawn(move || {
                let (said, took) = until_closed(world, case);
                assert!(!said.contains("200 OK"), "{said}");
                let took = took.as_millis();
                assert!((4000..9000).contains(&took), "{took} ms for {case:?}");
            });
        }
        // One byte now and then does not help.
        scope.spawn(|| {
            let mut stream = connect(world.address);
            let start = Instant::now();
            stream.write_all(half.as_bytes()).expect("sent");
            while stream.write_all(b"a").is_ok() {
                std::thread::sleep(Duration::from_millis(200));
                assert!(start.elapsed() < Duration::from_secs(9), "it is still open");
            }
        });
        // A second request on a kept connection has no more patience than the first.
        scope.spawn(|| {
            let mut stream = connect(world.address);
            let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
            stream.write_all(request.as_bytes()).expect("sent");
            assert_eq!(read(&mut stream).status, 200);
            std::thread::sleep(Duration::from_secs(6));
            stream.write_all(half.as_bytes()).expect("idle connections are kept");
            let start = Instant::now();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
            let took = start.elapsed().as_millis();
            assert!((4000..9000).contains(&took), "{took} ms");
        });
    });
}

#[test]
fn long_addresses_heads_and_bodies_are_refused() {
    let world = world("");
    let host = format!("Host: {}\r\n", world.address);
    let long = "a".repeat(9000);
    assert_eq!(
        raw(world.address, format!("GET /{long} HTTP/1.1\r\n{host}\r\n").as_bytes()).status,
        414
    );
    let big = format!("GET / HTTP/1.1\r\n{host}X-Big: {}\r\n\r\n", "a".repeat(17_000));
    assert_eq!(raw(world.address, big.as_bytes()).status, 431);
    let many = (0..70).map(|n| format!("X-{n}: a\r\n")).collect::<String>();
    let many = format!("GET / HTTP/1.1\r\n{host}{many}\r\n");
    assert_eq!(raw(world.address, many.as_bytes()).status, 431);
    let body = vec![b' '; 64 * 1024 + 1];
    let headers = format!("Origin: {}\r\nContent-Type: application/json\r\n", world.origin());
    assert_eq!(world.post_raw("/api/v1/join", &headers, &body).status, 413);
    // A second request on a kept connection is held to the same length of address.
    let mut stream = connect(world.address);
    stream.write_all(format!("GET /healthz HTTP/1.1\r\n{host}\r\n").as_bytes()).expect("sent");
    assert_eq!(read(&mut stream).status, 200);
    stream.write_all(format!("GET /{long} HTTP/1.1\r\n{host}\r\n").as_bytes()).expect("sent");
    assert_eq!(read(&mut stream).status, 414);
}

#[test]
fn requests_that_two_parsers_read_differently_are_refused() {
    let world = world("");
    let host = format!("Host: {}\r\n", world.address);
    let ok = "HTTP/1.1 200";
    let cases = [
        format!(
            "POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
        ),
        format!(
            "POST / HTTP/1.1\r\n{host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!("GET / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"),
        format!("GET / HTTP/1.1\r\n{host}Content-Length: +4\r\n\r\nabcd"),
        format!("GET / HTTP/1.1\r\n{host}X-A: b\r\n folded\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}X-A : b\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}X-A: b\nX-B: c\r\n\r\n"),
        format!("GET / HTTP/1.1\n{host}\r\n"),
        format!("GET / HTTP/1.1\r\n{host}\n"),
        format!("GET / HTTP/1.1\r\n{host}{host}\r\n"),
        format!("GET / HTTP/1.1\r\n{host}X-\u{0}: b\r\n\r\n"),
        format!("GET /\r\n{host}\r\n"),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ];
    for case in cases {
        let smuggled = format!("{case}GET /healthz HTTP/1.1\r\n{host}\r\n");
        let (said, _) = until_closed(&world, smuggled.as_bytes());
        assert!(!said.contains(ok), "{case:?} gives {said}");
    }
}

#[test]
fn an_address_holds_so_many_connections_that_have_no_ticket() {
    let world = world("[connections]\nunadmitted_per_address_max = 3\n");
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
    let mut held: Vec<_> = (0..3).map(|_| connect(world.address)).collect();
    for stream in &mut held {
        stream.write_all(request.as_bytes()).expect("sent");
        assert_eq!(read(stream).status, 200);
    }
    let (said, took) = until_closed(&world, request.as_bytes());
    assert_eq!(said, "");
    assert!(took < Duration::from_secs(2));
    held.pop();
    let freed = Instant::now();
    while until_closed_once(&world, &request).is_empty() {
        assert!(freed.elapsed() < Duration::from_secs(5), "a place comes back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn until_closed_once(world: &super::world::World, request: &str) -> String {
    let closing = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    until_closed(world, closing.as_bytes()).0
}

#[test]
fn too_many_joins_of_one_address_are_told_to_wait() {
    let world = world("[join]\nper_minute = 60\nburst = 3\n");
    let (id, _) = world.open_meeting(None);
    let wish = serde_json::json!({ "id": id.to_string(), "name": "Ann" });
    let statuses: Vec<u16> = (0..4).map(|_| world.post("/api/v1/join", &wish).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.post("/api/v1/join", &wish).status, 200);
}

#[test]
fn a_stop_lets_the_answer_under_way_finish_and_takes_no_more() {
    let world = world("");
    let mut stream = connect(world.address);
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").expect("sent");
    std::thread::sleep(Duration::from_millis(100));
    world.stop.send(true).expect("listening");
    std::thread::sleep(Duration::from_millis(100));
    stream.write_all(format!("Host: {}\r\n\r\n", world.address).as_bytes()).expect("sent");
    assert_eq!(read(&mut stream).status, 200);
    assert!(std::net::TcpStream::connect(world.address).is_err(), "nobody new");
}

#[test]
fn who_closes_its_side_after_asking_still_gets_the_answer() {
    let world = world("");
    let mut stream = connect(world.address);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
    stream.write_all(request.as_bytes()).expect("sent");
    stream.shutdown(std::net::Shutdown::Write).expect("closed");
    assert_eq!(read(&mut stream).status, 200);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("and then it is closed");
}
