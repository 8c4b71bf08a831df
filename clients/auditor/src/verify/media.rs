//! Whether recorded media is what was sealed, and what is not sealed.

use convoke_journal::media::{self, MEDIA_HEADER_BYTES, Stretch};
use convoke_journal::{Error, verify};
use convoke_model::Millis;

use super::Found;
use crate::finding::Finding;
use crate::log::Log;
use crate::out::{count, plain};
use crate::problem::Problem;
use crate::session::Session;
use crate::source::Source;
use crate::times::{Clock, now, size};
use crate::words;

/// A recorder that was told of the end has sealed what is left by then.
const SEALED_AFTER_MS: u64 = 60_000;

/// What the seals of a session claim.
pub(super) fn claims(session: &Session) -> Vec<Stretch> {
    let claim = |(_, seal): &(u64, convoke_model::meeting::recording::Seal)| Stretch {
        file: seal.file.clone(),
        from: seal.from,
        to: seal.to,
        sha256: seal.sha256,
        times: (seal.first.0, seal.last.0),
    };
    session.seals.iter().map(claim).collect()
}

pub(super) fn check(
    log: &Log,
    source: &Source,
    session: &Session,
    clock: &Clock,
    found: &mut Found,
) -> Result<(), Problem> {
    let stream = session.stream;
    for (seq, gap) in &session.gaps {
        found.notes.push(Finding::fact(stream, *seq, words::gap_words(gap, clock)));
    }
    let name = media::name(stream);
    let mut end = MEDIA_HEADER_BYTES as u64;
    for (seq, seal) in &session.seals {
        // Both forms name the same file: within the data folder, and within its media folder.
        if seal.file != name && name.strip_prefix("media/") != Some(&*seal.file) {
            let what = format!("a seal names another file: {}", plain(&seal.file));
            found.findings.push(Finding::fact(stream, *seq, what));
        }
        if (seal.from != end || seal.to < seal.from) && session.seals_unread == 0 && !session.broken
        {
            let (from, to) = (seal.from, seal.to);
            let what = format!("a seal of bytes {from} to {to} does not follow the one before it");
            found.findings.push(Finding::fact(stream, *seq, what));
        }
        end = end.max(seal.to);
    }
    seals(log, source, session, found)?;
    unsealed(source, session, end, found)
}

/// Each seal by itself, so that what is found names its fact. An archive's were checked with it.
fn seals(log: &Log, source: &Source, session: &Session, found: &mut Found) -> Result<(), Problem> {
    let Source::Folder { disk, data } = source else { return Ok(()) };
    let stream = session.stream;
    for ((seq, _), claim) in session.seals.iter().zip(claims(session)) {
        if !media::path(data, stream).exists() {
            let what = format!("the media file {} is missing", plain(&claim.file));
            found.findings.push(Finding::fact(stream, *seq, what));
            return Ok(()); // The other seals would say the same.
        }
        let covered = log.is_covered(stream, *seq);
        let claim = std::slice::from_ref(&claim);
        let wrong = media::verify_media(&**disk, data, stream, claim, |_| covered)?;
        if covered && wrong.is_empty() {
            let what = "a fact of the site says that this stretch of media was erased";
            found.notes.push(Finding::fact(stream, *seq, what));
        }
        found.findings.extend(wrong.into_iter().map(|wrong| Finding {
            stream: Some(stream),
            seqs: Some((*seq, *seq)),
            ..Finding::from(wrong)
        }));
    }
    Ok(())
}

/// Media behind the last seal: as it should be while the recorder is at work, a finding later.
fn unsealed(
    source: &Source,
    session: &Session,
    end: u64,
    found: &mut Found,
) -> Result<(), Problem> {
    let mut media = match source.media(session.stream, end) {
        Ok(Some(media)) => media,
        Ok(None) => return Ok(()),
        // The file's header is written a moment after the file is made.
        Err(Error::Damaged(_)) if session.end.is_none() && session.seals.is_empty() => {
            return Ok(());
        }
        Err(Error::Damaged(damage)) => {
            let finding = Finding::from(verify::Finding::Damaged(damage));
            found.findings.push(Finding { stream: Some(session.stream), ..finding });
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let (mut frames, mut damaged) = (0, 0);
    while let Some(frame) = media.next_frame()? {
        frames += u64::from(frame.at >= end);
        damaged += u64::from(frame.at >= end && frame.damaged);
    }
    if frames == 0 {
        return Ok(());
    }
    let bytes = size(media.position().saturating_sub(end));
    let messages = count(frames, "message", "messages");
    let mut what =
        format!("media behind the last seal is not bound by a digest: {messages}, {bytes}");
    if damaged > 0 {
        what += &format!(", {damaged} of them not whole");
    }
    let unsealed = Finding {
        stream: Some(session.stream),
        seqs: None,
        file: Some((media::name(session.stream), end)),
        what,
    };
    let settled = |ended: Millis| now().since(ended) > SEALED_AFTER_MS;
    if session.seals_unread == 0 && session.end.is_some_and(|end| settled(end.time)) {
        found.findings.push(unsealed);
    } else {
        found.notes.push(unsealed);
    }
    Ok(())
}
