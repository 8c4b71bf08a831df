//! Telephone bridges: which meeting a caller means, whether they may come in, and what is reported
//! of their calls.

mod agi;
mod calls;
mod reports;
mod tries;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use convoke_engine::directory::{CallerPlace, MeetingInfo, OpenSession};
use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::dial_in::{Arriving, Call};
use convoke_model::meeting::roster::Entering;
use convoke_model::policy::admit::Around;
use convoke_model::policy::{Admit, Credential, Verdict, code};
use convoke_model::text::{DialNumber, ForeignId, Name, Source};
use convoke_model::{MeetingId, Refusal};
use convoke_plugins::BadSetting;
use convoke_plugins::bridge::{Asked, Bridge, Now, Told};
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Engine, EngineError};
use crate::entropy;
use crate::telephone::{TRIES_MAX, Telephone};
pub(crate) use agi::is_secret;
use calls::{Calls, Held};
use tries::Tries;

/// What a caller is told whose digits are not looked at.
const TOO_MANY: &str = "There were too many wrong codes. Please call again later.";
/// What a caller is told who typed the last wrong code of the call.
const LAST_TRY: &str = "Please check the code of your meeting and call again.";
/// What a caller is told whose code leads nowhere.
const NO_SUCH_CODE: &str = "There is no meeting with this code. Please try again.";
/// What a caller is told when the server cannot say.
const NOT_NOW: &str = "The meeting cannot be reached at the moment. Please call again later.";
/// What a caller is told whom a host removed.
const REMOVED: &str = "The host has ended your part in the meeting.";
/// Characters of a number, a call or a name that a bridge may tell.
const TOLD_CHARS_MAX: usize = 200;

/// The settings of a bridge that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[bridge.{name}] {bad}")]
pub struct BadBridge {
    name: String,
    bad: BadSetting,
}

/// One bridge, with the wrong codes that came over it.
struct Known {
    bridge: Arc<Bridge>,
    tries: Tries,
}

impl Known {
    fn new(bridge: Bridge) -> Self {
        let s = &bridge.settings;
        let tries = Tries::new(s.wrong_per_caller_per_hour_max, s.wrong_per_hour_max);
        Self { bridge: Arc::new(bridge), tries }
    }
}

/// Every bridge of the settings and of the console, and the calls that they carry.
pub struct Bridges {
    /// Those of the settings; they hold where the console has one of the same name.
    known: BTreeMap<String, Arc<Known>>,
    /// Those that administrators set while we run.
    set: RwLock<BTreeMap<String, Arc<Known>>>,
    telephone: Option<Telephone>,
    clock: Arc<dyn Clock>,
    calls: Calls,
}

