//! The program on a data folder that is not as it was: damaged, newer, or on a disk that fails.

mod guest;
mod limits;
mod restored;
mod scripts;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use convoke_tests::program::Server;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// The newest segment of the log.
fn newest_segment(server: &Server) -> PathBuf {
    let folder = std::fs::read_dir(server.data().join("log")).expect("there is a log");
    let files = folder.map(|entry| entry.expect("readable").path());
    let segments = files.filter(|path| path.extension().is_some_and(|end| end == "seg"));
    segments.max().expect("there is a segment")
}

/// Changes one byte of a file.
fn change(path: &PathBuf, at: impl FnOnce(&[u8]) -> usize, to: u8) {
    let mut bytes = std::fs::read(path).expect("readable");
    let at = at(&bytes);
    assert_ne!(bytes[at], to, "it is another byte");
    bytes[at] = to;
    std::fs::write(path, bytes).expect("writable");
}

#[test]
fn a_damaged_log_is_served_in_quarantine_until_the_loss_is_accepted() {
    let mut server = Server::start("");
    let _ = server.meeting("some password");
    server.stop();
    let last = |bytes: &[u8]| bytes.iter().rposition(|&byte| byte != 0).expect("not empty");
    let segment = newest_segment(&server);
    let was = std::fs::read(&segment).expect("readable");
    let at = last(&was) - 30;
    change(&segment, |_| at, !was[at]);

    server.launch();
    server.answers("/healthz");
    let (status, ready) = server.get("/readyz");
    assert_eq!(status, 503);
    assert!(ready.contains("\"quarantine\"") && ready.contains("entries "), "{ready}");
    let (status, page) = server.get("/");
    assert_eq!(status, 503);
    assert!(page.contains("Missing: entries ") && page.contains("recover --accept-loss"), "{page}");
    let (status, call) = server.get("/api/v1/me");
    assert!(status == 503 && call.contains("\"quarantine\""), "{call}");
    let (code, said) = server.add_account("late@example.com");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("The log is not whole") && said.contains("seq "), "{said}");
    let (code, said) = server.command("convoke-audit", &["list"], "");
    assert!(code != Some(2) && said.contains("Tested"), "auditors read on: {said}");
    let (code, said) = server.command("convoke", &["recover", "--accept-loss"], "");
    assert!(code == Some(1) && said.contains("in use"), "not under its feet: {said}");
    assert_eq!(std::fs::read(&segment).expect("readable").len(), was.len(), "nothing was changed");
    server.stop();

    let (code, said) = server.command("convoke", &["recover", "--accept-loss"], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("The log goes on under epoch"), "{said}");
    server.up();
    assert_eq!(server.add_account("late@example.com").0, Some(0));
    server.stop();
    let (code, said) = server.command("convoke-audit", &["verify"], "");
    assert_eq!(code, Some(0), "{said}");
    let (_, said) = server.command("convoke-audit", &["show", "site"], "");
    let told = said.lines().find(|line| line.contains("a loss was accepted"));
    let told = told.unwrap_or_else(|| panic!("{said}"));
    assert!(told.contains("log/") && told.contains(" seq "), "{told}");
    let (code, said) = server.command("convoke", &["recover", "--accept-loss"], "");
    assert!(code == Some(0) && said.contains("nothing to accept"), "{said}");
}

#[test]
fn a_folder_of_a_newer_convoke_is_left_alone_and_says_so() {
    let mut server = Server::start("");
    server.stop();
    change(&newest_segment(&server), |_| 8, 99);
    let words = ["serve", "--listen", "127.0.0.1:0"];
    let before = std::fs::read(newest_segment(&server)).expect("readable");
    for words in [&words[..], &["recover", "--accept-loss"]] {
        let (code, said) = server.command("convoke", words, "");
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("has format version 99, but this Convoke knows"), "{said}");
        assert!(said.contains("use the newer Convoke"), "{said}");
        assert!(!said.contains("started again"), "a second try would not help: {said}");
    }
    assert_eq!(std::fs::read(newest_segment(&server)).expect("readable"), before);
}

/// A file may grow to so many bytes from now on, in the server proper alone.
fn limit_files(pid: u32, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("not zero");
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(pid), Resource::Fsize, limit).expect("it is ours");
}

#[test]
fn a_commit_that_fails_ends_the_server_with_75_and_it_is_back_with_all_it_accepted() {
    let server = Server::start("");
    let first = server.supervised().expect("the server proper");
    assert_eq!(server.add_account("before@example.com").0, Some(0));
    // The log has to be longer than what the dump needs, so that the dump finds room.
    let written = |server: &Server| {
        let bytes = std::fs::read(newest_segment(server)).expect("readable");
        bytes.iter().rposition(|&byte| byte != 0).unwrap_or(0) as u64
    };
    let begun = Instant::now();
    while written(&server) < 40_000 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} bytes", written(&server));
        let _ = server.meeting("some password");
    }
    limit_files(first, Some(written(&server)));
    let (code, said) = server.add_account("during@example.com");
    assert_ne!(code, Some(0), "what was not written was not accepted: {said}");

    let failed = Instant::now();
    while server.supervised().is_none_or(|pid| pid == first) {
        assert!(failed.elapsed() < Duration::from_secs(20), "it is not started again");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.answers("/readyz");
    let log = std::fs::read_to_string(server.log()).expect("a file of our own");
    assert!(log.contains("the log could not be written"), "{log}");
    assert!(log.contains("The server ended (exit status: 75) and is started again."), "{log}");
    assert!(log.contains("log-commit"), "the threads are in it: {log}");
    let dump = std::fs::read_to_string(server.data().join("stack-dump.txt")).expect("kept");
    assert!(dump.contains("Thread log-commit, which noticed it"), "{dump}");

    let again = server.add_account("before@example.com");
    assert!(again.0 == Some(1) && again.1.contains("already"), "it was accepted: {again:?}");
    assert_eq!(server.add_account("during@example.com").0, Some(0), "it was not");
    let (code, said) = server.command("convoke-audit", &["verify"], "");
    assert_eq!(code, Some(0), "{said}");
}
