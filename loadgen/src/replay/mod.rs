//! A recorded session as load: everybody who spoke or published is played, at the times and with
//! the sizes that were recorded, before as many listeners as asked for.

mod score;

use std::path::Path;
use std::sync::Arc;

use convoke_journal::archive::Archive;
use convoke_journal::disk::RealDisk;
use convoke_model::meeting::track::Kind;
use score::{Part, Score};

use crate::CannotRun;
use crate::clock::Micros;
use crate::scenario::role::{Medium, Output, Role};
use crate::scenario::thresholds::Thresholds;
use crate::scenario::{Group, Join, Model, Ramp, Scenario, ServerPart};
use crate::schedule::{Item, Pattern, Span};

/// How a recording is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Playing {
    /// How many times as fast as it was.
    pub(crate) speed: f64,
    /// People who only listen.
    pub(crate) fan: u32,
    pub(crate) seed: u64,
}

/// Behind the last message, so that it is within the run.
const TAIL: Micros = 1_000;

/// The scenario that an archive gives.
pub(crate) fn scenario(path: &Path, playing: Playing) -> Result<Scenario, CannotRun> {
    let shown = path.display();
    let archive = Archive::open(&RealDisk, path)
        .map_err(|error| format!("{shown} cannot be played: {error}"))?;
    let score =
        Score::read(&archive).map_err(|error| format!("{shown} cannot be played: {error}"))?;
    let Some((first, last)) = score.times() else {
        return Err(
            format!("{shown} cannot be played: nobody said or showed anything in it").into()
        );
    };
    let scaled = |time: Micros| ((time - first) as f64 / playing.speed) as Micros;
    let mut roles = vec![Role::silent("host")];
    for (who, part) in score.parts {
        let mut role = Role::silent(&format!("person {}", who.0));
        role.outputs = outputs(part, scaled);
        roles.push(role);
    }
    let mut people: Vec<_> = (1..roles.len()).map(|role| (role, 1)).collect();
    if playing.fan > 0 {
        people.push((roles.len(), playing.fan));
        roles.push(Role::silent("viewer"));
    }
    let session = archive.session();
    Ok(Scenario {
        name: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        about: Some(format!(
            "session {}-{} at {} times its speed",
            session.meeting, session.session, playing.speed
        )),
        server: ServerPart::default(),
        join: Join::Api,
        model: Model::Open,
        seed: playing.seed,
        seconds: (scaled(last) + TAIL) as f64 / 1e6,
        late: None,
        ramp: Ramp::default(),
        thresholds: Thresholds::default(),
        roles,
        groups: vec![Group { count: 1, host: 0, people }],
    })
}

fn outputs(part: Part, scaled: impl Fn(Micros) -> Micros) -> Vec<Output> {
    let played = part.0.into_iter().map(|(medium, items)| {
        let items: Arc<[Item]> =
            items.into_iter().map(|item| Item { due: scaled(item.due), ..item }).collect();
        Output { medium, pattern: Pattern::Recorded(items), think: Span::only(0) }
    });
    played.collect()
}

/// How fast: `20x`, or `20`.
pub(crate) fn speed(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix(['x', 'X']).unwrap_or(text);
    match number.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed <= 10_000.0 => Ok(speed),
        _ => Err("it is like 20x: a number above 0 and at most 10000".into()),
    }
}

impl Medium {
    /// Recordings may hold more than one screen at a time; a session has one.
    pub(crate) fn or_camera(self, taken: bool) -> Self {
        if taken && self == Self::Track(Kind::Screen) { Self::Track(Kind::Camera) } else { self }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn speeds_are_read_as_people_write_them() {
        assert_eq!((super::speed("20x"), super::speed("0.5")), (Ok(20.0), Ok(0.5)));
        for wrong in ["", "x", "0x", "-1", "nan", "1e9"] {
            assert!(super::speed(wrong).is_err(), "{wrong}");
        }
    }
}
