//! Tables that are filtered, sorted and cut into pages here, so that a browser never holds more
//! than it shows: `?q=&sort=&after=&limit=`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_model::Refusal;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::http::refusal::No;
use crate::http::scrub::Taken;

const LIMIT_USUAL: usize = 50;
const LIMIT_MAX: usize = 200;
/// Letters of a filter that are looked at.
const FILTER_CHARS_MAX: usize = 100;

/// What of a table is asked for.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Asked {
    /// What rows have to contain, in small letters; nothing asks for all.
    pub(super) filter: String,
    /// The column it is sorted by, when one was named.
    sort: Option<String>,
    down: bool,
    after: Option<String>,
    limit: usize,
    taken: Taken,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, No> {
        Self::of(parts.extensions.get::<Taken>().cloned().unwrap_or_default())
    }
}

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Key {
    /// Numbers and times.
    Number(u64),
    /// Text, in small letters.
    Text(String),
}

impl Key {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_lowercase())
    }
}

/// One page of a table.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// Rows in all that fit the filter.
    pub(super) total: usize,
    /// Where the next page begins, when there is one.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of what its rows are shown as.
    pub(super) fn of<U>(self, row: impl Fn(T) -> U) -> Page<U> {
        let rows = self.rows.into_iter().map(row).collect();
        Page { rows, total: self.total, next: self.next }
    }
}

impl Asked {
    fn of(taken: Taken) -> Result<Self, No> {
        let sort = taken.parameter("sort").filter(|sort| !sort.is_empty());
        let down = sort.as_ref().is_some_and(|sort| sort.starts_with('-'));
        let filter = taken.parameter("q").unwrap_or_default();
        let filter = filter.trim().chars().take(FILTER_CHARS_MAX).flat_map(char::to_lowercase);
        let limit = match taken.parameter("limit") {
            None => LIMIT_USUAL,
            Some(limit) => limit.parse::<usize>().map_err(|_| Refusal::NumberInvalid)?,
        };
        Ok(Self {
            filter: filter.collect(),
            sort: sort.map(|sort| sort.trim_start_matches('-').to_owned()),
            down,
            after: taken.parameter("after").filter(|after| !after.is_empty()),
            limit: limit.clamp(1, LIMIT_MAX),
            taken,
        })
    }

    /// One of some words, or nothing.
    pub(super) fn word(
        &self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, No> {
        let Some(asked) = self.taken.parameter(name) else { return Ok(None) };
        let known = words.iter().find(|word| **word == asked);
        known.map(|word| Some(*word)).ok_or_else(|| No::because(Refusal::Malformed))
    }

    /// A number, or nothing.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, No> {
        let number = self.taken.parameter(name).map(|text| text.parse());
        number.transpose().map_err(|_| No::because(Refusal::Malformed))
    }

    /// Another parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.taken.parameter(name).filter(|value| !value.is_empty())
    }

    /// The column to sort by, and whether the largest comes first.
    pub(super) fn sort(&self, usual: &'static str, usual_down: bool) -> (&str, bool) {
        match &self.sort {
            Some(sort) => (sort, self.down),
            None => (usual, usual_down),
        }
    }

    /// How many rows are asked for.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The place to go on from, as it was given out.
    pub(super) fn place<T: for<'de> Deserialize<'de>>(&self) -> Result<Option<T>, No> {
        let Some(after) = &self.after else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(after).ok();
        let place = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        place.map(Some).ok_or_else(|| No::because(Refusal::Malformed))
    }

    /// Whether one of these texts contains the filter.
    pub(super) fn fits(&self, texts: &[&str]) -> bool {
        self.filter.is_empty() || texts.iter().any(|text| contains(text, &self.filter))
    }

    /// A page that rows are put before, one by one, in whatever order.
    ///
    /// # Errors
    /// `malformed` when the place to go on from was never given out.
    pub(super) fn pages<T>(&self, down: bool) -> Result<Pages<T>, No> {
        let (after, limit) = (self.place()?, self.limit());
        Ok(Pages { after, down, limit, total: 0, kept: BTreeMap::new() })
    }

    /// The page of these rows. Each has a number of its own, which settles equal keys.
    pub(super) fn page<T>(
        &self,
        rows: impl Iterator<Item = T>,
        down: bool,
        key: impl Fn(&T) -> (Key, u64),
    ) -> Result<Page<T>, No> {
        let mut pages = self.pages(down)?;
        for row in rows {
            pages.put(key(&row), row);
        }
        Ok(pages.page())
    }
}

/// A page in the making: it holds no more rows than it will show, and one.
pub(super) struct Pages<T> {
    after: Option<(Key, u64)>,
    down: bool,
    limit: usize,
    total: usize,
    kept: BTreeMap<(Key, u64), T>,
}

