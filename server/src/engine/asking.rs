//! Wishes from outside the cores, and their answers.

use convoke_engine::{Answer as Granted, Ask, Call, ReplyTo, Wish};
use convoke_model::{Actor, ClientId, MeetingId, Refusal};
use tokio::sync::oneshot;

use crate::control::EngineError;
use crate::worker::Cores;

/// Puts a wish to the core that owns its stream, and waits until it is durable or refused.
pub(crate) async fn wish(
    cores: &Cores,
    meeting: Option<MeetingId>,
    by: Actor,
    wish: Wish,
) -> Result<Granted, EngineError> {
    requested(cores, meeting, by, None, wish).await
}

/// The same for a client's request, which is carried out once.
pub(super) async fn requested(
    cores: &Cores,
    meeting: Option<MeetingId>,
    by: Actor,
    request: Option<(ClientId, u64)>,
    wish: Wish,
) -> Result<Granted, EngineError> {
    let (answer, answered) = oneshot::channel();
    let call = Call::new(move |granted| {
        // Whoever asked may have hung up; then nobody needs the answer.
        let _ = answer.send(granted);
    });
    let ask = Ask { reply: ReplyTo::Call(call), by, request, wish };
    if !cores.submit(meeting, ask) {
        return Err(EngineError::Refused(Refusal::Busy));
    }
    match answered.await {
        Ok(granted) => granted.map_err(EngineError::Refused),
        Err(_) => Err(EngineError::Unavailable("the engine is stopping".into())),
    }
}
