//! Events as entry bodies, and entries as records: the one place where facts become bytes and back.

use convoke_model::meeting::track;
use convoke_model::meeting::{
    self, chat, control, delivery, dial_in, floor, hand, life, lifecycle, lock, recording, roster,
};
use convoke_model::site::{
    self, accounts, connections, groups, keys, rooms, scripts, settings, webhooks,
};
use convoke_model::{Actor, Audience, ClientId, Millis, Position, Record, StreamId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::entry::{self, EntryRef, Header, SALT_BYTES};
use crate::pack;

/// A family of events that one kind of stream holds.
pub trait Fact: Serialize + DeserializeOwned {
    /// The number in the entry's header: topic in the high byte, event in the low one. Numbers are
    /// never given again.
    fn event_type(&self) -> u16;
}

impl Fact for meeting::Event {
    fn event_type(&self) -> u16 {
        match self {
            Self::Lifecycle(event) => match event {
                lifecycle::Event::Opened(_) => 0x0101,
                lifecycle::Event::Ended { .. } => 0x0102,
            },
            Self::Roster(event) => match event {
                roster::Event::Entered { .. } => 0x0201,
                roster::Event::Waiting { .. } => 0x0202,
                roster::Event::Joined { .. } => 0x0203,
                roster::Event::Left { .. } => 0x0204,
                roster::Event::Disconnected { .. } => 0x0205,
                roster::Event::Reconnected { .. } => 0x0206,
            },
            Self::Floor(floor::Event::PresenterChanged { .. }) => 0x0301,
            Self::Chat(event) => match event {
                chat::Event::Said { .. } => 0x0401,
                chat::Event::Silenced { .. } => 0x0402,
                chat::Event::Unsilenced { .. } => 0x0403,
                chat::Event::Announced { .. } => 0x0404,
            },
            Self::Track(event) => match event {
                track::Event::Opened { .. } => 0x0501,
                track::Event::Closed { .. } => 0x0502,
                track::Event::Paused { .. } => 0x0503,
                track::Event::Resumed { .. } => 0x0504,
                track::Event::Muted { .. } => 0x0505,
                track::Event::Unmuted { .. } => 0x0506,
            },
            Self::Hand(event) => match event {
                hand::Event::Raised { .. } => 0x0601,
                hand::Event::Lowered { .. } => 0x0602,
            },
            Self::Lock(event) => match event {
                lock::Event::Locked {} => 0x0701,
                lock::Event::Unlocked {} => 0x0702,
            },
            Self::Recording(event) => match event {
                recording::Event::Started {} => 0x0801,
                recording::Event::Stopped {} => 0x0802,
                recording::Event::MediaSealed(_) => 0x0803,
                recording::Event::Missing(_) => 0x0804,
            },
            Self::Policy(_) => 0x0901,
            Self::Delivery(delivery::Event::Delivered(_)) => 0x0A01,
            Self::DialIn(event) => match event {
                dial_in::Event::Called { .. } => 0x0B01,
                dial_in::Event::OnTelephone { .. } => 0x0B02,
                dial_in::Event::MicrophoneOff { .. } => 0x0B03,
                dial_in::Event::MicrophoneOn { .. } => 0x0B04,
            },
            Self::Control(event) => match event {
                control::Event::Asked {} => 0x0C01,
                control::Event::Given { .. } => 0x0C02,
                control::Event::Ended {} => 0x0C03,
                control::Event::Counted(_) => 0x0C04,
            },
        }
    }
}

impl Fact for life::Event {
    fn event_type(&self) -> u16 {
        match self {
            Self::Created(_) => 0x2001,
            Self::SessionOpened { .. } => 0x2002,
            Self::SessionEnded { .. } => 0x2003,
            Self::Changed(_) => 0x2004,
            Self::Cancelled { .. } => 0x2005,
            Self::Restored {} => 0x2006,
            Self::Transferred { .. } => 0x2007,
            Self::CodeDrawn { .. } => 0x2008,
            Self::Invited { .. } => 0x2009,
        }
    }
}

impl Fact for site::Event {
    fn event_type(&self) -> u16 {
        match self {
            Self::Accounts(event) => match event {
                accounts::Event::Added { .. } => 0x3001,
                accounts::Event::PasswordChanged { .. } => 0x3002,
                accounts::Event::SignedIn { .. } => 0x3003,
                accounts::Event::SignInFailed { .. } => 0x3004,
                accounts::Event::Known { .. } => 0x3005,
                accounts::Event::Renamed { .. } => 0x3006,
                accounts::Event::Readdressed { .. } => 0x3007,
                accounts::Event::ZoneSet { .. } => 0x3008,
                accounts::Event::PrivilegesSet { .. } => 0x3009,
                accounts::Event::GroupsSet { .. } => 0x300A,
                accounts::Event::Disabled { .. } => 0x300B,
                accounts::Event::Enabled { .. } => 0x300C,
                accounts::Event::CodesTurnedOn { .. } => 0x300D,
                accounts::Event::CodesTurnedOff { .. } => 0x300E,
                accounts::Event::ResetIssued { .. } => 0x300F,
                accounts::Event::SignInsEnded { .. } => 0x3010,
            },
            Self::Groups(event) => match event {
                groups::Event::Added { .. } => 0x3401,
                groups::Event::Renamed { .. } => 0x3402,
                groups::Event::PrivilegesSet { .. } => 0x3403,
                groups::Event::Removed { .. } => 0x3404,
            },
            Self::Alarm(_) => 0x3501,
            Self::Policy(_) => 0x3101,
            Self::Scripts(event) => match event {
                scripts::Event::Kept(_) => 0x3102,
                scripts::Event::Loaded { .. } => 0x3103,
            },
            Self::Settings(settings::Event::Set { .. }) => 0x3601,
            Self::Rooms(event) => match event {
                rooms::Event::Taken { .. } => 0x3602,
                rooms::Event::Given { .. } => 0x3603,
            },
            Self::Webhooks(event) => match event {
                webhooks::Event::Added { .. } => 0x3801,
                webhooks::Event::Changed { .. } => 0x3802,
                webhooks::Event::SecretChanged { .. } => 0x3803,
                webhooks::Event::Disabled { .. } => 0x3804,
                webhooks::Event::Enabled { .. } => 0x3805,
                webhooks::Event::Removed { .. } => 0x3806,
                webhooks::Event::GaveUp { .. } => 0x3807,
                webhooks::Event::Redelivered { .. } => 0x3808,
            },
            Self::Keys(event) => match event {
                keys::Event::Made { .. } => 0x3701,
                keys::Event::Revoked { .. } => 0x3702,
            },
            Self::Connections(event) => match event {
                connections::Event::Set { .. } => 0x3D01,
                connections::Event::Removed { .. } => 0x3D02,
            },
            Self::Audit(_) => 0x3201,
            Self::Started { .. } => 0x3301,
            Self::Lost(_) => 0x3302,
            Self::Erased(_) => 0x3303,
            Self::Deed(_) => 0x3B01,
        }
    }
}

/// Why an entry's body is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The payload was overwritten with zeros.
    Erased,
    /// The body is not the event its header says.
    Malformed(String),
}

