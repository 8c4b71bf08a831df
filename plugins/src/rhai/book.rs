//! A folder of scripts: one folder per hook, `NAME.rhai` with `NAME.cases.toml` beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

use convoke_model::policy::{Hook, Script};
use convoke_model::site::scripts::{Chains, Loaded, Member, Scripts, Text};
use sha2::{Digest, Sha256};

use super::limits::{CHAIN_MAX, SCRIPT_BYTES_MAX};

/// Characters of a script's name.
const NAME_CHARS_MAX: usize = 40;
/// Bytes of a file of cases.
const CASES_BYTES_MAX: u64 = 256 * 1024;

/// Names of scripts by hook, in the order in which they are asked.
pub type Names = BTreeMap<Hook, Vec<String>>;

/// One script and its cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The hook that it answers.
    pub hook: Hook,
    /// Its name: that of its file, without `.rhai`.
    pub name: String,
    /// What it says.
    pub text: String,
    /// Its cases, in TOML.
    pub cases: Option<String>,
}

impl Source {
    /// A script without cases.
    #[must_use]
    pub fn new(hook: Hook, name: &str, text: &str) -> Self {
        Self { hook, name: name.to_owned(), text: text.to_owned(), cases: None }
    }

    /// `admit/office.rhai`
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}.rhai", self.hook.word(), self.name)
    }

    /// The script by what it holds.
    #[must_use]
    pub fn script(&self) -> Script {
        Script { path: self.path(), sha256: sha256(&self.text) }
    }
}

/// Everything that is loaded at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Those whose verdicts hold, by hook, in order.
    pub live: BTreeMap<Hook, Vec<Source>>,
    /// Those on trial.
    pub trial: BTreeMap<Hook, Vec<Source>>,
}

/// Why a folder of scripts cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct BookError {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Book {
    /// Reads the scripts of these names.
    ///
    /// # Errors
    /// Naming the file.
    pub fn read(folder: &Path, live: &Names, trial: &Names) -> Result<Self, BookError> {
        let chains = |names: &Names| {
            let chain = |(hook, names): (&Hook, &Vec<String>)| {
                if names.len() > CHAIN_MAX {
                    let reason = format!("at most {CHAIN_MAX} scripts answer one hook");
                    return Err(BookError { path: hook.word().to_owned(), reason });
                }
                let sources = names.iter().map(|name| read(folder, *hook, name));
                Ok((*hook, sources.collect::<Result<Vec<_>, _>>()?))
            };
            let chosen = names.iter().filter(|(_, names)| !names.is_empty());
            chosen.map(chain).collect::<Result<BTreeMap<_, _>, _>>()
        };
        Ok(Self { live: chains(live)?, trial: chains(trial)? })
    }

    /// What was loaded once, from the texts that the log keeps.
    ///
    /// # Errors
    /// When a text is not there.
    pub fn of_log(scripts: &Scripts, loaded: &Loaded) -> Result<Self, BookError> {
        let chains = |chains: &Chains| {
            let chain = |(hook, members): (&Hook, &Vec<Member>)| {
                let source = |member: &Member| match scripts.text(*hook, &member.sha256) {
                    Some(text) => Ok(Source::new(*hook, &member.name, &text.text)),
                    None => Err(BookError {
                        path: format!("{}/{}.rhai", hook.word(), member.name),
                        reason: "its text is not in the log".to_owned(),
                    }),
                };
                Ok((*hook, members.iter().map(source).collect::<Result<Vec<_>, _>>()?))
            };
            chains.iter().map(chain).collect::<Result<BTreeMap<_, _>, _>>()
        };
        Ok(Self { live: chains(&loaded.live)?, trial: chains(&loaded.trial)? })
    }

    /// Every script, live ones first.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.live.values().chain(self.trial.values()).flatten()
    }

    /// Which scripts these are, for the log.
    #[must_use]
    pub fn loaded(&self) -> Loaded {
        Loaded { live: members(&self.live), trial: members(&self.trial) }
    }

    /// Their texts, for the log.
    #[must_use]
    pub fn texts(&self) -> Vec<Text> {
        let text = |source: &Source| Text {
            hook: source.hook,
            name: source.name.clone(),
            sha256: sha256(&source.text),
            text: source.text.clone(),
        };
        self.sources().map(text).collect()
    }
}

fn members(chains: &BTreeMap<Hook, Vec<Source>>) -> Chains {
    let member =
        |source: &Source| Member { name: source.name.clone(), sha256: sha256(&source.text) };
    let chain = |(hook, sources): (&Hook, &Vec<Source>)| {
        (*hook, sources.iter().map(member).collect::<Vec<_>>())
    };
    chains.iter().map(chain).collect()
}

/// SHA-256 of a text, in hexadecimal digits.
fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Reads one script and its cases.
fn read(folder: &Path, hook: Hook, name: &str) -> Result<Source, BookError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let wrong = |path: String, reason: &str| BookError { path, reason: reason.to_owned() };
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(plain) {
        let reason = "a script's name has 1 to 40 letters, digits, `_` and `-`";
        return Err(wrong(format!("{}/{name}", hook.word()), reason));
    }
    let path = format!("{}/{name}.rhai", hook.word());
    let Some(text) = text_of(folder, &path, SCRIPT_BYTES_MAX as u64)? else {
        let reason = format!("there is no such file in {}", folder.display());
        return Err(wrong(path, &reason));
    };
    let cases = format!("{}/{name}.cases.toml", hook.word());
    let cases = text_of(folder, &cases, CASES_BYTES_MAX)?;
    Ok(Source { hook, name: name.to_owned(), text, cases })
}

fn text_of(folder: &Path, path: &str, bytes_max: u64) -> Result<Option<String>, BookError> {
    let failed = |reason: String| BookError { path: path.to_owned(), reason };
    let file = match fs::File::open(folder.join(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
    };
    let mut text = String::new();
    let read = file.take(bytes_max + 1).read_to_string(&mut text);
    read.map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > bytes_max {
        return Err(failed(format!("it has more than {bytes_max} bytes")));
    }
    Ok(Some(text))
}
