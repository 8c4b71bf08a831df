//! The server's door: signing in, creating and opening meetings, joining; JSON over HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};

use convoke_wire::turbo::attend_call;

use crate::server::Server;
use crate::source::Sources;

const PATIENCE: Duration = Duration::from_secs(30);
/// Where a page tells its script what it is about.
const BOOT: &str = "<script type=\"application/json\" id=\"boot\">";

/// Why the door did not do what was asked.
#[derive(Debug)]
pub(crate) enum Shut {
    /// The server said no: stable code and sentence.
    Refused { code: String, sentence: String },
    /// It could not be asked, or its answer was not understood.
    Broken(String),
}

impl std::fmt::Display for Shut {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { code, sentence } => write!(out, "{sentence} ({code})"),
            Self::Broken(why) => out.write_str(why),
        }
    }
}

/// One visitor at the door: keeps its cookies and its connection.
#[derive(Debug)]
pub(crate) struct Door {
    agent: ureq::Agent,
    origin: String,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    sentence: String,
}

#[derive(Deserialize)]
struct Ticket {
    ticket: String,
}

#[derive(Deserialize)]
struct Meeting {
    id: Value,
}

impl Door {
    /// A visitor that comes from the source address of this `number`.
    pub(crate) fn new(server: &Server, sources: &Sources, number: usize) -> Self {
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("convoke-loadgen/", env!("CARGO_PKG_VERSION")));
        if let Some(tls) = &server.tls {
            let roots = tls.roots.iter().map(|root| Certificate::from_der(root).to_owned());
            let roots: Vec<_> = roots.collect();
            let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots));
            config = config.tls_config(tls.build());
        }
        let wire = WireConnector { server: server.address, sources: sources.clone(), number };
        let connector = wire.chain(RustlsConnector::default());
        let resolver = DefaultResolver::default();
        let agent = ureq::Agent::with_parts(config.build(), connector, resolver);
        Self { agent, origin: server.origin.clone() }
    }

    pub(crate) fn sign_in(&self, email: &str, password: &str) -> Result<(), Shut> {
        self.post("sign-in", &json!({"email": email, "password": password})).map(|_| ())
    }

    /// Creates an interactive meeting and returns its number.
    pub(crate) fn create(&self, topic: &str, password: &str) -> Result<String, Shut> {
        let asked = json!({"type": 0, "topic": topic, "password": password});
        let meeting: Meeting = understood(self.post("meetings", &asked)?)?;
        match meeting.id {
            Value::Number(number) => Ok(number.to_string()),
            Value::String(digits) => Ok(digits.replace('-', "")),
            other => Err(Shut::Broken(format!("{other} is not a meeting's number"))),
        }
    }

    /// Opens a session of the meeting; the ticket lets its host in.
    pub(crate) fn host(&self, meeting: &str) -> Result<String, Shut> {
        let ticket: Ticket =
            understood(self.post(&format!("meetings/{meeting}/host"), &json!({}))?)?;
        Ok(ticket.ticket)
    }

    pub(crate) fn join(&self, meeting: &str, name: &str, password: &str) -> Result<String, Shut> {
        let asked = json!({"id": meeting, "name": name, "password": password});
        let ticket: Ticket = understood(self.post("join", &asked)?)?;
        Ok(ticket.ticket)
    }

    /// Joins as an integration's page does, by the address with everything in it: the page that
    /// answers holds the ticket.
    pub(crate) fn join_by_address(
        &self,
        meeting: &str,
        name: &str,
        password: &str,
    ) -> Result<String, Shut> {
        let broken = |error: ureq::Error| Shut::Broken(unheard(&self.origin, &error.to_string()));
        let mut answer = self
            .agent
            .get(format!("{}/as/wapi/goto_downloader", self.origin))
            .query_pairs(attend_call(name, meeting, password))
            .call()
            .map_err(broken)?;
        let status = answer.status();
        let page = answer.body_mut().read_to_string().map_err(broken)?;
        ticket_in(&page).unwrap_or_else(|| {
            Err(Shut::Broken(format!(
                "the server answered {status} to goto_downloader with a page that holds no ticket: \
                 is this a Convoke server?"
            )))
        })
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Shut> {
        let broken = |error: ureq::Error| Shut::Broken(unheard(&self.origin, &error.to_string()));
        let mut answer = self
            .agent
            .post(format!("{}/api/v1/{path}", self.origin))
            .header(http::header::ORIGIN, &self.origin)
            .send_json(body)
            .map_err(broken)?;
        let status = answer.status();
        let text = answer.body_mut().read_to_string().map_err(broken)?;
        if status.is_success() {
            let text = if text.is_empty() { "null" } else { &text };
            return serde_json::from_str(text).map_err(|_| {
                Shut::Broken(format!("the answer to {path} is not JSON: is this a Convoke server?"))
            });
        }
        match serde_json::from_str(&text) {
            Ok(Refusal { code, sentence }) => Err(Shut::Refused { code, sentence }),
            Err(_) => Err(Shut::Broken(format!(
                "the server answered {status} to {path}: is this a Convoke server?"
            ))),
        }
    }
}

/// The ticket in a page's boot block, or why there is none; `None` when there is no such block.
fn ticket_in(page: &str) -> Option<Result<String, Shut>> {
    let (_, block) = page.split_once(BOOT)?;
    let (block, _) = block.split_once("</script>")?;
    let boot: Value = serde_json::from_str(block).ok()?;
    if let Some(ticket) = boot.get("ticket").and_then(Value::as_str) {
        return Some(Ok(ticket.to_owned()));
    }
    let refusal = serde_json::from_value(boot.get("refusal")?.clone()).ok()?;
    let Refusal { code, sentence } = refusal;
    Some(Err(Shut::Refused { code, sentence }))
}

fn unheard(origin: &str, why: &str) -> String {
    let way_out = match why.contains("certificate") {
        true => " (--ca FILE names the certificates to trust)",
        false => "",
    };
    format!("{origin}: {why}{way_out}")
}

fn understood<T: for<'de> Deserialize<'de>>(answer: Value) -> Result<T, Shut> {
    serde_json::from_value(answer)
        .map_err(|error| Shut::Broken(format!("the server's answer was not understood: {error}")))
}

/// Connects from a chosen source address, which the HTTP library's own connector cannot.
#[derive(Debug)]
struct WireConnector {
    server: std::net::SocketAddr,
    sources: Sources,
    number: usize,
}

impl Connector<()> for WireConnector {
    type Out = Wire;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<Wire>, ureq::Error> {
        let stream = self.sources.connect(self.number, self.server, PATIENCE)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Wire { stream, buffers }))
    }
}

struct Wire {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Wire({:?})", self.stream)
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.set_write_timeout(timeout.not_zero().map(|left| *left))?;
        Ok(self.stream.write_all(&self.buffers.output()[..amount])?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.set_read_timeout(timeout.not_zero().map(|left| *left))?;
        let read = match self.stream.read(self.buffers.input_append_buf()) {
            Ok(read) => read,
            // A read that ran into its timeout says that it would block.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return Err(ureq::Error::Timeout(timeout.reason));
            }
            Err(error) => return Err(error.into()),
        };
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        let waiting = self.stream.set_nonblocking(true).and_then(|()| {
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            peeked
        });
        // Nothing to read and not ended: the server will answer the next request here.
        matches!(waiting, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }
}
