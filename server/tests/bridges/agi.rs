//! FastAGI, spoken by an Asterisk of the test's own.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use convoke_ports::free_port;

use super::world::{SECRET, World, world};

struct Asterisk {
    lines: BufReader<TcpStream>,
}

impl Asterisk {
    fn calls(port: u16, secret: &str) -> Self {
        let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).expect("heard");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let mut asterisk = Self { lines: BufReader::new(stream) };
        asterisk.say(&format!(
            "agi_network: yes\nagi_request: agi://127.0.0.1/\nagi_channel: PJSIP/trunk-1\n\
             agi_uniqueid: 1700000000.42\nagi_callerid: 49301234567\nagi_extension: 500\n\
             agi_arg_1: {secret}\n"
        ));
        asterisk
    }

    fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\n").as_bytes()).expect("sent");
    }

    fn hears(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line comes");
        line.trim_end().to_owned()
    }

    /// Answers what was heard, and hears what comes then.
    fn then(&mut self, result: &str) -> String {
        self.say(&format!("200 result={result}"));
        self.hears()
    }
}

fn started() -> (World, u16) {
    let port = free_port();
    let settings = format!(
        "[bridge.pbx]\ndialect = \"asterisk\"\nsecret = \"{SECRET}\"\n\
         agi_listen = \"127.0.0.1:{port}\"\n"
    );
    (world(&settings), port)
}

#[test]
fn a_caller_is_asked_held_connected_and_gone_when_they_hang_up() {
    let (world, port) = started();
    let (id, code) = world.planned();
    let mut asterisk = Asterisk::calls(port, SECRET);
    assert_eq!(asterisk.hears(), "ANSWER");
    assert_eq!(asterisk.then("0"), "GET DATA conf-getpin 10000 20");
    assert_eq!(asterisk.then("12345"), "GET DATA conf-getpin 10000 20", "asked again");
    assert_eq!(asterisk.then(&code), "EXEC Wait 5", "held until the host begins");
    world.open(id);
    assert_eq!(asterisk.then("0"), format!("SET VARIABLE CONVOKE_MEETING {}", id.number()));
    assert_eq!(asterisk.then("1"), format!("EXEC ConfBridge \"{}\"", id.number()));
    assert_eq!(world.here(id), 1, "they are in the roster");
    drop(asterisk);
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while world.here(id) != 0 {
        assert!(std::time::Instant::now() < until, "they stay in the roster");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn three_wrong_codes_end_the_call_and_a_wrong_secret_begins_none() {
    let (_world, port) = started();
    let mut asterisk = Asterisk::calls(port, SECRET);
    asterisk.hears();
    asterisk.then("0");
    asterisk.then("1111");
    asterisk.then("2222");
    let told = asterisk.then("3333");
    assert!(told.starts_with("SET VARIABLE CONVOKE_REASON \"Please check the code"), "{told}");
    assert_eq!(asterisk.then("1"), "HANGUP");
    let mut stranger = Asterisk::calls(port, "another secret of somebody");
    assert_eq!(stranger.hears(), "", "nothing is said to a stranger");
}
