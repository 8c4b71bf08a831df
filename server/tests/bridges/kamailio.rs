//! A real SIP proxy asks: Kamailio with `http_client`, called by sipp.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use convoke_model::MeetingId;
use convoke_ports::free_port;

use super::program::{Program, need};
use super::world::{SECRET, World, world};

/// A caller of few wrong codes: two at once, then no more for a quarter of an hour.
const SETTINGS: &str = "[bridge.proxy]\ndialect = \"asterisk\"\n\
    secret = \"a secret of the bridge\"\nwrong_per_caller_per_hour_max = 4\n";

struct Proxy {
    _program: Program,
    port: u16,
    dir: tempfile::TempDir,
}

impl Proxy {
    fn start(world: &World) -> Self {
        let kamailio = need("/usr/sbin/kamailio", "kamailio kamailio-utils-modules");
        need("/usr/bin/sipp", "sip-tester");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let text = include_str!("kamailio.cfg")
            .replace("MODULES", modules())
            .replace("SIP_PORT", &port.to_string())
            .replace("CONVOKE", &world.address.to_string())
            .replace("SECRET", SECRET);
        let config = dir.path().join("kamailio.cfg");
        std::fs::write(&config, text).expect("written");
        let log = std::fs::File::create(dir.path().join("log")).expect("made");
        let child = Command::new(kamailio)
            .args(["-f".as_ref(), config.as_os_str(), "-DD".as_ref(), "-E".as_ref()])
            .args(["-Y".as_ref(), dir.path().as_os_str(), "-m".as_ref(), "16".as_ref()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("started");
        let proxy = Self { _program: Program(child), port, dir };
        proxy.wait();
        proxy
    }

    /// Until it answers a question for its health.
    fn wait(&self) {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("bound");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("set");
        let own = socket.local_addr().expect("bound");
        let options = format!(
            "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK1\r\n\
             From: <sip:t@127.0.0.1>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: 1@t\r\n\
             CSeq: 1 OPTIONS\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
        );
        let began = Instant::now();
        let mut answer = [0; 2_048];
        loop {
            let _ = socket.send_to(options.as_bytes(), ("127.0.0.1", self.port));
            if socket.recv(&mut answer).is_ok() {
                return;
            }
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(30), "kamailio does not answer: {log}");
        }
    }

    /// Calls, and expects this status, with this in its `Contact`.
    fn call(&self, from: &str, dialled: &str, status: u16, contact: &str) {
        let check = match contact {
            "" => String::new(),
            contact => format!(
                "<action><ereg regexp=\"{contact}\" search_in=\"hdr\" header=\"Contact:\" \
                 check_it=\"true\" assign_to=\"1\"/></action>"
            ),
        };
        let used = if contact.is_empty() { "" } else { "<Reference variables=\"1\"/>" };
        let scenario = include_str!("caller.xml")
            .replace("STATUS", &status.to_string())
            .replace("FROM", from)
            .replace("CHECK", &check)
            .replace("USED", used);
        let path = self.dir.path().join("caller.xml");
        std::fs::write(&path, scenario).expect("written");
        let port = free_port().to_string();
        let out = sipp(&path, self.dir.path())
            .args(["-s", dialled, "-p", &port, &format!("127.0.0.1:{}", self.port)])
            .output()
            .expect("started");
        let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{from} dials {dialled}, not {status}: {said}\n{log}");
    }
}

fn sipp(scenario: &Path, within: &Path) -> Command {
    let mut command = Command::new("/usr/bin/sipp");
    command
        .current_dir(within)
        .args(["-sf".as_ref(), scenario.as_os_str()])
        .args(["-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "15s", "-timeout_error"])
        .stdin(Stdio::null());
    command
}

fn modules() -> &'static str {
    let known = [
        "/usr/lib/x86_64-linux-gnu/kamailio/modules/",
        "/usr/lib/aarch64-linux-gnu/kamailio/modules/",
        "/usr/lib64/kamailio/modules/",
    ];
    let found = known.into_iter().find(|path| Path::new(path).join("http_client.so").exists());
    found.unwrap_or_else(|| need(known[0], "kamailio-utils-modules"))
}

fn at(id: MeetingId, host: &str) -> String {
    format!("sip:{}@{host}", id.number())
}

#[test]
fn a_call_is_routed_by_its_code_refused_asked_and_locked_out() {
    let world = world(SETTINGS);
    let (id, code) = world.planned();
    let proxy = Proxy::start(&world);
    // Nothing was typed yet: to whom asks for it.
    proxy.call("+49301000001", "conference", 302, "sip:ivr@ivr.example.org");
    // The right code, before the host and after.
    proxy.call("+49301000001", &code, 302, &at(id, "hold.example.org"));
    world.open(id);
    proxy.call("+49301000001", &code, 302, &at(id, "mixer.example.org"));
    // An id alone leads to the lobby, not to the mixer.
    let digits = id.number().to_string();
    proxy.call("+49301000002", &digits, 302, &at(id, "hold.example.org"));
    // A wrong one is refused, and after two of them nothing of this caller's is looked at.
    proxy.call("+49301000003", "1234567890", 484, "");
    proxy.call("+49301000003", "1234567891", 484, "");
    proxy.call("+49301000003", "1234567892", 603, "");
    proxy.call("+49301000003", &code, 603, "");
    // Others are not held up.
    proxy.call("+49301000004", &code, 302, &at(id, "mixer.example.org"));
}
