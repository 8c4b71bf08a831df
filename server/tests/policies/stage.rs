//! Policies with a library and a log of the test's own, over the real policy host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convoke_model::grant::Role;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::policy::draw_code::AccessCode;
use convoke_model::policy::{
    Admit, Credential, Decided, Hook, Question, Value, admit, authenticate, code, draw_code,
    publish, record, register,
};
use convoke_model::site::scripts::{Command, Scripts};
use convoke_model::{MeetingId, Millis, Position, Record, site};
use convoke_plugins::rhai::{
    Answering, Book, Call, Kept, Launch, Library, Policies, Secret, Sink, Source,
};

/// The program that is tested, as the server starts it.
pub(crate) fn launch() -> Launch {
    Launch::of(PathBuf::from(env!("CARGO_BIN_EXE_convoke")))
}

/// A log in memory, with the rules of the real one.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) site: Mutex<site::Site>,
    pub(crate) decisions: Mutex<Vec<Decided>>,
}

impl Log {
    pub(crate) fn scripts<T>(&self, ask: impl FnOnce(&Scripts) -> T) -> T {
        ask(&self.site.lock().expect("not poisoned").scripts)
    }
}

impl Sink for Log {
    fn loaded(&self, wish: Command) -> Kept<'_, u32> {
        Box::pin(async move {
            let mut site = self.site.lock().expect("not poisoned");
            let proposal = convoke_model::Proposal {
                by: convoke_model::Actor::Server,
                at: Millis(0),
                request: None,
                command: site::Command::Scripts(wish),
            };
            for event in site.decide(&proposal).map_err(|refusal| refusal.code().to_owned())? {
                site.apply(&Record {
                    position: Position::default(),
                    time: Millis(0),
                    actor: convoke_model::Actor::Server,
                    request: None,
                    event,
                });
            }
            Ok(site.scripts.version())
        })
    }

    fn decided(&self, decided: Decided) -> Kept<'_, ()> {
        self.decisions.lock().expect("not poisoned").push(decided);
        Box::pin(async { Ok(()) })
    }
}

/// Answers what it is asked with the name of the call and how often it was asked; `ldap` takes a
/// minute.
#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) calls: Mutex<Vec<Call>>,
}

impl Library for Shop {
    fn call<'a>(&'a self, call: &'a Call) -> Answering<'a> {
        Box::pin(async move {
            let count = {
                let mut calls = self.calls.lock().expect("not poisoned");
                calls.push(call.clone());
                calls.len() as i64
            };
            match call.shelf() {
                "ldap" => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Ok(Value::Null)
                }
                "http" => Err("nobody is there".to_owned()),
                _ => {
                    Ok(Value::map([("asked", call.name.as_str().into()), ("count", count.into())]))
                }
            }
        })
    }
}

/// Everything a test needs.
pub(crate) struct Stage {
    pub(crate) policies: Arc<Policies>,
    pub(crate) log: Arc<Log>,
    pub(crate) shop: Arc<Shop>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let (log, shop) = (Arc::new(Log::default()), Arc::new(Shop::default()));
        let policies = Arc::new(Policies::new(launch(), shop.clone(), log.clone()));
        Self { policies, log, shop }
    }

    /// With these scripts, one for each hook.
    pub(crate) async fn with(scripts: &[(Hook, &str)]) -> Self {
        let stage = Self::new();
        stage.policies.load(book(scripts), "load").await.expect("let in");
        stage
    }

    pub(crate) async fn decide(&self, question: Question) -> Decided {
        self.policies.decide(question, Secret::none()).await
    }
}

/// Scripts called `one`, `two` ... in the order given.
pub(crate) fn book(scripts: &[(Hook, &str)]) -> Book {
    let names = ["one", "two", "three", "four"];
    let mut live = BTreeMap::<Hook, Vec<Source>>::new();
    for (hook, text) in scripts {
        let chain = live.entry(*hook).or_default();
        chain.push(Source::new(*hook, names[chain.len()], text));
    }
    Book { live, trial: BTreeMap::new() }
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(test)
}

fn meeting() -> MeetingId {
    MeetingId::new(88_137_455).expect("eight digits")
}

pub(crate) fn admit_as(role: Role, name: &str) -> Question {
    Question::Admit(Admit {
        meeting: meeting(),
        role,
        account: None,
        credential: Credential::Password,
        around: Some(admit::Around { name: name.to_owned(), ..admit::Around::default() }),
    })
}

/// A question of a hook.
pub(crate) fn question(hook: Hook) -> Question {
    let meeting = meeting();
    match hook {
        Hook::Authenticate => Question::Authenticate(authenticate::Question {
            identity: "ann@example.org".into(),
            has_secret: true,
            address: "192.0.2.7".into(),
            via: authenticate::Via::Page,
        }),
        Hook::Admit => admit_as(Role::Attendee, "Ann"),
        Hook::Code => Question::Code(code::Question {
            caller: String::new(),
            called: "1".into(),
            digits: "88137455".into(),
            attempt: 1,
        }),
        Hook::DrawCode => Question::DrawCode(draw_code::Question {
            meeting,
            drawn: AccessCode::drawn(123_456_789),
            in_use: Vec::new(),
        }),
        Hook::Publish => Question::Publish(publish::Question {
            meeting,
            topic: "Weekly".into(),
            kind: MeetingType::Webinar,
            host: "Ann".into(),
            feed: "public".into(),
            wished: true,
            last: Some(publish::Verdict::List([publish::Field::Topic].into())),
            when: None,
            recurring: false,
        }),
        Hook::Register => Question::Register(register::Question {
            meeting,
            form: 1,
            answers: BTreeMap::new(),
            seats: None,
            taken: 0,
        }),
        Hook::Record => Question::Record(record::Question { meeting, around: None }),
    }
}
