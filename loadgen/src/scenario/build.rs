//! From what is written to what can be run: names become roles, and the impossible is named.

use std::collections::BTreeMap;
use std::time::Duration;

use convoke_model::text::ChatText;

use super::file::{File, OutputPart, RolePart, SessionsPart};
use super::role::{AWAY, Medium, Output, PRESETS, Role};
use super::strict::suggest;
use super::{Group, Join, Model, Scenario};
use crate::CannotRun;
use crate::clock::{Micros, micros};
use crate::schedule::{Pattern, Span};
use crate::stamp::STAMP_BYTES;

/// Messages a second of one publisher, at most: one a microsecond.
pub(super) const RATE_MAX: f64 = 1e6;
pub(super) const SECONDS_MAX: f64 = 86_400.0;
/// A frame of media, at most.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
const PEOPLE_MAX: u32 = 100_000;

impl Scenario {
    pub(super) fn build(name: &str, file: File) -> Result<Self, CannotRun> {
        let defined = &file.roles;
        // Everybody's first role is the host's.
        let mut roles = vec![role_named("host", defined)?];
        let mut groups = Vec::new();
        for part in &file.sessions {
            groups.push(group(part, defined, &mut roles)?);
        }
        // Those that no group names may be those of people with tickets.
        for name in defined.keys() {
            index(name, defined, &mut roles)?;
        }
        let join = file.join.unwrap_or(match file.server.tickets {
            Some(_) => Join::Ticket,
            None => Join::Api,
        });
        let seconds = file.seconds.unwrap_or(10.0);
        check_seconds(seconds, "seconds")?;
        let late = match file.late_ms {
            Some(late) => Some(time(late, 1e-3, "late_ms")?),
            None => None,
        };
        file.thresholds.check(late.is_some())?;
        let scenario = Self {
            name: Some(name.to_owned()),
            about: file.about,
            server: file.server,
            join,
            model: file.model.unwrap_or_default(),
            seed: file.seed.unwrap_or(1),
            seconds,
            late,
            ramp: file.ramp.resolve()?,
            thresholds: file.thresholds,
            roles,
            groups,
        };
        scenario.check()?;
        Ok(scenario)
    }

    /// Adds the roles that need not be defined, for people with tickets.
    pub(super) fn add_presets(&mut self) {
        for preset in PRESETS.into_iter().filter_map(Role::preset) {
            if self.roles.iter().all(|role| role.name != preset.name) {
                self.roles.push(preset);
            }
        }
    }

    /// What does not fit together.
    pub(super) fn check(&self) -> Result<(), CannotRun> {
        if self.groups.is_empty() && self.join != Join::Ticket {
            return Err("a scenario needs at least one [[sessions]] with `people`".into());
        }
        for role in &self.roles {
            let publishes = !role.outputs.is_empty();
            if !role.is_steady() && publishes {
                return Err(format!(
                    "roles.{}: somebody with `joins_at_s` only listens, and publishes nothing",
                    role.name
                )
                .into());
            }
            if role.joins_at.is_some_and(|at| at as f64 >= self.seconds * 1e6) {
                return Err(format!(
                    "roles.{}: `joins_at_s` is not within the {} seconds of the run",
                    role.name, self.seconds
                )
                .into());
            }
            let media = role.outputs.iter().any(|output| !output.medium.is_chat());
            if role.drops_every.is_some() && media {
                return Err(format!(
                    "roles.{}: somebody with `drops_every_s` can publish chat only: media under \
                     way are lost with the connection",
                    role.name
                )
                .into());
            }
        }
        if !self.roles[0].is_steady() {
            return Err("roles.host: the host opens the session and cannot come later".into());
        }
        for group in &self.groups {
            self.check_screen(group)?;
        }
        Ok(())
    }

    /// One shares the screen, and one of the others may control it.
    fn check_screen(&self, group: &Group) -> Result<(), CannotRun> {
        let people = || group.people.iter().copied().chain(std::iter::once((group.host, 1)));
        let publish = |medium| -> u32 {
            let found = people().filter(|(role, _)| self.roles[*role].publishes(medium));
            found.map(|(_, count)| count).sum()
        };
        let (screens, controllers) = (publish(Medium::SCREEN), publish(Medium::INPUT));
        let both = |role: &Role| role.publishes(Medium::SCREEN) && role.publishes(Medium::INPUT);
        if screens > 1 {
            let sentence = "people of a session share a screen, but only its presenter can";
            return Err(format!("{screens} {sentence}").into());
        }
        if controllers > 1 {
            let sentence = "people of a session control the screen, but only one can at a time";
            return Err(format!("{controllers} {sentence}").into());
        }
        if controllers > 0 && (screens == 0 || people().any(|(role, _)| both(&self.roles[role]))) {
            return Err("somebody with `remote_input` needs somebody else in the session who \
                        shares a screen"
                .into());
        }
        Ok(())
    }
}

