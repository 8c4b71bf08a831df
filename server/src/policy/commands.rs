//! What `convoke policy` does where no server has to do it: write, test, try, compare, explain.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use convoke_model::Millis;
use convoke_model::policy::{Decided, Hook, Script, Value};
use convoke_model::site::scripts::Loaded;
use convoke_plugins::rhai::{Again, Answered, Book, Launch, Source, Status, run_cases};

use super::decisions::{self, Kept, Known};
use super::{Chosen, all_of, defaults};

type Said = Result<String, String>;

/// Differences that are told one by one.
const TOLD_MAX: usize = 1_000;

/// Writes the project's own scripts into a folder. A file that is there already stays as it is.
///
/// # Errors
/// Those of the file system.
pub fn init(folder: &Path) -> Said {
    let (mut written, mut kept) = (0, 0);
    for (path, bytes) in defaults() {
        let to = folder.join(&path);
        let failed = |error: std::io::Error| format!("{}: {error}", to.display());
        if to.exists() {
            kept += 1;
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&to, bytes).map_err(failed)?;
        written += 1;
    }
    let shown = folder.display();
    Ok(format!("{written} files written to {shown}; {kept} were there already and stay."))
}

/// Runs the cases of every script in a folder.
///
/// # Errors
/// What failed, a line for each.
pub async fn test(folder: &Path, launch: Launch) -> Said {
    let book = all_of(folder)?;
    let sources: Vec<Source> = book.sources().cloned().collect();
    if sources.is_empty() {
        return Err(format!("There is no script in {}.", folder.display()));
    }
    let (ran, problems, failures) =
        run_cases(launch, &sources).await.map_err(|error| error.to_string())?;
    let lines = problems.iter().map(ToString::to_string);
    let lines: Vec<String> = lines.chain(failures.iter().map(ToString::to_string)).collect();
    if lines.is_empty() {
        return Ok(format!("{} scripts, {ran} cases: all as they should be.", sources.len()));
    }
    Err(lines.join("\n"))
}

/// Asks the scripts of a folder that no server uses.
///
/// # Errors
/// When they cannot be asked.
pub async fn ask(chosen: &Chosen, launch: Launch, hook: Hook, question: Value) -> Said {
    let book = chosen.read().map_err(|error| error.to_string())?;
    let again = again(launch, &book.live).await?;
    Ok(answered(&again.try_question(hook, question).await?))
}

async fn again(launch: Launch, chains: &BTreeMap<Hook, Vec<Source>>) -> Result<Again, String> {
    let started = Again::start(launch, chains).await.map_err(|error| error.to_string())?;
    let (again, problems) = started;
    match problems.first() {
        None => Ok(again),
        Some(problem) => Err(problem.to_string()),
    }
}

/// An answer for the person who tries a question.
#[must_use]
pub fn answered(answered: &Answered) -> String {
    let mut said = format!("verdict: {}", Value::from(&answered.verdict).shown());
    if let Some(why) = &answered.why {
        let _ = write!(said, "\nby fallback ({}): {}", why.cause.word(), why.told);
    }
    let script = answered.script.as_ref().map_or("the built-in rules", |script| &script.path);
    let _ = write!(said, "\nby: {script}");
    for passed in &answered.passed {
        let _ = write!(said, "\nafter: {} said next", passed.path);
    }
    evidence(&mut said, &answered.evidence);
    let _ = write!(said, "\noperations: {}", answered.operations);
    said
}

fn evidence(said: &mut String, evidence: &[convoke_model::policy::Evidence]) {
    for one in evidence {
        let arguments: Vec<String> = one.arguments.iter().map(Value::shown).collect();
        let (call, arguments) = (&one.call, arguments.join(", "));
        let _ = write!(said, "\n{call}({arguments}) = {} ({} us)", one.answer.shown(), one.micros);
    }
}

