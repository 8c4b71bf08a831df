//! Saturation of several servers, interleaved: a round of each after the other, then the next.

use super::driver::Driver;
use super::servers::Server;
use super::{Plan, median};
use crate::Failed;

/// A crowd on a server.
pub(super) struct Load<'a> {
    pub(super) driver: Driver,
    pub(super) server: &'a Server,
}

/// What one of them came to.
pub(super) struct Taken {
    pub(super) name: &'static str,
    /// Deliveries a second, the median of the rounds.
    pub(super) delivered: f64,
    /// The same, round by round.
    pub(super) rounds: Vec<f64>,
    /// Requests granted a second.
    pub(super) granted: f64,
    /// Share of a core that the load client used while it counted.
    pub(super) load_cpu: f64,
    /// The same of the server over the whole round, warming up and draining included.
    pub(super) server_cpu: f64,
    /// Bytes that the server had written for each one granted.
    pub(super) written_per_granted: f64,
    /// Bytes of one delivered message.
    pub(super) message_bytes: f64,
    pub(super) trouble: Option<String>,
}

impl Taken {
    /// Deliveries against those of a peer.
    pub(super) fn against(&self, peer: &Self) -> f64 {
        super::ratio(&self.rounds, &peer.rounds)
    }

    /// Whether the load client used its core up and the server did not.
    pub(super) fn generator_was_the_limit(&self) -> bool {
        self.load_cpu > 0.95 && self.server_cpu < 0.6
    }
}

/// As many rounds as the plan has.
pub(super) fn saturate(
    loads: &mut [Load<'_>],
    plan: &Plan,
    seconds: f64,
) -> Result<Vec<Taken>, Failed> {
    let mut answers: Vec<Vec<_>> = loads.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for (load, answers) in loads.iter_mut().zip(&mut answers) {
            calm(load.server);
            let process = &load.server.process;
            let (busy, written) = (process.busy(), process.written());
            let begun = std::time::Instant::now();
            let answer = load.driver.ask(&format!("saturate {}", plan.seconds(seconds)))?;
            let share = (process.busy() - busy) / begun.elapsed().as_secs_f64();
            answers.push((answer, share, process.written() - written));
        }
    }
    let taken = loads.iter().zip(&answers).map(|(load, answers)| {
        let of = |name: &str| median(answers.iter().map(|(answer, ..)| answer.get(name)).collect());
        let per = |name: &str| {
            let ratio = |(answer, _, written): &(super::driver::Answer, f64, f64)| {
                written / answer.get(name).max(1.0)
            };
            median(answers.iter().map(ratio).collect())
        };
        Taken {
            name: load.driver.name,
            delivered: of("delivered_per_s"),
            rounds: answers.iter().map(|(answer, ..)| answer.get("delivered_per_s")).collect(),
            granted: of("granted_per_s"),
            load_cpu: of("load_cpu"),
            server_cpu: median(answers.iter().map(|(_, share, _)| *share).collect()),
            written_per_granted: per("granted_all"),
            message_bytes: of("message_bytes"),
            trouble: answers.iter().find_map(|(answer, ..)| answer.trouble().map(str::to_owned)),
        }
    });
    Ok(taken.collect())
}

/// Has the disk take what the run before recorded: its writing is not part of the next figure.
fn calm(server: &Server) {
    if server.dialect == "convoke" {
        // Where there is no such command, the rounds disturb each other and the median stands.
        let _ = std::process::Command::new("sync").arg("-f").arg(&server.data).status();
    }
}

/// The one of that name.
pub(super) fn of<'a>(taken: &'a [Taken], name: &str) -> Option<&'a Taken> {
    taken.iter().find(|one| one.name == name)
}
