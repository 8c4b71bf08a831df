//! The rules of a session, one test each: given what happened, when somebody wishes, then that.

mod access;
mod agree;
mod chat;
mod commands;
mod control;
mod dedupe;
mod delivery;
mod dial_in;
mod door;
mod ending;
mod floor;
mod given;
mod hand;
mod lobby;
mod random;
mod recording;
mod roster;
mod track;
mod view;
