//! The command line for accounts and groups.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::clerk::{AccountCall, AccountChange, GroupCall};
use crate::control_socket::Call;

pub(super) const ACCOUNT: &str = "\
Example:
  convoke account add ann@example.org --password-stdin --data /var/lib/convoke < password
  convoke account set ann@example.org --groups Staff --data /var/lib/convoke
  convoke account reset ann@example.org --data /var/lib/convoke";

const ACCOUNT_ADD: &str = "\
Example:
  convoke account add ann@example.org --password-stdin --data /var/lib/convoke < password

A running server is asked to add it; otherwise the folder is opened for it.";

const LIST: &str = "\
Example:
  convoke account list --data /var/lib/convoke";

const SHOW: &str = "\
Example:
  convoke account show ann@example.org --data /var/lib/convoke";

const DISABLE: &str = "\
Example:
  convoke account disable ann@example.org --data /var/lib/convoke

It is signed out everywhere at once. What it made stays.";

const ENABLE: &str = "\
Example:
  convoke account enable ann@example.org --data /var/lib/convoke";

const RESET: &str = "\
Example:
  convoke account reset ann@example.org --data /var/lib/convoke

Prints a link by which the person sets a new password. Until it is used, nothing changes;
codes of an authenticator app stay as they are.";

const TOTP_OFF: &str = "\
Example:
  convoke account totp-off ann@example.org --data /var/lib/convoke

For somebody who lost both the app and the recovery codes.";

const SET: &str = "\
Example:
  convoke account set ann@example.org --name \"Ann Smith\" --time-zone Europe/Berlin --data DIR
  convoke account set ann@example.org --groups Staff,Trainers --privileges none --data DIR
  convoke account set ann@example.org --privileges everyday,administrator --data DIR

Privileges: interactive_meeting, seminar, remote_support, remote_access, send_file, chat,
record, video_conference, administrator; `everyday` is all but administrator. What an
account may do is the sum of its own privileges and those of its groups.";

pub(super) const GROUP: &str = "\
Example:
  convoke group add Staff --privileges everyday --data /var/lib/convoke
  convoke account set ann@example.org --groups Staff --data /var/lib/convoke";

const GROUP_LIST: &str = "\
Example:
  convoke group list --data /var/lib/convoke";

const GROUP_ADD: &str = "\
Example:
  convoke group add Staff --privileges interactive_meeting,chat --data /var/lib/convoke";

const GROUP_SET: &str = "\
Example:
  convoke group set Staff --rename Team --privileges everyday --data /var/lib/convoke";

const GROUP_REMOVE: &str = "\
Example:
  convoke group remove Staff --data /var/lib/convoke

Its accounts stay, without what they had by it.";

/// `convoke account`
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Add an account.
    Add(AccountAdd),
    /// List the accounts.
    #[command(after_help = LIST)]
    List(Data),
    /// Show what is known of one.
    #[command(after_help = SHOW)]
    Show(Named),
    /// Switch one off.
    #[command(after_help = DISABLE)]
    Disable(Named),
    /// Switch it on again.
    #[command(after_help = ENABLE)]
    Enable(Named),
    /// Make a link to set a new password.
    #[command(after_help = RESET)]
    Reset(Named),
    /// Let one sign in without codes.
    #[command(after_help = TOTP_OFF)]
    TotpOff(Named),
    /// Change one.
    Set(AccountSet),
}

impl Account {
    /// The folder and what is asked of it; nothing when no change was given. Adding one, which
    /// reads a password first, is not asked here.
    #[must_use]
    pub fn call(&self) -> (&Path, Option<Call>) {
        let (data, call) = match self {
            Self::Add(words) => return (&words.data, None),
            Self::List(words) => (&words.data, AccountCall::List {}),
            Self::Show(words) => (&words.data, AccountCall::Show { email: words.email() }),
            Self::Disable(words) => (&words.data, AccountCall::Disable { email: words.email() }),
            Self::Enable(words) => (&words.data, AccountCall::Enable { email: words.email() }),
            Self::Reset(words) => (&words.data, AccountCall::Reset { email: words.email() }),
            Self::TotpOff(words) => (&words.data, AccountCall::TotpOff { email: words.email() }),
            Self::Set(words) => {
                let call = words.change().map(|change| {
                    let email = words.email.clone();
                    Call::Account(AccountCall::Set { email, change })
                });
                return (&words.data, call);
            }
        };
        (data, Some(Call::Account(call)))
    }
}

