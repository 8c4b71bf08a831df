//! The promised files under `schemas`: read, held equal, and written again when asked.
#![expect(clippy::disallowed_methods, reason = "examples lie on disk; only these tests read them")]

use std::path::PathBuf;

/// Where the promises lie.
pub(crate) fn schemas() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

/// A file under `schemas` as text.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(schemas().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the files in a folder under `schemas`, in order.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(schemas().join(folder)).expect("the folder is there");
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("readable"))).collect();
    names.sort();
    names
}

/// Holds a file equal to what the code makes; with `UPDATE_EXAMPLES=1` it writes the file instead.
pub(crate) fn hold(path: &str, made: &str) {
    if std::env::var("UPDATE_EXAMPLES").is_ok_and(|asked| asked == "1") {
        std::fs::write(schemas().join(path), made).expect("the examples can be written");
        return;
    }
    let why = "differs from what the code makes; UPDATE_EXAMPLES=1 writes it again, on purpose";
    assert!(read(path) == made, "schemas/{path} {why}");
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a string");
        out
    })
}

/// Hex as bytes.
pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let digits = |pair| std::str::from_utf8(pair).expect("hex is ASCII");
    pairs.map(|pair| u8::from_str_radix(digits(pair), 16).expect("hex")).collect()
}
