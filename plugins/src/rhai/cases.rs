//! Cases: questions with the verdicts that are expected, beside each script. They run before a new
//! version is let in.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_model::grant::Role;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::LocalTime;
use convoke_model::policy::draw_code::AccessCode;
use convoke_model::policy::{
    Admit, Credential, Evidence, Hook, Question, Value, Verdict, admit, authenticate, code,
    draw_code, publish, record, register,
};
use convoke_model::text::Zone;
use convoke_model::{MeetingId, Millis};
use serde::Deserialize;

use super::book::Source;
use super::chain::{self, Asked, Link, Plain};
use super::pool::Pool;

/// Cases of one script.
const CASES_MAX: usize = 500;

/// A case that did not come out as it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: case {number}{name}: {reason}")]
pub struct CaseFailed {
    /// The file of the cases.
    pub path: String,
    /// Which, from 1; 0 when the file cannot be read.
    pub number: usize,
    /// Its name, in brackets.
    pub name: String,
    /// What came out instead.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    name: String,
    question: Value,
    /// What library calls answer.
    #[serde(default)]
    calls: Vec<Answer>,
    verdict: Option<Value>,
    /// The cause for which the fallback is to answer.
    fallback: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    call: String,
    #[serde(default)]
    arguments: Vec<Value>,
    #[serde(default)]
    answer: Value,
}

/// Runs the cases of the scripts of a pool, in the order of its sources: how many there were, and
/// what failed.
pub(super) async fn run_all(pool: &Arc<Pool>, sources: &[Source]) -> (usize, Vec<CaseFailed>) {
    let (mut ran, mut failures) = (0, Vec::new());
    for (at, source) in (0..).zip(sources) {
        let Some(text) = &source.cases else { continue };
        let path = source.path().replace(".rhai", ".cases.toml");
        let failed = |number, name: &str, reason| {
            let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
            CaseFailed { path: path.clone(), number, name, reason }
        };
        let cases = match toml::from_str::<File>(text) {
            Ok(file) if file.case.len() <= CASES_MAX => file.case,
            Ok(_) => {
                failures.push(failed(0, "", format!("a script has at most {CASES_MAX} cases")));
                continue;
            }
            Err(error) => {
                failures.push(failed(0, "", error.to_string().replace('\n', "; ")));
                continue;
            }
        };
        let link = Link { at, script: source.script() };
        for (number, case) in (1..).zip(cases) {
            ran += 1;
            let name = case.name.clone();
            if let Err(reason) = run(pool, source.hook, &link, case).await {
                failures.push(failed(number, &name, reason));
            }
        }
    }
    (ran, failures)
}

/// The number of cases that ran and what failed, for a folder of scripts that nobody uses yet.
///
/// # Errors
/// When no policy host can be started.
pub async fn run_cases(
    launch: super::Launch,
    sources: &[Source],
) -> Result<(usize, Vec<super::Problem>, Vec<CaseFailed>), super::PoolError> {
    let (pool, problems) = Pool::start(launch, super::policies::plain(sources)).await?;
    let (ran, failures) = match problems.is_empty() {
        true => run_all(&pool, sources).await,
        false => (0, Vec::new()),
    };
    pool.close();
    Ok((ran, problems, failures))
}

async fn run(pool: &Arc<Pool>, hook: Hook, link: &Link, case: Case) -> Result<(), String> {
    let usual = usual(hook);
    let mut plain = Plain::from(&usual);
    // What a script leaves to the next one is a verdict here.
    plain.builtin = Some(Verdict::Next);
    plain.value = asked(hook, case.question)?;
    let evidence = case.calls.into_iter().map(|call| Evidence {
        call: call.call,
        arguments: call.arguments,
        answer: call.answer,
        micros: 0,
    });
    let from = Asked::Record(evidence.collect());
    let answered = chain::ask(pool, std::slice::from_ref(link), &plain, &from).await;
    match (answered.why, case.verdict, case.fallback) {
        (Some(why), None, Some(cause)) if why.cause.word() == cause => Ok(()),
        (Some(why), ..) => Err(format!("the fallback answered: {}", why.told)),
        (None, Some(expected), None) => {
            let expected = Verdict::read(hook, &expected).map_err(|error| error.to_string())?;
            let (said, wanted) = (Value::from(&answered.verdict), Value::from(&expected));
            let differs = format!("expected {}, and it said {}", wanted.shown(), said.shown());
            if said == wanted { Ok(()) } else { Err(differs) }
        }
        (None, None, Some(cause)) => {
            let said = Value::from(&answered.verdict).shown();
            Err(format!("expected the fallback for {cause}, and it said {said}"))
        }
        (None, ..) => Err("a case has either `verdict` or `fallback`".to_owned()),
    }
}

/// A question in which only what matters is named: the rest is as usual.
///
/// # Errors
/// When it names something that the hook's question does not have.
pub(super) fn asked(hook: Hook, named: Value) -> Result<Value, String> {
    let (Value::Map(mut whole), Value::Map(named)) = (Value::from(&usual(hook)), named) else {
        return Err("a question is a map".to_owned());
    };
    for (name, value) in named {
        if !whole.contains_key(&name) {
            let known = whole.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let hook = hook.word();
            return Err(format!("a question of {hook} has no `{name}`; it has {known}"));
        }
        whole.insert(name, value);
    }
    Ok(Value::Map(whole))
}

/// A question of each hook as it usually comes.
pub(super) fn usual(hook: Hook) -> Question {
    let meeting = MeetingId::new(88_137_455).expect("eight digits");
    let (topic, address) = ("Weekly".to_owned(), "192.0.2.7".to_owned());
    match hook {
        Hook::Authenticate => Question::Authenticate(authenticate::Question {
            identity: "ann@example.org".to_owned(),
            has_secret: true,
            address,
            via: authenticate::Via::Page,
        }),
        Hook::Admit => Question::Admit(Admit {
            meeting,
            role: Role::Attendee,
            account: None,
            credential: Credential::Password,
            around: Some(admit::Around {
                name: "Ann".to_owned(),
                email: None,
                address,
                topic,
                here: 3,
                locked: false,
            }),
        }),
        Hook::Code => Question::Code(code::Question {
            caller: "+41445550100".to_owned(),
            called: "+41445550199".to_owned(),
            digits: "88137455".to_owned(),
            attempt: 1,
        }),
        Hook::DrawCode => Question::DrawCode(draw_code::Question {
            meeting,
            drawn: AccessCode::drawn(123_456_789),
            in_use: Vec::new(),
        }),
        Hook::Publish => Question::Publish(publish::Question {
            meeting,
            topic,
            kind: MeetingType::Webinar,
            host: "Ann".to_owned(),
            feed: "public".to_owned(),
            wished: true,
            last: None,
            when: Some(publish::Held {
                start: LocalTime::new("2026-11-30T10:00").expect("a time"),
                zone: Zone::new("Europe/Zurich").expect("a zone"),
                begins: Millis(1_796_029_200_000),
                minutes: 60,
            }),
            recurring: false,
        }),
        Hook::Register => Question::Register(register::Question {
            meeting,
            form: 1,
            answers: BTreeMap::from([("email".to_owned(), "bob@example.org".to_owned())]),
            seats: Some(100),
            taken: 3,
        }),
        Hook::Record => Question::Record(record::Question {
            meeting,
            around: Some(record::Around {
                topic,
                kind: MeetingType::Interactive,
                host: Some("ann@example.org".to_owned()),
            }),
        }),
    }
}
