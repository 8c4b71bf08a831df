//! Where a report goes besides the terminal: JSON, an HdrHistogram log, a page.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use super::{Report, hlog, html};
use crate::CannotRun;
use crate::cli::FileArgs;

/// Opened before the run, so that nobody waits for what cannot be written.
pub(crate) struct Files {
    json: Option<Target>,
    hlog: Option<Target>,
    html: Option<Target>,
}

enum Target {
    Output,
    File(File, String),
}

impl Files {
    pub(crate) fn open(args: &FileArgs) -> Result<Self, CannotRun> {
        let open = |path: &Option<_>| path.as_deref().map(Target::open).transpose();
        Ok(Self { json: open(&args.json)?, hlog: open(&args.hlog)?, html: open(&args.html)? })
    }

    pub(crate) fn write(self, report: &Report) -> Result<(), CannotRun> {
        self.write_as(&report.json()?, Some(report))
    }

    /// The same with another JSON, and perhaps no report to show.
    pub(crate) fn write_as(self, json: &str, report: Option<&Report>) -> Result<(), CannotRun> {
        if let Some(file) = self.json {
            file.write(json.as_bytes())?;
        }
        let Some(report) = report else { return Ok(()) };
        if let Some(log) = self.hlog {
            let mut bytes = Vec::new();
            hlog::write(report.recorded(), report.started, &mut bytes)
                .map_err(|error| format!("the HdrHistogram log cannot be written: {error}"))?;
            log.write(&bytes)?;
        }
        if let Some(page) = self.html {
            page.write(html::page(report).as_bytes())?;
        }
        Ok(())
    }
}

impl Target {
    fn open(path: &Path) -> Result<Self, CannotRun> {
        if path == Path::new("-") {
            return Ok(Self::Output);
        }
        let name = path.display().to_string();
        match File::create(path) {
            Ok(file) => Ok(Self::File(file, name)),
            Err(error) => Err(format!("cannot write {name}: {error}").into()),
        }
    }

    fn write(self, bytes: &[u8]) -> Result<(), CannotRun> {
        match self {
            Self::Output => std::io::stdout().write_all(bytes)?,
            Self::File(file, name) => {
                let mut file = BufWriter::new(file);
                file.write_all(bytes)
                    .and_then(|()| file.flush())
                    .map_err(|error| format!("cannot write {name}: {error}"))?;
            }
        }
        Ok(())
    }
}
