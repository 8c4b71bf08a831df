//! The lists under `schemas` say exactly what the code does.

use super::tree::root;

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
