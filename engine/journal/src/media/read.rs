//! Reading media: every frame is checked; an unfinished end is an end, not an error.

use std::path::Path;
use std::sync::Arc;

use convoke_model::StreamId;
use sha2::{Digest, Sha256};

use super::{
    FRAME_HEADER_BYTES, MAGIC, MEDIA_HEADER_BYTES, Stretch, VERSION, file_header, name, path,
    read_frame_header,
};
use crate::bytes::u32_at;
use crate::disk::{Disk, DiskFile, Mode, read_up_to, write_all};
use crate::verify::Finding;
use crate::{Damage, Error};

/// One frame of a media file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First byte of its header in the file.
    pub at: u64,
    /// Server time, in ms.
    pub time: u64,
    /// The media message.
    pub payload: Vec<u8>,
    /// The payload is zeros in place of what was written.
    pub erased: bool,
    /// The payload is neither what was written nor zeros.
    pub damaged: bool,
}

/// Reads the frames of a session's media file, also while it is written.
pub struct MediaReader {
    file: Arc<dyn DiskFile>,
    name: String,
    at: u64,
    /// Where the media begin in the file, and how many bytes they have (an archive holds more).
    within: (u64, u64),
}

impl MediaReader {
    /// From the beginning.
    ///
    /// # Errors
    /// `NewerFormat`, `Damaged` when the file header is, or what the disk said.
    pub fn open(disk: &dyn Disk, data: &Path, session: StreamId) -> Result<Self, Error> {
        Self::at(disk, data, session, MEDIA_HEADER_BYTES as u64)
    }

    /// From the byte where a frame begins (a stretch does).
    ///
    /// # Errors
    /// `NewerFormat`, `Damaged` when the file header is, or what the disk said.
    pub fn at(disk: &dyn Disk, data: &Path, session: StreamId, at: u64) -> Result<Self, Error> {
        let path = path(data, session);
        let file = disk.open(&path, Mode::Read).map_err(Error::io("open", &path))?;
        let mut reader = Self::check(file.into(), (0, u64::MAX), session, &path)?;
        reader.at = at;
        Ok(reader)
    }

    /// Media that lie within another file.
    pub(crate) fn within(
        file: Arc<dyn DiskFile>,
        at: u64,
        length: u64,
        session: StreamId,
    ) -> Result<Self, Error> {
        Self::check(file, (at, length), session, Path::new(&name(session)))
    }

    fn check(
        file: Arc<dyn DiskFile>,
        within: (u64, u64),
        session: StreamId,
        path: &Path,
    ) -> Result<Self, Error> {
        let head =
            read_up_to(&*file, within.0, MEDIA_HEADER_BYTES).map_err(Error::io("read", path))?;
        if head.len() >= 12 && head[..8] == MAGIC && u32_at(&head, 8) > VERSION {
            let (path, found) = (path.to_owned(), u32_at(&head, 8));
            return Err(Error::NewerFormat { path, found, known: VERSION });
        }
        if head != file_header(session) {
            let damage = Damage::at(name(session), 0, "the media file's header is damaged");
            return Err(Error::Damaged(damage));
        }
        Ok(Self { file, name: name(session), at: MEDIA_HEADER_BYTES as u64, within })
    }

    /// The next frame; `None` where no whole frame header follows (later calls look again).
    ///
    /// # Errors
    /// What the disk said.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        let (begin, bytes) = self.within;
        let read = |at: u64, length: usize| {
            let there = usize::try_from(bytes.saturating_sub(at)).unwrap_or(usize::MAX);
            read_up_to(&*self.file, begin + at, length.min(there))
                .map_err(Error::io("read", Path::new(&self.name)))
        };
        let head = read(self.at, FRAME_HEADER_BYTES)?;
        let Some((length, crc, time)) = read_frame_header(&head) else { return Ok(None) };
        let payload = read(self.at + FRAME_HEADER_BYTES as u64, length)?;
        let sound = payload.len() == length && crc32fast::hash(&payload) == crc;
        let erased = !sound && payload.len() == length && payload.iter().all(|&byte| byte == 0);
        let at = self.at;
        self.at += (FRAME_HEADER_BYTES + length) as u64;
        Ok(Some(Frame { at, time, payload, erased, damaged: !sound && !erased }))
    }

    /// Passes over the next frame: how long its payload is, and how that begins. Nothing is checked
    /// but that there is a frame; what is shorter is filled up with zeros.
    ///
    /// # Errors
    /// What the disk said.
    pub fn skip_frame<const N: usize>(&mut self) -> Result<Option<(usize, [u8; N])>, Error> {
        let (begin, bytes) = self.within;
        let there = usize::try_from(bytes.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = (FRAME_HEADER_BYTES + N).min(there);
        let head = read_up_to(&*self.file, begin + self.at, wanted)
            .map_err(Error::io("read", Path::new(&self.name)))?;
        let Some((length, _, _)) = read_frame_header(&head) else { return Ok(None) };
        let mut start = [0; N];
        let known = &head[FRAME_HEADER_BYTES..];
        let count = known.len().min(length);
        start[..count].copy_from_slice(&known[..count]);
        self.at += (FRAME_HEADER_BYTES + length) as u64;
        Ok(Some((length, start)))
    }

    /// The byte where the next frame begins.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }
}

