//! Writing an archive from a data folder: no lock, no server, no key.

use std::path::Path;
use std::sync::Arc;

use convoke_model::StreamId;
use convoke_wire::Hash;
use sha2::{Digest, Sha256};

use super::{
    CHECKPOINT, HEADER_BYTES, KEY, MAGIC, MEDIA, MEETING, PROOF, SECTION_MAGIC, SESSION, VERSION,
};
use crate::bytes::put;
use crate::checkpoint::{self, Checkpoint};
use crate::disk::{Disk, DiskFile, Mode, read_up_to, write_all};
use crate::keys::PublicKey;
use crate::media::{self, MediaReader};
use crate::reader::SegmentReader;
use crate::{Error, tree};

/// What went into an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Entries of the session.
    pub session: u64,
    /// Entries of its meeting.
    pub meeting: u64,
    /// Entries that are newer than the newest checkpoint, so that nothing signed covers them.
    pub unsigned: u64,
    /// Bytes of media.
    pub media: u64,
}

/// Entries of one stream, as they are stored in a section.
#[derive(Default)]
struct Part {
    content: Vec<u8>,
    places: Vec<u64>,
}

/// Writes the archive of `session` to the new file `to`.
///
/// # Errors
/// `Damaged` when the log cannot be read as a whole, `Format` when there is no such session, or
/// what the disk said.
pub fn write(
    disk: &Arc<dyn Disk>,
    data: &Path,
    session: StreamId,
    to: &Path,
) -> Result<Archived, Error> {
    // The note is read first: the log only grows.
    let signed = newest(&**disk, data)?;
    let of_meeting = StreamId { meeting: session.meeting, session: 0 };
    let (mut main, mut meeting, mut leaves) = (Part::default(), Part::default(), Vec::new());
    let mut reader = SegmentReader::on(Arc::clone(disk), data);
    while let Some(block) = reader.next_block()? {
        for placed in block.block()?.entries {
            leaves.push(placed.leaf);
            let stream = placed.entry.header.stream;
            let part = if stream == session {
                &mut main
            } else if stream == of_meeting {
                &mut meeting
            } else {
                continue;
            };
            part.places.push(placed.place);
            part.content.extend_from_slice(&placed.place.to_le_bytes());
            part.content.extend_from_slice(placed.entry.bytes);
        }
    }
    if main.places.is_empty() {
        return Err(Error::Format(format!("there is no session {session} in this log")));
    }
    let size = signed.as_ref().map_or(0, |(_, _, checkpoint)| checkpoint.head.size);
    let mut places: Vec<u64> = main.places.iter().chain(&meeting.places).copied().collect();
    places.sort_unstable();
    let covered = places.partition_point(|&place| place < size);
    let mut archived = Archived {
        session: main.places.len() as u64,
        meeting: meeting.places.len() as u64,
        unsigned: (places.len() - covered) as u64,
        media: 0,
    };
    let file = disk.open(to, Mode::New).map_err(Error::io("create", to))?;
    let mut out = Out { file, path: to, at: HEADER_BYTES as u64, sections: 0 };
    out.section(MEETING, &meeting.content)?;
    out.section(SESSION, &main.content)?;
    if let Some((note, key, _)) = signed
        && size > 0
    {
        let leaves =
            leaves.get(..usize::try_from(size).unwrap_or(usize::MAX)).ok_or_else(|| {
                Error::Format(format!(
                    "the log has fewer than the {size} entries of its checkpoint"
                ))
            })?;
        let mut proof = size.to_le_bytes().to_vec();
        tree::proof(leaves, &places[..covered]).iter().for_each(|hash: &Hash| proof.extend(hash));
        out.section(CHECKPOINT, note.as_bytes())?;
        out.section(KEY, key.to_text().as_bytes())?;
        out.section(PROOF, &proof)?;
    }
    let path = media::path(data, session);
    if let Ok(file) = disk.open(&path, Mode::Read) {
        let mut frames = MediaReader::open(&**disk, data, session)?;
        while frames.next_frame()?.is_some() {}
        archived.media = frames.position();
        out.copy(MEDIA, &*file, archived.media)?;
    }
    out.finish(session)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    disk.sync_folder(folder).map_err(Error::io("sync", folder))?;
    Ok(archived)
}

/// The newest checkpoint with the key that signed it.
fn newest(disk: &dyn Disk, data: &Path) -> Result<Option<(String, PublicKey, Checkpoint)>, Error> {
    let keys = PublicKey::all(disk, data)?;
    let notes = checkpoint::all(disk, data)?;
    let signed = notes.into_iter().filter_map(|(_, note)| {
        let note = String::from_utf8(note).ok()?;
        keys.iter().find_map(|key| {
            let checkpoint = Checkpoint::verify(&note, key)?;
            Some((note.clone(), key.clone(), checkpoint))
        })
    });
    Ok(signed.max_by_key(|(_, _, checkpoint)| checkpoint.head.size))
}

struct Out<'a> {
    file: Box<dyn DiskFile>,
    path: &'a Path,
    at: u64,
    sections: u32,
}

impl Out<'_> {
    fn put(&self, bytes: &[u8], at: u64) -> Result<(), Error> {
        write_all(&*self.file, bytes, at).map_err(Error::io("write", self.path))
    }

    fn section(&mut self, kind: u32, content: &[u8]) -> Result<(), Error> {
        self.put(content, self.at + HEADER_BYTES as u64)?;
        self.header(kind, content.len() as u64, Sha256::digest(content).into())
    }

    /// A section whose content is the first `length` bytes of a file.
    fn copy(&mut self, kind: u32, from: &dyn DiskFile, length: u64) -> Result<(), Error> {
        let (mut at, mut digest) = (0, Sha256::new());
        while at < length {
            let piece = usize::try_from(length - at).unwrap_or(usize::MAX).min(1 << 20);
            let bytes = read_up_to(from, at, piece).map_err(Error::io("read", self.path))?;
            if bytes.is_empty() {
                return Err(Error::Format(String::from("the media file became shorter")));
            }
            digest.update(&bytes);
            self.put(&bytes, self.at + HEADER_BYTES as u64 + at)?;
            at += bytes.len() as u64;
        }
        self.header(kind, length, digest.finalize().into())
    }

    fn header(&mut self, kind: u32, length: u64, digest: Hash) -> Result<(), Error> {
        let mut header = [0; HEADER_BYTES];
        put(&mut header, 0, &SECTION_MAGIC);
        put(&mut header, 4, &kind.to_le_bytes());
        put(&mut header, 8, &length.to_le_bytes());
        put(&mut header, 16, &digest);
        let crc = crc32fast::hash(&header[..60]);
        put(&mut header, 60, &crc.to_le_bytes());
        self.put(&header, self.at)?;
        self.at += HEADER_BYTES as u64 + length;
        self.sections += 1;
        Ok(())
    }

    /// The file's header comes last: without it, the file is no archive.
    fn finish(self, session: StreamId) -> Result<(), Error> {
        let mut header = [0; HEADER_BYTES];
        put(&mut header, 0, &MAGIC);
        put(&mut header, 8, &VERSION.to_le_bytes());
        put(&mut header, 12, &(HEADER_BYTES as u32).to_le_bytes());
        put(&mut header, 16, &session.meeting.to_le_bytes());
        put(&mut header, 20, &session.session.to_le_bytes());
        put(&mut header, 24, &self.sections.to_le_bytes());
        let crc = crc32fast::hash(&header[..60]);
        put(&mut header, 60, &crc.to_le_bytes());
        self.put(&header, 0)?;
        self.file.sync_data().map_err(Error::io("sync", self.path))
    }
}
