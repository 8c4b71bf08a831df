//! The project's own scripts, built into the program.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../scripts"]
struct Defaults;

/// Every file of the folder `scripts`: its path in it, and what it holds.
#[must_use]
pub fn defaults() -> Vec<(String, Vec<u8>)> {
    let file = |path: std::borrow::Cow<'static, str>| {
        Defaults::get(&path).map(|file| (path.into_owned(), file.data.into_owned()))
    };
    Defaults::iter().filter_map(file).collect()
}
