//! The load client as the harness uses it: started, told what to run, and what it answered.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Stdio};

use super::builds;
use super::process::{LOAD_CORE, Process, pinned};
use super::servers::Server;
use crate::Failed;

/// A load client that is connected.
pub(super) struct Driver {
    /// The server it loads, in tables.
    pub(super) name: &'static str,
    process: Process,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// What a run came to: words and their values.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer(BTreeMap<String, String>);

impl Answer {
    pub(super) fn read(line: &str) -> Self {
        let pair = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Self(line.split_whitespace().filter_map(pair).collect())
    }

    /// A figure; zero when it is not there.
    pub(super) fn get(&self, name: &str) -> f64 {
        self.0.get(name).and_then(|value| value.parse().ok()).unwrap_or(0.0)
    }

    /// What went wrong, if anything did.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.0.get("why").map(String::as_str).filter(|why| *why != "-")
    }
}

impl Driver {
    /// Connects a crowd; returns when it is complete.
    pub(super) fn start(
        name: &'static str,
        server: &Server,
        command: &str,
        words: &[(&str, String)],
    ) -> Result<Self, Failed> {
        let mut driver = Self::spawn(name, server, command, words)?;
        driver.hear()?;
        Ok(driver)
    }

    /// Starts one without waiting for anything.
    pub(super) fn spawn(
        name: &'static str,
        server: &Server,
        command: &str,
        words: &[(&str, String)],
    ) -> Result<Self, Failed> {
        let mut drive = pinned(LOAD_CORE, &builds::peer("drive"));
        drive.arg(command).args(server.words());
        for (word, value) in words {
            drive.arg(format!("--{word}")).arg(value);
        }
        let mut child = drive.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failed("The load client has no pipes.".to_owned()));
        };
        Ok(Self { name, process: Process(child), to, from: BufReader::new(from) })
    }

    /// Says a line.
    pub(super) fn tell(&mut self, line: &str) -> Result<(), Failed> {
        writeln!(self.to, "{line}")?;
        Ok(self.to.flush()?)
    }

    /// Waits for the next line.
    pub(super) fn hear(&mut self) -> Result<Answer, Failed> {
        let mut line = String::new();
        if self.from.read_line(&mut line)? == 0 {
            let why = self.process.0.wait()?;
            return Err(Failed(format!("The load client of {} ended ({why}).", self.name)));
        }
        Ok(Answer::read(&line))
    }

    /// Carries out a run.
    pub(super) fn ask(&mut self, line: &str) -> Result<Answer, Failed> {
        self.tell(line)?;
        self.hear()
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn an_answer_is_words_with_values() {
        let answer = Answer::read("p99_us=120 delivered_per_s=5.5 why=-");
        assert!((answer.get("p99_us") - 120.0).abs() < 1e-9);
        assert!(answer.get("nothing") == 0.0 && answer.trouble().is_none());
        assert_eq!(Answer::read("why=gone").trouble(), Some("gone"));
    }
}
