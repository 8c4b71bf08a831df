//! `verify`: whether everything is as it was written, and fits together.

mod media;
mod ties;

use std::fs;

use convoke_journal::keys::PublicKey;
use convoke_journal::verify::Report;
use convoke_model::StreamId;
use serde_json::{Value, json};

use crate::cli::{Cli, Verify};
use crate::finding::Finding;
use crate::json::hex;
use crate::log::Log;
use crate::names::stream_name;
use crate::out::{Out, count, plain};
use crate::pick::{Keep, What};
use crate::problem::{Outcome, Problem};
use crate::session::Session;
use crate::source::Source;
use crate::times::Clock;

/// What was found, and what is good to know.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    notes: Vec<Finding>,
}

pub(crate) fn run(cli: &Cli, args: &Verify, out: &mut Out) -> Result<Outcome, Problem> {
    let key = args.key.as_deref().map(|path| {
        let text = fs::read_to_string(path)
            .map_err(|error| Problem::cannot(format!("cannot read {}: {error}", path.display())))?;
        let wrong = || Problem::cannot(format!("{} is not a public key", path.display()));
        PublicKey::from_text(text.trim_end()).ok_or_else(wrong)
    });
    let key = key.transpose()?;
    let (source, what) = match Source::open(cli.data.as_deref(), args.what.as_deref()) {
        Err(Problem::Findings(sentence)) => {
            // An archive that does not hold together is a finding like any other.
            let what = sentence.strip_prefix("damaged: ").unwrap_or(&sentence).to_owned();
            let finding = Finding { stream: None, seqs: None, file: None, what };
            let found = Found { findings: vec![finding], notes: Vec::new() };
            return Ok(tell(&found, &Report::default(), args.json, out));
        }
        other => other?,
    };
    let mut log = Log::read(&source, Keep::Nothing)?;
    let about = match What::of(what) {
        What::Nothing => None,
        what => Some(what.stream(&log, &source)?),
    };
    let mut found = Found::default();
    if let Source::Archive { archive, .. } = &source {
        let claims = log.sessions.get(&archive.session()).map(media::claims).unwrap_or_default();
        log.report = archive.verify(key.as_ref(), &claims, |_| true, |_| false)?;
        if key.is_none() {
            let what = "the archive is checked against the key inside it; \
                        --key FILE checks it against the key of a node you know";
            let note = Finding { stream: None, seqs: None, file: None, what: what.into() };
            found.notes.push(note);
        }
        if log.report.unsigned > 0 {
            let newer = count(log.report.unsigned, "fact is", "facts are");
            let what = format!("{newer} newer than the checkpoint: nothing signed covers them");
            let told = Finding::stream(archive.session(), what);
            // Of a session that is over, the node signed everything within a second.
            let is_over = |session: &Session| session.end.is_some();
            if log.sessions.get(&archive.session()).is_some_and(is_over) {
                found.findings.push(told);
            } else {
                found.notes.push(told);
            }
        }
        if !log.erased.is_empty() {
            let what = "payloads that are zeros: what says that they were erased is in the site's \
                        stream, and an archive does not hold that";
            found.notes.push(Finding::stream(archive.session(), what));
        }
    } else if let Some(key) = &key
        && !log.report.signers.contains(key)
    {
        let what = "the newest checkpoint of this folder is not signed by the key of --key";
        found.findings.push(Finding { stream: None, seqs: None, file: None, what: what.into() });
    }
    found.findings.extend(log.findings(&source));
    ties::check(&log, &source, &mut found);
    let clock = Clock::of(cli);
    for session in log.sessions.values() {
        media::check(&log, &source, session, &clock, &mut found)?;
    }
    if let Some(stream) = about {
        found.findings.retain(|finding| finding.concerns(stream));
        found.notes.retain(|note| note.concerns(stream));
        log.report.streams.retain(|(of, _)| is_part(stream, *of));
        log.erased.retain(|(of, _)| is_part(stream, *of));
        log.report.entries = log.report.streams.iter().map(|(_, tail)| tail.seq).sum();
    }
    log.report.erased = log.erased.len() as u64;
    Ok(tell(&found, &log.report, args.json, out))
}

/// Whether `of` is `stream`, its meeting, or one of its sessions.
fn is_part(stream: StreamId, of: StreamId) -> bool {
    let same = of.session == stream.session || of.session == 0 || stream.session == 0;
    of.meeting == stream.meeting && same
}

fn verdict(found: &Found, report: &Report) -> String {
    let facts = count(report.entries, "fact", "facts");
    let streams = count(report.streams.len() as u64, "stream", "streams");
    let erased =
        if report.erased > 0 { format!(", {} erased", report.erased) } else { String::new() };
    if found.findings.is_empty() {
        let signed = report.checkpoint.map_or_else(
            || String::from("nothing signed yet"),
            |head| format!("signed up to place {} of the whole log", head.size),
        );
        return format!("Sound: {facts} in {streams}{erased}; {signed}.");
    }
    let findings = count(found.findings.len() as u64, "finding", "findings");
    format!("NOT SOUND: {findings}; {facts} in {streams} could be read{erased}.")
}

fn tell(found: &Found, report: &Report, json: bool, out: &mut Out) -> Outcome {
    let verdict = verdict(found, report);
    if json {
        out.line(to_json(found, report, &verdict));
    } else {
        for finding in &found.findings {
            out.line(format!("finding  {}", plain(&finding.to_string())));
        }
        for note in &found.notes {
            out.line(format!("note     {}", plain(&note.to_string())));
        }
        out.line(verdict);
    }
    if found.findings.is_empty() { Outcome::Sound } else { Outcome::Findings }
}

fn to_json(found: &Found, report: &Report, verdict: &str) -> Value {
    let streams = report.streams.iter().map(|(stream, tail)| {
        json!({ "stream": stream_name(*stream), "seq": tail.seq, "hash": hex(&tail.hash) })
    });
    json!({
        "sound": found.findings.is_empty(),
        "verdict": verdict,
        "entries": report.entries,
        "blocks": report.blocks,
        "erased": report.erased,
        "unsigned": report.unsigned,
        "head": report.head.map(|(size, root)| json!({ "size": size, "root": hex(&root) })),
        "checkpoint": report.checkpoint.map(|head| {
            json!({ "size": head.size, "root": hex(&head.root), "epoch": head.epoch })
        }),
        "streams": streams.collect::<Vec<Value>>(),
        "findings": found.findings.iter().map(Finding::to_json).collect::<Vec<Value>>(),
        "notes": found.notes.iter().map(Finding::to_json).collect::<Vec<Value>>(),
    })
}