/// What answers, in lines; and why the files do not, when they do not.
#[must_use]
pub fn status(status: &Status, refused: Option<&str>) -> String {
    let mut said = match status.version {
        0 => "No script is set: the built-in rules answer.".to_owned(),
        version => format!("Version {version} of the scripts answers."),
    };
    loaded(&mut said, &status.loaded);
    if let Some(refused) = refused {
        let _ = write!(said, "\nThe files are others, and were refused: {refused}");
    }
    if !status.pids.is_empty() {
        let pids: Vec<String> = status.pids.iter().map(ToString::to_string).collect();
        let _ = write!(said, "\nprocesses: {}", pids.join(", "));
    }
    let Status { decisions, fallbacks, .. } = status;
    let _ = write!(said, "\ndecisions since the start: {decisions}, by fallback: {fallbacks}");
    said
}

fn loaded(said: &mut String, loaded: &Loaded) {
    for (chains, how) in [(&loaded.live, ""), (&loaded.trial, " (on trial)")] {
        for (hook, members) in chains {
            for member in members {
                let (hook, name, sha256) = (hook.word(), &member.name, &member.sha256);
                let _ = write!(said, "\n{hook}/{name}.rhai{how}: SHA-256 {sha256}");
            }
        }
    }
}

/// What answered last on a folder that no server uses.
///
/// # Errors
/// When its log cannot be read.
pub fn last_status(data: &Path) -> Said {
    let known = decisions::read(data, Millis(u64::MAX))?;
    let version = known.scripts.version();
    let mut said = match known.scripts.loaded(version) {
        None => "No script was ever loaded here: the built-in rules answer.".to_owned(),
        Some(_) => format!("No server runs here. Version {version} of the scripts answered last."),
    };
    if let Some(last) = known.scripts.loaded(version) {
        loaded(&mut said, last);
    }
    Ok(said)
}

/// Asks recorded questions again, with what was recorded for them, and tells the verdicts that
/// would be others.
///
/// # Errors
/// When the log or the scripts cannot be read, or the scripts do not compile.
pub async fn diff(data: &Path, new: &Path, since: Millis, launch: Launch) -> Said {
    let book = new_book(new)?;
    let again = again(launch, &book.live).await?;
    let known = decisions::read(data, since)?;
    let (mut asked, mut told) = (0_usize, Vec::new());
    for kept in known.decisions.iter().filter(|kept| kept.decided.live.is_none()) {
        let decided = &kept.decided;
        let answer = again.ask(&decided.question, decided.evidence.clone()).await;
        let Some(answer) = answer else { continue };
        asked += 1;
        let before = Value::from(&decided.verdict).shown();
        match &answer.why {
            Some(why) => told.push(format!("{}: {before} -> fallback: {}", kept.name(), why.told)),
            None if answer.verdict != decided.verdict => {
                let now = Value::from(&answer.verdict).shown();
                told.push(format!("{}: {before} -> {now}", kept.name()));
            }
            None => {}
        }
    }
    let differences = told.len();
    told.truncate(TOLD_MAX);
    told.push(format!("{asked} decisions asked again, {differences} would be others."));
    Ok(told.join("\n"))
}

/// A script `HOOK/NAME.rhai`, or a folder with one folder per hook.
fn new_book(new: &Path) -> Result<Book, String> {
    if new.is_dir() {
        return all_of(new);
    }
    let wrong = || format!("{} is neither a folder of scripts nor HOOK/NAME.rhai", new.display());
    let new: PathBuf = std::path::absolute(new).map_err(|error| error.to_string())?;
    let hook = new.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let hook = hook.and_then(Hook::of).ok_or_else(wrong)?;
    let name = new.file_name().and_then(|name| name.to_str());
    let name = name.and_then(|name| name.strip_suffix(".rhai")).ok_or_else(wrong)?;
    let folder = new.parent().and_then(Path::parent).ok_or_else(wrong)?;
    let names = BTreeMap::from([(hook, vec![name.to_owned()])]);
    Book::read(folder, &names, &BTreeMap::new()).map_err(|error| error.to_string())
}

