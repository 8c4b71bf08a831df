//! `archive`: one session as one self-contained file.

use std::fs;

use convoke_journal::{Error, archive};

use crate::cli::{Archive, Cli};
use crate::names::stream_name;
use crate::out::{Out, count};
use crate::pick;
use crate::problem::{Outcome, Problem};
use crate::source::Source;
use crate::times::size;

pub(crate) fn run(cli: &Cli, args: &Archive, out: &mut Out) -> Result<Outcome, Problem> {
    let Some(data) = &cli.data else {
        return Err(Problem::cannot("say which data folder to archive from: --data DIR"));
    };
    let (source, what) = Source::open(Some(data), Some(&args.what))?;
    let Source::Folder { disk, data } = &source else {
        let sentence = format!("{} is an archive already; copy the file", data.display());
        return Err(Problem::CannotRun(sentence));
    };
    let file = args.file.display();
    // The journal refuses too; this tells before the log is read.
    if fs::symlink_metadata(&args.file).is_ok() {
        let sentence = format!("{file} exists already and is not overwritten; name another file");
        return Err(Problem::CannotRun(sentence));
    }
    let (session, log) = pick::stream(&source, what, true)?;
    let written = archive::write(disk, data, session, &args.file).map_err(|error| match error {
        Error::Damaged(damage) => Problem::Findings(format!(
            "the log is damaged ({damage}), so nothing was archived; the command verify tells more"
        )),
        other => Problem::from(other),
    })?;
    let session = stream_name(session);
    let facts = count(written.session, "fact", "facts");
    let of_meeting = written.meeting;
    out.line(format!(
        "Wrote {file}: session {session} with {facts}, {of_meeting} of its meeting, {} of media.",
        size(written.media)
    ));
    if written.unsigned > 0 {
        let newer = count(written.unsigned, "fact is", "facts are");
        out.line(format!("{newer} newer than the last signed checkpoint."));
    }
    Ok(log.outcome(&source))
}
