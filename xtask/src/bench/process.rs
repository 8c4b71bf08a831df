//! A program that is measured or measures: on which core, what it used, and its end.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::Failed;

/// The core that servers run on, and the one that loads them.
pub(super) const SERVER_CORE: &str = "0";
pub(super) const LOAD_CORE: &str = "1";

/// A command that runs on one core, where that can be said.
pub(super) fn pinned(core: &str, program: &std::path::Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// A running program, ended when dropped.
pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM rather than a kill: a server may have started a worker of its own.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            match self.0.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                _ => return,
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// The program and all that it has started.
    fn family(&self) -> Vec<u32> {
        let mut all = vec![self.0.id()];
        let mut at = 0;
        while at < all.len() {
            let path = format!("/proc/{0}/task/{0}/children", all[at]);
            let children = std::fs::read_to_string(path).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
            at += 1;
        }
        all
    }

    /// Processor seconds used so far.
    pub(super) fn busy(&self) -> f64 {
        let ticks: u64 = self.family().iter().map(|id| ticks(*id)).sum();
        // Linux counts in hundredths here, whatever its own clock is.
        ticks as f64 / 100.0
    }

    /// Memory in KiB: heap, stacks and files in memory (where lanes are), neither code nor files of
    /// a disk.
    pub(super) fn memory_kib(&self) -> f64 {
        let of = |id: &u32| {
            let status = read(*id, "status");
            number_after(&status, "RssAnon:") + number_after(&status, "RssShmem:")
        };
        self.family().iter().map(of).sum()
    }

    /// Open descriptors.
    pub(super) fn descriptors(&self) -> usize {
        let of = |id: &u32| std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
        self.family().iter().map(of).sum()
    }

    /// Bytes that were to be written to disks.
    pub(super) fn written(&self) -> f64 {
        let of = |id: &u32| number_after(&read(*id, "io"), "write_bytes:");
        self.family().iter().map(of).sum()
    }

    /// Fails when it has ended.
    pub(super) fn check(&mut self, name: &str) -> Result<(), Failed> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => Err(Failed(format!("{name} ended ({status})."))),
        }
    }
}

fn read(id: u32, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default()
}

/// User and system time; the name before them may hold spaces, but ends with the last parenthesis.
fn ticks(id: u32) -> u64 {
    let stat = read(id, "stat");
    let after = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after.split_whitespace().collect();
    fields.get(11..13).map_or(0, |both| both.iter().filter_map(|n| n.parse::<u64>().ok()).sum())
}

fn number_after(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_read_behind_their_names() {
        let text = "VmRSS:\t  10 kB\nRssAnon:\t     512 kB\n";
        assert!((super::number_after(text, "RssAnon:") - 512.0).abs() < 1e-9);
        assert!(super::number_after(text, "RssFile:") == 0.0);
    }
}
