//! The command line: `--name value` pairs.

use std::collections::BTreeMap;
use std::str::FromStr;

pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    pub(crate) fn read(words: &[String]) -> Result<Self, String> {
        let mut found = BTreeMap::new();
        for pair in words.chunks(2) {
            match pair {
                [name, value] if name.starts_with("--") => {
                    found.insert(name[2..].to_owned(), value.clone());
                }
                other => return Err(format!("{} is not --NAME VALUE", other.join(" "))),
            }
        }
        Ok(Self(found))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn needed(&self, name: &str) -> Result<&str, String> {
        self.text(name).ok_or_else(|| format!("--{name} is missing"))
    }

    pub(crate) fn number<T: FromStr>(&self, name: &str, otherwise: T) -> Result<T, String> {
        match self.text(name) {
            None => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| format!("--{name} {text} is no number")),
        }
    }
}
