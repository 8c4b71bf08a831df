//! The policy host's process: compiles scripts and answers questions from a pipe, and can open no
//! file, no socket and no second process.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::limits::{ADDRESS_SPACE_MAX, CPU_AHEAD_S};
use super::protocol::{self, FromHost, ToHost};
use super::script::Scripts;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Serves the pipe that standard input and output are, until it is closed.
#[must_use]
pub fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever started us sees the end of the pipe; there is nobody else to tell.
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    fence()?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let ToHost::Load(sources) = protocol::read(&mut input)? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let (scripts, problems) = Scripts::compile(sources);
    protocol::write(&mut output, &FromHost::Loaded(problems))?;
    let (mut held, mut chunk) = (Vec::new(), vec![0; CHUNK_BYTES]);
    loop {
        more_cpu()?;
        let read = input.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        held.extend_from_slice(&chunk[..read]);
        while let Some(message) = protocol::take(&mut held)? {
            let ToHost::Ask(ask) = message else { return Err(io::ErrorKind::InvalidData.into()) };
            let ran = scripts.run(ask.id, ask.script, &ask.question, ask.evidence);
            // Each at once: whoever waits for it must not wait for the next one.
            output.write_all(&protocol::frame(&FromHost::Ran(ran))?)?;
            output.flush()?;
        }
    }
}

/// Takes away what a script's process never needs. With no file that may be opened there is no
/// network either.
fn fence() -> io::Result<()> {
    if let Some(taken) = address_space()
        && taken > ADDRESS_SPACE_MAX / 2
    {
        // What an allocator took ahead would be memory beyond the limit.
        return Err(io::Error::other("the address space is taken already"));
    }
    let only = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, only(ADDRESS_SPACE_MAX))?;
    setrlimit(Resource::Core, only(0))?;
    setrlimit(Resource::Fsize, only(0))?;
    setrlimit(Resource::Nofile, only(0))?;
    setrlimit(Resource::Nproc, only(0))?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

/// Bytes of address space in use, where the system tells (proc(5), statm).
fn address_space() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = told.split(' ').next()?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// The kernel's own limit, for the case that nobody outside watches: it counts whole seconds of the
/// whole process, and is moved on between questions.
fn more_cpu() -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let used = u64::try_from(used.tv_sec).unwrap_or(0);
    let limit = Rlimit { current: Some(used + CPU_AHEAD_S), maximum: None };
    setrlimit(Resource::Cpu, limit)?;
    Ok(())
}
