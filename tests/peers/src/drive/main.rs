//! `drive`: a minimal load client on one thread, with code of its own, to measure relays with and
//! to check `loadgen` against.
//!
//! It connects everybody, says `ready`, and then carries out a line of standard input at a time,
//! answering each with one line of `name=value` words:
//!
//! ```text
//! saturate SECONDS             publishes as fast as the relay and the readers take it
//! rate PER_SECOND SECONDS      publishes at fixed times; latency from the time it was meant
//! talk GROUPS SECONDS          the talkers of so many meetings, 50 a second each
//! stall COUNT                  so many further readers stop reading
//! ```

mod burst;
mod churn;
mod clock;
mod conn;
mod crowd;
mod dialect;
mod door;
mod entrance;
mod jetstream;
mod link;
mod measure;
mod options;
mod runs;
mod stamp;
mod sync;

use options::Options;

const HELP: &str = "\
drive fan --dialect raw|redis|nats|convoke --address A --people N --size B
      [--kind media|facts] [--publishers P] [--sessions S] [--record off]
drive meetings --dialect raw|convoke --address A --people N --size B
drive join --address A --people N [--spread-ms T]     people who come at once, to the first picture
drive churn --address A --people N --in-flight K      people who come and go
drive jetstream --address A --size B --seconds T      acknowledged publishes, 1,024 on their way
drive sync FOLDER SECONDS                             what one data sync costs
drive certificate FOLDER                              certificate.pem and key.pem for localhost
With Convoke: --email E --password P, --ca FILE for TLS.";

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("drive: {why}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Result<(), String> {
    let Some((command, rest)) = words.split_first() else { return Err(HELP.into()) };
    match (command.as_str(), rest) {
        ("fan" | "meetings", rest) => runs::run(&Options::read(rest)?, command == "meetings"),
        ("join", rest) => burst::run(&Options::read(rest)?),
        ("churn", rest) => churn::run(&Options::read(rest)?),
        ("jetstream", rest) => jetstream::run(&Options::read(rest)?),
        ("sync", [folder, seconds]) => sync::run(folder, seconds),
        ("certificate", [folder]) => link::certificate(folder),
        _ => Err(HELP.into()),
    }
}