/// One decision, and whether it comes out the same when it is run again.
///
/// # Errors
/// When there is no such decision.
pub async fn explain(data: &Path, name: &str, launch: Launch) -> Said {
    let known = decisions::read(data, Millis(0))?;
    let wanted = name.replace('-', "");
    let Some(kept) = known.decisions.iter().find(|kept| kept.name() == wanted) else {
        return Err(format!(
            "There is no decision {name}; decisions are named site:12, MEETING/1:4."
        ));
    };
    let mut said = told(kept);
    match rerun(&known, &kept.decided, launch).await {
        Ok(None) => {}
        Ok(Some(again)) if same(&again, &kept.decided) => {
            said.push_str("\nrun again: the same verdict");
        }
        Ok(Some(again)) => {
            let _ = write!(said, "\nrun again: {}", Value::from(&again.verdict).shown());
        }
        Err(why) => {
            let _ = write!(said, "\nnot run again: {why}");
        }
    }
    Ok(said)
}

fn told(kept: &Kept) -> String {
    let Decided { policy, question, verdict, micros, operations, .. } = &kept.decided;
    let mut said = format!("decision {}, {}", kept.name(), question.hook().word());
    let _ = write!(said, "\nquestion: {}", Value::from(question).shown());
    let _ = write!(said, "\nverdict: {}", Value::from(verdict).shown());
    if let Some(live) = &kept.decided.live {
        let _ = write!(said, "\non trial; the live verdict was {}", Value::from(&**live).shown());
    }
    if let Some(why) = &kept.decided.why {
        let _ = write!(said, "\nby fallback ({}): {}", why.cause.word(), why.told);
    }
    let _ = write!(said, "\nby: {policy}");
    let scripts = kept.decided.passed.iter().chain(&kept.decided.script);
    for Script { path, sha256 } in scripts {
        let _ = write!(said, "\nasked: {path}, SHA-256 {sha256}");
    }
    evidence(&mut said, &kept.decided.evidence);
    let _ = write!(said, "\n{operations} operations, {micros} us");
    said
}

/// Runs a decision again with the texts that the log keeps; `None` when no script made it.
///
/// # Errors
/// When a text is missing or no policy host starts.
pub async fn rerun(
    known: &Known,
    decided: &Decided,
    launch: Launch,
) -> Result<Option<Answered>, String> {
    let hook = decided.question.hook();
    let source = |script: &Script| {
        let text = known.scripts.text(hook, &script.sha256);
        let text = text.ok_or_else(|| format!("the text of {} is not in the log", script.path))?;
        Ok::<_, String>(Source::new(hook, &text.name, &text.text))
    };
    let scripts = decided.passed.iter().chain(&decided.script);
    let sources = scripts.map(source).collect::<Result<Vec<_>, _>>()?;
    if sources.is_empty() {
        return Ok(None);
    }
    let again = again(launch, &BTreeMap::from([(hook, sources)])).await?;
    Ok(again.ask(&decided.question, decided.evidence.clone()).await)
}

/// Whether a decision came out the same: its verdict, and whether it was the fallback's.
#[must_use]
pub fn same(again: &Answered, decided: &Decided) -> bool {
    again.verdict == decided.verdict && again.why.is_some() == decided.fallback
}

/// A length of time as people write it: `30m`, `12h`, `7d`.
#[must_use]
pub fn span_ms(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let unit_s = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(unit_s * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_read_as_people_write_it() {
        for (text, expected) in [
            ("7d", Some(604_800_000)),
            ("30m", Some(1_800_000)),
            ("1h", Some(3_600_000)),
            ("7", None),
            ("d", None),
            ("", None),
            ("7é", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(span_ms(text), expected, "{text}");
        }
    }
}
