//! Every bound of the engine in one place; they check each other when the crate is compiled.

/// Bounds of one shard and its sessions.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wishes taken into one turn.
    pub turn_asks_max: usize,
    /// Bytes of entries in one turn; the committer writes no larger block.
    pub turn_bytes_max: usize,
    /// Turns handed to the committer and not durable yet.
    pub turns_in_flight_max: usize,
    /// Recent facts that a session keeps ready to send.
    pub facts_lane_bytes: usize,
    /// Recent facts for hosts that a session keeps ready to send.
    pub hosts_lane_bytes: usize,
    /// Recent frames that a video track keeps ready to send.
    pub video_lane_bytes: usize,
    /// Recent frames that a microphone or remote input keeps ready to send.
    pub audio_lane_bytes: usize,
    /// Milliseconds of sound and input that a late reader may still get.
    pub audio_keep_ms: u64,
    /// Recent facts whose hash and place in the lane are remembered for resuming clients.
    pub recent_facts_max: usize,
    /// Milliseconds between two key-frame requests, or two wishes for another codec, that a
    /// publisher gets for one track.
    pub key_frame_pause_ms: u64,
}

impl Limits {
    /// What the server starts with.
    pub const DEFAULT: Self = Self {
        turn_asks_max: 4096,
        turn_bytes_max: 192 * 1024,
        turns_in_flight_max: 3,
        facts_lane_bytes: 1024 * 1024,
        hosts_lane_bytes: 512 * 1024,
        video_lane_bytes: 8 * 1024 * 1024,
        audio_lane_bytes: 256 * 1024,
        audio_keep_ms: 1000,
        recent_facts_max: 8192,
        key_frame_pause_ms: 1000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const _: () = {
    let limits = Limits::DEFAULT;
    // All turns in flight fit one block of the committer's, which cuts them at 1 MiB: a disk that
    // takes milliseconds to sync is then still fed with all that came meanwhile.
    assert!(limits.turns_in_flight_max * limits.turn_bytes_max <= 1024 * 1024);
    // What becomes durable at once always fits the lane that carries it.
    assert!(limits.facts_lane_bytes > limits.turns_in_flight_max * limits.turn_bytes_max);
    // A full media message and its frame header always fit.
    assert!(limits.audio_lane_bytes > 2 * convoke_wire::media::MESSAGE_BYTES_MAX);
};
