//! A scenario as it is written: TOML, every key known by name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::ramp::RampPart;
use super::thresholds::Thresholds;
use super::{Join, Model};
use crate::schedule::Span;

/// The keys of each table; `*` stands for a name that the person chooses.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "about",
            "seed",
            "seconds",
            "model",
            "join",
            "late_ms",
            "server",
            "ramp",
            "sessions",
            "roles",
            "thresholds",
        ],
    ),
    ("server", &["url", "account", "ca", "tickets", "data", "threads", "sources"]),
    ("ramp", RampPart::KEYS),
    ("ramp.steps", RampPart::STEP_KEYS),
    ("sessions", &["count", "people", "host"]),
    ("sessions.people.*", &[]),
    (
        "roles.*",
        &[
            "chat",
            "audio",
            "camera",
            "screen",
            "remote_input",
            "reads_bytes_per_s",
            "drops_every_s",
            "away_ms",
            "joins_at_s",
        ],
    ),
    ("roles.*.chat", &["rate", "size", "think_s"]),
    ("roles.*.audio", &["rate", "size"]),
    ("roles.*.camera", MEDIA_KEYS),
    ("roles.*.screen", MEDIA_KEYS),
    ("thresholds", Thresholds::KEYS),
];
const MEDIA_KEYS: &[&str] = &["rate", "size", "key_every_s", "key_size"];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) about: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) seconds: Option<f64>,
    pub(super) model: Option<Model>,
    pub(super) join: Option<Join>,
    pub(super) late_ms: Option<f64>,
    #[serde(default)]
    pub(super) server: ServerPart,
    #[serde(default)]
    pub(super) ramp: RampPart,
    #[serde(default)]
    pub(super) sessions: Vec<SessionsPart>,
    #[serde(default)]
    pub(super) roles: BTreeMap<String, RolePart>,
    #[serde(default)]
    pub(super) thresholds: Thresholds,
}

/// Where the server is, and what the run needs beside it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerPart {
    pub(crate) url: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) tickets: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) threads: Option<u32>,
    pub(crate) sources: Option<u32>,
}

/// Sessions of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionsPart {
    #[serde(default = "one")]
    pub(super) count: u32,
    /// How many there are of each role, besides the host.
    pub(super) people: BTreeMap<String, u32>,
    pub(super) host: Option<String>,
}

fn one() -> u32 {
    1
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RolePart {
    pub(super) chat: Option<OutputPart>,
    pub(super) audio: Option<OutputPart>,
    pub(super) camera: Option<OutputPart>,
    pub(super) screen: Option<OutputPart>,
    pub(super) remote_input: Option<OutputPart>,
    pub(super) reads_bytes_per_s: Option<u32>,
    pub(super) drops_every_s: Option<f64>,
    pub(super) away_ms: Option<f64>,
    pub(super) joins_at_s: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputPart {
    pub(super) rate: Option<Between<f64>>,
    pub(super) size: Option<Between<usize>>,
    pub(super) think_s: Option<Between<f64>>,
    pub(super) key_every_s: Option<f64>,
    pub(super) key_size: Option<usize>,
}

/// One number, or the least and the most.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged, expecting = "a number, or the least and the most as [MIN, MAX]")]
pub(super) enum Between<T> {
    Only(T),
    From([T; 2]),
}

impl<T: Copy> Between<T> {
    pub(super) fn span(self) -> Span<T> {
        match self {
            Self::Only(value) => Span::only(value),
            Self::From([min, max]) => Span { min, max },
        }
    }
}
