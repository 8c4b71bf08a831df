//! The command line: what `convoke` can be asked to do.

mod keys;
mod people;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use keys::Key;
pub use people::{Account, AccountAdd, Group};

const SERVE: &str = "\
Example:
  convoke serve --data /var/lib/convoke --listen 0.0.0.0:443 --config /etc/convoke.toml

On loopback it serves plain HTTP, elsewhere HTTPS with the certificate of the settings or
one of its own. SIGTERM lets meetings know and ends it.";

const BACKUP: &str = "\
Example:
  convoke backup /mnt/backup/convoke-monday --data /var/lib/convoke

The backup holds the keys too: keep it as safe as the folder itself.";

const RESTORE: &str = "\
Example:
  convoke restore /mnt/backup/convoke-monday --data /var/lib/convoke";

const RECOVER: &str = "\
Example:
  convoke recover --accept-loss --data /var/lib/convoke

Only when the server came up in quarantine because entries that were once durable are
missing, and has been stopped. What is missing becomes a fact in the log.";

const POLICY_HOST: &str = "\
Example:
  convoke policy-host

Started by the server for itself: it runs scripts that come in by a pipe, and can do nothing
else.";

const POLICY: &str = "\
Example:
  convoke policy init --data /var/lib/convoke
  convoke policy test --data /var/lib/convoke
  convoke policy load --data /var/lib/convoke

docs/POLICIES.md tells the rest.";

const POLICY_INIT: &str = "\
Example:
  convoke policy init --data /var/lib/convoke

Writes the scripts that come with Convoke; a file that is there already stays as it is.";

const POLICY_TEST: &str = "\
Example:
  convoke policy test --data /var/lib/convoke

Runs every case beside every script of the folder. Needs no server.";

const POLICY_ASK: &str = "\
Example:
  convoke policy ask admit question.json --data /var/lib/convoke

The file names what matters, such as {\"role\": \"host\"}; the rest is as usual. Nothing is
recorded.";

const POLICY_LOAD: &str = "\
Example:
  convoke policy load --data /var/lib/convoke

A version that does not compile, or whose cases come out otherwise, is refused with file,
line, column and reason, and the one before it stays.";

const POLICY_STATUS: &str = "\
Example:
  convoke policy status --data /var/lib/convoke";

const POLICY_DIFF: &str = "\
Example:
  convoke policy diff /etc/convoke/new/admit/office.rhai --since 7d --data /var/lib/convoke

Asks the questions of the log again, with the answers that the world gave then, and lists the
verdicts that would be others.";

const POLICY_EXPLAIN: &str = "\
Example:
  convoke policy explain 88137455/1:4 --data /var/lib/convoke

Decisions are named by their stream and their place in it, as convoke-audit shows them.";

const POLICY_ROLLBACK: &str = "\
Example:
  convoke policy rollback --data /var/lib/convoke

Lets the version before the present one answer again, from its texts in the log.";

const ALL: &str = "\
Example:
  convoke account add ann@example.org --password-stdin --data ./data < password
  convoke serve --data ./data --listen 127.0.0.1:8889

Say `convoke COMMAND --help` for each command's own.";

const AUTH: &str = "\
Example:
  convoke auth explain ann@example.org --password-stdin --config /etc/convoke.toml < password

Each step of a sign-in, with its time: server, TLS, bind, search, groups, privileges.";

const AUTH_EXPLAIN: &str = "\
Example:
  convoke auth explain ann@example.org --config /etc/convoke.toml

Without --password-stdin nobody signs in: directories are only searched, and application
servers, which can do nothing without a password, are not asked.";

const CHECK_ADAPTER: &str = "\
Example:
  convoke auth check-adapter https://crm.example.org/login --email ann --password-stdin < password

It sends good, bad, odd and hostile sign-ins and ends with 1 when an answer is not as it
should be. Try it on a machine whose accounts may be locked by wrong passwords.";

const LDAP: &str = "\
Example:
  convoke ldap test ann@example.org --server corp --password-stdin --config c.toml < password";

/// Convoke, a meeting server that can prove what happened.
#[derive(Debug, Parser)]
#[command(name = "convoke", version, about, arg_required_else_help = true, after_help = ALL)]
pub struct Line {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve meetings.
    Serve(Serve),
    /// Accounts: who can sign in.
    #[command(subcommand, after_help = people::ACCOUNT)]
    Account(Account),
    /// Groups: what accounts have in common.
    #[command(subcommand, after_help = people::GROUP)]
    Group(Group),
    /// API keys: by what programs act for accounts.
    #[command(subcommand, after_help = keys::KEY)]
    Key(Key),
    /// Signing in by others: application servers and directories.
    #[command(subcommand, after_help = AUTH)]
    Auth(Auth),
    /// Directories.
    #[command(subcommand, after_help = LDAP)]
    Ldap(Ldap),
    /// Copy a data folder, while a server uses it or not.
    Backup(Backup),
    /// Fill an empty data folder from a backup.
    Restore(Restore),
    /// Bring a damaged data folder back.
    Recover(Recover),
    /// The operator's scripts.
    #[command(subcommand, after_help = POLICY)]
    Policy(Policy),
    /// Runs scripts for the server.
    #[command(hide = true, after_help = POLICY_HOST)]
    PolicyHost,
}

/// `convoke policy`
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Write the scripts that come with Convoke.
    #[command(after_help = POLICY_INIT)]
    Init(ScriptFolder),
    /// Run the cases of all scripts.
    #[command(after_help = POLICY_TEST)]
    Test(ScriptFolder),
    /// Try one question.
    #[command(after_help = POLICY_ASK)]
    Ask(PolicyAsk),
    /// Let the scripts of the files answer.
    #[command(after_help = POLICY_LOAD)]
    Load(OfServer),
    /// Tell what answers.
    #[command(after_help = POLICY_STATUS)]
    Status(OfServer),
    /// Tell what another script would have decided.
    #[command(after_help = POLICY_DIFF)]
    Diff(PolicyDiff),
    /// Tell all about one decision.
    #[command(after_help = POLICY_EXPLAIN)]
    Explain(PolicyExplain),
    /// Let an earlier version answer again.
    #[command(after_help = POLICY_ROLLBACK)]
    Rollback(PolicyRollback),
}

