//! Tells others of events: a signed POST to an address that administrators chose, under the same
//! rules of addresses as a question to an application server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use super::address::{AddressPolicy, Network};
use super::exchange::{self, Driven, HEAD_BYTES_MAX, HEADERS_MAX, Resolve, SystemResolver};
use super::settings::Target;
use crate::outcome::{Fault, Steps};
use crate::said::Said;
use crate::trust::{BadSetting, Given, client_config};

/// `[webhooks]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether addresses may begin with `http://`: what is told then travels in clear text.
    pub allow_http: bool,
    /// Ports that may be called.
    pub ports: Vec<u16>,
    /// Private networks that may be called.
    pub allow_private: Vec<Network>,
    /// Whether this machine may be called.
    pub allow_loopback: bool,
    /// PEM file of the authority that vouches for receivers; those that browsers believe if there
    /// is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Time to connect, in milliseconds.
    pub connect_ms: u64,
    /// Time for all of a call, in milliseconds.
    pub total_ms: u64,
    /// Calls at once. Each receiver gets one at a time.
    pub at_once_max: u32,
    /// How long is waited after each failure before the next try, in seconds; after the last, the
    /// event is given up.
    pub retry_s: Vec<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow_http: false,
            ports: vec![443],
            allow_private: Vec::new(),
            allow_loopback: false,
            ca: None,
            connect_ms: 2000,
            total_ms: 5000,
            at_once_max: 32,
            // A little over three days.
            retry_s: vec![5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
        }
    }
}

impl Settings {
    /// A value in which every setting is present, for readers that look their names up.
    #[must_use]
    pub fn with_every_setting() -> Self {
        Self { ca: Some(PathBuf::new()), ..Self::default() }
    }

    fn check(&self) -> Result<(), BadSetting> {
        /// Tries of one event.
        const RETRIES_MAX: usize = 50;
        /// A week.
        const RETRY_S_MAX: u32 = 7 * 86_400;
        if self.connect_ms == 0 {
            return Err(BadSetting::new("connect_ms", "must be at least 1"));
        }
        if !(1..=60_000).contains(&self.total_ms) {
            return Err(BadSetting::new("total_ms", "must be 1 to 60000"));
        }
        if !(1..=1000).contains(&self.at_once_max) {
            return Err(BadSetting::new("at_once_max", "must be 1 to 1000"));
        }
        let fits = (1..=RETRIES_MAX).contains(&self.retry_s.len());
        if !fits || self.retry_s.iter().any(|&wait| wait > RETRY_S_MAX) {
            return Err(BadSetting::new("retry_s", "must be 1 to 50 waits of at most a week"));
        }
        Ok(())
    }
}

/// Tells others.
pub struct Deliverer {
    settings: Settings,
    policy: AddressPolicy,
    tls: Arc<ClientConfig>,
    resolver: Arc<dyn Resolve>,
    places: Semaphore,
}

/// What the other side said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// Whether it took what it was told.
    #[must_use]
    pub fn is_taken(self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it never wants to be told again.
    #[must_use]
    pub fn is_gone(self) -> bool {
        self.status == StatusCode::GONE.as_u16()
    }
}

impl Deliverer {
    /// Reads the files that the settings name. `own` are the addresses this server listens on.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn new(settings: Settings, own: &[SocketAddr]) -> Result<Self, BadSetting> {
        Self::with_resolver(settings, own, Arc::new(SystemResolver))
    }

    /// The same, with names looked up by `resolver`.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn with_resolver(
        settings: Settings,
        own: &[SocketAddr],
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, BadSetting> {
        settings.check()?;
        let tls = client_config(settings.ca.as_ref(), &Given::default(), None)?;
        let policy = AddressPolicy {
            allow_private: settings.allow_private.clone(),
            allow_loopback: settings.allow_loopback,
            own: own.to_vec(),
        };
        let places = usize::try_from(settings.at_once_max).unwrap_or(usize::MAX >> 4);
        Ok(Self { policy, tls, resolver, places: Semaphore::new(places), settings })
    }

    /// Says what is wrong with an address, as far as that shows without looking it up.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.target(url).map(drop).map_err(String::from)
    }

    fn target(&self, url: &str) -> Result<Target, Said> {
        let target = Target::parse(url).map_err(|reason| {
            Said::new("address_form", [reason.to_string()], format!("the address {reason}"))
        })?;
        if !target.tls && !self.settings.allow_http {
            return Err(Said::new("address_http", [], "the address must begin with https://"));
        }
        if !self.settings.ports.contains(&target.port) {
            let words = format!("port {} is not one that `ports` names", target.port);
            return Err(Said::new("address_port", [target.port.to_string()], words));
        }
        if let Ok(ip) = target.host.parse() {
            self.policy.check(SocketAddr::new(ip, target.port))?;
        }
        Ok(target)
    }

    /// Waits before the next try after so many failures; nothing after the last.
    #[must_use]
    pub fn wait_after(&self, failures: u32) -> Option<Duration> {
        let at = usize::try_from(failures).ok()?.checked_sub(1)?;
        let wait = self.settings.retry_s.get(at)?;
        Some(Duration::from_secs((*wait).into()))
    }

    /// The longest of these waits.
    #[must_use]
    pub fn longest_wait(&self) -> Duration {
        let longest = self.settings.retry_s.iter().max().copied().unwrap_or_default();
        Duration::from_secs(longest.into())
    }

    /// Posts JSON with these headers; follows no redirect and reads no more of the answer than its
    /// head.
    ///
    /// # Errors
    /// Why the other side could not be told.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, Fault> {
        let target = self.target(url).map_err(Fault::AddressDenied)?;
        // The time of a call begins when it has a place.
        let _place = self.places.acquire().await.map_err(|_| Fault::Busy)?;
        let total = Duration::from_millis(self.settings.total_ms);
        let call = self.call(&target, headers, body);
        tokio::time::timeout(total, call).await.unwrap_or(Err(Fault::Late))
    }

    async fn call(
        &self,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Fault> {
        let within = Duration::from_millis(self.settings.connect_ms);
        let (policy, resolver) = (&self.policy, &*self.resolver);
        let mut steps = Steps::begin();
        let stream = exchange::reach(target, policy, resolver, within, &mut steps).await?;
        let request = request(target, headers, body)?;
        if !target.tls {
            return send(stream, request).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|_| {
            let authority = &target.authority;
            Fault::Tls(format!("`{authority}` is no name a certificate could have"))
        })?;
        let stream = tokio_rustls::TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, stream)
            .await
            .map_err(|error| Fault::Tls(error.to_string()))?;
        send(stream, request).await
    }
}

