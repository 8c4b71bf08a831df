//! Acknowledged publishes to NATS JetStream, so many on their way at a time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::options::Options;

const WINDOW: u64 = 1024;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let size: usize = options.number("size", 100)?;
    let seconds: f64 = options.number("seconds", 1.0)?;
    let publish = || publish(options.needed("address")?, size, Duration::from_secs_f64(seconds));
    println!("granted_per_s={:.0}", publish().map_err(|why| format!("JetStream: {why}"))?);
    Ok(())
}

fn publish(address: &str, size: usize, time: Duration) -> Result<f64, String> {
    let said = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(address).map_err(said)?;
    stream.set_nodelay(true).map_err(said)?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(said)?;
    let config = "{\"name\":\"bench\",\"subjects\":[\"bench\"],\"storage\":\"file\",\
                  \"retention\":\"limits\",\"max_bytes\":4000000000,\"discard\":\"old\"}";
    let hello = format!(
        "CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\n\
         PUB $JS.API.STREAM.CREATE.bench answer {}\r\n{config}\r\n",
        config.len()
    );
    stream.write_all(hello.as_bytes()).map_err(said)?;
    let mut bytes = vec![0; 256 * 1024];
    let (mut filled, mut acked, mut sent) = (0, 0_u64, 0_u64);
    // The first answer is that of the stream's creation.
    while acked == 0 {
        acked += read(&mut stream, &mut bytes, &mut filled)?;
    }
    let message = format!("PUB bench answer {size}\r\n{}\r\n", "x".repeat(size));
    let (begun, created) = (Instant::now(), acked);
    let mut out = Vec::new();
    while begun.elapsed() < time {
        out.clear();
        while sent - (acked - created) < WINDOW {
            out.extend_from_slice(message.as_bytes());
            sent += 1;
        }
        stream.write_all(&out).map_err(said)?;
        acked += read(&mut stream, &mut bytes, &mut filled)?;
    }
    Ok((acked - created) as f64 / begun.elapsed().as_secs_f64())
}

/// Reads once; the acknowledgements in it.
fn read(stream: &mut TcpStream, bytes: &mut [u8], filled: &mut usize) -> Result<u64, String> {
    let read = stream.read(&mut bytes[*filled..]).map_err(|error| error.to_string())?;
    if read == 0 {
        return Err("the server hung up".into());
    }
    *filled += read;
    let (mut at, mut acked) = (0, 0);
    while let Some(end) = bytes[at..*filled].windows(2).position(|two| two == b"\r\n") {
        let line = &bytes[at..at + end];
        let mut next = at + end + 2;
        if line.starts_with(b"MSG") {
            let len = line.rsplit(|byte| *byte == b' ').next().and_then(|digits| {
                std::str::from_utf8(digits).ok().and_then(|text| text.parse::<usize>().ok())
            });
            next += len.ok_or("a message without a length")? + 2;
            if next > *filled {
                break;
            }
            let body = &bytes[at + end + 2..next];
            if body.windows(7).any(|word| word == b"\"error\"") {
                return Err(String::from_utf8_lossy(body).into_owned());
            }
            acked += 1;
        } else if line.starts_with(b"PING") {
            stream.write_all(b"PONG\r\n").map_err(|error| error.to_string())?;
        }
        at = next;
    }
    bytes.copy_within(at..*filled, 0);
    *filled -= at;
    Ok(acked)
}
