//! A meeting in JSON: as it is shown, and as it is asked for.

use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::{DialIn, Exception, Plan, When};
use convoke_model::text::Topic;
use convoke_model::{Position, Refusal, StreamId};
use convoke_wire::turbo::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::api;
use super::planning::{Password, Planned};
use super::refusal::No;
use super::site::{Caller, Site};
use crate::calendar;
use crate::control::{Meeting, MeetingState};
use crate::mail::News;
use crate::schedule::{self, Wanted, WantedWhen};

/// A meeting, with everything to send to others for the one whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Meeting)]
pub(super) struct Seen {
    /// Eight digits.
    #[schema(pattern = "^[0-9]{8}$")]
    id: String,
    topic: String,
    /// 0 interactive, 1 remote support, 2 remote access, 3 webinar, 4 video conference.
    #[serde(rename = "type")]
    #[schema(maximum = 4)]
    kind: u8,
    state: State,
    /// Whether a session of it is open now.
    running: bool,
    /// The e-mail address of its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    has_password: bool,
    /// When it is held; nothing for whenever its host likes.
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
    participants_max: Option<u32>,
    dial_in: Option<DialInSeen>,
    created_ms: u64,
    /// How often its plan was changed.
    changes: u32,
    /// When its plan was last changed.
    changed_ms: u64,
    /// When it was called off, if it was.
    cancelled_ms: Option<u64>,
    /// How many sessions it had.
    sessions: u32,
    /// The place of its latest fact in the log; its entity tag says the same.
    position: Place,
    /// The link for guests. Only for its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    join_url: Option<String>,
    /// Who was asked to come by letter. Only for its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    invited: Option<Vec<String>>,
    /// Words to send to guests, in the language that `Accept-Language` asks for. Only for its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<String>,
    /// What the link carries. Only for its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation_token: Option<String>,
}

/// What is to be said of a meeting now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MeetingState)]
pub(super) enum State {
    /// It is to be held, or can be at any time.
    Scheduled,
    /// It is held now.
    Running,
    /// Its last end is over; or it had no time and was held.
    Past,
    /// It was called off.
    Cancelled,
}

