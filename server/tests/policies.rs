//! Scripts: asked through the real program, with hostile ones, late ones and changing ones.

#[path = "policies/commands.rs"]
mod commands;
#[path = "policies/defaults.rs"]
mod defaults;
#[path = "policies/fallbacks.rs"]
mod fallbacks;
#[path = "policies/hostile.rs"]
mod hostile;
#[path = "policies/replay.rs"]
mod replay;
#[path = "policies/sign_in.rs"]
mod sign_in;
#[path = "policies/stage.rs"]
mod stage;
#[path = "policies/swaps.rs"]
mod swaps;
