//! Writing media: one write per flush, a sync at most every 100 ms, a digest per stretch.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_model::StreamId;
use sha2::{Digest, Sha256};

use super::{
    FRAME_BYTES_MAX, FRAME_HEADER_BYTES, MEDIA_HEADER_BYTES, MediaReader, Stretch, file_header,
    frame_header, name, path,
};
use crate::Error;
use crate::disk::{Disk, DiskFile, Mode, read_up_to, write_all, write_file};

/// Space is reserved in steps of at least this many bytes, and of a quarter of what there is.
const STEP: u64 = 8 << 20;
/// And of at most this many.
const STEP_MAX: u64 = 128 << 20;
/// The disk is asked to begin once so many bytes have come together.
const BEGIN_BYTES: u64 = 1 << 20;
/// It is asked for whole pages: the last one is still being filled.
const PAGE_BYTES: u64 = 4096;
/// A file is synced at most this often.
const SYNC_EVERY_MS: u64 = 100;

/// Bytes that a crash left at the end of a media file and that are not whole frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where the file was cut.
    pub at: u64,
    /// Bytes moved to `quarantine/`.
    pub bytes: u64,
    /// Server time of the last whole frame, in ms; 0 when there is none.
    pub last_time: u64,
}

/// Writes the media of one session.
pub struct MediaWriter {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    name: String,
    at: u64,
    reserved: u64,
    stretch_from: u64,
    digest: Sha256,
    times: Option<(u64, u64)>,
    oldest_unsynced: Option<u64>,
    /// Up to here the disk was asked to begin.
    begun: u64,
    last_sync: u64,
    failed: bool,
}

impl MediaWriter {
    /// Opens a session's media file, making it when there is none. `sealed` is where the last
    /// stretch that is a fact ends (0: none); what lies behind it is checked, and whatever is not
    /// whole frames is kept in `quarantine/`, cut off and returned: the caller records the gap.
    ///
    /// # Errors
    /// What the disk said.
    pub fn open(
        disk: &Arc<dyn Disk>,
        data: &Path,
        session: StreamId,
        sealed: u64,
    ) -> Result<(Self, Option<Gap>), Error> {
        let path = path(data, session);
        let begin = MEDIA_HEADER_BYTES as u64;
        let (file, end, gap) = match disk.open(&path, Mode::New) {
            Ok(file) => {
                file.reserve(STEP).map_err(Error::io("reserve", &path))?;
                write_all(&*file, &file_header(session), 0).map_err(Error::io("write", &path))?;
                file.sync_data().map_err(Error::io("sync", &path))?;
                let folder = data.join("media");
                disk.sync_folder(&folder).map_err(Error::io("sync", &folder))?;
                (file, begin, None)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let file = disk.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
                let head = read_up_to(&*file, 0, MEDIA_HEADER_BYTES);
                if head.map_err(Error::io("read", &path))? != file_header(session) {
                    // It was just being made when the process ended.
                    write_all(&*file, &file_header(session), 0)
                        .map_err(Error::io("write", &path))?;
                }
                let (end, gap) = cut(&**disk, data, session, &*file, sealed.max(begin))?;
                (file, end, gap)
            }
            Err(error) => return Err(Error::io("create", &path)(error)),
        };
        let from = sealed.max(begin).min(end);
        let open = read_up_to(&*file, from, (end - from) as usize);
        let open = open.map_err(Error::io("read", &path))?;
        let writer = Self {
            reserved: file.length().map_err(Error::io("read", &path))?,
            file,
            name: name(session),
            at: end,
            stretch_from: from,
            digest: Sha256::new().chain_update(&open),
            times: super::read::times(&open),
            begun: end,
            path,
            oldest_unsynced: None,
            last_sync: 0,
            failed: false,
        };
        Ok((writer, gap))
    }

    /// Appends frames (server time in ms, payload) in one write. Empty payloads are left out.
    ///
    /// # Errors
    /// What the disk said, or a payload above 1 MiB; after a failed write nothing more is written.
    pub fn write(&mut self, frames: &[(u64, &[u8])], now: u64) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for (time, payload) in frames.iter().filter(|(_, payload)| !payload.is_empty()) {
            if payload.len() > FRAME_BYTES_MAX {
                return Err(Error::Format(format!("a frame of {} bytes", payload.len())));
            }
            bytes.extend_from_slice(&frame_header(*time, payload));
            bytes.extend_from_slice(payload);
            let first = self.times.map_or(*time, |(first, _)| first);
            self.times = Some((first, *time));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.guarded(|it| {
            let end = it.at + bytes.len() as u64;
            if end + FRAME_HEADER_BYTES as u64 > it.reserved {
                it.reserved = end.div_ceil(STEP) * STEP + (end / 4).clamp(STEP, STEP_MAX);
                it.file.reserve(it.reserved)?;
            }
            write_all(&*it.file, &bytes, it.at)
        })?;
        self.digest.update(&bytes);
        self.at += bytes.len() as u64;
        self.oldest_unsynced.get_or_insert(now);
        self.begin_writing();
        Ok(())
    }

