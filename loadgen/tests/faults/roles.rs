//! Roles and thresholds: who may skip what, who comes back, what is late, and what decides.

use std::process::Stdio;

use crate::relay::{Fault, Relay};
use crate::{Told, faults, loadgen, told};

/// Plays a scenario with these guests.
pub(crate) fn play(relay: &Relay, scenario: &str, guests: &str) -> Told {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.toml");
    let text = format!("join = \"ticket\"\n{scenario}");
    std::fs::write(&path, text).expect("the folder is there");
    let server = format!("http://{}", relay.address);
    let mut command = loadgen(&["--server", &server]);
    command.arg("--scenario").arg(&path);
    told(guests, &folder, command)
}

/// The same for an account, which lets people in through the relay's door.
fn invite(relay: &Relay, scenario: &str, more: &[&str]) -> Told {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, json) = (folder.path().join("test.toml"), folder.path().join("json"));
    std::fs::write(&path, scenario).expect("the folder is there");
    let server = format!("http://{}", relay.address);
    let mut command = loadgen(&["--server", &server, "--account", "a@b.c", "--password-stdin"]);
    command.arg("--scenario").arg(&path).arg("--json").arg(&json).args(more);
    crate::with_password(command, &json)
}

const FLAPPERS: &str = "seconds = 1.5
[roles.flapper]
drops_every_s = 0.4
away_ms = 30
[roles.chatter]
chat = { rate = 60, size = 80 }
[roles.mobile]
drops_every_s = 0.5
away_ms = 20
chat = { rate = 30, size = 80 }
";
const FLAPPING: &str = "host h\nchatter a\nflapper b\nmobile c\nviewer d\n";

#[test]
fn whoever_comes_back_has_missed_nothing_and_gets_nothing_twice() {
    let relay = Relay::start(Fault::None);
    let told = play(&relay, FLAPPERS, FLAPPING);
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    assert!(told.json["resumes"].as_u64() >= Some(3), "{}", told.text);
    assert_eq!(told.json["delivered"], told.json["expected"]);
    assert_eq!(told.json["resume_us"]["count"], told.json["resumes"]);
}

#[test]
fn a_fact_that_is_forgotten_when_somebody_comes_back_is_found() {
    let relay = Relay::start(Fault::Forget);
    let told = play(&relay, FLAPPERS, FLAPPING);
    assert_eq!(told.code, 1, "{}", told.text);
    let holes = told.json["fact_holes"].as_u64() >= Some(1);
    assert!(holes || told.text.contains("broke the protocol (Hole)"), "{}", told.text);
}

#[test]
fn a_fact_that_comes_twice_after_coming_back_is_found() {
    let relay = Relay::start(Fault::Repeat);
    let told = play(&relay, FLAPPERS, FLAPPING);
    assert_eq!(told.code, 1, "{}", told.text);
    assert!(told.json["fact_doubles"].as_u64() >= Some(1), "{}", told.text);
    assert_eq!(told.json["lost"], 0, "{}", told.text);
}

#[test]
fn media_that_are_skipped_are_no_loss_to_the_slow_alone() {
    let scenario = "seconds = 0.5\n[roles.talker]\naudio = { rate = 50 }\n[roles.slow]\n\
                    reads_bytes_per_s = 1000000\n";
    let slow = play(&Relay::start(Fault::Lose), scenario, "host h\ntalker a\nslow hit\n");
    assert_eq!((slow.code, faults(&slow)), (0, vec![]), "{}", slow.text);
    assert_eq!(slow.json["skipped"], 1, "{}", slow.text);
    let fast = play(&Relay::start(Fault::Lose), scenario, "host h\ntalker a\nviewer hit\n");
    assert_eq!((fast.code, faults(&fast)), (1, vec![("lost", 1), ("gaps", 1)]), "{}", fast.text);
    assert_eq!(fast.json["skipped"], 0, "{}", fast.text);
    let roles = fast.json["roles"].as_array().expect("roles");
    let viewer = roles.iter().find(|role| role["name"] == "viewer").expect("it came");
    assert_eq!(viewer["lost"], 1, "{}", fast.text);
}

#[test]
fn large_frames_are_cut_and_all_their_parts_arrive() {
    let scenario = "seconds = 1\n[roles.host]\nscreen = { rate = 10, size = 40000 }\n";
    let told = play(&Relay::start(Fault::None), scenario, "host h\nviewer a\nviewer b\n");
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    assert_eq!(told.json["sent"], 30, "ten frames of three parts: {}", told.text);
    assert_eq!(told.json["delivered"], 60, "{}", told.text);
}