impl State {
    pub(super) fn of(meeting: &Meeting, now_ms: u64) -> Self {
        let when = meeting.plan.as_ref().and_then(|plan| plan.when.as_ref());
        let again = meeting.plan.as_ref().is_some_and(|plan| plan.recurring);
        match meeting.state {
            MeetingState::Open(_) => Self::Running,
            MeetingState::Cancelled(_) => Self::Cancelled,
            MeetingState::NotStarted | MeetingState::Ended => match when {
                Some(When { ends: Some(ends), .. }) if ends.0 <= now_ms => Self::Past,
                Some(_) => Self::Scheduled,
                None if meeting.sessions > 0 && !again => Self::Past,
                None => Self::Scheduled,
            },
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "scheduled" => Self::Scheduled,
            "running" => Self::Running,
            "past" => Self::Past,
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }
}

/// When a meeting is held.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = When)]
struct WhenSeen {
    /// Its first beginning on the clocks of `zone`: `YYYY-MM-DDTHH:MM`.
    start: String,
    minutes: u32,
    /// An IANA time zone.
    zone: String,
    /// How it comes again: an RRULE of RFC 5545.
    rule: Option<String>,
    /// Dates of a series that are called off or moved, in order.
    exceptions: Vec<ExceptionSeen>,
    /// The instant of its first beginning; of a series, by its rule alone.
    begins_ms: u64,
    /// The instant of its last end; nothing when it goes on for ever.
    ends_ms: Option<u64>,
    /// The beginning of the next one that is not over.
    next_ms: Option<u64>,
}

/// A date of a series that is called off or moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exception)]
struct ExceptionSeen {
    /// Its beginning as the rule has it, on the clocks of the meeting's zone.
    date: String,
    /// Its beginning instead; nothing when it is called off.
    moved: Option<String>,
}

/// How a meeting is reached by telephone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DialIn)]
struct DialInSeen {
    number: Option<String>,
    code: Option<String>,
}

/// A place in the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Position)]
pub(super) struct Place {
    /// `site`, the number of a meeting, or the number of a meeting and that of a session.
    #[schema(example = "88137455")]
    stream: String,
    /// Which writer of the log wrote it.
    epoch: u32,
    /// Its number in its stream.
    seq: u64,
}

impl Place {
    pub(super) fn new(stream: StreamId, position: Position) -> Self {
        Self { stream: stream.to_string(), epoch: position.epoch, seq: position.seq }
    }
}

/// A meeting as somebody may see it: others than its host do not get the way in.
pub(super) async fn seen(
    site: &Site,
    caller: &Caller,
    meeting: &Meeting,
    owner: Option<String>,
    is_owner: bool,
) -> Result<Seen, No> {
    let id = meeting.id;
    let now = site.clock.now();
    let plan = meeting.plan.clone().unwrap_or_default();
    let (join_url, invitation, invitation_token) = if is_owner {
        let [url, words, token] = way_in(site, caller, meeting).await?;
        (Some(url), Some(words), Some(token))
    } else {
        (None, None, None)
    };
    let invited = is_owner.then(|| meeting.invited.iter().map(ToString::to_string).collect());
    let cancelled_ms = match meeting.state {
        MeetingState::Cancelled(when) => Some(when.0),
        MeetingState::NotStarted | MeetingState::Open(_) | MeetingState::Ended => None,
    };
    Ok(Seen {
        id: id.number().to_string(),
        topic: meeting.topic.as_str().to_owned(),
        kind: meeting.kind.number(),
        state: State::of(meeting, now.0),
        running: matches!(meeting.state, MeetingState::Open(_)),
        owner,
        has_password: meeting.has_password,
        when: plan.when.map(|when| WhenSeen {
            next_ms: calendar::next(&when, now).map(|next| next.begins.0),
            start: when.start.as_str().to_owned(),
            minutes: when.minutes,
            zone: when.zone.as_str().to_owned(),
            rule: when.rule.map(|rule| rule.as_str().to_owned()),
            exceptions: when.exceptions.into_iter().map(exception).collect(),
            begins_ms: when.begins.0,
            ends_ms: when.ends.map(|ends| ends.0),
        }),
        recurring: plan.recurring,
        public: plan.public,
        own_network: plan.own_network,
        lobby: plan.lobby,
        participants_max: plan.participants_max,
        dial_in: plan.dial_in.map(|DialIn { number, code }| DialInSeen {
            number: number.map(|number| number.as_str().to_owned()),
            code: code.map(|code| code.as_str().to_owned()),
        }),
        created_ms: meeting.created.0,
        changes: meeting.changes,
        changed_ms: meeting.changed.0,
        cancelled_ms,
        sessions: meeting.sessions,
        position: Place::new(StreamId::meeting(id), meeting.position),
        join_url,
        invited,
        invitation,
        invitation_token,
    })
}

fn exception(Exception { date, moved }: Exception) -> ExceptionSeen {
    ExceptionSeen {
        date: date.as_str().to_owned(),
        moved: moved.map(|moved| moved.as_str().to_owned()),
    }
}

/// The link, the words to send, and the token that the link carries.
async fn way_in(site: &Site, caller: &Caller, meeting: &Meeting) -> Result<[String; 3], No> {
    let base = caller.own.to_string();
    let about = site.about(&base, meeting, News::Copy, site.clock.now()).await?;
    let words = site.words.copy(&about, caller.language);
    let words = words.map_err(|why| No::fault(&why))?;
    Ok([about.join_url, words, site.invitations.of(meeting.id)])
}

/// A meeting to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMeeting)]
pub(super) struct Asked {
    /// 0 interactive, 4 video conference.
    #[serde(rename = "type")]
    kind: u8,
    #[schema(min_length = 1, max_length = 200)]
    topic: String,
    #[serde(default, deserialize_with = "api::maybe_secret")]
    #[schema(value_type = Option<String>, max_length = 64)]
    password: Option<Secret>,
    /// When it is held; nothing for whenever its host likes.
    #[serde(default, deserialize_with = "api::maybe_object")]
    when: Option<WhenAsked>,
    #[serde(default)]
    recurring: bool,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    own_network: bool,
    #[serde(default)]
    lobby: bool,
    #[serde(default)]
    #[schema(minimum = 1)]
    participants_max: Option<u32>,
    #[serde(default, deserialize_with = "api::maybe_object")]
    dial_in: Option<DialInAsked>,
}

/// When a meeting is to be held.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWhen)]
struct WhenAsked {
    /// The first beginning on the clocks of `zone`.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    start: String,
    #[schema(minimum = 1, maximum = 10080)]
    minutes: u32,
    /// An IANA time zone.
    #[schema(example = "Europe/Berlin")]
    zone: String,
    /// An RRULE of RFC 5545 that comes at most once a day.
    #[serde(default)]
    #[schema(example = "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10")]
    rule: Option<String>,
    /// Dates of a series that are called off or moved. What is not named is held as the rule has
    /// it: a change of `when` names them all again.
    #[serde(default)]
    #[schema(max_items = 200)]
    exceptions: Vec<ExceptionAsked>,
}

/// A date of a series that is to be called off or moved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewException)]
struct ExceptionAsked {
    /// Its beginning as the rule has it, on the clocks of the meeting's zone.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    date: String,
    /// Its beginning instead; nothing to call it off.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    moved: Option<String>,
}

/// How a meeting is to be reached by telephone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDialIn)]
struct DialInAsked {
    #[serde(default)]
    number: Option<String>,
    /// 4 to 20 digits.
    #[serde(default)]
    code: Option<String>,
}

/// What is to become of a meeting: what is not given stays as it is, and `null` takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MeetingChange)]
pub(super) struct Patch {
    #[serde(rename = "type", default)]
    kind: Option<u8>,
    #[serde(default)]
    topic: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    password: Option<Option<String>>,
    #[serde(default, deserialize_with = "given_object")]
    #[schema(value_type = Option<WhenAsked>)]
    when: Option<Option<WhenAsked>>,
    #[serde(default)]
    recurring: Option<bool>,
    #[serde(default)]
    public: Option<bool>,
    #[serde(default)]
    own_network: Option<bool>,
    #[serde(default)]
    lobby: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    participants_max: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given_object")]
    #[schema(value_type = Option<DialInAsked>)]
    dial_in: Option<Option<DialInAsked>>,
}

/// Tells what is `null` from what is not there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// The same for an object.
fn given_object<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    api::maybe_object(from).map(Some)
}

