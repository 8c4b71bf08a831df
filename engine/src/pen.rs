//! The pen of one stream: gives each new fact its place, its bytes and its link in the chain.

use convoke_model::{Actor, Audience, ClientId, Millis, Position, Record, StreamId};
use convoke_wire::codec::{self, Fact};
use convoke_wire::entry::{self, CHAIN_START, EntryRef, HEADER_BYTES, Hash, SALT_BYTES};
use sha2::{Digest, Sha256};

/// Salts for payloads: unpredictable without the seed, the same again with it.
pub struct Salts {
    seed: [u8; 32],
    drawn: u64,
    /// The second half of the last block drawn.
    spare: Option<[u8; SALT_BYTES]>,
}

impl Salts {
    /// Salts from a seed that the server's entropy drew.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0, spare: None }
    }

    fn next(&mut self) -> [u8; SALT_BYTES] {
        if let Some(salt) = self.spare.take() {
            return salt;
        }
        let block: Hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.drawn.to_le_bytes())
            .finalize()
            .into();
        self.drawn += 1;
        let (mut salt, mut spare) = ([0; SALT_BYTES], [0; SALT_BYTES]);
        salt.copy_from_slice(&block[..SALT_BYTES]);
        spare.copy_from_slice(&block[SALT_BYTES..]);
        self.spare = Some(spare);
        salt
    }
}

/// A fact that has its place: as a record for the folds and as bytes for the log and the lanes.
pub struct Written<E> {
    /// For the folds.
    pub record: Record<E>,
    /// For the log and the lanes.
    pub bytes: Vec<u8>,
    /// Who may see it.
    pub audience: Audience,
    /// Its leaf.
    pub leaf: Hash,
    /// The stream's hash after it.
    pub hash: Hash,
}

/// Author and request of a new fact.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Who did it.
    pub actor: Actor,
    /// The request it answers.
    pub request: Option<(ClientId, u64)>,
    /// When.
    pub now: Millis,
}

/// The writing end of one stream.
#[derive(Clone, Debug)]
pub struct Pen {
    stream: StreamId,
    position: Position,
    hash: Hash,
    time: Millis,
}

impl Pen {
    /// A stream that has no entries yet, or continues after what was read from the log.
    #[must_use]
    pub fn new(stream: StreamId) -> Self {
        Self { stream, position: Position::default(), hash: CHAIN_START, time: Millis(0) }
    }

    /// Takes in an entry that is in the log already.
    pub fn follow(&mut self, entry: &EntryRef<'_>) {
        self.position = entry.header.position();
        self.hash = entry::chain(&self.hash, &entry.leaf());
        self.time = entry.header.time;
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Place of the last entry.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The stream's hash after it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The next entry. Its time is never before that of the last one.
    ///
    /// # Panics
    /// Never for the model's own events: their texts and lists are bounded far below an entry's
    /// size.
    pub fn write<E: Fact>(
        &mut self,
        epoch: u32,
        salts: &mut Salts,
        origin: Origin,
        audience: Audience,
        event: E,
    ) -> Written<E> {
        let position = Position { epoch, seq: self.position.seq + 1 };
        let time = origin.now.max(self.time);
        let place = codec::Place {
            stream: self.stream,
            position,
            time,
            actor: origin.actor,
            audience,
            request: origin.request,
        };
        let bytes = codec::encode(&place, &salts.next(), &event)
            .expect("the model bounds its events below an entry's size");
        let leaf = entry::leaf(&bytes[..HEADER_BYTES]);
        self.hash = entry::chain(&self.hash, &leaf);
        self.position = position;
        self.time = time;
        let record = Record { position, time, actor: origin.actor, request: origin.request, event };
        Written { record, bytes, audience, leaf, hash: self.hash }
    }
}