/// A folder of scripts.
#[derive(Debug, Args)]
pub struct ScriptFolder {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The settings, which may say where the scripts are.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A server, by its folder.
#[derive(Debug, Args)]
pub struct OfServer {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke policy ask`
#[derive(Debug, Args)]
pub struct PolicyAsk {
    /// The hook: authenticate, admit, code, draw_code, publish, register, record.
    #[arg(value_name = "HOOK")]
    pub hook: String,
    /// The question, in JSON.
    #[arg(value_name = "FILE")]
    pub question: PathBuf,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The settings, for a folder that no server uses.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `convoke policy diff`
#[derive(Debug, Args)]
pub struct PolicyDiff {
    /// The new script HOOK/NAME.rhai, or a folder of scripts.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How far to go back: 30m, 12h, 7d.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub since: String,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke policy explain`
#[derive(Debug, Args)]
pub struct PolicyExplain {
    /// Which: `site:12`, `88137455/1:4`.
    #[arg(value_name = "DECISION")]
    pub decision: String,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke policy rollback`
#[derive(Debug, Args)]
pub struct PolicyRollback {
    /// Which version; the one before the present one when nothing is said.
    #[arg(value_name = "VERSION")]
    pub to: Option<u32>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke serve`
#[derive(Clone, Debug, Args)]
#[command(after_help = SERVE)]
pub struct Serve {
    /// The data folder; made if it is missing.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The address and port to listen on.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8889")]
    pub listen: SocketAddr,
    /// The settings, in TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Do not restart after a crash; something else does. Implied under systemd.
    #[arg(long)]
    pub no_supervisor: bool,
    /// The supervisor's child: standard input ends when the supervisor wants it to stop.
    #[arg(long, hide = true)]
    pub supervised: bool,
}

/// `convoke auth`
#[derive(Debug, Subcommand)]
pub enum Auth {
    /// Ask everybody outside about a person, and tell each step.
    Explain(AuthExplain),
    /// Try an application server's sign-in address, and tell what it gets wrong.
    CheckAdapter(CheckAdapter),
}

/// `convoke auth explain`
#[derive(Debug, Args)]
#[command(after_help = AUTH_EXPLAIN)]
pub struct AuthExplain {
    /// What the person types as their name.
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// Read the password from standard input and sign in with it.
    #[arg(long)]
    pub password_stdin: bool,
    /// The settings, in TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A data folder whose convoke.toml holds the settings.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `convoke auth check-adapter`
#[derive(Debug, Args)]
#[command(after_help = CHECK_ADAPTER)]
pub struct CheckAdapter {
    /// The address, without parameters.
    #[arg(value_name = "URL")]
    pub url: String,
    /// Somebody who may sign in, to try the good case with.
    #[arg(long, value_name = "NAME")]
    pub email: Option<String>,
    /// Read that one's password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Ask by GET, as the original product does.
    #[arg(long)]
    pub get: bool,
    /// PEM file of the authority that vouches for the server.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// It may be on this machine.
    #[arg(long)]
    pub allow_loopback: bool,
    /// It may be in this private network, such as 10.0.0.0/8.
    #[arg(long, value_name = "NETWORK")]
    pub allow_private: Vec<String>,
}

/// `convoke ldap`
#[derive(Debug, Subcommand)]
pub enum Ldap {
    /// Ask a directory about a person, and tell each step.
    Test(LdapTest),
}

/// `convoke ldap test`
#[derive(Debug, Args)]
#[command(after_help = LDAP)]
pub struct LdapTest {
    /// What the person types as their name.
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// The NAME of the part [ldap.NAME]; all of them if it is not given.
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// Read the password from standard input and sign in with it.
    #[arg(long)]
    pub password_stdin: bool,
    /// The settings, in TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A data folder whose convoke.toml holds the settings.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `convoke backup`
#[derive(Debug, Args)]
#[command(after_help = BACKUP)]
pub struct Backup {
    /// The folder to make.
    #[arg(value_name = "DEST")]
    pub to: PathBuf,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke restore`
#[derive(Debug, Args)]
#[command(after_help = RESTORE)]
pub struct Restore {
    /// The backup.
    #[arg(value_name = "SRC")]
    pub from: PathBuf,
    /// The data folder to fill; empty or missing.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `convoke recover`
#[derive(Debug, Args)]
#[command(after_help = RECOVER)]
pub struct Recover {
    /// Go on without the entries that are missing.
    #[arg(long, required = true)]
    pub accept_loss: bool,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_an_example() {
        let mut line = Line::command();
        line.build();
        line.clone().debug_assert();
        fn all(command: &clap::Command) -> Vec<&clap::Command> {
            let inner = command.get_subcommands().filter(|c| c.get_name() != "help");
            std::iter::once(command).chain(inner.flat_map(all)).collect()
        }
        let names: Vec<_> = all(&line).iter().map(|c| c.get_name().to_owned()).collect();
        let known = "convoke serve account add list show disable enable reset totp-off set group \
             add list set remove key list make revoke auth explain check-adapter ldap test backup \
             restore recover policy init test ask load status diff explain rollback policy-host";
        let known: Vec<_> = known.split_whitespace().collect();
        assert_eq!(names, known);
        for command in all(&line) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example:\n  convoke "), "{}", command.get_name());
        }
    }

    #[test]
    fn the_promised_forms_are_understood() {
        for words in [
            "convoke serve --data d --listen 127.0.0.1:1 --config c",
            "convoke account add a@b --password-stdin --data d",
            "convoke account add a@b --password-stdin --data d --name Ann --administrator",
            "convoke account list --data d",
            "convoke account show a@b --data d",
            "convoke account disable a@b --data d",
            "convoke account enable a@b --data d",
            "convoke account reset a@b --data d",
            "convoke account totp-off a@b --data d",
            "convoke account set a@b --name Ann --email c@d --time-zone Asia/Shanghai --data d",
            "convoke account set a@b --privileges chat,record --groups Staff,Guests --data d",
            "convoke account set a@b --groups= --data d",
            "convoke group list --data d",
            "convoke group add Staff --privileges everyday --data d",
            "convoke group set Staff --rename Team --privileges none --data d",
            "convoke group remove Staff --data d",
            "convoke key list --data d",
            "convoke key list a@b --data d",
            "convoke key make a@b --name X --scopes admin:read,events:read --data d",
            "convoke key make a@b --name X --scopes meetings:read --expires-in 7d --data d",
            "convoke key revoke 3 --data d",
            "convoke auth explain ann --config c --password-stdin",
            "convoke auth explain ann --data d",
            "convoke auth check-adapter https://a/ --email ann --password-stdin --get --ca c",
            "convoke auth check-adapter http://a/ --allow-loopback --allow-private 10.0.0.0/8",
            "convoke ldap test ann --server corp --config c --password-stdin",
            "convoke backup dest --data d",
            "convoke restore src --data d",
            "convoke recover --accept-loss --data d",
            "convoke policy init --data d --config c",
            "convoke policy test --data d",
            "convoke policy ask admit q.json --data d",
            "convoke policy load --data d",
            "convoke policy status --data d",
            "convoke policy diff new/admit/a.rhai --since 7d --data d",
            "convoke policy explain site:12 --data d",
            "convoke policy rollback 3 --data d",
        ] {
            assert!(Line::try_parse_from(words.split(' ')).is_ok(), "{words}");
        }
        assert!(Line::try_parse_from(["convoke", "recover", "--data", "d"]).is_err());
    }
}
