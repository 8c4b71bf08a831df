//! The engine as the telephone needs it: whose code this is, who calls, and who may come in.

use std::sync::Arc;

use convoke_engine::directory::{CallerInfo, MeetingInfo};
use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Directory, Wish};
use convoke_model::meeting::dial_in::{self, Arriving, Call};
use convoke_model::meeting::roster::{self, LeaveReason};
use convoke_model::meeting::{self, life};
use convoke_model::policy::admit::Around;
use convoke_model::policy::{Admit, Decided, Hook, Question, Value, Verdict, code, draw_code};
use convoke_model::site::settings::Telephone as Settings;
use convoke_model::text::Sentence;
use convoke_model::{Actor, MeetingId, ParticipantId, Refusal, SessionNumber, site};
use convoke_plugins::rhai::{Policies, Secret};

use crate::clock::process_uptime;
use crate::control::EngineError;
use crate::engine::wish;
use crate::entropy;
use crate::space::Space;
use crate::worker::Cores;

/// What a caller is told whose code leads nowhere, whatever the reason.
const NO_SUCH_CODE: &str = "There is no meeting with this code. Please try again.";
/// The same at the last try.
const NO_MORE_TRIES: &str = "Please check the code of your meeting and call again.";
/// What a caller is told first.
const PLEASE_TYPE: &str = "Please enter the code of your meeting, followed by the hash key.";
/// Tries in one call.
pub const TRIES_MAX: u32 = 3;
/// Codes that are drawn for a meeting before it stays without one.
const DRAWS_MAX: u32 = 20;

/// What digits mean.
#[derive(Clone, Debug)]
pub struct Found {
    /// The meeting.
    pub meeting: MeetingInfo,
    /// Whether they are its own access code, and not only its id.
    pub by_code: bool,
}

/// The engine as the telephone needs it.
#[derive(Clone)]
pub struct Telephone {
    /// Where wishes go.
    pub cores: Arc<Cores>,
    /// Where questions are answered.
    pub directory: Arc<Directory>,
    /// Scripts.
    pub scripts: Option<Arc<Policies>>,
    /// How full the disk is.
    pub space: Arc<Space>,
    /// One code is drawn at a time, so that none is given twice.
    pub drawing: Arc<tokio::sync::Mutex<()>>,
}

