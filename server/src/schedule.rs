//! Scheduling: what somebody asks a meeting to be planned as, checked and worked out. Whoever takes
//! plans (the JSON calls, the legacy ones) asks here, so that all take the same.

use convoke_model::Refusal;
use convoke_model::meeting::plan::{DialIn, Exception, LocalTime, Plan, Rule, When};
use convoke_model::policy::draw_code::AccessCode;
use convoke_model::text::DialNumber;

use crate::calendar;
use crate::zone::zone;

/// A plan as it was asked for; empty texts are nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// When; nothing for whenever its host likes.
    pub when: Option<WantedWhen>,
    /// Whether it is held again and again. A meeting with a rule is.
    pub recurring: bool,
    /// Whether public lists may tell of it.
    pub public: bool,
    /// Whether only people from the operator's own networks come in.
    pub own_network: bool,
    /// Whether people wait until a host lets them in.
    pub lobby: bool,
    /// How many people may be in it at once.
    pub participants_max: Option<u32>,
    /// The number to dial.
    pub dial_in_number: Option<String>,
    /// What to type.
    pub dial_in_code: Option<String>,
}

/// When, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedWhen {
    /// `YYYY-MM-DDTHH:MM` on the clocks of `zone`.
    pub start: String,
    /// How long.
    pub minutes: u32,
    /// An IANA time zone.
    pub zone: String,
    /// A rule of RFC 5545.
    pub rule: Option<String>,
    /// Dates that the rule gives and that are called off, or held at the second time instead.
    pub exceptions: Vec<(String, Option<String>)>,
}

/// The plan.
///
/// # Errors
/// `times_invalid`, `zone_invalid`, `rule_invalid`, `dial_in_invalid`; `number_invalid` when nobody
/// could be in it, or more than this server lets in.
pub fn plan(wanted: &Wanted, participants_most: u32) -> Result<Plan, Refusal> {
    let when = wanted.when.as_ref().map(when).transpose()?;
    participants(wanted.participants_max, participants_most)?;
    Ok(Plan {
        recurring: wanted.recurring || when.as_ref().is_some_and(|when| when.rule.is_some()),
        when,
        public: wanted.public,
        own_network: wanted.own_network,
        lobby: wanted.lobby,
        participants_max: wanted.participants_max,
        dial_in: dial_in(wanted.dial_in_number.as_deref(), wanted.dial_in_code.as_deref())?,
    })
}

/// Whether so many people can be in a meeting.
///
/// # Errors
/// `number_invalid`.
pub fn participants(max: Option<u32>, most: u32) -> Result<(), Refusal> {
    match max {
        Some(max) if !(1..=most).contains(&max) => Err(Refusal::NumberInvalid),
        Some(_) | None => Ok(()),
    }
}

/// When, worked out.
///
/// # Errors
/// `times_invalid`, `zone_invalid`, `rule_invalid`; `too_long` of too many exceptions.
pub fn when(wanted: &WantedWhen) -> Result<When, Refusal> {
    let start = LocalTime::new(wanted.start.trim()).ok_or(Refusal::TimesInvalid)?;
    let zone = zone(&wanted.zone)?.ok_or(Refusal::ZoneInvalid)?;
    let rule = wanted.rule.as_deref().map(str::trim).filter(|rule| !rule.is_empty());
    let rule = rule.map(|rule| Rule::new(rule).ok_or(Refusal::RuleInvalid)).transpose()?;
    let when = calendar::when(&start, wanted.minutes, &zone, rule.as_ref())?;
    let time = |text: &String| LocalTime::new(text.trim()).ok_or(Refusal::TimesInvalid);
    let exceptions = wanted.exceptions.iter().map(|(date, moved)| {
        Ok(Exception { date: time(date)?, moved: moved.as_ref().map(time).transpose()? })
    });
    calendar::except(when, exceptions.collect::<Result<_, Refusal>>()?)
}

/// How to reach it by telephone; nothing of nothing.
///
/// # Errors
/// `dial_in_invalid`.
pub fn dial_in(number: Option<&str>, code: Option<&str>) -> Result<Option<DialIn>, Refusal> {
    let said =
        |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let number = said(number).map(|number| number_of(&number).ok_or(Refusal::DialInInvalid));
    let code = said(code).map(|code| AccessCode::new(&code).ok_or(Refusal::DialInInvalid));
    let (number, code) = (number.transpose()?, code.transpose()?);
    Ok((number.is_some() || code.is_some()).then_some(DialIn { number, code }))
}

/// A telephone number has digits, and what people set between them.
fn number_of(typed: &str) -> Option<DialNumber> {
    let is_part = |c: char| c.is_ascii_digit() || "+-()./ ,#*xX".contains(c);
    let fits = typed.chars().all(is_part) && typed.chars().any(|c| c.is_ascii_digit());
    DialNumber::new(typed).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        let when = WantedWhen {
            start: "2026-11-30T10:00".to_owned(),
            minutes: 30,
            zone: "Europe/Berlin".to_owned(),
            rule: Some("FREQ=WEEKLY;BYDAY=WE;COUNT=4".to_owned()),
            exceptions: Vec::new(),
        };
        Wanted { when: Some(when), ..Wanted::default() }
    }

    #[test]
    fn a_plan_is_worked_out_and_begins_with_its_first_meeting() {
        let plan = plan(&wanted(), 50).expect("a plan");
        let when = plan.when.expect("a time");
        assert!(plan.recurring);
        assert_eq!(when.start.as_str(), "2026-12-02T10:00", "the thirtieth is a Monday");
        assert_eq!(when.ends.expect("an end").0 - when.begins.0, (21 * 24 * 60 + 30) * 60_000);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        type Spoil = fn(&mut Wanted);
        let table: [(Spoil, Refusal); 11] = [
            (|w| w.participants_max = Some(0), Refusal::NumberInvalid),
            (|w| w.participants_max = Some(51), Refusal::NumberInvalid),
            (|w| w.dial_in_code = Some("123".to_owned()), Refusal::DialInInvalid),
            (|w| w.dial_in_code = Some("12a4".to_owned()), Refusal::DialInInvalid),
            (|w| w.dial_in_number = Some("call me".to_owned()), Refusal::DialInInvalid),
            (|w| w.dial_in_number = Some("+-()".to_owned()), Refusal::DialInInvalid),
            (|w| time(w).start = "tomorrow".to_owned(), Refusal::TimesInvalid),
            (|w| time(w).zone = " ".to_owned(), Refusal::ZoneInvalid),
            (|w| time(w).exceptions = vec![("today".to_owned(), None)], Refusal::TimesInvalid),
            (
                |w| time(w).exceptions = vec![("2026-12-03T10:00".to_owned(), None)],
                Refusal::TimesInvalid,
            ),
            (|w| time(w).rule = Some("every day".to_owned()), Refusal::RuleInvalid),
        ];
        for (spoil, refusal) in table {
            let mut wanted = wanted();
            spoil(&mut wanted);
            assert_eq!(plan(&wanted, 50), Err(refusal), "{wanted:?}");
        }
    }

    fn time(wanted: &mut Wanted) -> &mut WantedWhen {
        wanted.when.as_mut().expect("it has one")
    }

    #[test]
    fn empty_texts_are_nothing() {
        assert_eq!(dial_in(Some(" "), Some("")), Ok(None));
        let found = dial_in(Some("+49 (30) 123-45"), None).expect("a number").expect("something");
        assert_eq!(found.number.as_ref().map(DialNumber::as_str), Some("+49 (30) 123-45"));
    }
}
