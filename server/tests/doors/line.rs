//! A connection that is kept, for tests that ask thousands of times.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::client::{Reply, connect, read};
use super::world::World;

/// A connection that is kept from one call to the next.
pub(crate) struct Line<'a> {
    world: &'a World,
    stream: BufReader<TcpStream>,
}

impl<'a> Line<'a> {
    pub(crate) fn to(world: &'a World) -> Self {
        Self { world, stream: BufReader::new(connect(world.address)) }
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.world.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let reply = read(&mut self.stream);
        // What is no HTTP is answered, and then the connection ends, which is not always said.
        if reply.status == 400 || reply.header("connection") == Some("close") {
            *self = Self::to(self.world);
        }
        reply
    }

    pub(crate) fn get(&mut self, target: &str, headers: &str) -> Reply {
        self.call("GET", target, headers, "")
    }

    /// A call of one of our own pages.
    pub(crate) fn post(&mut self, path: &str, cookie: &str, body: &Value) -> Reply {
        let headers = format!(
            "Origin: {}\r\nContent-Type: application/json\r\nCookie: {cookie}\r\n",
            self.world.origin()
        );
        self.call("POST", path, &headers, &body.to_string())
    }
}