fn group(
    part: &SessionsPart,
    defined: &BTreeMap<String, RolePart>,
    roles: &mut Vec<Role>,
) -> Result<Group, CannotRun> {
    if !(1..=PEOPLE_MAX).contains(&part.count) {
        return Err(format!("sessions.count = {} is not from 1 to {PEOPLE_MAX}", part.count).into());
    }
    let total: u64 = part.people.values().map(|count| u64::from(*count)).sum();
    if !(1..=u64::from(PEOPLE_MAX)).contains(&total) {
        return Err(format!("sessions.people: {total} people are not 1 to {PEOPLE_MAX}").into());
    }
    let mut people = Vec::new();
    for (name, count) in &part.people {
        people.push((index(name, defined, roles)?, *count));
    }
    // Those who publish come first.
    people.sort_by_key(|(role, _)| roles[*role].outputs.is_empty());
    let host = match &part.host {
        Some(name) => index(name, defined, roles)?,
        None => 0,
    };
    if !roles[host].is_steady() {
        return Err("sessions.host: the host opens the session and cannot come later".into());
    }
    Ok(Group { count: part.count, host, people })
}

fn index(
    name: &str,
    defined: &BTreeMap<String, RolePart>,
    roles: &mut Vec<Role>,
) -> Result<usize, CannotRun> {
    if let Some(at) = roles.iter().position(|role| role.name == name) {
        return Ok(at);
    }
    roles.push(role_named(name, defined)?);
    Ok(roles.len() - 1)
}

fn role_named(name: &str, defined: &BTreeMap<String, RolePart>) -> Result<Role, CannotRun> {
    if let Some(part) = defined.get(name) {
        return role(name, part);
    }
    Role::preset(name).ok_or_else(|| {
        let known = defined.keys().map(String::as_str).chain(PRESETS);
        format!("there is no role `{name}`; {}", suggest(name, known, "")).into()
    })
}

fn role(name: &str, part: &RolePart) -> Result<Role, CannotRun> {
    let place = format!("roles.{name}");
    let mut role = Role::silent(name);
    let outputs = [
        (&part.chat, Output::chat as fn() -> Output, "chat"),
        (&part.audio, Output::audio, "audio"),
        (&part.camera, Output::camera, "camera"),
        (&part.screen, Output::screen, "screen"),
        (&part.remote_input, Output::remote_input, "remote_input"),
    ];
    for (part, preset, word) in outputs {
        if let Some(part) = part {
            role.outputs.push(output(part, preset(), &format!("{place}.{word}"))?);
        }
    }
    role.reads = part.reads_bytes_per_s;
    if role.reads == Some(0) {
        return Err(format!("{place}.reads_bytes_per_s must be above 0").into());
    }
    if let Some(every) = part.drops_every_s {
        role.drops_every = Some(time(every, 1.0, &format!("{place}.drops_every_s"))?);
    }
    role.away = match part.away_ms {
        Some(away) => time(away, 1e-3, &format!("{place}.away_ms"))?,
        None => AWAY,
    };
    if let Some(at) = part.joins_at_s {
        role.joins_at = Some(time(at, 1.0, &format!("{place}.joins_at_s"))?);
    }
    Ok(role)
}

fn output(part: &OutputPart, mut output: Output, place: &str) -> Result<Output, CannotRun> {
    let chat = output.medium.is_chat();
    let Pattern::Even { rate, size, key_every, key_size } = &mut output.pattern else {
        return Ok(output);
    };
    if let Some(given) = part.rate {
        *rate = given.span();
        let Span { min, max } = *rate;
        if !(min > 0.0 && min <= max && max <= RATE_MAX) {
            return Err(format!(
                "{place}.rate must be above 0 and at most {RATE_MAX}, the least first"
            )
            .into());
        }
    }
    let size_max = if chat { ChatText::CHARS_MAX } else { FRAME_BYTES_MAX };
    if let Some(given) = part.size {
        *size = given.span();
        // Key frames are as large as the largest, unless told.
        *key_size = key_size.map(|_| size.max);
    }
    *key_size = part.key_size.or(*key_size);
    let sizes = [size.min, size.max, key_size.unwrap_or(size.max)];
    let fits = sizes.iter().all(|size| (STAMP_BYTES..=size_max).contains(size));
    if size.min > size.max || !fits {
        return Err(format!(
            "{place}.size must be from {STAMP_BYTES} (the stamp that is checked) to {size_max} \
             bytes, the least first"
        )
        .into());
    }
    if let Some(every) = part.key_every_s {
        *key_every = time(every, 1.0, &format!("{place}.key_every_s"))?;
    }
    if let Some(think) = part.think_s {
        let Span { min, max } = think.span();
        if min > max {
            return Err(format!("{place}.think_s: the least comes first").into());
        }
        let time = |seconds: f64| match seconds {
            0.0 => Ok(0),
            _ => time(seconds, 1.0, &format!("{place}.think_s")),
        };
        output.think = Span { min: time(min)?, max: time(max)? };
    }
    Ok(output)
}

/// A time of so many `unit` seconds, above 0 and up to a day.
fn time(value: f64, unit: f64, name: &str) -> Result<Micros, CannotRun> {
    let seconds = value * unit;
    if !(seconds > 0.0 && seconds <= SECONDS_MAX) {
        return Err(format!("{name} = {value} must be above 0 and at most a day").into());
    }
    Ok(micros(Duration::from_secs_f64(seconds)))
}

pub(super) fn check_seconds(seconds: f64, name: &str) -> Result<(), CannotRun> {
    if !(seconds > 0.0 && seconds <= SECONDS_MAX) {
        return Err(format!("{name} {seconds} must be above 0 and at most {SECONDS_MAX}").into());
    }
    Ok(())
}

/// The model by which chat is sent, in the words of the report.
impl Model {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}