impl<T> Pages<T> {
    /// A row that fits the filter. Its number settles equal keys.
    pub(super) fn put(&mut self, place: (Key, u64), row: T) {
        self.total += 1;
        let (down, order) = (self.down, if self.down { Ordering::Less } else { Ordering::Greater });
        if self.after.as_ref().is_some_and(|after| place.cmp(after) != order) {
            return;
        }
        if self.kept.len() > self.limit {
            let last = if down { self.kept.first_key_value() } else { self.kept.last_key_value() };
            if last.is_some_and(|(last, _)| place.cmp(last) == order) {
                return;
            }
            if down {
                self.kept.pop_first()
            } else {
                self.kept.pop_last()
            };
        }
        self.kept.insert(place, row);
    }

    /// The page.
    pub(super) fn page(mut self) -> Page<T> {
        let more = self.kept.len() > self.limit;
        if more {
            if self.down {
                self.kept.pop_first()
            } else {
                self.kept.pop_last()
            };
        }
        let last = if self.down { self.kept.first_key_value() } else { self.kept.last_key_value() };
        let next = last.filter(|_| more).map(|(place, _)| place_word(place));
        let mut rows: Vec<T> = self.kept.into_values().collect();
        if self.down {
            rows.reverse();
        }
        Page { rows, total: self.total, next }
    }
}

/// Whether a text contains this, which is in small letters. Nothing is copied for texts like most.
fn contains(text: &str, small: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(small);
    }
    let (text, small) = (text.as_bytes(), small.as_bytes());
    text.windows(small.len().max(1)).any(|part| part.eq_ignore_ascii_case(small))
}

/// A place in a table, to be given back.
pub(super) fn place_word(place: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::scrub::scrub;

    const ROWS: u64 = 100_000;

    fn asked(query: &str) -> Asked {
        let (_, taken) = scrub(&format!("/x?{query}").parse().expect("an address"));
        Asked::of(taken).expect("well asked")
    }

    fn rows() -> impl Iterator<Item = (u64, String)> {
        (0..ROWS).map(|n| (n, format!("Person {:05}", n * 7919 % ROWS)))
    }

    #[test]
    fn every_row_is_shown_once_whatever_the_order_and_the_size_of_pages() {
        for (query, down) in [("limit=200", false), ("limit=173", true)] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = asked(&format!("{query}&after={after}"))
                    .page(rows().take(2_000), down, |(n, _)| (Key::Number(n / 10), *n))
                    .expect("a page");
                assert_eq!(page.total, 2_000);
                seen.extend(page.rows.iter().map(|(n, _)| *n));
                let Some(next) = page.next else { break };
                after = next;
            }
            let mut expected: Vec<u64> = (0..2_000).collect();
            if down {
                expected.reverse();
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn of_a_hundred_thousand_rows_a_page_is_kept_and_every_one_is_counted() {
        for (query, down, first) in
            [("q=PERSON%209", false, 90_000), ("q=person%209", true, 99_999)]
        {
            let (mut seen, mut after) = (0, String::new());
            for _ in 0..3 {
                let asked = asked(&format!("{query}&after={after}"));
                let mut pages = asked.pages(down).expect("a page");
                for (n, name) in rows().filter(|(_, name)| asked.fits(&[name])) {
                    pages.put((Key::text(&name), n), name);
                    assert!(pages.kept.len() <= LIMIT_USUAL + 1, "no more than is shown");
                }
                let page = pages.page();
                assert_eq!((page.rows.len(), page.total), (LIMIT_USUAL, 10_000));
                for name in &page.rows {
                    let expected = if down { first - seen } else { first + seen };
                    assert_eq!(*name, format!("Person {expected}"));
                    seen += 1;
                }
                after = page.next.expect("there are more");
            }
        }
    }

    #[test]
    fn texts_are_found_whatever_the_case_and_the_letters() {
        for (text, small, found) in [
            ("Ann Müller", "müll", true),
            ("ANN MÜLLER", "müller", true),
            ("Ann Smith", "n sm", true),
            ("Ann Smith", "smithe", false),
            ("", "a", false),
            ("会议室", "议室", true),
            ("abc", "ü", false),
        ] {
            assert_eq!(contains(text, small), found, "{text} {small}");
        }
    }

    #[test]
    fn a_place_that_was_never_given_out_is_refused() {
        for after in ["x", "%00", "bnVsbA", "WzEsMiwzXQ"] {
            let page = asked(&format!("after={after}"))
                .page(rows(), false, |(n, _)| (Key::Number(*n), *n));
            assert_eq!(page.err().map(|no| no.refusal), Some(Refusal::Malformed), "{after}");
        }
        assert_eq!(asked("limit=0").limit(), 1);
        assert_eq!(asked("limit=9999999").limit(), LIMIT_MAX);
        assert_eq!(asked("sort=-name").sort("id", false), ("name", true));
    }
}