/// A data folder.
#[derive(Debug, Args)]
pub struct Data {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// An account of a data folder.
#[derive(Debug, Args)]
pub struct Named {
    /// The e-mail address it signs in with.
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

impl Named {
    fn email(&self) -> String {
        self.email.clone()
    }
}

/// `convoke account set`
#[derive(Debug, Args)]
#[command(after_help = SET)]
pub struct AccountSet {
    /// The e-mail address it signs in with.
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// The address it signs in with from here on.
    #[arg(long = "email", value_name = "EMAIL")]
    pub new_email: Option<String>,
    /// What its person is called.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Its time zone, as in Europe/Berlin; empty for none.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Its own privileges, all of them.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub privileges: Option<Vec<String>>,
    /// The groups it is in, all of them; empty for none.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub groups: Option<Vec<String>>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

impl AccountSet {
    fn change(&self) -> Option<AccountChange> {
        let filled = |words: &Vec<String>| -> Vec<String> {
            words.iter().filter(|word| !word.trim().is_empty()).cloned().collect()
        };
        let change = AccountChange {
            email: self.new_email.clone(),
            name: self.name.clone(),
            time_zone: self.time_zone.clone(),
            privileges: self.privileges.as_ref().map(filled),
            groups: self.groups.as_ref().map(filled),
        };
        let none = change.email.is_none()
            && change.name.is_none()
            && change.time_zone.is_none()
            && change.privileges.is_none()
            && change.groups.is_none();
        (!none).then_some(change)
    }
}

/// `convoke group`
#[derive(Debug, Subcommand)]
pub enum Group {
    /// Add a group.
    Add(GroupAdd),
    /// List the groups.
    #[command(after_help = GROUP_LIST)]
    List(Data),
    /// Change one.
    Set(GroupSet),
    /// Take one away.
    #[command(after_help = GROUP_REMOVE)]
    Remove(GroupNamed),
}

impl Group {
    /// The folder and what is asked of it; nothing when no change was given.
    #[must_use]
    pub fn call(&self) -> (&Path, Option<Call>) {
        let (data, call) = match self {
            Self::Add(words) => {
                let (name, privileges) = (words.name.clone(), words.privileges.clone());
                (&words.data, GroupCall::Add { name, privileges })
            }
            Self::List(words) => (&words.data, GroupCall::List {}),
            Self::Set(GroupSet { rename: None, privileges: None, data, .. }) => {
                return (data, None);
            }
            Self::Set(words) => {
                let (name, rename) = (words.name.clone(), words.rename.clone());
                let privileges = words.privileges.clone();
                (&words.data, GroupCall::Set { name, rename, privileges })
            }
            Self::Remove(words) => (&words.data, GroupCall::Remove { name: words.name.clone() }),
        };
        (data, Some(Call::Group(call)))
    }
}

/// `convoke group add`
#[derive(Debug, Args)]
#[command(after_help = GROUP_ADD)]
pub struct GroupAdd {
    /// What it is called.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What its accounts may do.
    #[arg(long, value_name = "LIST", value_delimiter = ',', required = true)]
    pub privileges: Vec<String>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke group set`
#[derive(Debug, Args)]
#[command(after_help = GROUP_SET)]
pub struct GroupSet {
    /// What it is called.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it is called from here on.
    #[arg(long, value_name = "NAME")]
    pub rename: Option<String>,
    /// What its accounts may do, all of it.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub privileges: Option<Vec<String>>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// A group of a data folder.
#[derive(Debug, Args)]
pub struct GroupNamed {
    /// What it is called.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke account add`
#[derive(Debug, Args)]
#[command(after_help = ACCOUNT_ADD)]
pub struct AccountAdd {
    /// The e-mail address it signs in with.
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// Read the password (15 to 128 characters) from standard input.
    #[arg(long, required = true)]
    pub password_stdin: bool,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// What its person is called; the part of the address before the @ if it is not given.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// It may administer the server.
    #[arg(long)]
    pub administrator: bool,
}