/// Times of the first and the last frame in bytes that are whole frames.
pub(super) fn times(bytes: &[u8]) -> Option<(u64, u64)> {
    let (mut at, mut times) = (0, None);
    while let Some((length, _, time)) = read_frame_header(bytes.get(at..)?) {
        times = Some((times.map_or(time, |(first, _)| first), time));
        at += FRAME_HEADER_BYTES + length;
    }
    times
}

/// Overwrites the payloads of a stretch with zeros, durably, in place. The fact that covers the
/// hole is the caller's to append.
///
/// # Errors
/// `Damaged` when frames do not fill the stretch, or what the disk said.
pub fn erase_stretch(
    disk: &dyn Disk,
    data: &Path,
    session: StreamId,
    from: u64,
    to: u64,
) -> Result<(), Error> {
    let path = path(data, session);
    let mut reader = MediaReader::at(disk, data, session, from)?;
    let file = disk.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
    while reader.position() < to {
        let Some(frame) = reader.next_frame()? else {
            let damage = Damage::at(name(session), reader.position(), "not a frame");
            return Err(Error::Damaged(damage));
        };
        let at = frame.at + FRAME_HEADER_BYTES as u64;
        write_all(&*file, &vec![0; frame.payload.len()], at).map_err(Error::io("write", &path))?;
    }
    file.sync_data().map_err(Error::io("sync", &path))
}

/// Checks the stretches that `MediaSealed` facts claim. `covered` says whether a fact covers an
/// erased one.
///
/// # Errors
/// What the disk said. Damage, and a missing file, are findings.
pub fn verify_media(
    disk: &dyn Disk,
    data: &Path,
    session: StreamId,
    claims: &[Stretch],
    covered: impl Fn(&Stretch) -> bool,
) -> Result<Vec<Finding>, Error> {
    let path = path(data, session);
    let mut findings = Vec::new();
    let file = match disk.open(&path, Mode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if !claims.is_empty() {
                let damage = Damage::at(name(session), 0, "the media file is missing");
                findings.push(Finding::Damaged(damage));
            }
            return Ok(findings);
        }
        Err(error) => return Err(Error::io("open", &path)(error)),
    };
    for claim in claims {
        let length = usize::try_from(claim.to.saturating_sub(claim.from)).unwrap_or(usize::MAX);
        let bytes = read_up_to(&*file, claim.from, length).map_err(Error::io("read", &path))?;
        let what = check_stretch(&bytes, length, claim, &covered);
        if let Some(what) = what {
            findings.push(Finding::Damaged(Damage::at(name(session), claim.from, what)));
        }
    }
    Ok(findings)
}

/// What is wrong with the bytes of a stretch.
pub(crate) fn check_stretch(
    bytes: &[u8],
    length: usize,
    claim: &Stretch,
    covered: impl Fn(&Stretch) -> bool,
) -> Option<&'static str> {
    if bytes.len() < length {
        return Some("a stretch of media is cut short");
    }
    if <[u8; 32]>::from(Sha256::digest(bytes)) == claim.sha256 {
        return None;
    }
    let mut at = 0;
    while let Some((length, ..)) = bytes.get(at..).and_then(read_frame_header) {
        let payload = bytes.get(at + FRAME_HEADER_BYTES..at + FRAME_HEADER_BYTES + length);
        if payload.is_none_or(|payload| payload.iter().any(|&byte| byte != 0)) {
            return Some("a stretch of media does not match its digest");
        }
        at += FRAME_HEADER_BYTES + length;
    }
    match (at == bytes.len(), covered(claim)) {
        (true, true) => None,
        (true, false) => Some("a stretch of media is zeros and no fact covers it"),
        (false, _) => Some("a stretch of media does not match its digest"),
    }
}
