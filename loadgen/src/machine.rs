//! What this machine allows and spends: open files, and processor time of a thread.

use crate::CannotRun;

/// Open files besides connections: standard ones, poll instances, HTTP, the report.
const OTHER_FILES: usize = 64;

/// Refuses a run that needs more open files than the process may have.
pub(crate) fn check_files(connections: usize) -> Result<(), CannotRun> {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    check(&limits, connections + OTHER_FILES)
}

fn check(limits: &str, needed: usize) -> Result<(), CannotRun> {
    let Some(line) = limits.lines().find_map(|line| line.strip_prefix("Max open files")) else {
        return Ok(());
    };
    let mut words = line.split_whitespace();
    let soft = words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let hard = words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(usize::MAX);
    if soft >= needed {
        return Ok(());
    }
    let how = if hard >= needed {
        format!("raise it with `ulimit -n {needed}` in this shell")
    } else {
        format!(
            "its hard limit is {hard}: raise that as root with `prlimit --pid $$ --nofile={needed}`"
        )
    };
    Err(format!("this load needs {needed} open files but the limit (nofile) is {soft}; {how}")
        .into())
}

/// Processor time that the calling thread has used, in nanoseconds; `None` where the system does
/// not tell.
pub(crate) fn thread_cpu_ns() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str = "Limit           Soft Limit   Hard Limit   Units\n\
                          Max open files  1024         20000        files\n";

    #[test]
    fn too_few_open_files_are_named_with_the_way_out() {
        assert!(check(LIMITS, 1_024).is_ok());
        let CannotRun(soft) = check(LIMITS, 10_064).expect_err("too many");
        assert!(soft.contains("1024") && soft.contains("`ulimit -n 10064`"), "{soft}");
        let CannotRun(hard) = check(LIMITS, 30_000).expect_err("too many");
        assert!(hard.contains("20000") && hard.contains("prlimit"), "{hard}");
    }

    #[test]
    fn a_thread_that_works_uses_time() {
        let Some(before) = thread_cpu_ns() else { return };
        let mut state = 1;
        let end = std::time::Instant::now() + std::time::Duration::from_millis(50);
        while std::time::Instant::now() < end {
            std::hint::black_box(crate::schedule::spread(&mut state));
        }
        assert!(thread_cpu_ns().expect("it told before") > before);
    }
}
