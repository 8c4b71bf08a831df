//! How much CPU another process has used, as the kernel counts it.

use std::fs;
use std::time::Duration;

/// CPU that a process has used with all its threads; `None` when it is gone.
pub(super) fn cpu_of(pid: u32) -> Option<Duration> {
    // Nanoseconds of the first thread: the only one that a policy host has.
    let exact = fs::read_to_string(format!("/proc/{pid}/task/{pid}/schedstat")).ok();
    let exact = exact.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(nanos) = exact.filter(|&nanos| nanos > 0) {
        return Some(Duration::from_nanos(nanos));
    }
    ticks_of(pid)
}

/// The same from `stat`, which every kernel has, in its ticks of 10 ms.
fn ticks_of(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_burns_is_seen_from_outside() {
        let me = std::process::id();
        let before = ticks_of(me).expect("this process is there");
        let start = std::time::Instant::now();
        let mut sum = 0_u64;
        while start.elapsed() < Duration::from_millis(60) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(ticks_of(me).expect("still there") > before);
        assert_eq!(cpu_of(u32::MAX), None);
    }
}
