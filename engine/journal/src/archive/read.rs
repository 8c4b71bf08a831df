//! Reading an archive: every byte is under a checksum, and the entries are under the node's
//! signature.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_model::StreamId;
use convoke_wire::Hash;
use convoke_wire::entry::{EntryRef, Header};
use sha2::{Digest, Sha256};

use super::{
    CHECKPOINT, HEADER_BYTES, KEY, MAGIC, MEDIA, MEETING, PROOF, SECTION_MAGIC, SESSION, VERSION,
};
use crate::bytes::{hash_at, u32_at, u64_at};
use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, DiskFile, Mode, read_up_to};
use crate::keys::PublicKey;
use crate::media::{MediaReader, Stretch};
use crate::verify::{Finding, Report, Streams};
use crate::{Damage, Error, tree};

/// An open archive. Entries are in memory, media stay in the file.
pub struct Archive {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    session: StreamId,
    /// Kind, first byte of the content, its length.
    sections: Vec<(u32, u64, u64)>,
    entries: Vec<(u64, Vec<u8>)>,
}

impl Archive {
    /// Opens an archive and checks every section's digest.
    ///
    /// # Errors
    /// `NewerFormat`, `Damaged` when any byte is not what was written, or what the disk said.
    pub fn open(disk: &dyn Disk, path: &Path) -> Result<Self, Error> {
        let file: Arc<dyn DiskFile> =
            disk.open(path, Mode::Read).map_err(Error::io("open", path))?.into();
        let damaged = |at, what| Err(Error::Damaged(Damage::at(path.to_string_lossy(), at, what)));
        let read = |at, length| read_up_to(&*file, at, length).map_err(Error::io("read", path));
        let end = file.length().map_err(Error::io("read", path))?;
        let head = read(0, HEADER_BYTES)?;
        if head.len() < HEADER_BYTES || head[..8] != MAGIC {
            return damaged(0, "this is not an archive");
        }
        if u32_at(&head, 8) > VERSION {
            let (path, found) = (path.to_owned(), u32_at(&head, 8));
            return Err(Error::NewerFormat { path, found, known: VERSION });
        }
        if crc32fast::hash(&head[..60]) != u32_at(&head, 60) {
            return damaged(0, "the archive's header is damaged");
        }
        let session = StreamId { meeting: u32_at(&head, 16), session: u32_at(&head, 20) };
        let mut sections = Vec::new();
        let mut at = HEADER_BYTES as u64;
        for _ in 0..u32_at(&head, 24) {
            let head = read(at, HEADER_BYTES)?;
            let whole = head.len() == HEADER_BYTES
                && head[..4] == SECTION_MAGIC
                && crc32fast::hash(&head[..60]) == u32_at(&head, 60);
            if !whole {
                return damaged(at, "a section's header is damaged");
            }
            let (kind, length) = (u32_at(&head, 4), u64_at(&head, 8));
            // Otherwise one reader could take the first of two, and another the second.
            if sections.last().is_some_and(|&(last, _, _)| kind <= last) {
                return damaged(at, "sections are not in the order of their kinds, each once");
            }
            let content = at + HEADER_BYTES as u64;
            if length > end.saturating_sub(content) {
                return damaged(at, "a section is cut short");
            }
            if digest(&*file, content, length).map_err(Error::io("read", path))?
                != hash_at(&head, 16)
            {
                return damaged(at, "a section does not match its digest");
            }
            sections.push((kind, content, length));
            at = content + length;
        }
        if at != end {
            return damaged(at, "something follows the last section");
        }
        let mut archive =
            Self { file, path: path.to_owned(), session, sections, entries: Vec::new() };
        let mut entries = archive.read_entries(MEETING, StreamId { session: 0, ..session })?;
        let of_session = archive.read_entries(SESSION, session)?;
        if of_session.is_empty() {
            return damaged(0, "the archive holds no entry of its session");
        }
        entries.extend(of_session);
        entries.sort_by_key(|(place, _)| *place);
        archive.entries = entries;
        Ok(archive)
    }

    /// The session it holds.
    #[must_use]
    pub fn session(&self) -> StreamId {
        self.session
    }

    /// Entries of the meeting's and the session's stream in the node's order, with their places.
    pub fn entries(&self) -> impl Iterator<Item = (u64, EntryRef<'_>)> {
        self.entries.iter().filter_map(|(place, bytes)| Some((*place, EntryRef::read(bytes).ok()?)))
    }

    /// The frames of its media; `None` when there are none.
    ///
    /// # Errors
    /// `Damaged`, or what the disk said.
    pub fn media(&self) -> Result<Option<MediaReader>, Error> {
        let Some(&(_, at, length)) = self.section(MEDIA) else { return Ok(None) };
        MediaReader::within(Arc::clone(&self.file), at, length, self.session).map(Some)
    }

