//! The WebSocket door: who may open one, and what is handed over.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use convoke::http::UpgradedSocket;

use super::client::{Reply, connect, raw, read};
use super::world::{World, world};

/// RFC 6455, 1.3: the sample hand-shake.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(crate) fn request(world: &World, more: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{more}\r\n",
        world.address
    )
}

pub(crate) fn own(world: &World) -> String {
    format!("Origin: {}\r\nSec-WebSocket-Protocol: chat, convoke.1\r\n", world.origin())
}

pub(crate) fn handed_over(world: &World) -> UpgradedSocket {
    let start = Instant::now();
    loop {
        if let Some(socket) = world.kept.0.lock().expect("not poisoned").pop() {
            return socket;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "nothing was handed over");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_bare_connection_is_handed_over_with_what_was_read_behind_the_request() {
    let world = world("");
    let mut stream = connect(world.address);
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let bytes = format!("{}early", request(&world, &format!("{}{offer}", own(&world))));
    stream.write_all(bytes.as_bytes()).expect("sent");
    let reply = read(&mut stream);
    assert_eq!(reply.status, 101, "{reply:?}");
    assert_eq!(reply.header("sec-websocket-accept"), Some(ACCEPT));
    assert_eq!(reply.header("sec-websocket-protocol"), Some("convoke.1"));
    assert_eq!(reply.header("sec-websocket-extensions"), None, "no compression");
    let mut socket = handed_over(&world);
    assert_eq!(socket.read_ahead, b"early");
    assert!(socket.tls.is_none());
    assert_eq!(socket.peer, stream.local_addr().expect("bound"));
    stream.write_all(b"later").expect("sent");
    let mut later = [0; 5];
    socket.socket.set_nonblocking(false).expect("set");
    socket.socket.read_exact(&mut later).expect("comes");
    assert_eq!(&later, b"later");
    socket.socket.write_all(b"hello").expect("sent");
    stream.read_exact(&mut later).expect("comes");
    assert_eq!(&later, b"hello");
    assert!(socket.slot.admit());
}

#[test]
fn the_socket_is_handed_over_non_blocking() {
    let world = world("");
    let mut stream = connect(world.address);
    stream.write_all(request(&world, &own(&world)).as_bytes()).expect("sent");
    assert_eq!(read(&mut stream).status, 101);
    let mut socket = handed_over(&world);
    let error = socket.socket.read(&mut [0; 1]).expect_err("nothing was sent");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

fn with_origin(world: &World, origin: &str) -> Reply {
    let more = format!("{origin}Sec-WebSocket-Protocol: convoke.1\r\n");
    raw(world.address, request(world, &more).as_bytes())
}

#[test]
fn pages_of_other_origins_open_no_socket() {
    let world = world("");
    let own = world.origin();
    let port = world.address.port();
    for origin in [
        "Origin: null\r\n".to_owned(),
        "Origin: https://evil.example\r\n".to_owned(),
        format!("Origin: http://evil.example:{port}\r\n"),
        format!("Origin: https://127.0.0.1:{port}\r\n"),
        format!("Origin: http://localhost:{port}\r\n"),
        "Origin: http://127.0.0.1\r\n".to_owned(),
        format!("Origin: {own}0\r\n"),
        format!("Origin: {own}.evil.example\r\n"),
        format!("Origin: {own}@evil.example\r\n"),
        format!("Origin: {own}\r\nOrigin: https://evil.example\r\n"),
        "Origin: file://\r\n".to_owned(),
        "Origin: \r\n".to_owned(),
    ] {
        let reply = with_origin(&world, &origin);
        assert_eq!((reply.status, reply.code().as_str()), (403, "foreign_origin"), "{origin}");
    }
    assert!(world.kept.0.lock().expect("not poisoned").is_empty());
    assert_eq!(with_origin(&world, &format!("Origin: {own}\r\n")).status, 101);
    assert_eq!(with_origin(&world, "").status, 101, "a program that is no browser");
}

#[test]
fn hand_shakes_that_are_none_are_refused() {
    let world = world("");
    let good = request(&world, &own(&world));
    let table = [
        (good.replace("convoke.1", "convoke.2"), 400),
        (good.replace("Sec-WebSocket-Protocol: chat, convoke.1\r\n", ""), 400),
        (good.replace("Version: 13", "Version: 8"), 426),
        (good.replace(KEY, "short"), 400),
        (good.replace(KEY, "!!!!"), 400),
        (good.replace("Upgrade: websocket", "Upgrade: h2c"), 426),
        (good.replace("keep-alive, Upgrade", "keep-alive"), 426),
        (good.replace("GET /ws", "POST /ws"), 405),
    ];
    for (request, status) in table {
        assert_eq!(raw(world.address, request.as_bytes()).status, status, "{request}");
    }
    assert!(world.kept.0.lock().expect("not poisoned").is_empty());
}
