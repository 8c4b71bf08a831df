//! `cargo xtask run`: from a fresh clone to a page that can be opened.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Failed, Outcome, browser, machine, say, tools};

const DEMO: &str = "demo@example.com";

/// Builds, provisions, makes the demo host once, and becomes the server.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let wanted = Wanted::read(words)?;
    machine::need_node()?;
    // Asked before the build: nobody likes to wait minutes for a port that was taken all along.
    free(wanted.listen, wanted.shown)?;
    browser::build()?;
    // The same build as the tests', so that nothing is built twice and the auditor is there too.
    tools::build()?;
    demo_host(wanted.data)?;
    // The server says where to open it: only it knows whether that is by HTTPS.
    say::line("Ctrl-C stops the server.");
    let mut server = Command::new(tools::program("convoke"));
    server.args(["serve", "--data", wanted.data, "--listen", &wanted.listen.to_string()]);
    // The server takes our place, so that Ctrl-C reaches it and it can drain.
    Err(Failed(format!("The server could not be started: {}.", server.exec())))
}

struct Wanted<'a> {
    listen: SocketAddr,
    shown: &'a str,
    data: &'a str,
}

impl<'a> Wanted<'a> {
    fn read(mut words: &[&'a str]) -> Result<Self, Failed> {
        let (mut shown, mut data) = ("localhost:8889", "data");
        while let [name, value, rest @ ..] = words {
            match *name {
                "--listen" => shown = value,
                "--data" => data = value,
                _ => break,
            }
            words = rest;
        }
        if let Some(word) = words.first() {
            return Err(Failed(format!(
                "`cargo xtask run` does not know {word}; it takes --listen ADDR:PORT, --data DIR."
            )));
        }
        let mut addresses: Vec<SocketAddr> = shown
            .to_socket_addrs()
            .map_err(|e| Failed(format!("{shown} is no address and port: {e}.")))?
            .collect();
        // Of localhost's two addresses the IPv4 one: every browser tries it.
        addresses.sort_by_key(SocketAddr::is_ipv6);
        let Some(&listen) = addresses.first() else {
            return Err(Failed(format!("{shown} is no address and port.")));
        };
        Ok(Self { listen, shown, data })
    }
}

fn free(listen: SocketAddr, shown: &str) -> Outcome {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(Failed(format!(
            "Port {} is in use, perhaps by another Convoke: stop that one, or choose another port \
             with `cargo xtask run --listen localhost:{}`.",
            listen.port(),
            listen.port().saturating_add(1),
        ))),
        Err(error) => Err(Failed(format!("{shown} cannot be listened on: {error}."))),
    }
}

/// Makes the demo host the first time, with a password that is shown once and kept nowhere.
fn demo_host(data: &str) -> Outcome {
    let made = Path::new(data).join("demo-host-made");
    if made.exists() {
        say::line(&format!(
            "Demo host: {DEMO}. Its password was shown at the first start; delete {data} to begin \
             anew."
        ));
        return Ok(());
    }
    let password = password()?;
    say::step("making the demo host");
    let mut child = Command::new(tools::program("convoke"))
        .args(["account", "add", DEMO, "--password-stdin", "--data", data])
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{password}")?;
    }
    let status = child.wait()?;
    if !status.success() {
        return Err(Failed(format!("The demo host could not be made ({status}).")));
    }
    std::fs::write(made, "`cargo xtask run` made the demo host of this folder.\n")?;
    say::line(&format!("Demo host: {DEMO}\nPassword:  {password}   (shown this once)"));
    Ok(())
}

/// Twenty-four letters and digits without look-alikes: 120 bits.
pub(crate) fn password() -> Result<String, Failed> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 24];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect())
}
