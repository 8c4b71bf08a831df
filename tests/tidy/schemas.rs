//! The lists under `schemas` say exactly what the code does.

use std::collections::BTreeMap;

use convoke_model::refusal::Refusal;
use convoke_wire::close::Close;

use super::tree::root;

fn table(name: &str) -> toml::Table {
    let path = root().join("schemas").join(name);
    let text = std::fs::read_to_string(path).expect("the list is there");
    text.parse().expect("the list is TOML")
}

#[test]
fn refusals_are_listed_as_the_model_has_them() {
    let table = table("refusals.toml");
    let rows = table["refusal"].as_array().expect("rows of refusals");
    let listed: BTreeMap<&str, &str> = rows
        .iter()
        .map(|row| {
            let code = row["code"].as_str().expect("a code");
            (code, row["sentence"].as_str().expect("a sentence"))
        })
        .collect();
    let built: BTreeMap<&str, &str> =
        Refusal::ALL.iter().map(|refusal| (refusal.code(), refusal.sentence())).collect();
    assert_eq!(listed, built);
    assert_eq!(rows.len(), built.len(), "a code is listed twice");
}

#[test]
fn a_refusal_has_a_snake_case_code_and_one_sentence_to_act_on() {
    for refusal in Refusal::ALL {
        let (code, sentence) = (refusal.code(), refusal.sentence());
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
        assert!(!code.starts_with('_') && !code.ends_with('_'), "{code}");
        assert!(sentence.starts_with(|c: char| c.is_ascii_uppercase()), "{code}: {sentence}");
        assert!(sentence.ends_with('.') && sentence.len() < 120, "{code}: {sentence}");
        assert!(!sentence.contains(['\n', '<', '>']), "{code}: {sentence}");
    }
}

#[test]
fn close_codes_are_listed_as_the_wire_has_them() {
    let table = table("close_codes.toml");
    let rows = table["close"].as_array().expect("rows of close codes");
    let listed: BTreeMap<i64, (&str, &str)> = rows
        .iter()
        .map(|row| {
            let code = row["code"].as_integer().expect("a code");
            let word = row["word"].as_str().expect("a word");
            (code, (word, row["sentence"].as_str().expect("a sentence")))
        })
        .collect();
    let built: BTreeMap<i64, (&str, &str)> = Close::ALL
        .iter()
        .map(|close| (i64::from(close.code()), (close.word(), close.sentence())))
        .collect();
    assert_eq!(listed, built);
    assert_eq!(rows.len(), built.len(), "a code is listed twice");
}

#[test]
fn close_codes_of_ours_lie_where_applications_may_choose() {
    for close in Close::ALL {
        let code = close.code();
        let standard = (1000..=1011).contains(&code);
        assert!(standard || (4000..=4999).contains(&code), "{code}");
    }
}

#[test]
fn the_time_zones_of_the_legacy_forms_are_unique_and_named() {
    let path = root().join("schemas/turbo/time_zones.tsv");
    let text = std::fs::read_to_string(path).expect("the table is there");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("id\tlabel\tiana"));
    let mut ids = std::collections::BTreeSet::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, label, zone] = cells.as_slice() else { panic!("three cells: {line}") };
        let id: u32 = id.parse().expect("an id is a number");
        assert!(ids.insert(id), "{id} twice");
        assert!(label.starts_with("(GMT"), "{label}");
        assert!(zone.contains('/') || *zone == "UTC", "{zone}");
    }
    assert_eq!(ids.len(), 85, "the vendor published 85");
}
