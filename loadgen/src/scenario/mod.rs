//! A scenario: who comes, what they do, and what must hold. From a file, or from the command line.

mod build;
mod file;
pub(crate) mod judge;
mod ramp;
pub(crate) mod role;
mod strict;
#[cfg(test)]
mod tests;
pub(crate) mod thresholds;

use std::path::Path;

use convoke_model::meeting::track;
use convoke_model::text::ChatText;
use convoke_wire::media;
use serde::Deserialize;

pub(crate) use file::ServerPart;
pub(crate) use ramp::Ramp;
use role::{Medium, Output, Role};
use thresholds::Thresholds;

use crate::CannotRun;
use crate::cli::{Kind, RunArgs};
use crate::clock::Micros;
use crate::schedule::{Pattern, Span};
use crate::stamp::STAMP_BYTES;

/// Key frames of a publisher that the command line describes.
const KEY_FRAME_EVERY: Micros = 2_000_000;

/// Everything about a run but the place it takes place in.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// Of the file; `None` when the command line describes the run.
    pub(crate) name: Option<String>,
    pub(crate) about: Option<String>,
    pub(crate) server: ServerPart,
    pub(crate) join: Join,
    pub(crate) model: Model,
    pub(crate) seed: u64,
    /// How long publishers publish.
    pub(crate) seconds: f64,
    /// A delivery that takes longer is late.
    pub(crate) late: Option<Micros>,
    pub(crate) ramp: Ramp,
    pub(crate) thresholds: Thresholds,
    /// The first one is the hosts'.
    pub(crate) roles: Vec<Role>,
    pub(crate) groups: Vec<Group>,
}

/// Sessions that are alike.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) count: u32,
    pub(crate) host: usize,
    /// Roles and how many people have them; those who publish first.
    pub(crate) people: Vec<(usize, u32)>,
}

/// When the next message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Model {
    /// When it is due, whether or not the one before was answered.
    #[default]
    Open,
    /// Chat: when the one before was answered, and some time to think has passed.
    Closed,
}

/// How people get their tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Join {
    /// By the server's own interface.
    Api,
    /// By the address that integrations call: `/as/wapi/goto_downloader`.
    Legacy,
    /// Somebody else got them.
    Ticket,
}

impl Scenario {
    /// What the command line asks for; the file it names, with the command line's changes.
    pub(crate) fn of(args: &RunArgs) -> Result<Self, CannotRun> {
        let mut scenario = match &args.scenario {
            Some(path) => Self::read(path)?,
            None => Self::of_flags(args)?,
        };
        let server = &mut scenario.server;
        server.url = args.server.clone().or(server.url.take());
        server.ca = args.ca.clone().or(server.ca.take());
        server.data = args.data.clone().or(server.data.take());
        server.threads = args.threads.or(server.threads);
        server.sources = args.sources.or(server.sources);
        if args.tickets.is_some() {
            (server.tickets, server.account) = (args.tickets.clone(), None);
            scenario.join = Join::Ticket;
        } else if args.account.is_some() {
            (server.account, server.tickets) = (args.account.clone(), None);
            if scenario.join == Join::Ticket {
                scenario.join = Join::Api;
            }
        }
        if let Some(join) = args.join {
            scenario.join = join.into();
        }
        scenario.seed = args.seed.unwrap_or(scenario.seed);
        if let Some(seconds) = args.seconds {
            build::check_seconds(seconds, "--seconds")?;
            scenario.seconds = seconds;
        }
        if let Some(times) = args.times {
            for group in &mut scenario.groups {
                group.count = group.count.saturating_mul(times);
            }
            scenario.check()?;
        }
        if scenario.join == Join::Ticket && scenario.name.is_some() {
            scenario.add_presets();
        }
        if scenario.join == Join::Ticket && scenario.server.tickets.is_none() {
            return Err("`join = \"ticket\"` needs a file of tickets: --tickets FILE".into());
        }
        Ok(scenario)
    }

    fn read(path: &Path) -> Result<Self, CannotRun> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {shown}: {error}"))?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Self::parse(&name.unwrap_or_default(), &text)
            .map_err(|CannotRun(why)| CannotRun(format!("{shown}: {why}")))
    }

    /// A scenario from the text of its file.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, CannotRun> {
        Self::build(name, strict::read(text)?)
    }

    fn of_flags(args: &RunArgs) -> Result<Self, CannotRun> {
        let (rate, size) = (args.rate.unwrap_or(1.0), args.size.unwrap_or(100));
        if !(rate > 0.0 && rate <= build::RATE_MAX) {
            let most = build::RATE_MAX;
            return Err(format!("--rate {rate} must be above 0 and at most {most}").into());
        }
        let (attendees, publishers) = (args.attendees.unwrap_or(10), args.publishers.unwrap_or(1));
        if publishers > attendees {
            return Err(format!(
                "--publishers {publishers} cannot be more than --attendees {attendees}"
            )
            .into());
        }
        let kind = args.kind.unwrap_or(Kind::Chat);
        let (medium, size_max) = match kind {
            Kind::Chat => (Medium::Chat, ChatText::CHARS_MAX),
            Kind::Media => {
                (Medium::Track(track::Kind::Camera), media::MESSAGE_BYTES_MAX - media::HEADER_BYTES)
            }
        };
        if !(STAMP_BYTES..=size_max).contains(&size) {
            return Err(format!(
                "--size {size} must be from {STAMP_BYTES} (the stamp that is checked) to {size_max}"
            )
            .into());
        }
        let pattern = Pattern::Even {
            rate: Span::only(rate),
            size: Span::only(size),
            key_every: KEY_FRAME_EVERY,
            key_size: None,
        };
        let mut publisher = Role::silent("publisher");
        publisher.outputs.push(Output { medium, pattern, think: Span::only(0) });
        let roles = vec![Role::silent("host"), publisher, Role::silent("attendee")];
        let people = vec![(1, publishers), (2, attendees - publishers)];
        let count = args.sessions.unwrap_or(1);
        Ok(Self {
            name: None,
            about: None,
            server: ServerPart::default(),
            join: Join::Api,
            model: Model::Open,
            seed: 1,
            seconds: 10.0,
            late: None,
            ramp: Ramp::default(),
            thresholds: Thresholds::default(),
            roles,
            groups: vec![Group { count, host: 0, people }],
        })
    }
}
