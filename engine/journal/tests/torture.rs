//! The share of the torture that fits into every test run; the rest is `cargo xtask torture`.

use convoke_journal::torture;

#[test]
fn power_is_lost_at_100_points_and_nothing_else_is() {
    let tally = torture::power(100, 1);
    assert_eq!(tally.failures, Vec::<String>::new());
    assert!(tally.points == 100 && tally.accepted > 1000, "{tally:?}");
}

#[test]
fn each_of_the_first_200_operations_fails_in_every_way() {
    let tally = torture::faults(200, 1);
    assert_eq!(tally.failures, Vec::<String>::new());
    assert!(tally.faults > 300, "{tally:?}");
}

#[test]
fn of_2000_changed_files_none_goes_unnoticed() {
    let tally = torture::flips(Some(2000), 1);
    assert_eq!(tally.silent, Vec::<String>::new());
    assert!(tally.detected > 800 && tally.same > 100, "{tally:?}");
    // Only what the witness cannot know of yet is left to the receipts: the end of one block.
    assert!(tally.by_receipt < 40, "{tally:?}");
}