impl Bridges {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// Naming the bridge and the setting.
    pub fn open(
        config: &Config,
        engine: &dyn Engine,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadBridge> {
        let known = Self::read(config)?;
        let (set, calls) = (RwLock::default(), Calls::default());
        Ok(Self { known, set, telephone: engine.telephone(), clock, calls })
    }

    /// Whether the settings can be used.
    ///
    /// # Errors
    /// Naming the bridge and the setting.
    pub fn check(config: &Config) -> Result<(), BadBridge> {
        Self::read(config).map(drop)
    }

    fn read(config: &Config) -> Result<BTreeMap<String, Arc<Known>>, BadBridge> {
        let open = |(name, settings): (&String, &convoke_plugins::bridge::Settings)| {
            let bridge = Bridge::open(name, settings.clone());
            let bridge = bridge.map_err(|bad| BadBridge { name: name.clone(), bad })?;
            Ok((name.clone(), Arc::new(Known::new(bridge))))
        };
        config.bridge.iter().map(open).collect()
    }

    /// The bridge of a name.
    #[must_use]
    pub fn bridge(&self, name: &str) -> Option<Arc<Bridge>> {
        self.known(name).map(|known| Arc::clone(&known.bridge))
    }

    /// From now on this bridge may ask under that name, or none. Calls that it carries go
    /// on; those of one that is gone are over.
    pub fn set(&self, name: &str, to: Option<Bridge>) {
        let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
        match to {
            Some(to) => set.insert(name.to_owned(), Arc::new(Known::new(to))),
            None => set.remove(name),
        };
    }

    fn known(&self, name: &str) -> Option<Arc<Known>> {
        if let Some(known) = self.known.get(name) {
            return Some(Arc::clone(known));
        }
        self.set.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The telephone, unless the log is in quarantine.
    #[must_use]
    pub fn telephone(&self) -> Option<&Telephone> {
        self.telephone.as_ref()
    }

    /// Which meeting a caller means, and what to do with them now.
    pub async fn ask(&self, bridge: &Bridge, asked: &Asked) -> Told {
        let told = match (&self.telephone, self.known(&bridge.name)) {
            (Some(telephone), Some(known)) => self.answer(telephone, &known, asked).await,
            _ => Err(EngineError::Refused(Refusal::ReadOnly)),
        };
        told.unwrap_or_else(|error| {
            tracing::warn!(bridge = bridge.name, %error, "a bridge could not be answered");
            Told::Reject { reason: NOT_NOW.to_owned() }
        })
    }

    async fn answer(
        &self,
        telephone: &Telephone,
        known: &Known,
        asked: &Asked,
    ) -> Result<Told, EngineError> {
        if let Some(meeting) = asked.meeting {
            return Ok(code_of(telephone, meeting));
        }
        let now = self.clock.uptime();
        let call = call_of(&known.bridge, &asked.call);
        if let Some(call) = &call
            && let Some(told) = self.again(telephone, call, now).await?
        {
            return Ok(told);
        }
        let caller = number_of(&asked.caller);
        let typed = !asked.digits.is_empty();
        let may = match typed {
            true => known.tries.begin(&asked.call, &caller, now),
            false => known.tries.may_try(&asked.call, &caller, now),
        };
        if !may {
            tracing::info!(bridge = known.bridge.name, "digits of a caller are not looked at");
            return Ok(Told::Reject { reason: TOO_MANY.to_owned() });
        }
        let question = code::Question {
            caller: caller.clone(),
            called: number_of(&asked.called),
            digits: asked.digits.clone(),
            attempt: known.tries.wrong_in(&asked.call, now).max(1),
        };
        let verdict = telephone.which(question).await?;
        let accepted = match &verdict {
            code::Verdict::Accept { meeting } => telephone.directory.meeting(*meeting),
            code::Verdict::RequestPin { .. }
            | code::Verdict::Reject { .. }
            | code::Verdict::Drop => None,
        };
        if let Some(meeting) = accepted.filter(may_be_called) {
            let own = meeting.details.dial_in().and_then(|dial_in| dial_in.code.as_ref());
            let by_code = own.is_some_and(|own| own.as_str() == asked.digits);
            // An id is a locator, no secret: it leads to the lobby, and never past it.
            let credential = if by_code { Credential::Password } else { Credential::Nothing };
            let meeting = meeting.details.meeting;
            let (digits, admitted) = (asked.digits.clone(), None);
            let caller = caller.clone();
            let held = Held { meeting, digits, caller, credential, joined: false, admitted };
            match call {
                Some(call) => {
                    Self::was_right(known, asked, now);
                    self.calls.hold(&call, held.clone(), now);
                    return self.stands(telephone, &call, &held).await;
                }
                // Nobody can be held whose call has no name.
                None if by_code => {
                    Self::was_right(known, asked, now);
                    return Ok(accept(&held, now_of(telephone, meeting)));
                }
                None => {}
            }
        }
        let last = known.tries.wrong_in(&asked.call, now) >= TRIES_MAX;
        Ok(match verdict {
            code::Verdict::Reject { reason } => Told::Reject { reason: reason.as_str().to_owned() },
            code::Verdict::Drop => Told::Drop,
            code::Verdict::Accept { .. } | code::Verdict::RequestPin { .. } if last => {
                Told::Reject { reason: LAST_TRY.to_owned() }
            }
            code::Verdict::RequestPin { reason } => {
                Told::RequestPin { reason: reason.map(|reason| reason.as_str().to_owned()) }
            }
            code::Verdict::Accept { .. } => {
                Told::RequestPin { reason: Some(NO_SUCH_CODE.to_owned()) }
            }
        })
    }

    /// A right code costs nothing; one that a script took from nothing that was typed cost nothing.
    fn was_right(known: &Known, asked: &Asked, now: Duration) {
        if !asked.digits.is_empty() {
            known.tries.was_right(&asked.call, &number_of(&asked.caller), now);
        }
    }

    /// The answer to a bridge that asks again about a call that was accepted.
    async fn again(
        &self,
        telephone: &Telephone,
        call: &Call,
        now: Duration,
    ) -> Result<Option<Told>, EngineError> {
        if let Some(caller) = telephone.caller(call) {
            self.calls.hear(call, now);
            let accept = |now| {
                let (meeting, code) = (caller.meeting, String::new());
                Some(Told::Accept { meeting, code, now })
            };
            match caller.place {
                CallerPlace::Here => return Ok(accept(Now::Open)),
                CallerPlace::Lobby => return Ok(accept(Now::Lobby)),
                CallerPlace::Removed => {
                    self.calls.forget(call);
                    return Ok(Some(Told::Reject { reason: REMOVED.to_owned() }));
                }
                CallerPlace::Gone => {}
            }
        }
        let Some(held) = self.calls.get(call) else { return Ok(None) };
        self.calls.hear(call, now);
        self.stands(telephone, call, &held).await.map(Some)
    }

    /// What is to be done now with a call that is held.
    async fn stands(
        &self,
        telephone: &Telephone,
        call: &Call,
        held: &Held,
    ) -> Result<Told, EngineError> {
        let meeting = telephone.directory.meeting(held.meeting);
        let Some(meeting) = meeting.filter(may_be_called) else {
            self.calls.forget(call);
            return Ok(Told::Reject { reason: LAST_TRY.to_owned() });
        };
        let Some(open) = meeting.open else {
            if held.admitted.is_none() {
                return Ok(accept(held, Now::Wait));
            }
            self.calls.forget(call);
            return Ok(Told::Reject { reason: Refusal::Ended.sentence().to_owned() });
        };
        if held.admitted == Some(open.session) {
            return Ok(accept(held, Now::Open));
        }
        let no = if open.locked {
            Some(Refusal::Locked)
        } else {
            telephone.is_full().then_some(Refusal::SiteFull)
        };
        if let Some(no) = no {
            self.calls.forget(call);
            return Ok(Told::Reject { reason: no.sentence().to_owned() });
        }
        match self.door(telephone, held, &meeting, open).await {
            Door::In => {
                self.calls.note(call, |held| held.admitted = Some(open.session));
                Ok(accept(held, Now::Open))
            }
            Door::Lobby => {
                self.enter(telephone, call, held, open, true).await?;
                Ok(accept(held, Now::Lobby))
            }
            Door::No(reason) => {
                self.calls.forget(call);
                Ok(Told::Reject { reason })
            }
        }
    }

    /// What the `admit` hook says of a caller.
    async fn door(
        &self,
        telephone: &Telephone,
        held: &Held,
        meeting: &MeetingInfo,
        open: OpenSession,
    ) -> Door {
        let (role, account, credential) = (Role::Attendee, None, held.credential);
        let asked = Admit { meeting: held.meeting, role, account, credential, around: None };
        let around = Around {
            name: name_of(&held.caller).as_str().to_owned(),
            email: None,
            address: String::new(),
            topic: meeting.details.topic.as_str().to_owned(),
            here: open.here,
            locked: open.locked,
        };
        let waits = meeting.details.plan.as_ref().is_some_and(|plan| plan.lobby);
        match telephone.admit(asked, around).await {
            // Whoever shows nothing but an id waits, whatever a script says.
            Verdict::Enter(_) if waits || held.credential == Credential::Nothing => Door::Lobby,
            Verdict::Enter(_) => Door::In,
            Verdict::Lobby => Door::Lobby,
            Verdict::Refuse(refusal) => Door::No(refusal.sentence().to_owned()),
            Verdict::TurnAway { reason } => Door::No(reason.as_str().to_owned()),
            Verdict::Record { .. }
            | Verdict::Authenticate(_)
            | Verdict::Code(_)
            | Verdict::Drawn(_)
            | Verdict::Publish(_)
            | Verdict::Register(_)
            | Verdict::Next => Door::No(NOT_NOW.to_owned()),
        }
    }

    /// Puts a caller into the session, or its lobby.
    async fn enter(
        &self,
        telephone: &Telephone,
        call: &Call,
        held: &Held,
        open: OpenSession,
        lobby: bool,
    ) -> Result<(), EngineError> {
        let grant = Grant {
            role: Role::Attendee,
            screen: false,
            camera: false,
            microphone: true,
            chat: false,
        };
        let entering = Entering {
            client: entropy::client_id(),
            name: name_of(&held.caller),
            account: None,
            family: family_of(call, &held.caller),
            ticket: u64::from_le_bytes(entropy::bytes()),
            grant,
            lobby,
        };
        let number = DialNumber::new(&held.caller).ok();
        let arriving = Arriving { entering, call: call.clone(), number };
        telephone.arrive(held.meeting, open.session, arriving).await?;
        self.calls.note(call, |held| held.admitted = Some(open.session));
        Ok(())
    }
}

/// What the door says.
enum Door {
    In,
    Lobby,
    No(String),
}

/// Whether callers may come to a meeting at all.
fn may_be_called(meeting: &MeetingInfo) -> bool {
    // A telephone is in nobody's network.
    let own_network = meeting.details.plan.as_ref().is_some_and(|plan| plan.own_network);
    meeting.cancelled.is_none() && !own_network
}

fn accept(held: &Held, now: Now) -> Told {
    Told::Accept { meeting: held.meeting, code: held.digits.clone(), now }
}

fn now_of(telephone: &Telephone, meeting: MeetingId) -> Now {
    let open = telephone.directory.meeting(meeting).and_then(|info| info.open);
    if open.is_some() { Now::Open } else { Now::Wait }
}

/// The other way round: the code that leads to a meeting.
fn code_of(telephone: &Telephone, meeting: MeetingId) -> Told {
    let info = telephone.directory.meeting(meeting).filter(may_be_called);
    let code = info.and_then(|info| info.details.dial_in()?.code.clone());
    match code {
        Some(code) => Told::Accept {
            meeting,
            code: code.as_str().to_owned(),
            now: now_of(telephone, meeting),
        },
        None => Told::Reject { reason: "No conference mapping was found".to_owned() },
    }
}

/// A call's name in the log; none when the bridge does not tell one.
fn call_of(bridge: &Bridge, id: &str) -> Option<Call> {
    let id = ForeignId::new(id).ok().filter(|_| id.len() <= TOLD_CHARS_MAX)?;
    Some(Call { bridge: Source::new(&bridge.name).ok()?, id })
}

/// A number as it is counted by; empty when it is withheld.
fn number_of(told: &str) -> String {
    let known = !["anonymous", "restricted", "unknown", "unavailable", "private"]
        .contains(&told.to_ascii_lowercase().as_str());
    let kept = |c: &char| c.is_ascii_alphanumeric() || "+@._-".contains(*c);
    let told = told.chars().filter(|_| known).filter(kept);
    told.take(DialNumber::CHARS_MAX).collect()
}

/// What everybody sees of a caller: the last digits of the number.
fn name_of(caller: &str) -> Name {
    let digits: Vec<char> = caller.chars().filter(char::is_ascii_digit).collect();
    let shown = match digits.len() {
        0..6 => "Telephone".to_owned(),
        count => format!("Telephone …{}", digits[count - 3..].iter().collect::<String>()),
    };
    Name::new(&shown).expect("a word of our own and digits")
}

/// A number for the telephone, so that whom a host removed does not call again.
fn family_of(call: &Call, caller: &str) -> u64 {
    let of = if caller.is_empty() { call.id.as_str() } else { caller };
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(of.as_bytes()));
    // 0 means that nothing is known.
    u64::from_le_bytes([a, b, c, d, e, f, g, h]).max(1)
}

#[cfg(test)]
mod tests;
