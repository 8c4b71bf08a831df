//! The lane of a track: who may write into it, and where a newcomer begins.

use convoke_engine::Limits;
use convoke_engine::lanes::{Dropped, Lanes};
use convoke_fanout::{Pool, PoolLimits};
use convoke_model::meeting::track::Kind;
use convoke_model::{Millis, ParticipantId, TrackId};
use convoke_wire::media::{FLAG_CONFIG, FLAG_FIRST, FLAG_KEY, FLAG_LAST, MediaHeader};

const OWNER: ParticipantId = ParticipantId(2);
const TRACK: TrackId = TrackId(5);
const KEY: u8 = FLAG_KEY | FLAG_FIRST | FLAG_LAST;
const DELTA: u8 = FLAG_FIRST | FLAG_LAST;

fn lanes(kind: Kind) -> (Lanes, Limits) {
    let limits = Limits { video_lane_bytes: 1, ..Limits::DEFAULT };
    let mut lanes = Lanes::new(&Pool::new(PoolLimits::default()), &limits);
    lanes.open_track(TRACK, OWNER, (kind, None), &limits);
    (lanes, limits)
}

fn send(lanes: &mut Lanes, l: &Limits, flags: u8, generation: u32) -> Result<u64, Dropped> {
    let header = MediaHeader {
        flags,
        part: 0,
        track: TRACK,
        generation,
        frame: 1,
        captured_us: 0,
        arrived: Millis(1000),
        fact_seq: 9,
    };
    let mut message = header.to_bytes().to_vec();
    message.resize(8000, 1);
    let start = lanes.tracks()[&TRACK].lane().head();
    lanes.media(OWNER, &header, &message, l).map(|_| start)
}

fn entrance(lanes: &Lanes) -> u64 {
    lanes.tracks()[&TRACK].entrance()
}

fn head(lanes: &Lanes) -> u64 {
    lanes.tracks()[&TRACK].lane().head()
}

#[test]
fn a_newcomer_begins_at_the_newest_key_frame_and_its_configuration() {
    let (mut lanes, limits) = lanes(Kind::Camera);
    assert_eq!(entrance(&lanes), head(&lanes), "nothing to begin at");
    let key = send(&mut lanes, &limits, KEY, 1).expect("taken");
    send(&mut lanes, &limits, DELTA, 1).expect("taken");
    assert_eq!(entrance(&lanes), key);
    let config = send(&mut lanes, &limits, FLAG_CONFIG, 1).expect("taken");
    assert_eq!(entrance(&lanes), key, "a configuration alone is no picture");
    send(&mut lanes, &limits, KEY, 1).expect("taken");
    assert_eq!(entrance(&lanes), config);
}

#[test]
fn a_key_frame_that_fell_out_of_the_lane_is_no_entrance() {
    let (mut lanes, limits) = lanes(Kind::Screen);
    send(&mut lanes, &limits, FLAG_CONFIG, 1).expect("taken");
    for _ in 0..40 {
        send(&mut lanes, &limits, DELTA, 1).expect("taken");
    }
    let key = send(&mut lanes, &limits, KEY, 1).expect("taken");
    assert_eq!(entrance(&lanes), key, "its configuration is gone, the key frame is not");
    for _ in 0..40 {
        send(&mut lanes, &limits, DELTA, 1).expect("taken");
    }
    assert_eq!(entrance(&lanes), head(&lanes), "the next key frame has to be asked for");
}

#[test]
fn only_the_owners_media_of_the_right_generation_is_let_through() {
    let (mut lanes, limits) = lanes(Kind::Camera);
    send(&mut lanes, &limits, KEY, 1).expect("taken");
    assert_eq!(send(&mut lanes, &limits, KEY, 2), Err(Dropped::Stale));
    lanes.flow(TRACK, 2, true);
    assert_eq!(send(&mut lanes, &limits, KEY, 1), Err(Dropped::Stale));
    assert_eq!(send(&mut lanes, &limits, KEY, 2), Err(Dropped::Stale), "it is paused");
    assert_eq!(entrance(&lanes), head(&lanes), "nobody is shown what was before the pause");
    lanes.flow(TRACK, 3, false);
    assert_eq!(send(&mut lanes, &limits, KEY, 2), Err(Dropped::Stale));
    let key = send(&mut lanes, &limits, KEY, 3).expect("taken");
    assert_eq!(entrance(&lanes), key);
    let header = MediaHeader {
        flags: KEY,
        part: 0,
        track: TRACK,
        generation: 3,
        frame: 2,
        captured_us: 0,
        arrived: Millis(1),
        fact_seq: 1,
    };
    let bytes = header.to_bytes();
    let other = lanes.media(ParticipantId(9), &header, &bytes, &limits);
    assert_eq!(other, Err(Dropped::NoTrack), "somebody else's");
    lanes.close_track(TRACK);
    assert_eq!(lanes.media(OWNER, &header, &bytes, &limits), Err(Dropped::NoTrack));
}

#[test]
fn key_frames_are_asked_for_once_in_a_while() {
    let (mut lanes, limits) = lanes(Kind::Camera);
    let lane = lanes.track_mut(TRACK).expect("open");
    assert!(lane.want_key_frame(Millis(10_000), &limits));
    assert!(!lane.want_key_frame(Millis(10_500), &limits), "merged");
    assert!(!lane.ask_again(Millis(10_999), &limits));
    assert!(lane.ask_again(Millis(11_000), &limits), "the wish was kept");
    assert!(!lane.ask_again(Millis(13_000), &limits), "and is fulfilled");
}

#[test]
fn remote_input_is_for_one_alone_and_nothing_old_of_it_is_sent() {
    let limits = Limits::DEFAULT;
    let mut lanes = Lanes::new(&Pool::new(PoolLimits::default()), &limits);
    let (target, other) = (ParticipantId(3), ParticipantId(4));
    lanes.open_track(TRACK, OWNER, (Kind::RemoteInput, Some(target)), &limits);
    for _ in 0..3 {
        send(&mut lanes, &limits, KEY, 1).expect("taken");
    }
    assert_eq!(entrance(&lanes), head(&lanes), "whoever comes gets what is new");
    let lane = &lanes.tracks()[&TRACK];
    assert!(lane.is_for(target) && !lane.is_for(other) && !lane.is_for(OWNER));
    lanes.close_track(TRACK);
    assert_eq!(send_to_nothing(&mut lanes, &limits), Err(Dropped::NoTrack));
}

fn send_to_nothing(lanes: &mut Lanes, limits: &Limits) -> Result<Kind, Dropped> {
    let header = MediaHeader {
        flags: KEY,
        part: 0,
        track: TRACK,
        generation: 1,
        frame: 4,
        captured_us: 0,
        arrived: Millis(1000),
        fact_seq: 9,
    };
    lanes.media(OWNER, &header, &header.to_bytes(), limits)
}
