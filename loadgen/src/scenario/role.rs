//! What somebody in the load does: what they publish, and how they read and stay.

use convoke_model::meeting::track;

use crate::cli::Kind;
use crate::clock::Micros;
use crate::schedule::{Pattern, Span};

/// What somebody does.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) outputs: Vec<Output>,
    /// Bytes a second that they read; `None`: all there is.
    pub(crate) reads: Option<u32>,
    /// They lose their connection this often, and resume.
    pub(crate) drops_every: Option<Micros>,
    /// How long they are away then.
    pub(crate) away: Micros,
    /// They come only then, from the start of the run, all at once.
    pub(crate) joins_at: Option<Micros>,
}

/// Something that somebody publishes.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) medium: Medium,
    pub(crate) pattern: Pattern,
    /// In the closed model: from the answer to the next message.
    pub(crate) think: Span<Micros>,
}

/// Where it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Chat to everyone: durable facts.
    Chat,
    /// Media messages on a track of this kind.
    Track(track::Kind),
}

impl Role {
    /// Somebody who only listens.
    pub(crate) fn silent(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            outputs: Vec::new(),
            reads: None,
            drops_every: None,
            away: 0,
            joins_at: None,
        }
    }

    /// Whether the server may skip media for them: they cannot take it all.
    pub(crate) fn is_slow(&self) -> bool {
        self.reads.is_some()
    }

    /// Whether they come back when the connection is lost.
    pub(crate) fn resumes(&self) -> bool {
        self.drops_every.is_some() || self.is_slow()
    }

    /// Whether they are there from the start.
    pub(crate) fn is_steady(&self) -> bool {
        self.joins_at.is_none()
    }

    /// Whether they publish this.
    pub(crate) fn publishes(&self, medium: Medium) -> bool {
        self.outputs.iter().any(|output| output.medium == medium)
    }

    /// A role that a scenario may name without telling what it is.
    pub(crate) fn preset(name: &str) -> Option<Self> {
        let mut role = Self::silent(name);
        match name {
            "host" | "viewer" => {}
            "chatter" => role.outputs.push(Output::chat()),
            "speaker" => role.outputs.push(Output::audio()),
            "screen" => role.outputs.push(Output::screen()),
            "camera" => role.outputs.push(Output::camera()),
            "controller" => role.outputs.push(Output::remote_input()),
            "slow" => role.reads = Some(20_000),
            "flapper" => (role.drops_every, role.away) = (Some(5_000_000), AWAY),
            "newcomer" => role.joins_at = Some(5_000_000),
            _ => return None,
        }
        Some(role)
    }
}

/// Names of the presets.
pub(crate) const PRESETS: [&str; 10] = [
    "host",
    "viewer",
    "chatter",
    "speaker",
    "screen",
    "camera",
    "controller",
    "slow",
    "flapper",
    "newcomer",
];

/// How long somebody who lost their connection is away, when not told.
pub(crate) const AWAY: Micros = 200_000;

impl Output {
    fn new(medium: Medium, rate: Span<f64>, size: Span<usize>) -> Self {
        let pattern = Pattern::Even { rate, size, key_every: 0, key_size: None };
        Self { medium, pattern, think: Span::only(0) }
    }

    /// A line now and then.
    pub(crate) fn chat() -> Self {
        Self::new(Medium::Chat, Span::only(0.2), Span { min: 30, max: 200 })
    }

    /// Opus as browsers make it: a packet each 20 ms, each of which can be decoded alone.
    pub(crate) fn audio() -> Self {
        let kind = Medium::Track(track::Kind::Microphone);
        Self::new(kind, Span::only(50.0), Span { min: 60, max: 160 })
    }

    /// Video of a face.
    pub(crate) fn camera() -> Self {
        let size = Span { min: 1_000, max: 6_000 };
        let mut output = Self::new(Medium::Track(track::Kind::Camera), Span::only(20.0), size);
        output.set_keys(2_000_000, Some(15_000));
        output
    }

    /// A screen: large frames, and larger ones when everything changes.
    pub(crate) fn screen() -> Self {
        let (rate, size) = (Span { min: 10.0, max: 30.0 }, Span { min: 2_048, max: 51_200 });
        let mut output = Self::new(Medium::Track(track::Kind::Screen), rate, size);
        output.set_keys(4_000_000, Some(51_200));
        output
    }

    /// Somebody who moves the pointer of the shared screen, as often as a screen is refreshed.
    pub(crate) fn remote_input() -> Self {
        Self::new(Medium::INPUT, Span { min: 30.0, max: 60.0 }, Span { min: 24, max: 48 })
    }

    /// What, how often and how large, as the report tells it of a run with one kind of publisher.
    pub(crate) fn told(&self) -> (Kind, f64, usize) {
        let kind = if self.medium.is_chat() { Kind::Chat } else { Kind::Media };
        match &self.pattern {
            Pattern::Even { rate, size, .. } => (kind, rate.max, size.max),
            Pattern::Recorded(_) => (kind, 0.0, 0),
        }
    }

    pub(crate) fn set_keys(&mut self, every: Micros, size: Option<usize>) {
        if let Pattern::Even { key_every, key_size, .. } = &mut self.pattern {
            (*key_every, *key_size) = (every, size);
        }
    }
}

impl Medium {
    /// Pointer and keyboard of whoever controls the shared screen.
    pub(crate) const INPUT: Self = Self::Track(track::Kind::RemoteInput);
    /// The shared screen.
    pub(crate) const SCREEN: Self = Self::Track(track::Kind::Screen);

    pub(crate) fn is_chat(self) -> bool {
        self == Self::Chat
    }
}
