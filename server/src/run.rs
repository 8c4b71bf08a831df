//! What the commands do, each in a few lines.

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use convoke_model::Millis;
use convoke_model::policy::{Hook, Value};
use convoke_plugins::rhai::Launch;
use zeroize::Zeroizing;

use crate::backend::{Backend, BackendError, Opening, Operations};
use crate::clerk::Clerk;
use crate::clock::{Clock, SystemClock};
use crate::command::{
    Account, AccountAdd, Auth, Backup, Command, Key, Ldap, Line, Policy, Recover, Restore,
};
use crate::config::Config;
use crate::control_socket::{self, Answer, Call};
use crate::folder::Folder;
use crate::http::{Parts, Patience, Site, Slots};
use crate::mail::{Language, NoMail, Words};
use crate::metrics::Metrics;
use crate::policy::{Chosen, commands};
use crate::tickets::Tickets;
use crate::{backup, explain, logging, say, serve, supervisor};

/// Longest password line that is read.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Runs the command line of this process.
#[must_use]
pub fn run(operations: &Operations) -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help goes to standard output, mistakes to standard error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match line.command {
        Command::Serve(words) => {
            let alone =
                words.no_supervisor || words.supervised || supervisor::is_supervised_elsewhere();
            return if alone { serve::run(&words, operations) } else { supervisor::run() };
        }
        Command::Account(Account::Add(words)) => add_account(&words, operations),
        Command::Account(words) => people(words.call(), operations),
        Command::Group(words) => people(words.call(), operations),
        Command::Key(words) => key(&words, operations),
        Command::Auth(Auth::Explain(words)) => explain::auth(&words),
        Command::Auth(Auth::CheckAdapter(words)) => explain::adapter(&words),
        Command::Ldap(Ldap::Test(words)) => explain::ldap(&words),
        Command::Backup(words) => back_up(&words, operations),
        Command::Restore(words) => restore(&words, operations),
        Command::Recover(words) => recover(&words, operations),
        Command::Policy(words) => policy(&words),
        Command::PolicyHost => return convoke_plugins::rhai::host::run(),
    };
    match done {
        Ok(Answer::Done(words)) => {
            say::line(&words);
            ExitCode::SUCCESS
        }
        Ok(Answer::Refused(why)) => {
            say::problem(&why);
            ExitCode::FAILURE
        }
        Err(error) => {
            say::problem(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

type Done = Result<Answer, Box<dyn std::error::Error>>;

fn add_account(words: &AccountAdd, operations: &Operations) -> Done {
    let password = read_password()?;
    let local_part = words.email.split('@').next().unwrap_or_default();
    let call = Call::AccountAdd {
        email: words.email.clone(),
        name: words.name.clone().unwrap_or_else(|| local_part.to_owned()),
        administrator: words.administrator,
        password,
    };
    asked(&Folder::open(&words.data)?, call, operations)
}

/// A command about accounts and groups, which must have a folder already.
fn people((data, call): (&Path, Option<Call>), operations: &Operations) -> Done {
    match call {
        Some(call) => asked(&existing(data)?, call, operations),
        None => Ok(Answer::Refused("There is nothing to change.".to_owned())),
    }
}

fn key(words: &Key, operations: &Operations) -> Done {
    match words.call(SystemClock::new().now().0) {
        Ok((data, call)) => asked(&existing(data)?, Call::Key(call), operations),
        Err(why) => Ok(Answer::Refused(why)),
    }
}

/// Asks the server that uses the folder, or opens the folder for this one call.
fn asked(folder: &Folder, call: Call, operations: &Operations) -> Done {
    let runtime = runtime()?;
    if let Some(answer) = runtime.block_on(control_socket::ask(folder, &call))? {
        return Ok(answer);
    }
    let (clerk, backend) = clerk(folder, operations)?;
    let answer = runtime.block_on(clerk.answer(call));
    (backend.stop)();
    Ok(answer)
}

fn back_up(words: &Backup, operations: &Operations) -> Done {
    let folder = existing(&words.data)?;
    // A server runs in a folder of its own.
    let to = std::path::absolute(&words.to)?;
    let call = Call::Backup { to: to.clone() };
    if let Some(answer) = runtime()?.block_on(control_socket::ask(&folder, &call))? {
        return Ok(answer);
    }
    (operations.backup)(&folder, &to)?;
    Ok(backup::answer(backup::keep_secrets(&folder, &to), &to))
}

fn restore(words: &Restore, operations: &Operations) -> Done {
    if !words.from.is_dir() {
        return Ok(Answer::Refused(format!("{} is not a backup.", words.from.display())));
    }
    let filled = words.data.join("keys").exists() || words.data.join("secrets").exists();
    if filled {
        let data = words.data.display();
        return Ok(Answer::Refused(format!("{data} is not empty; restore into an empty folder.")));
    }
    (operations.restore)(&words.from, &words.data)?;
    let folder = Folder::open(&words.data)?;
    backup::bring_secrets(&words.from, &folder)?;
    Ok(Answer::Done(format!("Restored to {}.", words.data.display())))
}

fn recover(words: &Recover, operations: &Operations) -> Done {
    let folder = existing(&words.data)?;
    Ok(Answer::Done((operations.accept_loss)(&folder)?))
}

fn policy(words: &Policy) -> Done {
    let runtime = runtime()?;
    let launch = Launch::this_program()?;
    let said = |said: Result<String, String>| match said {
        Ok(words) => Answer::Done(words),
        Err(why) => Answer::Refused(why),
    };
    let ask = |data: &Path, call: &Call| -> Result<Option<Answer>, Box<dyn std::error::Error>> {
        Ok(runtime.block_on(control_socket::ask(&existing(data)?, call))?)
    };
    let no_server = || {
        let why = "No server runs on this folder: scripts are loaded when one starts.";
        Answer::Refused(why.to_owned())
    };
    Ok(match words {
        Policy::Init(words) => {
            said(commands::init(&chosen(&words.data, words.config.as_deref())?.folder))
        }
        Policy::Test(words) => {
            let chosen = chosen(&words.data, words.config.as_deref())?;
            said(runtime.block_on(commands::test(&chosen.folder, launch)))
        }
        Policy::Ask(words) => {
            let Some(hook) = Hook::of(&words.hook) else {
                let known: Vec<&str> = Hook::ALL.into_iter().map(Hook::word).collect();
                let why =
                    format!("There is no hook `{}`; there are {}.", words.hook, known.join(", "));
                return Ok(Answer::Refused(why));
            };
            let text = std::fs::read_to_string(&words.question)
                .map_err(|error| format!("{}: {error}", words.question.display()))?;
            let question: Value = serde_json::from_str(&text)
                .map_err(|error| format!("{}: {error}", words.question.display()))?;
            let call = Call::PolicyAsk { hook, question: question.clone() };
            match ask(&words.data, &call)? {
                Some(answer) => answer,
                None => {
                    let chosen = chosen(&words.data, words.config.as_deref())?;
                    said(runtime.block_on(commands::ask(&chosen, launch, hook, question)))
                }
            }
        }
        Policy::Load(words) => ask(&words.data, &Call::PolicyLoad {})?.unwrap_or_else(no_server),
        Policy::Status(words) => match ask(&words.data, &Call::PolicyStatus {})? {
            Some(answer) => answer,
            None => said(commands::last_status(&words.data)),
        },
        Policy::Diff(words) => {
            let Some(span) = commands::span_ms(&words.since) else {
                let why = format!("`{}` is no length of time such as 30m, 12h or 7d.", words.since);
                return Ok(Answer::Refused(why));
            };
            let since = Millis(SystemClock::new().now().0.saturating_sub(span));
            existing(&words.data)?;
            said(runtime.block_on(commands::diff(&words.data, &words.new, since, launch)))
        }
        Policy::Explain(words) => {
            existing(&words.data)?;
            said(runtime.block_on(commands::explain(&words.data, &words.decision, launch)))
        }
        Policy::Rollback(words) => {
            ask(&words.data, &Call::PolicyRollback { to: words.to })?.unwrap_or_else(no_server)
        }
    })
}

/// Where the scripts are, and which the settings name.
fn chosen(data: &Path, config: Option<&Path>) -> Result<Chosen, Box<dyn std::error::Error>> {
    let settings = match config {
        Some(path) => Config::load(path)?.policies,
        None => Config::default().policies,
    };
    Ok(Chosen::of(&settings, data))
}

/// A data folder that is there; a mistyped name must not make a new one.
fn existing(data: &Path) -> Result<Folder, Box<dyn std::error::Error>> {
    if data.is_dir() {
        Ok(Folder::open(data)?)
    } else {
        Err(Box::new(BackendError(format!("There is no data folder at {}.", data.display()))))
    }
}

/// Opens the folder for one call.
fn clerk(
    folder: &Folder,
    operations: &Operations,
) -> Result<(Clerk, Backend), Box<dyn std::error::Error>> {
    let config = Config::default();
    logging::start(&crate::config::LogSettings { level: "warn".to_owned(), ..config.log.clone() })?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let tickets = Arc::new(Tickets::default());
    let metrics = Arc::new(Metrics::new(crate::plane::cores()));
    let backend = (operations.open)(Opening {
        folder,
        config: &config,
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
        tickets: Arc::clone(&tickets),
    })?;
    let site = Site::new(Parts {
        engine: Arc::clone(&backend.engine),
        handover: Arc::clone(&backend.handover),
        tickets,
        slots: Slots::new(config.connections, 1024),
        clock,
        metrics,
        folder: folder.clone(),
        config,
        listen: ([127, 0, 0, 1], 0).into(),
        tls: None,
        mail: Arc::new(NoMail),
        words: Arc::new(Words::load(None, Language::En)?),
        patience: Patience::default(),
        policies: None,
        quarantine: backend.quarantine.clone(),
        public: None,
    })?;
    let engine = Arc::clone(&backend.engine);
    let (accounts, folder) = (site.accounts(), folder.clone());
    Ok((Clerk { accounts, engine, folder, address: None, policies: None }, backend))
}

/// One line of standard input, without its end.
pub(crate) fn read_password() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    io::stdin().lock().take(PASSWORD_BYTES_MAX).read_to_end(&mut bytes)?;
    let end = bytes.iter().position(|&b| b == b'\n').unwrap_or(bytes.len());
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    match std::str::from_utf8(line) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "the password must be UTF-8")),
    }
}

pub(crate) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}