const CONTROLLED: &str = "seconds = 0.5\n[roles.customer]\nscreen = { rate = 10, size = 4000 }\n\
                          [roles.supporter]\nremote_input = { rate = 100 }\n";
const CONTROLLERS: &str = "host h\nsupporter a\ncustomer b\nviewer c\n";

#[test]
fn remote_input_comes_to_the_one_whose_screen_it_is() {
    let told = play(&Relay::start(Fault::None), CONTROLLED, CONTROLLERS);
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    // Fifty inputs to one person, five frames to three.
    assert_eq!(told.json["sent"], 55, "{}", told.text);
    assert_eq!(told.json["delivered"], 65, "{}", told.text);
}

#[test]
fn remote_input_that_comes_to_others_is_found() {
    let told = play(&Relay::start(Fault::Leak), CONTROLLED, CONTROLLERS);
    assert_eq!(told.code, 1, "{}", told.text);
    // The host and the viewer got what was not for them.
    assert_eq!(faults(&told), [("strays", 100)], "{}", told.text);
}

#[test]
fn late_deliveries_are_counted_and_a_threshold_decides() {
    let play = |thresholds: &str| {
        let scenario = format!(
            "seconds = 0.5\nlate_ms = 150\n[roles.talker]\naudio = {{ rate = 100 }}\n\
             [thresholds]\n{thresholds}"
        );
        play(&Relay::start(Fault::Delay), &scenario, "host h\ntalker a\nviewer b\n")
    };
    let strict = play("late_max = 0");
    assert_eq!(strict.code, 1, "{}", strict.text);
    assert!(strict.json["late"].as_u64() >= Some(10), "{}", strict.text);
    assert!(strict.text.contains("late_max 0: ") && strict.text.contains("BROKEN"));
    assert_eq!(strict.json["sound"], true, "all arrived");
    let lenient = play("late_max = 100000\nmax_ms = 60000\ndelivered = \"all\"");
    assert_eq!(lenient.code, 0, "{}", lenient.text);
    assert_eq!(lenient.json["passed"], true);
}

#[test]
fn newcomers_get_all_that_is_said_from_then_on() {
    let scenario = "seconds = 3\n[roles.talker]\naudio = { rate = 50 }\nchat = { rate = 20 }\n\
                    [roles.newcomer]\njoins_at_s = 0.5\n\
                    [[sessions]]\npeople = { talker = 1, viewer = 1, newcomer = 5 }\n";
    for way in ["api", "legacy"] {
        let told = invite(&Relay::start(Fault::None), scenario, &["--join", way]);
        assert_eq!((told.code, faults(&told)), (0, vec![]), "{way}: {}", told.text);
        assert_eq!(told.json["joins_us"]["count"], 8, "{way}: {}", told.text);
        let roles = told.json["roles"].as_array().expect("roles");
        let newcomers = roles.iter().find(|role| role["name"] == "newcomer").expect("they came");
        assert_eq!(newcomers["people"], 5, "{}", told.text);
        // Two and a half seconds of seventy messages a second, for five; less while they come in.
        let delivered = newcomers["delivered"].as_u64().expect("a count");
        assert!((300..=900).contains(&delivered), "{}", told.text);
    }
}

#[test]
fn a_refused_join_is_one_clear_sentence() {
    let scenario = "[[sessions]]\npeople = { chatter = 2 }\n";
    for way in ["api", "legacy"] {
        let told = invite(&Relay::start(Fault::Locked), scenario, &["--join", way]);
        assert_eq!(told.code, 2, "{}", told.text);
        assert!(told.text.starts_with("loadgen: Load 1-"), "{way}: {}", told.text);
        let want = "cannot join meeting 88137455: The meeting is locked. (locked)\n";
        assert!(told.text.ends_with(want), "{way}: {}", told.text);
        assert_eq!(told.text.lines().count(), 1, "{way}: {}", told.text);
    }
}

#[test]
fn a_folder_without_a_log_is_named_before_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a plain name");
    let mut command = loadgen(&["--server", "http://127.0.0.1:1", "--data", data]);
    command.stdin(Stdio::null());
    let told = told(crate::TWO, &folder, command);
    assert_eq!(told.code, 2);
    let want =
        format!("loadgen: --data {data} is not a Convoke data folder: there is no log/ in it\n");
    assert_eq!(told.text, want);
}