    /// Media is on its way to the disk long before its sync is due. Otherwise ten megabytes would
    /// go there at once, and the log's own sync, which facts wait for, would wait behind them.
    fn begin_writing(&mut self) {
        let to = self.at - self.at % PAGE_BYTES;
        if to >= self.begun + BEGIN_BYTES {
            self.file.begin_writing(self.begun, to - self.begun);
            self.begun = to;
        }
    }

    /// Syncs when something is unsynced and the last sync is at least 100 ms ago. Says whether it
    /// did.
    ///
    /// # Errors
    /// What the disk said; nothing more is written then.
    pub fn sync_if_due(&mut self, now: u64) -> Result<bool, Error> {
        let due = self.is_due(now);
        if due {
            self.sync(now)?;
        }
        Ok(due)
    }

    /// Whether something is unsynced and the last sync is at least 100 ms ago.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        self.oldest_unsynced.is_some() && now >= self.last_sync + SYNC_EVERY_MS
    }

    /// When the oldest byte that is not durable yet was written, in ms.
    #[must_use]
    pub fn oldest_unsynced(&self) -> Option<u64> {
        self.oldest_unsynced
    }

    /// Bytes of the file so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.at
    }

    /// Syncs, and returns everything since the last stretch as one; `None` when that is nothing.
    ///
    /// # Errors
    /// What the disk said; nothing more is written then.
    pub fn stretch(&mut self, now: u64) -> Result<Option<Stretch>, Error> {
        let Some(times) = self.times else { return Ok(None) };
        if self.oldest_unsynced.is_some() {
            self.sync(now)?;
        }
        self.times = None;
        let sha256 = std::mem::take(&mut self.digest).finalize().into();
        let (from, to) = (self.stretch_from, self.at);
        self.stretch_from = to;
        Ok(Some(Stretch { file: self.name.clone(), from, to, sha256, times }))
    }

    /// The last stretch; gives the unused space back.
    ///
    /// # Errors
    /// What the disk said.
    pub fn close(mut self, now: u64) -> Result<Option<Stretch>, Error> {
        let last = self.stretch(now)?;
        self.guarded(|it| it.file.truncate(it.at).and_then(|()| it.file.sync_data()))?;
        Ok(last)
    }

    fn sync(&mut self, now: u64) -> Result<(), Error> {
        self.guarded(|it| it.file.sync_data())?;
        self.oldest_unsynced = None;
        self.last_sync = now;
        Ok(())
    }

    fn guarded(&mut self, act: impl FnOnce(&mut Self) -> io::Result<()>) -> Result<(), Error> {
        if self.failed {
            return Err(Error::Stopped);
        }
        let done = act(self);
        self.failed = done.is_err();
        done.map_err(Error::io("write", &self.path))
    }
}

/// Cuts a file behind its last whole frame.
fn cut(
    disk: &dyn Disk,
    data: &Path,
    session: StreamId,
    file: &dyn DiskFile,
    from: u64,
) -> Result<(u64, Option<Gap>), Error> {
    let path = path(data, session);
    let mut reader = MediaReader::at(disk, data, session, from)?;
    let (mut end, mut last_time) = (from, 0);
    while let Some(frame) = reader.next_frame()? {
        if frame.damaged {
            break;
        }
        end = frame.at + (FRAME_HEADER_BYTES + frame.payload.len()) as u64;
        last_time = frame.time;
    }
    let rest = read_up_to(file, end, usize::MAX).map_err(Error::io("read", &path))?;
    let Some(used) = rest.iter().rposition(|&byte| byte != 0) else { return Ok((end, None)) };
    let folder = data.join("quarantine");
    let taken = disk.list(&folder).map_err(Error::io("list", &folder))?;
    let mut names =
        (0..).map(|n: u32| format!("{}-{}.media.from-{end}.{n}", session.meeting, session.session));
    let name = names.find(|name| !taken.contains(name)).unwrap_or_default();
    write_file(disk, &folder.join(name), &rest[..=used], Mode::New)
        .map_err(Error::io("write", &folder))?;
    file.truncate(end).map_err(Error::io("truncate", &path))?;
    file.sync_data().map_err(Error::io("sync", &path))?;
    Ok((end, Some(Gap { at: end, bytes: used as u64 + 1, last_time })))
}
