//! Power loss: the machine stops at some operation, and of what was not synced a random part stays.

use std::sync::Arc;

use super::Random;
use super::world::{DATA, World, options};
use crate::disk::{Disk, Fault, FaultyDisk, PowerDisk};
use crate::journal::Journal;
use crate::segments::{Opened, open};
use crate::verify::verify;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct PowerTally {
    /// Power losses.
    pub points: u64,
    /// Entries accepted before them, all found again.
    pub accepted: u64,
    /// What must not have happened, with the point's number.
    pub failures: Vec<String>,
}

/// Loses power at `points` random operations, and in half of the cases again during recovery.
#[must_use]
pub fn power(points: u64, seed: u64) -> PowerTally {
    let mut tally = PowerTally::default();
    let whole = FaultyDisk::new(PowerDisk::default(), u64::MAX, Fault::Stop);
    let _ = World::default().live(&options(whole.clone()), &mut Random::new(seed));
    let operations = whole.operations();
    for point in 0..points {
        let mut random = Random::new(seed ^ (point.wrapping_mul(0x0123_4567_89ab_cdef)));
        match lose(operations, &mut random, seed) {
            Ok(accepted) => tally.accepted += accepted,
            Err(what) => tally.failures.push(format!("point {point} of seed {seed}: {what}")),
        }
        tally.points += 1;
    }
    tally
}

fn lose(operations: u64, random: &mut Random, seed: u64) -> Result<u64, String> {
    let power = PowerDisk::default();
    let disk = FaultyDisk::new(power.clone(), random.below(operations), Fault::Stop);
    let mut world = World::default();
    let _ = world.live(&options(disk), &mut Random::new(seed));
    let tear = if random.below(2) == 0 { 512 } else { 4096 };
    let mut left = power.after_power_loss(random, tear);
    if random.below(2) == 0 {
        let disk = FaultyDisk::new(left.clone(), random.below(20), Fault::Stop);
        drop(open(&options(disk)));
        left = left.after_power_loss(random, tear);
    }
    let log = match open(&options(left.clone())) {
        Ok(Opened::Ready(log)) => log,
        Ok(Opened::Quarantined(quarantine)) => return Err(format!("{}", quarantine.reason())),
        Err(error) => return Err(format!("does not open: {error}")),
    };
    let reader = log.reader();
    world.settle(&*reader)?;
    world.compare(&*reader)?;
    let mut log = log;
    world.append(&mut log, random).map_err(|error| error.to_string())?;
    world.compare(&*reader)?;
    Box::new(log).close().map_err(|error| error.to_string())?;
    let disk: Arc<dyn Disk> = Arc::new(left);
    let report = verify(&disk, DATA.as_ref(), |_| false, |_, _| {}).map_err(|e| e.to_string())?;
    match report.findings.first() {
        Some(finding) => Err(format!("verify: {finding}")),
        None => Ok(world.accepted.values().map(|entries| entries.len() as u64).sum()),
    }
}