/// Where, when and for whom a new fact stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The stream.
    pub stream: StreamId,
    /// Its place there.
    pub position: Position,
    /// When.
    pub time: Millis,
    /// Who did it.
    pub actor: Actor,
    /// Who may see it.
    pub audience: Audience,
    /// The request it answers.
    pub request: Option<(ClientId, u64)>,
}

/// A fact as an entry.
///
/// # Errors
/// When the event is larger than an entry may be, or not serializable (a bug in the model).
pub fn encode<E: Fact>(
    place: &Place,
    salt: &[u8; SALT_BYTES],
    event: &E,
) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let body = rmp_serde::to_vec_named(event)?;
    if body.len() + SALT_BYTES > entry::PAYLOAD_BYTES_MAX {
        return Err(rmp_serde::encode::Error::Syntax("an event is too large".into()));
    }
    let (client, client_seq) = place.request.unwrap_or_default();
    let header = Header {
        event_type: event.event_type(),
        payload_len: 0,
        stream: place.stream,
        epoch: place.position.epoch,
        audience: place.audience,
        actor: place.actor,
        client,
        client_seq,
        seq: place.position.seq,
        time: place.time,
        digest: [0; 32],
    };
    Ok(entry::write(header, salt, &body))
}

/// An entry as a record.
///
/// # Errors
/// `Erased` when there is nothing left to read, `Malformed` when the body is not its header's
/// event.
pub fn decode<E: Fact>(entry: &EntryRef<'_>) -> Result<Record<E>, DecodeError> {
    if entry.is_erased() {
        return Err(DecodeError::Erased);
    }
    let event: E =
        pack::read(entry.body()).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    let header = &entry.header;
    if event.event_type() != header.event_type {
        return Err(DecodeError::Malformed(
            "the body is another event than the header says".into(),
        ));
    }
    Ok(Record {
        position: header.position(),
        time: header.time,
        actor: header.actor,
        request: (header.client.0 != 0).then_some((header.client, header.client_seq)),
        event,
    })
}
