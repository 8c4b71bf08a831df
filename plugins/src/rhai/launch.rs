//! Starts a policy host: the same program, with nothing handed to it but its pipes.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// How a policy host is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its words.
    pub words: Vec<OsString>,
}

impl Launch {
    /// This very program's `policy-host`.
    ///
    /// # Errors
    /// When the operating system cannot tell which program this is.
    pub fn this_program() -> io::Result<Self> {
        Ok(Self::of(std::env::current_exe()?))
    }

    /// The `policy-host` of a program.
    #[must_use]
    pub fn of(program: PathBuf) -> Self {
        Self { program, words: vec!["policy-host".into()] }
    }

    /// Starts one.
    pub(super) fn start(&self) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.words)
            .env_clear()
            // The server's allocator takes a gigabyte of address space ahead; here it has to ask
            // for each piece, so that the limit on address space is one on memory.
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }
}
