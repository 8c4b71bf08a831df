//! The project's own scripts, and the cookbook's: every one has cases, and they come out.

use std::path::Path;

use convoke::policy::{all_of, commands};

use super::stage;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server lies in the repository")
}

#[test]
fn the_scripts_that_come_with_it_are_all_there_with_cases_that_come_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = commands::init(folder.path()).expect("written");
    assert!(said.contains("0 were there already"), "{said}");
    let book = all_of(folder.path()).expect("read");
    assert_eq!(book.live.len(), 7, "one for every hook");
    assert!(book.sources().all(|source| source.cases.is_some()));
    let said = stage::run(commands::test(folder.path(), stage::launch())).expect("all come out");
    assert!(said.contains("9 scripts"), "{said}");
    // What an operator changed stays.
    let changed = folder.path().join("admit/default.rhai");
    std::fs::write(&changed, "fn admit(question) { lobby() }").expect("written");
    commands::init(folder.path()).expect("nothing to write");
    assert!(std::fs::read_to_string(&changed).expect("read").contains("{ lobby() }"));
    let failed = stage::run(commands::test(folder.path(), stage::launch())).expect_err("fails");
    assert!(failed.contains("admit/default.cases.toml: case 1 (the owner): expected"), "{failed}");
}

#[test]
fn every_recipe_of_the_cookbook_comes_out_as_it_says() {
    let folder = repository().join("docs/policies");
    let book = all_of(&folder).expect("read");
    assert!(book.sources().count() >= 6);
    assert!(book.sources().all(|source| source.cases.is_some()), "each has cases");
    let said = stage::run(commands::test(&folder, stage::launch()));
    said.expect("all come out");
    // What the page shows is what was tested.
    let page = std::fs::read_to_string(repository().join("docs/POLICIES.md")).expect("a page");
    for source in book.sources() {
        assert!(page.contains(&source.text), "the page shows another {}", source.path());
    }
}
