//! How long a question takes to the policy host and back, and how many there are in a second:
//! `cargo run --release -p convoke-plugins --example questions -- target/release/convoke`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_model::MeetingId;
use convoke_model::grant::Role;
use convoke_model::policy::{Admit, Credential, Hook, Question, admit};
use convoke_plugins::rhai::{Again, Launch, Source};

const ALONE: usize = 20_000;
const TOGETHER: usize = 100_000;
const ASKERS: usize = 64;

const SCRIPT: &str = "fn admit(question) {
    if question.role == \"host\" { return refuse(\"not_allowed\"); }
    if in_network(question.address, \"10.0.0.0/8\") { enter(question.role) } else { lobby() }
}";

fn question() -> Option<Question> {
    Some(Question::Admit(Admit {
        meeting: MeetingId::new(88_137_455)?,
        role: Role::Attendee,
        account: None,
        credential: Credential::Password,
        around: Some(admit::Around {
            name: "Ann".to_owned(),
            address: "10.1.2.3".to_owned(),
            ..admit::Around::default()
        }),
    }))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::args_os().nth(1).ok_or("say where the program convoke is")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(PathBuf::from(program)))
}

async fn measure(program: PathBuf) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout();
    let source = Source::new(Hook::Admit, "door", SCRIPT);
    let chains = BTreeMap::from([(Hook::Admit, vec![source])]);
    let (again, problems) = Again::start(Launch::of(program), &chains).await?;
    if let Some(problem) = problems.first() {
        return Err(problem.to_string().into());
    }
    let again = Arc::new(again);
    let question = question().ok_or("eight digits")?;
    let mut times = Vec::with_capacity(ALONE);
    for _ in 0..ALONE {
        let start = Instant::now();
        let answered = again.ask(&question, Vec::new()).await.ok_or("a script is set")?;
        times.push(start.elapsed());
        if let Some(why) = answered.why {
            return Err(why.told.into());
        }
    }
    times.sort_unstable();
    let at = |share: usize| times[(ALONE - 1) * share / 1000];
    writeln!(out, "one after the other: p50 {:?}, p99 {:?}, p999 {:?}", at(500), at(990), at(999))?;
    let start = Instant::now();
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (again, question) = (again.clone(), question.clone());
            tokio::spawn(async move {
                let mut fallbacks = 0_usize;
                for _ in 0..TOGETHER / ASKERS {
                    let answered = again.ask(&question, Vec::new()).await;
                    fallbacks += usize::from(answered.is_none_or(|one| one.why.is_some()));
                }
                fallbacks
            })
        })
        .collect();
    let mut fallbacks = 0;
    for asker in askers {
        fallbacks += asker.await?;
    }
    let took: Duration = start.elapsed();
    let rate = TOGETHER as f64 / took.as_secs_f64();
    writeln!(out, "{ASKERS} at once: {rate:.0} questions a second, {fallbacks} fallbacks")?;
    Ok(())
}
