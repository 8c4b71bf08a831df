//! The command line for API keys.

use std::path::Path;

use clap::{Args, Subcommand};

use super::people::Data;
use crate::clerk::KeyCall;
use crate::policy::commands::span_ms;

pub(super) const KEY: &str = "\
Example:
  convoke key make ann@example.org --name Import --scopes meetings:write --data DIR
  convoke key list --data DIR
  convoke key revoke 3 --data DIR";

const LIST: &str = "\
Example:
  convoke key list ann@example.org --data /var/lib/convoke

The number of each, whose it is, what it is called, its scopes, and whether it is good.";

const MAKE: &str = "\
Example:
  convoke key make ann@example.org --name Import --scopes meetings:write --data DIR > key
  convoke key make root@example.org --name Watch --scopes admin:read,events:read \\
    --expires-in 90d --data DIR

Prints the key and nothing else, this one time. Scopes: meetings:read, meetings:write,
events:read, admin:read, admin:write; to write covers to read. Whatever its scopes, a key
covers no more than its account.";

const REVOKE: &str = "\
Example:
  convoke key revoke 3 --data /var/lib/convoke

It opens nothing from here on, and cannot be brought back.";

/// `convoke key`
#[derive(Debug, Subcommand)]
pub enum Key {
    /// List the keys.
    List(KeyList),
    /// Make one for an account.
    Make(KeyMake),
    /// Take one back.
    Revoke(KeyRevoke),
}

impl Key {
    /// The folder, and what is asked of it at this time.
    ///
    /// # Errors
    /// A sentence about what was typed.
    pub fn call(&self, now_ms: u64) -> Result<(&Path, KeyCall), String> {
        Ok(match self {
            Self::List(words) => (&words.data.data, KeyCall::List { email: words.email.clone() }),
            Self::Make(words) => {
                let expires_ms = match &words.expires_in {
                    None => None,
                    Some(text) => {
                        let span = span_ms(text).filter(|span| *span > 0);
                        let span = span.ok_or_else(|| {
                            format!("`{text}` is no length of time such as 30m, 12h or 7d.")
                        })?;
                        Some(now_ms.saturating_add(span))
                    }
                };
                let (email, name) = (words.email.clone(), words.name.clone());
                let scopes = words.scopes.clone();
                (&words.data.data, KeyCall::Make { email, name, scopes, expires_ms })
            }
            Self::Revoke(words) => (&words.data.data, KeyCall::Revoke { number: words.number }),
        })
    }
}

/// `convoke key list`
#[derive(Debug, Args)]
#[command(after_help = LIST)]
pub struct KeyList {
    /// Only those of the account that signs in with this e-mail address.
    #[arg(value_name = "EMAIL")]
    pub email: Option<String>,
    /// Where.
    #[command(flatten)]
    pub data: Data,
}

/// `convoke key make`
#[derive(Debug, Args)]
#[command(after_help = MAKE)]
pub struct KeyMake {
    /// The e-mail address with which the account signs in.
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// What it is called.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it is good for.
    #[arg(long, value_name = "LIST", value_delimiter = ',', required = true)]
    pub scopes: Vec<String>,
    /// How long it is good: 30m, 12h, 7d. For as long as nobody revokes it if that is not given.
    #[arg(long, value_name = "TIME")]
    pub expires_in: Option<String>,
    /// Where.
    #[command(flatten)]
    pub data: Data,
}

/// `convoke key revoke`
#[derive(Debug, Args)]
#[command(after_help = REVOKE)]
pub struct KeyRevoke {
    /// Its number.
    #[arg(value_name = "NUMBER")]
    pub number: u32,
    /// Where.
    #[command(flatten)]
    pub data: Data,
}
