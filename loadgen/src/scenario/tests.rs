//! Scenarios as people write them: right ones, and wrong ones that get one clear sentence.

use clap::Parser as _;

use super::*;

const SHIPPED: [(&str, &str); 7] = [
    ("small-day", include_str!("../../scenarios/small-day.toml")),
    ("webinar-1000", include_str!("../../scenarios/webinar-1000.toml")),
    ("hundred-meetings", include_str!("../../scenarios/hundred-meetings.toml")),
    ("flapping", include_str!("../../scenarios/flapping.toml")),
    ("newcomers", include_str!("../../scenarios/newcomers.toml")),
    ("remote-support", include_str!("../../scenarios/remote-support.toml")),
    ("slow-readers", include_str!("../../scenarios/slow-readers.toml")),
];

fn parse(text: &str) -> Result<Scenario, CannotRun> {
    Scenario::parse("test", text)
}

fn refused(text: &str) -> String {
    parse(text).expect_err("it is wrong").0
}

#[test]
fn what_is_shipped_can_be_run() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"));
    assert_eq!(files.expect("the folder").count(), SHIPPED.len(), "each is tried here");
    for (name, text) in SHIPPED {
        let scenario = Scenario::parse(name, text).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        let people = |group: &Group| group.people.iter().map(|(_, n)| n * group.count).sum::<u32>();
        let people: u32 = scenario.groups.iter().map(people).sum();
        assert!(scenario.about.is_some() && people > 4, "{name}");
        let publishes = scenario.roles.iter().any(|role| !role.outputs.is_empty());
        assert!(publishes, "{name}: nobody says anything");
    }
}

#[test]
fn each_key_that_is_known_can_be_used() {
    let text = r#"
        about = "everything"
        seed = 3
        seconds = 5
        model = "closed"
        join = "legacy"
        late_ms = 20.5
        [server]
        url = "http://localhost:1"
        account = "a@b.c"
        ca = "ca.pem"
        data = "data"
        threads = 1
        sources = 2
        [ramp]
        per_second = 5
        steps = [{ people = 3, per_second = 1 }]
        [roles.busy]
        chat = { rate = 2, size = [24, 4000], think_s = [0.5, 1] }
        audio = { rate = 50, size = 80 }
        camera = { rate = 20, size = 900, key_every_s = 1, key_size = 2000 }
        screen = { rate = [10, 30], size = [2048, 51200], key_every_s = 4, key_size = 60000 }
        [roles.mouse]
        remote_input = { rate = [30, 60], size = [24, 48] }
        [roles.odd]
        reads_bytes_per_s = 100
        drops_every_s = 2
        away_ms = 50
        [roles.late]
        joins_at_s = 1
        [[sessions]]
        count = 2
        host = "odd"
        people = { busy = 1, mouse = 1, late = 2, viewer = 3 }
        [thresholds]
        delivered = 0.99
        p50_ms = 1
        p99_ms = 2
        p999_ms = 3
        max_ms = 4
        join_p99_ms = 5
        late_max = 6
        errors_max = 7
        refused_max = 8
    "#;
    let scenario = parse(text).expect("sound");
    let busy = &scenario.roles.iter().find(|role| role.name == "busy").expect("there").outputs;
    assert_eq!(busy.len(), 4);
    assert_eq!((scenario.model, scenario.join), (Model::Closed, Join::Legacy));
    assert_eq!(scenario.groups[0].people[0].1, 1, "those who publish come first");
    assert_eq!(scenario.late, Some(20_500));
    // Every key that is in the list was used above, but for the one that excludes others.
    for (_, keys) in file::KEYS {
        for key in keys.iter().filter(|key| **key != "tickets") {
            let used = text.contains(&format!("{key} =")) || text.contains(&format!("[{key}]"));
            let used =
                used || text.contains(&format!("[{key}.")) || text.contains(&format!("[[{key}]]"));
            assert!(used, "{key}");
        }
    }
}

