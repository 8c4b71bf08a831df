//! How scripts answer a question: one after the other until one does not say `next`, with every
//! library call performed in between, within the hook's deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_engine::policies::{Builtin, Policies as _};
use convoke_model::policy::{Cause, Evidence, Hook, Question, Script, Value, Verdict, Why};

use super::library::{Call, Library, Secret};
use super::limits::{CALLS_MAX, EVIDENCE_BYTES_MAX, KILL_AFTER};
use super::pool::{self, Pool};
use super::protocol::{Known, Outcome};

/// Characters of a sentence that says why a call could not be made.
const TOLD_CHARS_MAX: usize = 300;

/// A script of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Its place among the pool's scripts.
    pub(super) at: u32,
    pub(super) script: Script,
}

/// What a question is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The verdict, or the fallback.
    pub verdict: Verdict,
    /// Why the fallback answered, when it did.
    pub why: Option<Why>,
    /// The script that answered, or failed to.
    pub script: Option<Script>,
    /// Those that said `next`.
    pub passed: Vec<Script>,
    /// What they asked of the world.
    pub evidence: Vec<Evidence>,
    /// Operations of all of them.
    pub operations: u64,
}

/// Where the answers of library calls come from.
#[derive(Clone)]
pub enum Asked {
    /// The world, now.
    World(Arc<dyn Library>, Secret),
    /// What was recorded, and nothing else.
    Record(Vec<Evidence>),
}

/// A question as scripts see it, and what holds where they say nothing.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub(super) hook: Hook,
    pub(super) value: Value,
    /// The verdict when they fail.
    pub(super) fallback: Verdict,
    /// The verdict when all of them say `next`; where there is none, that is a failure.
    pub(super) builtin: Option<Verdict>,
}

impl From<&Question> for Plain {
    fn from(question: &Question) -> Self {
        let hook = question.hook();
        let builtin = match hook {
            Hook::Admit | Hook::Publish | Hook::Record | Hook::Register => {
                Some(Builtin.ask(question).verdict)
            }
            Hook::Authenticate | Hook::Code | Hook::DrawCode => None,
        };
        Self { hook, value: question.into(), fallback: question.fallback(), builtin }
    }
}

/// One question on its way through a chain.
struct Way<'a> {
    pool: &'a Arc<Pool>,
    question: &'a Plain,
    from: &'a Asked,
    known: Vec<Known>,
    state: Answered,
    spent: Duration,
    /// Bytes of evidence that may still be kept.
    room: usize,
}

/// Asks the links in their order. Never fails: the fallback is the last word.
pub(super) async fn ask(
    pool: &Arc<Pool>,
    links: &[Link],
    question: &Plain,
    from: &Asked,
) -> Answered {
    let known = match from {
        Asked::World(..) => Vec::new(),
        Asked::Record(evidence) => {
            let known = |one: &Evidence| Known {
                call: one.call.clone(),
                arguments: one.arguments.clone(),
                answer: one.answer.clone(),
            };
            evidence.iter().map(known).collect()
        }
    };
    let state = Answered {
        verdict: question.fallback.clone(),
        why: None,
        script: None,
        passed: Vec::new(),
        evidence: Vec::new(),
        operations: 0,
    };
    let mut way =
        Way { pool, question, from, known, state, spent: Duration::ZERO, room: EVIDENCE_BYTES_MAX };
    let deadline = Duration::from_millis(question.hook.deadline_ms());
    let walked = tokio::time::timeout(deadline, way.walk(links)).await;
    let failed = match walked {
        Ok(Ok(verdict)) => {
            way.state.verdict = verdict;
            return way.state;
        }
        Ok(Err(why)) => why,
        Err(_) => {
            let told = format!("no answer within {} ms", deadline.as_millis());
            Why { cause: Cause::Timeout, told }
        }
    };
    way.state.why = Some(failed);
    way.state
}

