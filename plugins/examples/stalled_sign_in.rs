//! What a stalled application server costs sign-ins that ask another one:
//! `cargo run --release -p convoke-plugins --example stalled_sign_in`

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_plugins::NonEmptySecret;
use convoke_plugins::callback::{Callback, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error>;

const SIGN_INS: usize = 1000;
/// Twice the places that a server has.
const STUCK: usize = 32;
const BODY: &str = "<__Return__><__Status__>SUCCEED</__Status__></__Return__>";

fn main() -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let healthy = asked(server(true).await?)?;
    let stalled = Arc::new(asked(server(false).await?)?);
    let alone = sign_ins(&healthy).await?;
    let stuck: Vec<_> = (0..STUCK)
        .map(|_| {
            let stalled = Arc::clone(&stalled);
            tokio::spawn(async move {
                loop {
                    let Ok(secret) = NonEmptySecret::new("a password") else { return };
                    stalled.ask("bob", &secret).await;
                    // A server that is left alone for a while answers at once; people do not.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
        })
        .collect();
    while stalled.free_places() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let beside = sign_ins(&healthy).await?;
    stuck.iter().for_each(tokio::task::JoinHandle::abort);
    let mut out = std::io::stdout();
    writeln!(out, "sign-in at a healthy server: p50 {:?}, p99 {:?}", alone.0, alone.1)?;
    writeln!(out, "while another is stalled:    p50 {:?}, p99 {:?}", beside.0, beside.1)?;
    Ok(())
}

/// p50 and p99 of one after the other.
async fn sign_ins(server: &Callback) -> Result<(Duration, Duration), Failure> {
    let secret = NonEmptySecret::new("a password")?;
    let mut times = Vec::with_capacity(SIGN_INS);
    for _ in 0..SIGN_INS {
        let began = Instant::now();
        let report = server.ask("ann", &secret).await;
        times.push(began.elapsed());
        if report.outcome.code() != "allow" {
            return Err(report.outcome.code().into());
        }
    }
    times.sort();
    Ok((times[SIGN_INS / 2], times[SIGN_INS * 99 / 100]))
}

fn asked(address: SocketAddr) -> Result<Callback, Failure> {
    let url = format!("http://{address}/");
    Ok(Callback::new(Settings { url, allow_loopback: true, ..Settings::default() }, &[])?)
}

/// One that answers every request at once, or takes connections and says nothing.
async fn server(answers: bool) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if !answers {
                held.push(stream);
                continue;
            }
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                let _ = stream.read(&mut bytes).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length";
                let length = BODY.len();
                let _ =
                    stream.write_all(format!("{head}: {length}\r\n\r\n{BODY}").as_bytes()).await;
            });
        }
    });
    Ok(address)
}
