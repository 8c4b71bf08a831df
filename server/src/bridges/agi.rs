//! The FastAGI listener of an Asterisk bridge: one connection is one call.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use convoke_plugins::bridge::agi::{Agi, Do};
use convoke_plugins::bridge::{Bridge, Happened};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::Bridges;

/// Calls of one bridge at once.
const CALLS_MAX: usize = 256;
/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 2_048;
/// How long Asterisk may take for a line while nobody talks.
const LINE_PATIENCE: Duration = Duration::from_secs(60);

impl Bridges {
    /// Listens for every bridge that wants it, and looks after the calls.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(self: &Arc<Self>) -> io::Result<()> {
        for known in self.known.values() {
            let Some(address) = known.bridge.settings.agi_listen else { continue };
            let listener = TcpListener::bind(address).await.map_err(|error| {
                let name = &known.bridge.name;
                io::Error::new(error.kind(), format!("[bridge.{name}] agi_listen: {error}"))
            })?;
            tokio::spawn(accept(Arc::clone(self), Arc::clone(&known.bridge), listener));
        }
        tokio::spawn(Arc::clone(self).watch());
        Ok(())
    }
}

async fn accept(bridges: Arc<Bridges>, bridge: Arc<Bridge>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CALLS_MAX));
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // Out of files, most likely: others will be closed.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        if !bridge.comes_from(from.ip()) {
            continue;
        }
        let (bridges, bridge) = (Arc::clone(&bridges), Arc::clone(&bridge));
        tokio::spawn(async move {
            if let Err(error) = converse(&bridges, &bridge, stream).await {
                tracing::debug!(%error, bridge = bridge.name, "a FastAGI call ended early");
            }
            drop(place);
        });
    }
}

async fn converse(bridges: &Bridges, bridge: &Bridge, stream: TcpStream) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    let mut agi = Agi::default();
    let said = steps(bridges, bridge, &mut agi, &mut reading, &mut writing).await;
    // However it ended: who talked has left.
    if agi.talks() || said.is_err() {
        bridges.report(bridge, agi.call(), Some(Happened::Left)).await;
    }
    said
}

async fn steps(
    bridges: &Bridges,
    bridge: &Bridge,
    agi: &mut Agi,
    reading: &mut (impl AsyncBufReadExt + Unpin),
    writing: &mut (impl AsyncWriteExt + Unpin),
) -> io::Result<()> {
    let mut todo = Do::Wait;
    loop {
        todo = match todo {
            Do::Wait => {
                let patience = if agi.talks() {
                    Duration::from_secs(bridge.settings.silent_s)
                } else {
                    LINE_PATIENCE
                };
                let line = tokio::time::timeout(patience, line(reading)).await??;
                let Some(line) = line else { return Err(io::ErrorKind::UnexpectedEof.into()) };
                agi.line(bridge, &line)
            }
            Do::Check if is_secret(bridge, agi.arg_1()) => agi.begin(),
            Do::Check => {
                tracing::warn!(bridge = bridge.name, "a FastAGI call shows a wrong secret");
                return Ok(());
            }
            Do::Send(line) => {
                writing.write_all(format!("{line}\n").as_bytes()).await?;
                Do::Wait
            }
            Do::Ask(asked) => {
                let told = bridges.ask(bridge, &asked).await;
                agi.told(&told)
            }
            Do::Joined(line) => {
                bridges.report(bridge, agi.call(), Some(Happened::Joined)).await;
                Do::Send(line)
            }
            Do::Left => {
                bridges.report(bridge, agi.call(), Some(Happened::Left)).await;
                return writing.write_all(b"HANGUP\n").await;
            }
            Do::End => return writing.write_all(b"HANGUP\n").await,
        };
    }
}

async fn line(reading: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = reading.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).await?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line without end"));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned()))
}

/// Whether this is a bridge's secret, in the same time whatever is shown.
pub(crate) fn is_secret(bridge: &Bridge, shown: &str) -> bool {
    let digest = |text: &str| <[u8; 32]>::from(Sha256::digest(text.as_bytes()));
    digest(bridge.secret()).ct_eq(&digest(shown)).into()
}
