//! A server that is no directory, or not the one it should be; it notes every byte it gets.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Extended response to message 1: success.
pub(crate) const START_TLS_YES: &[u8] = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
/// Extended response to message 1: protocol error, as a server says that knows no StartTLS.
pub(crate) const START_TLS_NO: &[u8] = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00";
/// Bind response to message 1: success.
pub(crate) const BIND_YES: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

/// Answers the first bytes of every connection with these, and then says nothing.
pub(crate) struct Impostor {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Impostor {
    pub(crate) async fn answering(answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let notes = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (notes, answer) = (Arc::clone(&notes), answer.clone());
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    let mut first = answer;
                    while let Ok(count) = stream.read(&mut buffer).await {
                        if count == 0 {
                            return;
                        }
                        notes.lock().expect("whole").extend_from_slice(&buffer[..count]);
                        if let Some(answer) = first.take() {
                            let _ = stream.write_all(&answer).await;
                        }
                    }
                });
            }
        });
        Self { port, heard }
    }

    /// Everything that was sent to it.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.lock().expect("whole").clone()
    }
}

/// Whether bytes hold this text.
pub(crate) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
