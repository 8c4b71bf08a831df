//! The control socket: how commands reach a running server, and only those of its own owner.
//!
//! One line of JSON each way: `{"call":"account_add",...}` or `{"call":"backup",...}`, answered by
//! `{"done":"..."}` or `{"refused":"..."}`. The socket has mode 0600 in a folder of mode 0700.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use convoke_model::Refusal;
use convoke_model::policy::{Hook, Value};
use convoke_model::site::accounts::Email;
use convoke_model::text::Name;
use convoke_plugins::rhai::{Loading, Secret};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::accounts::{AccountError, Accounts};
use crate::backup;
use crate::control::{Engine, NewAccount};
use crate::folder::Folder;
use crate::policy::{Desk, commands};

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
    /// `convoke backup`
    Backup {
        /// The folder to make, absolute.
        to: PathBuf,
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

/// Who does what is wished.
#[derive(Clone)]
pub struct Clerk {
    /// Passwords and accounts.
    pub accounts: Arc<Accounts>,
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The data folder.
    pub folder: Folder,
    /// The operator's scripts.
    pub policies: Option<Arc<Desk>>,
}

impl Clerk {
    /// Does what is wished.
    pub async fn answer(&self, call: Call) -> Answer {
        match call {
            Call::AccountAdd { email, name, administrator, password } => {
                self.add(&email, &name, administrator, &password).await
            }
            Call::Backup { to } => match self.engine.backup(&to).await {
                Err(error) => Answer::Refused(error.to_string()),
                Ok(()) => backup::answer(backup::keep_secrets(&self.folder, &to), &to),
            },
            Call::PolicyLoad {} => self.policy_load().await,
            Call::PolicyStatus {} => match &self.policies {
                Some(desk) => Answer::Done(commands::status(&desk.policies().status())),
                None => no_policies(),
            },
            Call::PolicyRollback { to } => match &self.policies {
                Some(desk) => loaded(desk.roll_back(to).await),
                None => no_policies(),
            },
            Call::PolicyAsk { hook, question } => match &self.policies {
                Some(desk) => {
                    let asked = desk.policies().try_question(hook, question, Secret::none()).await;
                    match asked {
                        Ok(answered) => Answer::Done(commands::answered(&answered)),
                        Err(why) => Answer::Refused(why),
                    }
                }
                None => no_policies(),
            },
        }
    }

    async fn policy_load(&self) -> Answer {
        match &self.policies {
            Some(desk) => loaded(desk.load("load").await),
            None => no_policies(),
        }
    }

    async fn add(&self, email: &str, name: &str, administrator: bool, password: &str) -> Answer {
        let refused = |refusal: Refusal| Answer::Refused(refusal.sentence().to_owned());
        let Some(email) = Email::new(email) else { return refused(Refusal::EmailInvalid) };
        let Ok(name) = Name::new(name) else { return refused(Refusal::NameInvalid) };
        let new = NewAccount { email, name, administrator, first: false };
        match self.accounts.add(new, password).await {
            Ok(account) => Answer::Done(format!("Account {} added.", account.email)),
            Err(AccountError::Refused(Refusal::Taken)) => {
                Answer::Refused("There is an account with that e-mail address already.".to_owned())
            }
            Err(AccountError::Refused(refusal)) => refused(refusal),
            Err(AccountError::Slow(_)) => refused(Refusal::Busy),
            Err(AccountError::Fault(reason) | AccountError::Unavailable(reason)) => {
                Answer::Refused(reason)
            }
        }
    }
}

fn no_policies() -> Answer {
    Answer::Refused("This server runs no scripts: its log is not whole.".to_owned())
}

fn loaded(loaded: Result<Loading, String>) -> Answer {
    match loaded {
        Ok(Loading { version, changed: false, .. }) => {
            Answer::Done(format!("Nothing changed: version {version} answers."))
        }
        Ok(Loading { version, cases, .. }) => {
            Answer::Done(format!("Version {version} answers; {cases} cases came out as they say."))
        }
        Err(why) => Answer::Refused(format!("{why}\nThe version before it stays.")),
    }
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
    let mut reading = BufReader::new(stream.take(LINE_BYTES_MAX));
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