    /// Verifies it: chains, payload digests, the claims of `MediaSealed` facts, and that the
    /// entries are those the node signed. `trusted` is the key to believe; without one, the
    /// archive's own (that shows no more than that it was not changed since it was written by
    /// somebody who had that key).
    ///
    /// # Errors
    /// What the disk said. Damage is a finding.
    pub fn verify(
        &self,
        trusted: Option<&PublicKey>,
        claims: &[Stretch],
        covered: impl Fn(&Header) -> bool,
        stretch_covered: impl Fn(&Stretch) -> bool,
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut streams = Streams::default();
        let name = self.path.to_string_lossy().into_owned();
        for (_, entry) in self.entries() {
            streams.entry(&entry, &entry.leaf(), (&name, 0), &covered, &mut report);
        }
        let text = |kind| -> Result<Option<String>, Error> {
            let Some(&(_, at, length)) = self.section(kind) else { return Ok(None) };
            let bytes = self.content(at, length)?;
            Ok(Some(String::from_utf8(bytes).unwrap_or_default()))
        };
        let note = text(CHECKPOINT)?.unwrap_or_default();
        let own = text(KEY)?.and_then(|text| PublicKey::from_text(&text));
        let key = trusted.or(own.as_ref());
        match key.and_then(|key| Checkpoint::verify(&note, key)) {
            None => report.findings.push(Finding::Unsigned(String::from("the archive"))),
            Some(checkpoint) => {
                let size = checkpoint.head.size;
                report.unsigned =
                    self.entries.iter().filter(|(place, _)| *place >= size).count() as u64;
                if self.root(size)? == Some(checkpoint.head.root) {
                    report.checkpoint = Some(checkpoint.head);
                } else {
                    let by = format!("the checkpoint of {}", checkpoint.origin);
                    report.findings.push(Finding::Root { by, size });
                }
            }
        }
        for claim in claims {
            let what = match self.section(MEDIA) {
                None => Some("the media are missing"),
                Some(&(_, at, length)) if claim.from <= claim.to => {
                    let wanted = usize::try_from(claim.to - claim.from).unwrap_or(usize::MAX);
                    let there = length.saturating_sub(claim.from).min(wanted as u64);
                    let bytes = self.content(at + claim.from, there)?;
                    crate::media::check_stretch(&bytes, wanted, claim, &stretch_covered)
                }
                Some(_) => Some("a stretch of media ends before it begins"),
            };
            if let Some(what) = what {
                let damage = Damage::at(claim.file.clone(), claim.from, what);
                report.findings.push(Finding::Damaged(damage));
            }
        }
        report.streams = streams.tails();
        Ok(report)
    }

    /// The root of the tree that its entries and its proof make.
    fn root(&self, size: u64) -> Result<Option<Hash>, Error> {
        let Some(&(_, at, length)) = self.section(PROOF) else { return Ok(None) };
        let bytes = self.content(at, length)?;
        if bytes.len() < 8 || bytes.len() % 32 != 8 || u64_at(&bytes, 0) != size {
            return Ok(None);
        }
        let proof: Vec<Hash> = (8..bytes.len()).step_by(32).map(|at| hash_at(&bytes, at)).collect();
        let kept = self.entries().filter(|(place, _)| *place < size);
        let kept: Vec<(u64, Hash)> = kept.map(|(place, entry)| (place, entry.leaf())).collect();
        Ok(tree::root_with_proof(size, &kept, &proof))
    }

    fn section(&self, kind: u32) -> Option<&(u32, u64, u64)> {
        self.sections.iter().find(|section| section.0 == kind)
    }

    fn content(&self, at: u64, length: u64) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        read_up_to(&*self.file, at, length).map_err(Error::io("read", &self.path))
    }

    fn read_entries(&self, kind: u32, of: StreamId) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let Some(&(_, at, length)) = self.section(kind) else { return Ok(Vec::new()) };
        let bytes = self.content(at, length)?;
        let (mut rest, mut entries) = (&bytes[..], Vec::<(u64, Vec<u8>)>::new());
        let damaged = |rest: &[u8], what| {
            let offset = at + length - rest.len() as u64;
            Err(Error::Damaged(Damage::at(self.path.to_string_lossy(), offset, what)))
        };
        while !rest.is_empty() {
            let entry = rest.get(8..).and_then(|rest| EntryRef::read(rest).ok());
            let Some(entry) = entry else { return damaged(rest, "not an entry") };
            let place = u64_at(rest, 0);
            if entry.header.stream != of {
                return damaged(rest, "an entry of another stream");
            }
            if entries.last().is_some_and(|&(last, _)| place <= last) {
                return damaged(rest, "an entry is not in the node's order");
            }
            entries.push((place, entry.bytes.to_vec()));
            rest = &rest[8 + entry.bytes.len()..];
        }
        Ok(entries)
    }
}

fn digest(file: &dyn DiskFile, mut at: u64, length: u64) -> std::io::Result<Hash> {
    let (end, mut digest) = (at + length, Sha256::new());
    while at < end {
        let piece = usize::try_from(end - at).unwrap_or(usize::MAX).min(1 << 20);
        let bytes = read_up_to(file, at, piece)?;
        if bytes.is_empty() {
            break;
        }
        digest.update(&bytes);
        at += bytes.len() as u64;
    }
    Ok(digest.finalize().into())
}
