//! The setting up of Convoke meetings: signing in, creating, opening. One short HTTP exchange each.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_peers::upgrade;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// An open meeting.
#[derive(Clone, Debug)]
pub(crate) struct Meeting {
    pub(crate) id: String,
    pub(crate) password: String,
    /// The host's way in.
    pub(crate) ticket: String,
}

pub(crate) struct Door {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    cookie: String,
}

impl Door {
    pub(crate) fn sign_in(
        address: SocketAddr,
        tls: Option<Arc<ClientConfig>>,
        email: &str,
        password: &str,
    ) -> Result<Self, String> {
        let mut door = Self { address, tls, cookie: String::new() };
        let asked = json!({"email": email, "password": password});
        let (head, _) = door.post("/api/v1/sign-in", &asked)?;
        let cookie = upgrade::value(&head, "set-cookie").ok_or("signing in gave no cookie")?;
        door.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(door)
    }

    /// Creates a meeting and opens it.
    pub(crate) fn open(&self, topic: &str) -> Result<Meeting, String> {
        let password = "a password of the bench".to_owned();
        let asked = json!({"type": 0, "topic": topic, "password": password});
        let (_, created) = self.post("/api/v1/meetings", &asked)?;
        let id = match &created["id"] {
            Value::String(digits) => digits.replace('-', ""),
            other => other.to_string(),
        };
        let (_, opened) = self.post(&format!("/api/v1/meetings/{id}/host"), &json!({}))?;
        let ticket = opened["ticket"].as_str().ok_or("no ticket for the host")?.to_owned();
        Ok(Meeting { id, password, ticket })
    }

    fn post(&self, path: &str, body: &Value) -> Result<(String, Value), String> {
        let more = format!("Cookie: {}\r\nConnection: close\r\n", self.cookie);
        let request = post(self.address, self.tls.is_some(), path, &more, body);
        let begun = Instant::now();
        loop {
            let (head, body) = self.exchange(&request).map_err(|e| format!("{path}: {e}"))?;
            let status = head.split(' ').nth(1).unwrap_or_default();
            // The server may only want it slower.
            if matches!(status, "429" | "503") && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(200));
                continue;
            }
            if !status.starts_with('2') {
                return Err(format!("{path}: {status} {body}"));
            }
            return Ok((head, serde_json::from_str(&body).unwrap_or(Value::Null)));
        }
    }

    fn exchange(&self, request: &str) -> std::io::Result<(String, String)> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut answer = Vec::new();
        match &self.tls {
            None => talk(stream, request, &mut answer)?,
            Some(config) => {
                let name = "localhost".try_into().map_err(std::io::Error::other)?;
                let session = ClientConnection::new(config.clone(), name);
                let session = session.map_err(std::io::Error::other)?;
                talk(StreamOwned::new(session, stream), request, &mut answer)?;
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        Ok((head.to_owned(), body.to_owned()))
    }
}

fn talk(mut by: impl Read + Write, request: &str, answer: &mut Vec<u8>) -> std::io::Result<()> {
    by.write_all(request.as_bytes())?;
    by.flush()?;
    match by.read_to_end(answer) {
        // A server that closes without a word of TLS has said all the same what it had to say.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(()),
        done => done.map(|_| ()),
    }
}

/// A request with a JSON body; `more` are further header lines.
pub(crate) fn post(address: SocketAddr, tls: bool, path: &str, more: &str, body: &Value) -> String {
    let (host, body) = (host(address), body.to_string());
    let scheme = if tls { "https" } else { "http" };
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {scheme}://{host}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{more}\r\n{body}",
        body.len()
    )
}

/// The name that the server is asked by.
pub(crate) fn host(address: SocketAddr) -> String {
    format!("localhost:{}", address.port())
}
