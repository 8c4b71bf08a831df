//! Requests that two servers in a row could read differently, through real proxies: what is hidden
//! in one is never answered, and the next caller gets the answer to what they asked.
//!
//! The proxies keep `/readyz` from everybody, as an operator would keep the console. It is what the
//! hidden requests ask for, and nobody else does: if it is ever answered, one got past.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::{Reply, connect, read};
use super::world::{World, world};

mod pairs;
use pairs::{HOST, pairs};

/// How long an answer to a request that is not whole is waited for.
const STALLED: Duration = Duration::from_millis(150);
/// How long a second answer is waited for.
const MORE: Duration = Duration::from_millis(20);

/// What only the answer of `/readyz` says.
const HIDDEN: &str = "log_writable";

const SETTINGS: &str = "
base_url = \"http://meet.example.org\"
[proxy]
trusted = [\"127.0.0.1\"]
";

/// What `docs/OPERATIONS.md` has for nginx, with one connection to the server for everybody.
fn nginx(port: u16, server: SocketAddr) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;
    scgi_temp_path s;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream convoke {{ server {server}; keepalive 1; keepalive_timeout 20s; }}
    server {{
        listen 127.0.0.1:{port};
        location = /readyz {{ return 403; }}
        location / {{
            proxy_pass http://convoke;
            proxy_http_version 1.1;
            proxy_set_header Host              $host;
            proxy_set_header Upgrade           $http_upgrade;
            proxy_set_header Connection        $connection_upgrade;
            proxy_set_header X-Forwarded-For   $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_buffering    off;
            proxy_read_timeout 120s;
            proxy_send_timeout 120s;
        }}
    }}
}}
"
    )
}

/// Connections to the server are shared by everybody, whatever they ask.
fn haproxy(port: u16, server: SocketAddr) -> String {
    format!(
        "global
    maxconn 256
defaults
    mode http
    option http-keep-alive
    option forwardfor
    http-reuse always
    retries 3
    retry-on conn-failure empty-response
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout http-request 10s
frontend front
    bind 127.0.0.1:{port}
    http-request deny if {{ path /readyz }}
    default_backend convoke
backend convoke
    server one {server} pool-max-conn 1
"
    )
}

/// A proxy; ended with the test.
struct Proxy {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    fn start(
        program: &str,
        words: &[&str],
        config: fn(u16, SocketAddr) -> String,
        world: &World,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = convoke_ports::free();
        let path = folder.path().join("proxy.conf");
        std::fs::write(&path, config(address.port(), world.address)).expect("written");
        let child = Command::new(program)
            .args(words)
            .arg(&path)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} (Debian's package) is needed: {error}"));
        let proxy = Self { child, address, _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "{program} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(asked(address, "/readyz").status, 403, "it is kept from everybody");
        proxy
    }
}

/// What more comes within a time.
fn rest(stream: &mut TcpStream, wait: Duration) -> String {
    stream.set_read_timeout(Some(wait)).expect("set");
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => all.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn asked(address: SocketAddr, target: &str) -> Reply {
    let mut stream = connect(address);
    let request = format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    read(&mut stream)
}

/// Sends every pair, and asks as somebody else behind each.
fn attack(front: SocketAddr, proxy: &str) {
    let mut answered = 0;
    for (name, bytes) in pairs() {
        let mut attacker = connect(front);
        // A proxy may hang up before it has read all of it.
        let _ = attacker.write_all(&bytes);
        let mut said = rest(&mut attacker, STALLED.min(MORE));
        if said.is_empty() {
            said = rest(&mut attacker, STALLED);
        }
        answered += usize::from(!said.is_empty());
        for target in ["/healthz", "/m/1"] {
            let reply = asked(front, target);
            let expected = if target == "/healthz" { 200 } else { 404 };
            assert_eq!(reply.status, expected, "{proxy}, behind {name}: {reply:?}");
            assert!(!reply.body.contains(HIDDEN), "{proxy}, behind {name}: {reply:?}");
            assert!(expected == 404 || reply.body == "ok\n", "{proxy}, {name}: {reply:?}");
        }
        said.push_str(&rest(&mut attacker, MORE));
        assert!(!said.contains(HIDDEN), "{proxy}, {name}: {said}");
    }
    assert!(answered > 60, "{proxy}: only {answered} pairs had any answer");
}

#[test]
fn nothing_is_smuggled_through_nginx() {
    let world = world(SETTINGS);
    let proxy = Proxy::start("/usr/sbin/nginx", &["-p", ".", "-c"], nginx, &world);
    attack(proxy.address, "nginx");
}

#[test]
fn nothing_is_smuggled_through_haproxy() {
    let world = world(SETTINGS);
    let proxy = Proxy::start("/usr/sbin/haproxy", &["-db", "-f"], haproxy, &world);
    attack(proxy.address, "haproxy");
}

#[test]
fn nothing_is_smuggled_where_there_is_no_proxy() {
    let world = world(SETTINGS);
    attack(world.address, "no proxy");
}
