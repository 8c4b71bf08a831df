//! What bridges report of calls: who is connected, who is heard, who has hung up; and what hosts
//! want of them in return.

use std::sync::Arc;
use std::time::Duration;

use convoke_engine::directory::{CallerInfo, CallerPlace};
use convoke_model::meeting::dial_in::Call;
use convoke_model::meeting::roster::LeaveReason;
use convoke_plugins::bridge::{Bridge, Happened, Standing, Told};

use super::{Bridges, call_of};
use crate::control::EngineError;
use crate::telephone::Telephone;

/// How often waiting and silent calls are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A caller in the lobby is asked about every few seconds; after so long the call is over.
const LOBBY_SILENT: Duration = Duration::from_secs(120);

impl Bridges {
    /// Takes in a report: how the call stands now.
    pub async fn report(&self, bridge: &Bridge, id: &str, happened: Option<Happened>) -> Standing {
        let unknown = Standing { place: "gone", muted: false, removed: true };
        let (Some(telephone), Some(call)) = (&self.telephone, call_of(bridge, id)) else {
            return unknown;
        };
        if let Err(error) = self.take_in(telephone, &call, happened).await {
            tracing::info!(bridge = bridge.name, %error, "a report of a bridge was refused");
            if happened == Some(Happened::Joined) {
                self.calls.forget(&call);
            }
        }
        self.standing(telephone, &call)
    }

    async fn take_in(
        &self,
        telephone: &Telephone,
        call: &Call,
        happened: Option<Happened>,
    ) -> Result<(), EngineError> {
        let caller = telephone.caller(call).filter(|caller| is_here(*caller));
        let known = caller.is_some() || self.calls.get(call).is_some();
        if known {
            self.calls.hear(call, self.clock.uptime());
        }
        match (happened, caller) {
            (Some(Happened::Joined), None) => {
                self.calls.note(call, |held| held.joined = true);
                self.let_in(telephone, call).await
            }
            (None, None) => self.let_in(telephone, call).await,
            (Some(Happened::Left), caller) => {
                self.calls.forget(call);
                match caller {
                    Some(caller) => telephone.leave(caller, LeaveReason::Left).await,
                    None => Ok(()),
                }
            }
            (Some(Happened::Muted), Some(caller)) => telephone.report(caller, true).await,
            (Some(Happened::Unmuted), Some(caller)) => telephone.report(caller, false).await,
            (Some(Happened::Joined) | None, Some(_))
            | (Some(Happened::Muted | Happened::Unmuted), None) => Ok(()),
        }
    }

    /// Lets somebody in who is connected, once the host has begun.
    async fn let_in(&self, telephone: &Telephone, call: &Call) -> Result<(), EngineError> {
        let Some(held) = self.calls.get(call).filter(|held| held.joined) else { return Ok(()) };
        // The door is asked, and the lobby filled, by the same rule as when the code was typed.
        let told = self.stands(telephone, call, &held).await?;
        if !matches!(told, Told::Accept { now: convoke_plugins::bridge::Now::Open, .. }) {
            return Ok(());
        }
        let open = telephone.directory.meeting(held.meeting).and_then(|info| info.open);
        match open {
            Some(open) => self.enter(telephone, call, &held, open, false).await,
            None => Ok(()),
        }
    }

    fn standing(&self, telephone: &Telephone, call: &Call) -> Standing {
        let (mut muted, mut removed) = (false, false);
        let place = match telephone.caller(call) {
            Some(caller) => {
                muted = caller.muted;
                match caller.place {
                    CallerPlace::Here => "here",
                    CallerPlace::Lobby => "lobby",
                    CallerPlace::Removed => {
                        removed = true;
                        "removed"
                    }
                    CallerPlace::Gone => {
                        removed = true;
                        "gone"
                    }
                }
            }
            None if self.waits(telephone, call) => "wait",
            None => {
                removed = true;
                "gone"
            }
        };
        Standing { place, muted, removed }
    }

    /// Whether a call is held for a host who has not begun, or for its bridge to connect it.
    fn waits(&self, telephone: &Telephone, call: &Call) -> bool {
        let Some(held) = self.calls.get(call) else { return false };
        let open = telephone.directory.meeting(held.meeting).and_then(|info| info.open);
        open.is_some() || held.admitted.is_none()
    }

    /// Lets in who waited for the host, and lets go of calls that no bridge speaks of any more.
    pub async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look().await;
        }
    }

    /// One look at the calls.
    pub async fn look(&self) {
        let Some(telephone) = &self.telephone else { return };
        let now = self.clock.uptime();
        self.calls.sweep(now);
        for (call, meeting) in self.calls.connected() {
            let is_open = telephone.directory.meeting(meeting).is_some_and(|m| m.open.is_some());
            let is_in = telephone.caller(&call).is_some_and(is_here);
            if is_open
                && !is_in
                && let Err(error) = self.let_in(telephone, &call).await
            {
                tracing::info!(%error, "a caller who waited was not let in");
                self.calls.forget(&call);
            }
        }
        let callers = telephone.directory.callers();
        for (call, caller) in &callers {
            let bridge = self.known(call.bridge.as_str());
            let silent_s = bridge.map_or(0, |known| known.bridge.settings.silent_s);
            let patience = match caller.place {
                CallerPlace::Lobby => LOBBY_SILENT.min(Duration::from_secs(silent_s)),
                CallerPlace::Here | CallerPlace::Removed | CallerPlace::Gone => {
                    Duration::from_secs(silent_s)
                }
            };
            if self.calls.silent_for(call, now) >= patience {
                self.calls.forget(call);
                if let Err(error) = telephone.leave(*caller, LeaveReason::Lost).await {
                    tracing::info!(%error, "a silent call was not let go of");
                }
            }
        }
        self.calls.keep(|call| callers.iter().any(|(known, _)| known == call));
    }
}

fn is_here(caller: CallerInfo) -> bool {
    match caller.place {
        CallerPlace::Here | CallerPlace::Lobby => true,
        CallerPlace::Removed | CallerPlace::Gone => false,
    }
}
