//! Where facts and media are read from: a data folder or an archive.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_journal::Error;
use convoke_journal::archive::{self, Archive};
use convoke_journal::disk::{Disk, RealDisk};
use convoke_journal::media::MediaReader;
use convoke_model::StreamId;

use crate::problem::Problem;

pub(crate) enum Source {
    Folder { disk: Arc<dyn Disk>, data: PathBuf },
    Archive { archive: Archive },
}

impl Source {
    /// Opens what `--data` names, or the archive that stands where a meeting could.
    /// Gives back the meeting when it was one.
    pub(crate) fn open<'a>(
        data: Option<&Path>,
        what: Option<&'a str>,
    ) -> Result<(Self, Option<&'a str>), Problem> {
        match (data, what) {
            (Some(data), what) => Ok((Self::at(data)?, what)),
            (None, Some(what)) if Path::new(what).exists() => {
                Ok((Self::at(Path::new(what))?, None))
            }
            (None, _) => Err(Problem::cannot(
                "say what to read: --data DIR for a data folder, or the name of an archive file",
            )),
        }
    }

    fn at(path: &Path) -> Result<Self, Problem> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let shown = path.display();
        let about = fs::metadata(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Problem::cannot(format!("there is no folder or file {shown}")),
            _ => Problem::cannot(format!("cannot read {shown}: {error}")),
        })?;
        if about.is_file() {
            let mut magic = [0; archive::MAGIC.len()];
            let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
            if read.is_err() || magic != archive::MAGIC {
                let sentence = format!("{shown} is not an archive of a Convoke session");
                return Err(Problem::CannotRun(sentence));
            }
            let archive = Archive::open(&*disk, path)?;
            return Ok(Self::Archive { archive });
        }
        let mut inside = fs::read_dir(path)
            .map_err(|error| Problem::cannot(format!("cannot read {shown}: {error}")))?;
        if !path.join("log").is_dir() && inside.next().is_some() {
            let sentence = format!("{shown} is not a Convoke data folder: there is no log/ in it");
            return Err(Problem::CannotRun(sentence));
        }
        Ok(Self::Folder { disk, data: path.to_owned() })
    }

    /// What a person calls it.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "folder",
            Self::Archive { .. } => "archive",
        }
    }

    /// A session's media; `None` when there are none. In a folder reading begins at byte `from`, in
    /// an archive always at the first frame.
    pub(crate) fn media(&self, session: StreamId, from: u64) -> Result<Option<MediaReader>, Error> {
        match self {
            Self::Archive { archive } if archive.session() == session => archive.media(),
            Self::Archive { .. } => Ok(None),
            Self::Folder { disk, data } => match MediaReader::at(&**disk, data, session, from) {
                Ok(reader) => Ok(Some(reader)),
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }
}
