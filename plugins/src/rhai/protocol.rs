//! What the server and its policy host say to each other: frames of a length (u32, little endian)
//! and a MessagePack body.

use std::io::{self, Read, Write};

use convoke_model::policy::{Cause, Hook, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::FRAME_BYTES_MAX;

/// To the policy host.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToHost {
    /// Compile these. The first message, and the only one of its kind.
    Load(Vec<Source>),
    /// Run one.
    Ask(Ask),
}

/// A script to compile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) hook: Hook,
    pub(super) path: String,
    pub(super) text: String,
}

/// A question to one script.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) id: u64,
    /// Which of the loaded scripts.
    pub(super) script: u32,
    pub(super) question: Value,
    pub(super) evidence: Vec<Known>,
}

/// A library call that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) call: String,
    pub(super) arguments: Vec<Value>,
    pub(super) answer: Value,
}

/// From the policy host.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromHost {
    /// Compiled, and what is wrong with them. A wrong one can be asked: it fails.
    Loaded(Vec<Problem>),
    /// What came of a question.
    Ran(Ran),
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which of the loaded scripts.
    pub script: u32,
    /// Its path.
    pub path: String,
    /// Line, from 1, when it can be told.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub reason: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ": line {line}, column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What came of a question.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ran {
    pub(super) id: u64,
    pub(super) outcome: Outcome,
    pub(super) operations: u64,
    pub(super) cpu_micros: u64,
    pub(super) traces: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// What the script said.
    Said(Value),
    /// It needs this answered first.
    Needs { call: String, arguments: Vec<Value> },
    /// It failed.
    Failed { cause: Cause, told: String },
}

/// A message as a frame.
pub(super) fn frame<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    rmp_serde::encode::write(&mut bytes, message).map_err(io::Error::other)?;
    let length = bytes.len() - 4;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::other("a message to the policy host is too large"));
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// Takes the first whole message out of `bytes`, if there is one.
pub(super) fn take<T: DeserializeOwned>(bytes: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*head) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let message = rmp_serde::from_slice(body)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    bytes.drain(..4 + length);
    Ok(Some(message))
}

/// Reads one message, waiting for it.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut head = [0; 4];
    from.read_exact(&mut head)?;
    let length = u32::from_le_bytes(head) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    rmp_serde::from_slice(&body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Writes one message, waiting until it is taken.
pub(super) fn write<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    to.write_all(&frame(message)?)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in_however_they_are_cut() {
        let ran = |id| {
            let outcome = Outcome::Said(Value::map([("enter", "host".into())]));
            FromHost::Ran(Ran { id, outcome, operations: 7, cpu_micros: 3, traces: vec![] })
        };
        let bytes = [frame(&ran(1)).expect("small"), frame(&ran(2)).expect("small")].concat();
        let (mut held, mut seen) = (Vec::new(), Vec::new());
        for byte in bytes {
            held.push(byte);
            while let Some(message) = take::<FromHost>(&mut held).expect("sound") {
                let FromHost::Ran(ran) = message else { panic!("another message") };
                seen.push(ran.id);
            }
        }
        assert_eq!(seen, [1, 2]);
        assert!(take::<FromHost>(&mut vec![0xff; 8]).is_err(), "a length out of all bounds");
    }
}
