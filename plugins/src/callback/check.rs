//! Tries an adapter with good, bad, odd and hostile sign-ins, and says what it gets wrong.

use std::time::{Duration, Instant};

use convoke_wire::turbo::AccountAnswer;

use super::{Callback, Method};
use crate::outcome::{Fault, Steps};
use crate::secret::NonEmptySecret;

/// A person who may sign in, to try the good case with.
pub struct Known<'a> {
    /// What they type.
    pub name: &'a str,
    /// Their password.
    pub secret: &'a NonEmptySecret,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was sent.
    pub tried: String,
    /// What is wrong about the answer; nothing when it is as it should be.
    pub wrong: Vec<String>,
    /// How long the answer took.
    pub took: Duration,
}

/// What is sent.
type Fields<'a> = Vec<(&'a str, &'a [u8])>;

/// Answers that take longer make people wait.
const SLOW: Duration = Duration::from_secs(2);

/// A password that nobody has.
const WRONG: &str = "convoke-check-adapter-wrong-password";

/// Names that nobody has and that an adapter must survive.
const HOSTILE_NAMES: [(&str, &str); 14] = [
    ("a quote that ends a string in SQL", "' OR '1'='1"),
    ("a comment in SQL", "admin'--"),
    ("a second statement in SQL", "x'; DROP TABLE users;--"),
    ("a star in LDAP", "*"),
    ("a filter in LDAP", "*)(uid=*))(|(uid=*"),
    ("a DN in LDAP", "cn=admin,dc=example,dc=org"),
    ("markup", "<b>&amp;\"'</b>"),
    ("the end of a reason", "</__Reason__><__Status__>SUCCEED</__Status__>"),
    ("the end of a CDATA section", "]]><__Status__>SUCCEED</__Status__>"),
    ("a template", "{{7*7}}${7*7}#{7*7}"),
    ("a shell", "$(id)`id`|id;id"),
    ("a path", "../../../../etc/passwd"),
    ("lines", "x\r\nSet-Cookie: a=b\r\n\r\nx"),
    ("letters beyond ASCII", "张伟-é-\u{1F600}-\u{202e}x"),
];

/// Tries an adapter. No right password is sent but that of `known`.
pub async fn check_adapter(adapter: &Callback, known: Option<Known<'_>>) -> Vec<Finding> {
    let wrong = WRONG.as_bytes();
    let nobody: &[u8] = b"nobody.convoke-check@example.invalid";
    let long = "a".repeat(4000);
    let zeros = b"nobody\0x";
    let not_utf8 = b"\xff\xfe\xc0\x80";
    let mut findings = Vec::new();
    let mut refused: Vec<(String, Fields<'_>)> = vec![
        ("nobody with a wrong password".into(), vec![("email", nobody), ("password", wrong)]),
        ("nobody with an empty password".into(), vec![("email", nobody), ("password", b"")]),
        ("an empty name".into(), vec![("email", b""), ("password", wrong)]),
        ("nothing at all".into(), vec![("email", b""), ("password", b"")]),
        ("no password field".into(), vec![("email", nobody)]),
        ("no name field".into(), vec![("password", wrong)]),
        ("a name of 4,000 letters".into(), vec![("email", long.as_bytes()), ("password", wrong)]),
        ("a name with a NUL".into(), vec![("email", zeros), ("password", wrong)]),
        ("a name that is not UTF-8".into(), vec![("email", not_utf8), ("password", wrong)]),
    ];
    for (what, name) in HOSTILE_NAMES {
        let fields = vec![("email", name.as_bytes()), ("password", wrong)];
        refused.push((format!("as a name, {what}: {name:?}"), fields));
        let fields = vec![("email", nobody), ("password", name.as_bytes())];
        refused.push((format!("as a password, {what}"), fields));
    }
    if let Some(known) = &known {
        findings.push(good(adapter, known).await);
        let name = known.name.as_bytes();
        let empty = vec![("email", name), ("password", &b""[..])];
        refused.push(("the person with an empty password".into(), empty));
        refused.push(("the person with a blank".into(), vec![("email", name), ("password", b" ")]));
        refused.push((
            "the person with a wrong password".into(),
            vec![("email", name), ("password", wrong)],
        ));
        let injected = vec![("email", name), ("password", &b"' OR '1'='1"[..])];
        refused.push(("the person with SQL as a password".into(), injected));
        refused.push((
            "the person with an extra field".into(),
            vec![("email", name), ("password", wrong), ("__Status__", b"SUCCEED")],
        ));
    }
    for (tried, fields) in refused {
        findings.push(must_refuse(adapter, tried, &fields).await);
    }
    findings
}

async fn good(adapter: &Callback, known: &Known<'_>) -> Finding {
    let fields = [("email", known.name.as_bytes()), ("password", known.secret.expose().as_bytes())];
    let (answer, took) = send(adapter, &fields).await;
    let mut wrong = common(&answer, took);
    if let Ok(answer) = &answer {
        if !answer.succeeded {
            let reason = answer.reason.as_deref().unwrap_or("no reason");
            wrong.push(format!("the right password was refused: {reason}"));
        }
        if answer.first_name.is_none() && answer.last_name.is_none() {
            wrong.push("neither __FirstName__ nor __LastName__ says who it is".to_owned());
        }
        if answer.user_id.is_none() {
            wrong.push("__UserId__ is missing, so that reports cannot name the person".to_owned());
        }
    }
    Finding { tried: "a good sign-in".to_owned(), wrong, took }
}

async fn must_refuse(adapter: &Callback, tried: String, fields: &[(&str, &[u8])]) -> Finding {
    let (answer, took) = send(adapter, fields).await;
    let mut wrong = common(&answer, took);
    if answer.is_ok_and(|answer| answer.succeeded) {
        wrong.insert(0, "IT LET SOMEBODY IN who must not come in".to_owned());
    }
    Finding { tried, wrong, took }
}

async fn send(
    adapter: &Callback,
    fields: &[(&str, &[u8])],
) -> (Result<AccountAnswer, Fault>, Duration) {
    let began = Instant::now();
    let total = Duration::from_millis(adapter.settings.total_ms);
    let mut steps = Steps::begin();
    let answer = tokio::time::timeout(total, adapter.read(fields, &mut steps)).await;
    (answer.unwrap_or(Err(Fault::Late)), began.elapsed())
}

/// What is wrong with any answer.
fn common(answer: &Result<AccountAnswer, Fault>, took: Duration) -> Vec<String> {
    let mut wrong = match answer {
        Ok(answer) => answer.oddities.iter().map(ToString::to_string).collect(),
        Err(fault) => vec![fault.to_string()],
    };
    if took > SLOW {
        wrong.push(format!("it took {} ms", took.as_millis()));
    }
    wrong
}

impl Callback {
    /// Whether passwords travel in addresses, where logs keep them.
    #[must_use]
    pub fn sends_in_address(&self) -> bool {
        self.settings.method == Method::Get
    }
}
