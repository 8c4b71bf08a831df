//! The relay's door: as much of the server's HTTP interface as `loadgen` asks for.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Answers requests until one asks for a WebSocket, whose bytes come back from its body on; `None`
/// when the visitor has gone.
pub(crate) fn answer(mut stream: &TcpStream, refuses: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 64 * 1024];
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
            bytes.extend_from_slice(&part[..count]);
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        bytes.drain(..end);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        while bytes.len() < length {
            let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
            bytes.extend_from_slice(&part[..count]);
        }
        bytes.drain(..length);
        let path = head.split(' ').nth(1)?;
        if path == "/ws" {
            return Some(bytes);
        }
        let locked = r#"{"code":"locked","sentence":"The meeting is locked."}"#;
        let (status, body) = match path {
            "/api/v1/sign-in" => ("200 OK", "{}".to_owned()),
            "/api/v1/meetings" => ("200 OK", r#"{"id":88137455}"#.to_owned()),
            "/api/v1/join" if refuses => ("403 Forbidden", locked.to_owned()),
            "/api/v1/join" | "/api/v1/meetings/88137455/host" => {
                ("200 OK", r#"{"ticket":"t"}"#.to_owned())
            }
            _ if path.starts_with("/as/wapi/goto_downloader?role=attendee&name=load") => {
                let more = match refuses {
                    true => format!("\"refusal\":{locked}"),
                    false => "\"ticket\":\"t\"".to_owned(),
                };
                let boot = format!("{{\"page\":\"meeting\",{more}}}");
                let page = format!(
                    "<!doctype html><head><script type=\"application/json\" id=\"boot\">{boot}\
                     </script></head>"
                );
                ("200 OK", page)
            }
            _ => ("404 Not Found", String::new()),
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).ok()?;
    }
}