impl Way<'_> {
    async fn walk(&mut self, links: &[Link]) -> Result<Verdict, Why> {
        for link in links {
            self.state.script = Some(link.script.clone());
            let said = self.run(link).await?;
            let verdict = Verdict::read(self.question.hook, &said).map_err(|error| Why {
                cause: Cause::WrongType,
                told: format!("{}: {error}", link.script.path),
            })?;
            if verdict != Verdict::Next {
                return Ok(verdict);
            }
            self.state.passed.push(link.script.clone());
        }
        self.state.script = None;
        match &self.question.builtin {
            Some(verdict) => Ok(verdict.clone()),
            None => {
                let told = "every script said next: nobody answered".to_owned();
                Err(Why { cause: Cause::Error, told })
            }
        }
    }

    /// Runs one script until it needs nothing more.
    async fn run(&mut self, link: &Link) -> Result<Value, Why> {
        // Each script has its own budget: a slow one must not make the next one fail.
        self.spent = Duration::ZERO;
        let path = &link.script.path;
        let why = |cause, told: &str| Why { cause, told: format!("{path}: {told}") };
        for _ in 0..=CALLS_MAX {
            let asked = self.pool.ask(link.at, &self.question.value, &self.known, self.spent).await;
            let ran = match asked {
                pool::Asked::Ran(ran) => ran,
                pool::Asked::Killed => {
                    return Err(why(Cause::Killed, "it took too much and its process was ended"));
                }
                pool::Asked::Nowhere => {
                    return Err(why(Cause::Killed, "no policy host lived long enough"));
                }
            };
            self.spent += Duration::from_micros(ran.cpu_micros);
            match ran.outcome {
                Outcome::Said(said) => {
                    self.state.operations += ran.operations;
                    self.note(ran.traces);
                    return Ok(said);
                }
                Outcome::Failed { cause, told } => {
                    self.state.operations += ran.operations;
                    self.note(ran.traces);
                    return Err(Why { cause, told });
                }
                Outcome::Needs { .. } if self.spent > KILL_AFTER => {
                    return Err(why(Cause::Killed, "it took too much CPU between its calls"));
                }
                Outcome::Needs { call, arguments } => self.perform(call, arguments).await?,
            }
        }
        Err(why(Cause::Error, "it made too many library calls"))
    }

    /// Performs a call and keeps it as evidence.
    async fn perform(&mut self, name: String, arguments: Vec<Value>) -> Result<(), Why> {
        let Asked::World(library, secret) = self.from else {
            let told = format!("{name} was never asked with this when the decision was made");
            return Err(Why { cause: Cause::NoEvidence, told });
        };
        let question = self.question.value.clone();
        let call = Call { name, arguments, question, secret: secret.clone() };
        let before = Instant::now();
        let asked = bytes(&call.arguments);
        let answer = match library.call(&call).await {
            Ok(answer) if asked + bytes(&answer) > self.room => failed("the answer was too large"),
            Ok(answer) => answer,
            Err(why) => failed(&why.chars().take(TOLD_CHARS_MAX).collect::<String>()),
        };
        self.room = self.room.saturating_sub(asked + bytes(&answer));
        if self.room == 0 {
            let told = "its library calls were too large to be kept".to_owned();
            return Err(Why { cause: Cause::Error, told });
        }
        let micros = u64::try_from(before.elapsed().as_micros()).unwrap_or(u64::MAX);
        let Call { name, arguments, .. } = call;
        self.known.push(Known {
            call: name.clone(),
            arguments: arguments.clone(),
            answer: answer.clone(),
        });
        self.state.evidence.push(Evidence { call: name, arguments, answer, micros });
        Ok(())
    }

    fn note(&mut self, traces: Vec<String>) {
        for text in traces {
            self.room = self.room.saturating_sub(text.len());
            if self.room > 0 {
                let (arguments, answer) = (vec![text.into()], Value::Null);
                let call = "trace".to_owned();
                self.state.evidence.push(Evidence { call, arguments, answer, micros: 0 });
            }
        }
    }
}

/// A call that could not be made: the script sees an error.
fn failed(why: &str) -> Value {
    Value::map([("failed", why.into())])
}

/// As it is kept.
fn bytes(data: &impl serde::Serialize) -> usize {
    rmp_serde::to_vec(data).map_or(usize::MAX / 4, |bytes| bytes.len())
}
