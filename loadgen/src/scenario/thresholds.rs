//! What must hold for a run to pass.

use serde::{Deserialize, Serialize};

/// Bounds; what is not given does not matter, but for errors and what is delivered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Thresholds {
    /// How much must arrive: `"all"`, or a share such as 0.999.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivered: Option<Delivered>,
    /// Latency from intended sending to receipt, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p50_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p99_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p999_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_ms: Option<f64>,
    /// From asking to be let in to having the session, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) join_p99_ms: Option<f64>,
    /// Deliveries later than the scenario's `late_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) late_max: Option<u64>,
    /// Connections lost and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) errors_max: Option<u64>,
    /// Messages that the server refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused_max: Option<u64>,
}

/// How much must arrive.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Delivered {
    Share(f64),
    Word(String),
}

impl Thresholds {
    pub(crate) const KEYS: &[&str] = &[
        "delivered",
        "p50_ms",
        "p99_ms",
        "p999_ms",
        "max_ms",
        "join_p99_ms",
        "late_max",
        "errors_max",
        "refused_max",
    ];

    /// What is impossible about them.
    pub(super) fn check(&self, late_is_known: bool) -> Result<(), String> {
        match &self.delivered {
            Some(Delivered::Word(word)) if word != "all" => {
                return Err(format!("`thresholds.delivered` is \"all\" or a share, not {word:?}"));
            }
            Some(Delivered::Share(share)) if !(0.0..=1.0).contains(share) => {
                return Err(format!("`thresholds.delivered` = {share} is not from 0 to 1"));
            }
            _ => {}
        }
        let times = [
            ("p50_ms", self.p50_ms),
            ("p99_ms", self.p99_ms),
            ("p999_ms", self.p999_ms),
            ("max_ms", self.max_ms),
            ("join_p99_ms", self.join_p99_ms),
        ];
        for (name, time) in times {
            if time.is_some_and(|time| !(time > 0.0 && time <= 3_600_000.0)) {
                return Err(format!("`thresholds.{name}` must be above 0 and at most 3600000"));
            }
        }
        if self.late_max.is_some() && !late_is_known {
            return Err("`thresholds.late_max` needs `late_ms`, which says what is late".into());
        }
        Ok(())
    }

    /// The share that must arrive.
    pub(crate) fn delivered_share(&self) -> f64 {
        match self.delivered {
            Some(Delivered::Share(share)) => share,
            Some(Delivered::Word(_)) | None => 1.0,
        }
    }
}