#[test]
fn an_unknown_key_is_named_with_the_nearest() {
    let people = "[[sessions]]\npeople = { viewer = 1 }\n";
    for (text, want) in [
        ("sead = 1", "line 1: unknown key `sead`; did you mean `seed`?"),
        (
            "\n[roles.a]\nchat = { rat = 1 }",
            "line 3: unknown key `roles.a.chat.rat`; did you mean `roles.a.chat.rate`?",
        ),
        (
            "[thresholds]\np9999 = 1",
            "line 2: unknown key `thresholds.p9999`; did you mean `thresholds.p99_ms`?",
        ),
        (
            "[ramp]\nsteps = [{ persons = 1, per_second = 1 }]",
            "line 2: unknown key `ramp.steps.persons`; did you mean `ramp.steps.per_second`?",
        ),
        (
            "[[sessions]]\npeople = { veiwer = 1 }",
            "there is no role `veiwer`; did you mean `viewer`?",
        ),
    ] {
        let told = refused(text);
        assert!(told == want || text.contains("persons"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    assert!(parse(people).is_ok());
}

#[test]
fn what_is_impossible_is_one_sentence() {
    let with =
        |role: &str| format!("[roles.a]\n{role}\n[[sessions]]\npeople = {{ a = 2, viewer = 1 }}\n");
    let one = |role: &str| with(role).replace("a = 2", "a = 1");
    for (text, word) in [
        (with("chat = { rate = 0 }"), "roles.a.chat.rate"),
        (with("chat = { rate = [5, 1] }"), "roles.a.chat.rate"),
        (with("chat = { rate = 1e9 }"), "roles.a.chat.rate"),
        (with("chat = { size = 5000 }"), "roles.a.chat.size"),
        (with("audio = { size = 10 }"), "roles.a.audio.size"),
        (with("screen = {}"), "2 people of a session share a screen"),
        (with("remote_input = {}"), "2 people of a session control the screen"),
        (one("remote_input = {}"), "somebody else in the session who shares a screen"),
        (one("screen = {}\nremote_input = {}"), "somebody else in the session who shares a screen"),
        (with("drops_every_s = 1\naudio = {}"), "can publish chat only"),
        (with("joins_at_s = 1\nchat = {}"), "only listens"),
        (with("joins_at_s = 60"), "not within"),
        (with("reads_bytes_per_s = 0"), "reads_bytes_per_s"),
        ("seconds = 1".into(), "at least one [[sessions]]"),
        ("[thresholds]\nlate_max = 1\n[[sessions]]\npeople = { viewer = 1 }".into(), "late_ms"),
        ("[thresholds]\ndelivered = \"most\"\n[[sessions]]\npeople = { viewer = 1 }".into(), "all"),
        ("model = \"half\"".into(), "line 1"),
        ("seconds = ".into(), "line 1"),
    ] {
        let told = refused(&text);
        assert!(told.contains(word), "{text}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn the_command_line_changes_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.toml");
    let text = "seed = 5\nseconds = 3\n[server]\nurl = \"http://a\"\n[[sessions]]\n\
                people = { chatter = 1 }";
    std::fs::write(&path, text).expect("written");
    let of = |more: &[&str]| {
        let mut words = vec!["loadgen", "run", "--scenario", path.to_str().expect("text")];
        words.extend(more);
        let command = crate::cli::Cli::parse_from(words).command;
        let crate::cli::Command::Run(args) = command else { panic!("it is a run") };
        Scenario::of(&args).expect("sound")
    };
    let plain = of(&[]);
    assert_eq!(
        (plain.seed, plain.seconds, plain.server.url.as_deref()),
        (5, 3.0, Some("http://a"))
    );
    let changed =
        of(&["--seed", "9", "--seconds", "7", "--server", "http://b", "--join", "legacy"]);
    assert_eq!((changed.seed, changed.seconds, changed.join), (9, 7.0, Join::Legacy));
    assert_eq!(changed.server.url.as_deref(), Some("http://b"));
}

#[test]
fn the_same_seed_is_the_same_traffic_for_everybody_in_a_scenario() {
    use crate::schedule::{Item, Schedule};
    let traffic = |text: &str, seed| -> Vec<Vec<Item>> {
        let scenario = Scenario { seed, ..Scenario::parse("test", text).expect("sound") };
        let plan = crate::plan::Plan::new(&scenario).expect("sound");
        let mut crowd = crate::tickets::Crowd::default();
        for group in &scenario.groups {
            (0..group.count).for_each(|_| crowd.seat(&plan.roles, group.host, &group.people));
        }
        let seats = crowd.seats.iter().flatten();
        let outputs = seats.flat_map(|seat| (seat.first..).zip(&plan.roles[seat.role].outputs));
        let schedules = outputs.map(|(n, output)| Schedule::new(&output.pattern, plan.seed, n));
        schedules.map(|one| (0..50).filter_map(|number| one.item(number)).collect()).collect()
    };
    for (name, text) in SHIPPED {
        let (one, again, other) = (traffic(text, 7), traffic(text, 7), traffic(text, 8));
        assert!(!one.is_empty() && one == again, "{name}");
        assert_ne!(one, other, "{name}");
    }
}