impl Telephone {
    /// How administrators set it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.directory.settings().telephone
    }

    /// The meeting that digits mean: by its access code, or, where that is set, by its id. One that
    /// was called off is none.
    #[must_use]
    pub fn find(&self, digits: &str) -> Option<Found> {
        let is_on = |meeting: &MeetingInfo| meeting.cancelled.is_none();
        let mut holders = self.directory.meetings_by_code(digits);
        holders.retain(is_on);
        // People may give several of their meetings one code: then the one that is held is meant.
        if holders.len() > 1 {
            holders.retain(|meeting| meeting.open.is_some());
        }
        match (holders.pop(), holders.is_empty()) {
            (Some(meeting), true) => return Some(Found { meeting, by_code: true }),
            (Some(_), false) => return None,
            (None, _) => {}
        }
        if !self.settings().meeting_id_is_code || digits.len() != 8 {
            return None;
        }
        let meeting = self.directory.meeting(digits.parse().ok()?).filter(is_on)?;
        Some(Found { meeting, by_code: false })
    }

    /// The same for scripts: `()`, or `meeting` and `by` (`code` or `id`).
    #[must_use]
    pub fn found(&self, digits: &str) -> Value {
        match self.find(digits) {
            None => Value::Null,
            Some(Found { meeting, by_code }) => Value::map([
                ("meeting", meeting.details.meeting.number().to_string().into()),
                ("by", if by_code { "code" } else { "id" }.into()),
            ]),
        }
    }

    /// What the `code` hook says: a script where one is set, else the built-in rule.
    ///
    /// # Errors
    /// When the decision cannot be kept: then it does not hold.
    pub async fn which(&self, asked: code::Question) -> Result<code::Verdict, EngineError> {
        let decided = match self.scripts_for(Hook::Code) {
            Some(scripts) => scripts.decide(Question::Code(asked), Secret::none()).await,
            None => {
                let before = process_uptime();
                let verdict = Verdict::Code(self.builtin(&asked));
                let took = process_uptime().saturating_sub(before);
                let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                let policy = "builtin 1".to_owned();
                let decided = Decided::builtin(Question::Code(asked), verdict);
                Decided { policy, micros, ..decided }
            }
        };
        let verdict = decided.verdict.clone();
        self.keep(decided).await?;
        match verdict {
            Verdict::Code(verdict) => Ok(verdict),
            // No verdict of this hook; policies never give one.
            Verdict::Enter(_)
            | Verdict::Lobby
            | Verdict::Refuse(_)
            | Verdict::TurnAway { .. }
            | Verdict::Record { .. }
            | Verdict::Authenticate(_)
            | Verdict::Drawn(_)
            | Verdict::Publish(_)
            | Verdict::Register(_)
            | Verdict::Next => Ok(code::Verdict::RequestPin { reason: None }),
        }
    }

    fn builtin(&self, asked: &code::Question) -> code::Verdict {
        let sentence = |text| Sentence::new(text).expect("a short sentence of our own");
        if asked.digits.is_empty() {
            return code::Verdict::RequestPin { reason: Some(sentence(PLEASE_TYPE)) };
        }
        match self.find(&asked.digits) {
            Some(found) => code::Verdict::Accept { meeting: found.meeting.details.meeting },
            None if asked.attempt >= TRIES_MAX => {
                code::Verdict::Reject { reason: sentence(NO_MORE_TRIES) }
            }
            None => code::Verdict::RequestPin { reason: Some(sentence(NO_SUCH_CODE)) },
        }
    }

    /// Whether as many people are in all sessions together as administrators allow.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.directory.is_full()
    }

    /// What the `admit` hook says of a caller.
    pub async fn admit(&self, asked: Admit, around: Around) -> Verdict {
        let meeting = asked.meeting;
        let decided = match self.scripts_for(Hook::Admit) {
            Some(scripts) => {
                let question = Question::Admit(Admit { around: Some(around), ..asked });
                scripts.decide(question, Secret::none()).await
            }
            None => Recorded::new(Builtin, process_uptime).decide(Question::Admit(asked)),
        };
        let verdict = decided.verdict.clone();
        let open = self.directory.meeting(meeting).and_then(|info| info.open);
        if let Some(open) = open {
            let command = meeting::Command::Policy(Box::new(decided));
            // The session may have ended meanwhile; then nobody comes in either.
            let _ = self.put(meeting, open.session, command).await;
        }
        verdict
    }

    /// Lets a caller in, or into the lobby. One who is in already stays it.
    ///
    /// # Errors
    /// The refusal.
    pub async fn arrive(
        &self,
        meeting: MeetingId,
        session: SessionNumber,
        arriving: Arriving,
    ) -> Result<(), EngineError> {
        if self.space.is_full() {
            return Err(EngineError::Refused(Refusal::ReadOnly));
        }
        let arrive = dial_in::Command::Arrive(Box::new(arriving));
        done(self.put(meeting, session, meeting::Command::DialIn(arrive)).await)
    }

    /// A caller's microphone is off, or on again.
    ///
    /// # Errors
    /// The refusal.
    pub async fn report(&self, caller: CallerInfo, quiet: bool) -> Result<(), EngineError> {
        let report = dial_in::Command::Report { who: caller.who, quiet };
        done(self.put(caller.meeting, caller.session, meeting::Command::DialIn(report)).await)
    }

    /// A call is over.
    ///
    /// # Errors
    /// The refusal.
    pub async fn leave(&self, caller: CallerInfo, reason: LeaveReason) -> Result<(), EngineError> {
        let who: ParticipantId = caller.who;
        let drop = roster::Command::Drop { who, reason, at: None };
        done(self.put(caller.meeting, caller.session, meeting::Command::Roster(drop)).await)
    }

    /// A call into a session that is open.
    #[must_use]
    pub fn caller(&self, call: &Call) -> Option<CallerInfo> {
        self.directory.caller(call)
    }

    /// Gives a planned meeting an access code, where that is set and it has none.
    ///
    /// # Errors
    /// When the fact cannot be kept, or no code was free.
    pub async fn give_code(&self, meeting: MeetingId) -> Result<(), EngineError> {
        if !self.settings().draw_codes {
            return Ok(());
        }
        let _one_at_a_time = self.drawing.lock().await;
        let lacks = self.directory.meeting(meeting).is_some_and(|info| {
            info.details.plan.is_some() && info.details.dial_in().is_none_or(|d| d.code.is_none())
        });
        if !lacks {
            return Ok(());
        }
        for _ in 0..DRAWS_MAX {
            let drawn = draw_code::AccessCode::drawn(u64::from_le_bytes(entropy::bytes()));
            if self.directory.code_was_used(drawn.as_str()) {
                continue;
            }
            let in_use = self.directory.codes_in_use(draw_code::Question::IN_USE_MAX);
            let asked = Question::DrawCode(draw_code::Question { meeting, drawn, in_use });
            let decided = match self.scripts_for(Hook::DrawCode) {
                Some(scripts) => scripts.decide(asked, Secret::none()).await,
                None => Recorded::new(Builtin, process_uptime).decide(asked),
            };
            let Verdict::Drawn(code) = decided.verdict.clone() else { continue };
            self.keep(decided).await?;
            if self.directory.code_was_used(code.as_str()) {
                continue;
            }
            let give = Wish::Life(meeting, Box::new(life::Command::GiveCode { code }));
            return done(wish(&self.cores, Some(meeting), Actor::Server, give).await);
        }
        Err(EngineError::Unavailable("no access code is free".into()))
    }

    /// A change of a meeting's plan that names no access code leaves it the one it has, where codes
    /// are drawn: people have it in their calendars.
    pub fn keep_code(&self, meeting: MeetingId, change: &mut life::Command) {
        let life::Command::Change { change, .. } = change else { return };
        let has = change.plan.dial_in.as_ref().is_some_and(|dial_in| dial_in.code.is_some());
        if has || !self.settings().draw_codes {
            return;
        }
        let known = self.directory.meeting(meeting);
        let code = known.and_then(|info| info.details.dial_in()?.code.clone());
        if code.is_some() {
            change.plan.dial_in.get_or_insert_default().code = code;
        }
    }

    fn scripts_for(&self, hook: Hook) -> Option<&Arc<Policies>> {
        self.scripts.as_ref().filter(|scripts| scripts.is_set(hook))
    }

    async fn keep(&self, decided: Decided) -> Result<(), EngineError> {
        let fact = Wish::Site(site::Command::Policy(Box::new(decided)));
        done(wish(&self.cores, None, Actor::Server, fact).await)
    }

    pub(crate) async fn put(
        &self,
        meeting: MeetingId,
        session: SessionNumber,
        command: meeting::Command,
    ) -> Result<convoke_engine::Answer, EngineError> {
        let asked = Wish::Session(meeting, session, command);
        wish(&self.cores, Some(meeting), Actor::Server, asked).await
    }
}

/// What was done already needs not be done again.
fn done<T>(answer: Result<T, EngineError>) -> Result<(), EngineError> {
    match answer {
        Ok(_) | Err(EngineError::Refused(Refusal::AlreadyDone)) => Ok(()),
        Err(error) => Err(error),
    }
}
