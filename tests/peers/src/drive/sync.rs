//! What one data sync costs on a disk: a small write into reserved space and `fdatasync`.

use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

const BLOCK: [u8; 4096] = [7; 4096];
/// Between two syncs, so that the measure is not a load.
const PAUSE: Duration = Duration::from_millis(5);

pub(crate) fn run(folder: &str, seconds: &str) -> Result<(), String> {
    let seconds: f64 = seconds.parse().map_err(|_| "SECONDS is no number")?;
    let path = std::path::Path::new(folder).join("drive-sync");
    let said = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = std::fs::File::create(&path).map_err(said)?;
    let reserve = rustix::fs::FallocateFlags::empty();
    rustix::fs::fallocate(&file, reserve, 0, 64 << 20).map_err(|error| said(error.into()))?;
    let mut times = Histogram::<u64>::new(3).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let mut at = 0;
    while begun.elapsed().as_secs_f64() < seconds {
        let one = Instant::now();
        file.write_all_at(&BLOCK, at).map_err(said)?;
        file.sync_data().map_err(said)?;
        times.saturating_record(u64::try_from(one.elapsed().as_micros()).unwrap_or(u64::MAX));
        at = (at + BLOCK.len() as u64) % (64 << 20);
        std::thread::sleep(PAUSE);
    }
    std::fs::remove_file(&path).map_err(said)?;
    let at = |quantile| times.value_at_quantile(quantile);
    println!("p50_us={} p99_us={} max_us={}", at(0.5), at(0.99), times.max());
    Ok(())
}
