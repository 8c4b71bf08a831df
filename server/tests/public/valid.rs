//! Every rendering is what its standard says, by programs that are not ours: xmllint, and Python's
//! jsonschema, icalendar and feedparser.

use std::path::{Path, PathBuf};
use std::process::Command;

use convoke_model::meeting::plan::Plan;

use super::stage::{FORMS, Stage};

fn run(command: &mut Command, packages: &str) {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output();
    let missing = format!("{name} is missing: `apt-get install {packages}`, then test again");
    let output = output.unwrap_or_else(|_| panic!("{missing}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("ModuleNotFoundError"), "{missing}: {said}");
    assert!(output.status.success(), "{name}: {said}");
}

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/public")
}

/// Renders all forms into a folder and lets the others read them.
fn check(stage: &Stage, expected: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    for form in FORMS {
        let reply = stage.get(form);
        assert_eq!(reply.status, 200, "{reply:?}");
        std::fs::write(folder.path().join(format!("meetings.{form}")), reply.body).expect("a file");
    }
    run(
        Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema"])
            .arg(schemas().join("meetings.xsd"))
            .arg(folder.path().join("meetings.xml")),
        "libxml2-utils",
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/public/valid.py");
    run(
        // Debian's own, which has Debian's packages; another one may come before it in PATH.
        Command::new("/usr/bin/python3")
            .arg(script)
            .arg(schemas().join("meetings.schema.json"))
            .arg(folder.path())
            .arg(expected.to_string()),
        "python3-jsonschema python3-icalendar python3-feedparser",
    );
}

#[test]
fn an_empty_list_is_valid_in_every_form() {
    check(&Stage::new(), 0);
}

#[test]
fn a_full_list_is_valid_in_every_form_whatever_is_in_a_topic() {
    let stage = Stage::new();
    stage.branding("Rathaus & Söhne <1>", "#0c6b5e");
    let topics = [
        "A; B, C\\D: \"quoted\" 'text'",
        "<b>&amp;]]></b><!-- -- --><![CDATA[x]]>",
        "安全な会議 🎉 \u{fdd0}\u{ffff}",
        "a very long topic that has to be folded because a line of a calendar ends at 75 bytes ü",
        "BEGIN:VEVENT",
    ];
    for (n, topic) in (0..).zip(topics) {
        stage.meeting(topic, stage.in_minutes(30 + n, None));
    }
    stage.meeting("Weekly", stage.in_minutes(50, Some("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5")));
    stage.meeting("Any time", Plan { public: true, ..Plan::default() });
    check(&stage, 7);
}

#[test]
fn a_list_that_tells_next_to_nothing_is_valid_in_every_form() {
    let stage = Stage::new();
    stage.script("if question.topic == \"A\" { list([]) } else { list([\"start\"]) }");
    stage.meeting("A", stage.in_minutes(30, None));
    stage.meeting("B", stage.in_minutes(40, None));
    check(&stage, 2);
}
