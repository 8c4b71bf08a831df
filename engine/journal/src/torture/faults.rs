//! The n-th operation fails: an error or no effect, and nothing is accepted afterwards.

use super::Random;
use super::world::{World, options};
use crate::disk::{Fault, FaultyDisk, PowerDisk};
use crate::journal::Journal;
use crate::segments::{Opened, open};

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct FaultTally {
    /// Operations that were made to fail.
    pub faults: u64,
    /// How many of them nobody noticed, rightly (an interrupted write is done again).
    pub harmless: u64,
    /// Whether there were no more operations to fail.
    pub complete: bool,
    /// What must not have happened.
    pub failures: Vec<String>,
}

/// Makes each of the first `count` operations fail, in every way.
#[must_use]
pub fn faults(count: u64, seed: u64) -> FaultTally {
    let mut tally = FaultTally::default();
    for at in 0..count {
        let mut fired = false;
        for fault in [Fault::Broken, Fault::Full, Fault::Interrupted, Fault::Short] {
            let power = PowerDisk::default();
            let disk = FaultyDisk::new(power.clone(), at, fault);
            let mut world = World::default();
            let lived = world.live(&options(disk.clone()), &mut Random::new(seed));
            fired |= disk.fired();
            tally.faults += u64::from(disk.fired());
            tally.harmless += u64::from(disk.fired() && lived.is_ok());
            if let Err(what) = after(world, &power, lived) {
                tally.failures.push(format!("operation {at}, {fault:?}: {what}"));
            }
        }
        if !fired {
            tally.complete = true;
            return tally;
        }
    }
    tally
}

fn after(
    mut world: World,
    power: &PowerDisk,
    lived: Result<(), crate::Error>,
) -> Result<(), String> {
    if let Err(crate::Error::Format(what)) = lived {
        return Err(what);
    }
    // The process is gone, the disk works again, nothing was lost to a power cut.
    let log = match open(&options(power.copy())) {
        Ok(Opened::Ready(log)) => log,
        Ok(Opened::Quarantined(quarantine)) => return Err(format!("{}", quarantine.reason())),
        Err(error) => return Err(format!("does not open: {error}")),
    };
    let reader = log.reader();
    world.settle(&*reader)?;
    world.compare(&*reader)
}
