//! What a meeting is planned as, in JSON.

use convoke_model::meeting::plan::{DialIn, Exception, Plan, When};
use serde::Serialize;
use utoipa::ToSchema;

/// What a meeting is planned as.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub(super) struct PlanSeen {
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<WhenSeen>,
    /// Whether it is held again and again.
    recurring: bool,
    /// Whether public lists may tell of it.
    public: bool,
    /// Whether only people from the operator's own networks come in.
    own_network: bool,
    /// Whether people wait until a host lets them in.
    lobby: bool,
    /// How many people may be in it at once, when it is fewer than the site allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    participants_max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dial_in: Option<DialInSeen>,
}

/// When a meeting is held.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanWhen)]
struct WhenSeen {
    /// Its first beginning on the clocks of `zone`: `YYYY-MM-DDTHH:MM`.
    start: String,
    minutes: u32,
    /// An IANA time zone.
    zone: String,
    /// How it comes again: an RRULE of RFC 5545.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Dates of a series that are not held as the rule has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    exceptions: Vec<ExceptionSeen>,
    /// The instant of its first beginning, in milliseconds.
    begins: u64,
    /// The instant of its last end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<u64>,
}

/// A date of a series that is called off, or held at another time.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanException)]
struct ExceptionSeen {
    /// Its beginning as the rule has it.
    date: String,
    /// Its beginning instead; nothing when it is called off.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<String>,
}

/// How a meeting is reached by telephone.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanDialIn)]
struct DialInSeen {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// Whether it has an access code. The code itself lets people in, and is its host's to give.
    has_code: bool,
}

impl PlanSeen {
    pub(super) fn of(plan: Plan) -> Self {
        let Plan { when, recurring, public, own_network, lobby, participants_max, dial_in } = plan;
        Self {
            when: when.map(WhenSeen::of),
            recurring,
            public,
            own_network,
            lobby,
            participants_max,
            dial_in: dial_in.map(|DialIn { number, code }| DialInSeen {
                number: number.map(|number| number.as_str().to_owned()),
                has_code: code.is_some(),
            }),
        }
    }
}

impl WhenSeen {
    fn of(when: When) -> Self {
        let When { start, minutes, zone, rule, exceptions, begins, ends } = when;
        let exception = |Exception { date, moved }: Exception| ExceptionSeen {
            date: date.as_str().to_owned(),
            moved: moved.map(|moved| moved.as_str().to_owned()),
        };
        Self {
            start: start.as_str().to_owned(),
            minutes,
            zone: zone.as_str().to_owned(),
            rule: rule.map(|rule| rule.as_str().to_owned()),
            exceptions: exceptions.into_iter().map(exception).collect(),
            begins: begins.0,
            ends: ends.map(|ends| ends.0),
        }
    }
}
