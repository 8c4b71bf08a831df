//! The control socket: how commands reach a running server, and only those of its own owner.
//!
//! One line of JSON each way: `{"call":"account_add",...}` or `{"call":"backup",...}`, answered by
//! `{"done":"..."}` or `{"refused":"..."}`. The socket has mode 0600 in a folder of mode 0700.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use convoke_model::policy::{Hook, Value};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::clerk::{AccountCall, Clerk, GroupCall, KeyCall};
use crate::folder::Folder;

/// A list of accounts is the longest answer there is.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
const LINE_BYTES_MAX: u64 = 64 * 1024;
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// A path that the operating system takes for a socket (`sun_path` has 108 bytes on Linux).
const PATH_BYTES_MAX: usize = 100;

/// A wish of a command.
#[derive(Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// `convoke account add`
    AccountAdd {
        /// What it signs in with.
        email: String,
        /// What its person is called.
        name: String,
        /// Whether it may administer.
        administrator: bool,
        /// Its password.
        password: Zeroizing<String>,
    },
    /// `convoke account` but to add one
    Account(AccountCall),
    /// `convoke group`
    Group(GroupCall),
    /// `convoke key`
    Key(KeyCall),
    /// `convoke backup`
    Backup {
        /// The folder to make, absolute.
        to: PathBuf,
    },
    /// `convoke auth explain`
    AuthExplain {
        /// What the person types as their name.
        name: String,
        /// And as their password.
        password: Option<Zeroizing<String>>,
    },
    /// `convoke policy load`
    PolicyLoad {},
    /// `convoke policy status`
    PolicyStatus {},
    /// `convoke policy rollback`
    PolicyRollback {
        /// Which version; the one before this one when nothing is said.
        to: Option<u32>,
    },
    /// `convoke policy ask`
    PolicyAsk {
        /// Which hook.
        hook: Hook,
        /// What of the question is not as usual.
        question: Value,
    },
}

/// What came of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done; a line to print.
    Done(String),
    /// It was not; a sentence to act on.
    Refused(String),
}

/// A listening control socket; removed when dropped.
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens in the folder. What an earlier run left behind is replaced: whoever calls this has
    /// the folder for itself.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn bind(folder: &Folder) -> io::Result<Self> {
        let path = folder.control_socket();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let short = Short::of(&path)?;
        let listener = UnixListener::bind(&short.path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers calls, one after the other on each connection.
    pub async fn run(self, clerk: Clerk) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(serve(stream, clerk.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve(mut stream: UnixStream, clerk: Clerk) {
    let mut line = Zeroizing::new(String::new());
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading.take(LINE_BYTES_MAX));
    if !matches!(timeout(CALL_TIMEOUT, reading.read_line(&mut line)).await, Ok(Ok(1..))) {
        return;
    }
    let answer = match serde_json::from_str(&line) {
        Ok(call) => clerk.answer(call).await,
        Err(_) => Answer::Refused("The server does not know this command.".to_owned()),
    };
    if let Ok(mut answer) = serde_json::to_vec(&answer) {
        answer.push(b'\n');
        let _ = writing.write_all(&answer).await;
    }
}

/// Asks the server that uses a folder; `None` when none does.
///
/// # Errors
/// When a server is there and does not answer.
pub async fn ask(folder: &Folder, call: &Call) -> io::Result<Option<Answer>> {
    let short = Short::of(&folder.control_socket())?;
    let mut stream = match UnixStream::connect(&short.path).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut line = Zeroizing::new(serde_json::to_vec(call)?);
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = String::new();
    let mut reading = BufReader::new(stream.take(ANSWER_BYTES_MAX));
    if reading.read_line(&mut answer).await? == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the server stopped before it answered",
        ));
    }
    Ok(Some(serde_json::from_str(&answer)?))
}

/// A path short enough for a socket: long ones are reached through their folder's open file.
struct Short {
    path: PathBuf,
    _folder: Option<File>,
}

impl Short {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Ok(Self { path: path.to_owned(), _folder: None });
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let folder = File::open(parent)?;
        let through = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { path: through, _folder: Some(folder) })
    }
}
