//! clients/auditor
fn main() {}
