//! `register`: may this person have a seat in a webinar?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::MeetingId;
use crate::text::Sentence;

/// Somebody filled in a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which webinar.
    pub meeting: MeetingId,
    /// Which version of its form was filled in.
    pub form: u32,
    /// What was answered, by the fields' names.
    pub answers: BTreeMap<String, String>,
    /// Seats there are; `None` when there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// Seats that are taken.
    pub taken: u32,
}

/// Whether they get one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They have a seat.
    Approve,
    /// The host decides later.
    Wait,
    /// They get none.
    Refuse {
        /// What the person is told.
        reason: Sentence,
    },
}