fn request(
    target: &Target,
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, Fault> {
    let mut request = Request::builder()
        .method("POST")
        .uri(&target.path)
        .header(header::HOST, &target.authority)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::USER_AGENT, "Convoke")
        .header(header::CONNECTION, "close")
        .body(Full::new(body))
        .map_err(|error| Fault::BadAnswer(error.to_string()))?;
    headers.values_mut().for_each(|value| value.set_sensitive(true));
    request.headers_mut().extend(headers);
    Ok(request)
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, Fault>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| Fault::BadAnswer(exchange::http_error(&error));
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // Ends with this function, whichever way it does.
    let _connection = Driven(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let reply = sender.send_request(request).await.map_err(broken)?;
    if reply.status().is_redirection() {
        return Err(Fault::Redirected);
    }
    let retry_after = reply.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|after| after.to_str().ok()?.trim().parse().ok());
    Ok(Answer {
        status: reply.status().as_u16(),
        retry_after: retry_after.map(Duration::from_secs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliverer(settings: Settings) -> Deliverer {
        let own = ["127.0.0.1:443".parse().expect("an address")];
        Deliverer::new(settings, &own).expect("settings")
    }

    #[test]
    fn only_public_addresses_by_https_on_the_usual_port_are_called_unless_said_otherwise() {
        let usual = deliverer(Settings::default());
        assert_eq!(usual.check("https://crm.example.org/convoke"), Ok(()));
        for odd in [
            "http://crm.example.org/",
            "https://crm.example.org:8443/",
            "https://crm.example.org/?key=secret",
            "https://a@crm.example.org/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://10.0.0.7/",
            "https://169.254.169.254/latest",
            "https://metadata.google.internal/",
            "https://0.0.0.0/",
            "ftp://crm.example.org/",
            "crm.example.org",
        ] {
            assert!(usual.check(odd).is_err(), "{odd}");
        }
        let local = deliverer(Settings {
            allow_http: true,
            allow_loopback: true,
            ports: vec![443, 8080],
            allow_private: vec!["10.0.0.0/8".parse().expect("a network")],
            ..Settings::default()
        });
        for allowed in ["http://127.0.0.1:8080/", "https://10.0.0.7/"] {
            assert_eq!(local.check(allowed), Ok(()), "{allowed}");
        }
        assert!(local.check("https://127.0.0.1/").is_err(), "where this server listens itself");
    }

    #[test]
    fn waits_end_and_odd_settings_are_named() {
        let usual = deliverer(Settings::default());
        assert_eq!(usual.wait_after(1), Some(Duration::from_secs(5)));
        assert_eq!(usual.wait_after(9), Some(Duration::from_secs(86_400)));
        assert_eq!((usual.wait_after(10), usual.wait_after(0)), (None, None));
        for (odd, name) in [
            (Settings { connect_ms: 0, ..Settings::default() }, "connect_ms"),
            (Settings { total_ms: 60_001, ..Settings::default() }, "total_ms"),
            (Settings { at_once_max: 0, ..Settings::default() }, "at_once_max"),
            (Settings { retry_s: Vec::new(), ..Settings::default() }, "retry_s"),
            (Settings { ca: Some("/nowhere".into()), ..Settings::default() }, "ca"),
        ] {
            assert_eq!(Deliverer::new(odd, &[]).err().map(|bad| bad.setting), Some(name));
        }
    }
}