impl From<WhenAsked> for WantedWhen {
    fn from(WhenAsked { start, minutes, zone, rule, exceptions }: WhenAsked) -> Self {
        let exceptions = exceptions.into_iter().map(|one| (one.date, one.moved)).collect();
        Self { start, minutes, zone, rule, exceptions }
    }
}

impl Asked {
    /// The meeting to be. One of which nothing is planned is started on the spot.
    pub(super) fn planned(self, participants_most: u32) -> Result<Planned, Refusal> {
        let kind = kind_of(self.kind)?;
        let topic = Topic::new(&self.topic).map_err(|_| Refusal::TopicInvalid)?;
        let (number, code) = self.dial_in.map_or((None, None), |asked| (asked.number, asked.code));
        let wanted = Wanted {
            when: self.when.map(Into::into),
            recurring: self.recurring,
            public: self.public,
            own_network: self.own_network,
            lobby: self.lobby,
            participants_max: self.participants_max,
            dial_in_number: number,
            dial_in_code: code,
        };
        let plan = schedule::plan(&wanted, participants_most)?;
        let plan = (plan != Plan::default()).then_some(plan);
        Ok(Planned { kind, topic, password: Password::of(self.password), plan })
    }
}

impl Patch {
    /// What the meeting is to become.
    pub(super) fn planned(self, now: &Meeting, participants_most: u32) -> Result<Planned, Refusal> {
        let mut plan = now.plan.clone().unwrap_or_default();
        let set = |flag: &mut bool, asked: Option<bool>| *flag = asked.unwrap_or(*flag);
        set(&mut plan.recurring, self.recurring);
        set(&mut plan.public, self.public);
        set(&mut plan.own_network, self.own_network);
        set(&mut plan.lobby, self.lobby);
        if let Some(asked) = self.when {
            plan.when = asked.map(|when| schedule::when(&when.into())).transpose()?;
        }
        plan.recurring |= plan.when.as_ref().is_some_and(|when| when.rule.is_some());
        if let Some(asked) = self.participants_max {
            plan.participants_max = asked;
            schedule::participants(asked, participants_most)?;
        }
        if let Some(asked) = self.dial_in {
            let (number, code) = asked.map_or((None, None), |asked| (asked.number, asked.code));
            plan.dial_in = schedule::dial_in(number.as_deref(), code.as_deref())?;
        }
        let topic = self.topic.map(|topic| Topic::new(&topic).map_err(|_| Refusal::TopicInvalid));
        Ok(Planned {
            kind: self.kind.map(kind_of).transpose()?.unwrap_or(now.kind),
            topic: topic.transpose()?.unwrap_or_else(|| now.topic.clone()),
            password: match self.password {
                None => Password::Keep,
                Some(password) => Password::of(password.map(Secret::new)),
            },
            plan: Some(plan),
        })
    }
}

fn kind_of(number: u8) -> Result<MeetingType, Refusal> {
    MeetingType::from_number(number).ok_or(Refusal::TypeNotAvailable)
}
