//! A small HTTP server for one purpose: it answers `GET /metrics` while a run goes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::CannotRun;
use crate::control::{Control, Phase};
use crate::prometheus::exposition;

/// Whoever asks has this long, one at a time.
const PATIENCE: Duration = Duration::from_secs(2);
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Between two looks for somebody who asks.
const STEP: Duration = Duration::from_millis(20);

/// Answers at `address` until the run stops. Port 0 means any; the sentence tells which.
pub(crate) fn serve(address: SocketAddr, control: &Arc<Control>) -> Result<(), CannotRun> {
    let cannot = |error| format!("cannot serve metrics at {address}: {error}");
    let listener = TcpListener::bind(address).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    // Nobody has to read it.
    let _ = writeln!(std::io::stderr(), "metrics: http://{address}/metrics");
    let control = control.clone();
    std::thread::spawn(move || {
        while control.phase() != Phase::Stop {
            match listener.accept() {
                // Whoever went away does not need the answer.
                Ok((stream, _)) => drop(answer(stream, &control)),
                Err(_) => std::thread::sleep(STEP),
            }
        }
    });
    Ok(())
}

fn answer(mut stream: TcpStream, control: &Control) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut stream)?;
    let (status, body) = match respond(&head) {
        Ok(()) => ("200 OK", exposition(control)),
        Err(status) => (status, format!("{status}: GET /metrics is all there is.\n")),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut bytes, mut part, end) = (Vec::new(), [0; 1024], Instant::now() + PATIENCE);
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes.len() > REQUEST_BYTES_MAX {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut part)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn respond(head: &str) -> Result<(), &'static str> {
    let mut words = head.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match (method, path.split('?').next()) {
        ("GET", Some("/metrics")) => Ok(()),
        ("GET", _) => Err("404 Not Found"),
        _ => Err("405 Method Not Allowed"),
    }
}

/// An address to serve metrics at: this machine only, unless `anywhere` is meant.
pub(crate) fn allowed(address: SocketAddr, anywhere: bool) -> Result<SocketAddr, CannotRun> {
    if anywhere || address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!(
        "--metrics {address} would show the run to the network; say --metrics-anywhere as well if \
         that is meant"
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_answered() {
        assert_eq!(respond("GET /metrics HTTP/1.1\r\n\r\n"), Ok(()));
        assert_eq!(respond("GET /metrics?x HTTP/1.1\r\n\r\n"), Ok(()));
        assert_eq!(respond("GET / HTTP/1.1\r\n\r\n"), Err("404 Not Found"));
        assert_eq!(respond("POST /metrics HTTP/1.1\r\n\r\n"), Err("405 Method Not Allowed"));
        assert_eq!(respond("\r\n\r\n"), Err("405 Method Not Allowed"));
    }

    #[test]
    fn the_network_sees_it_only_when_that_is_meant() {
        let local: SocketAddr = "[::1]:9".parse().expect("an address");
        let open: SocketAddr = "0.0.0.0:9".parse().expect("an address");
        assert!(allowed(local, false).is_ok() && allowed(open, true).is_ok());
        let CannotRun(why) = allowed(open, false).expect_err("not meant");
        assert!(why.contains("--metrics-anywhere"), "{why}");
    }
}
