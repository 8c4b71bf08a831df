//! What the public knows between two changes, with each of its renderings made at most once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use convoke_model::Millis;
use convoke_plugins::feed::{self, Format, Language, PublicList};
use sha2::{Digest, Sha256};

/// Renderings that are kept: five forms, two languages, and the few names of one server.
const RENDERINGS_MAX: usize = 32;

/// A rendering that is asked for. Only pages have a language, and only the others tell addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rendering {
    format: Format,
    language: Language,
    base: String,
}

impl Rendering {
    /// A rendering for a server that is reached by `base`.
    #[must_use]
    pub fn new(format: Format, language: Language, base: &str) -> Self {
        match format {
            Format::Html => Self { format, language, base: String::new() },
            Format::Xml | Format::Json | Format::Ics | Format::Atom => {
                Self { format, language: Language::default(), base: base.to_owned() }
            }
        }
    }

    /// The form.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Renders a list.
    #[must_use]
    pub fn of(&self, list: &PublicList) -> String {
        feed::render(list, self.format, &self.base, self.language)
    }
}

/// What the public knows, until it changes.
pub struct Snapshot {
    list: PublicList,
    off: bool,
    ancestors: String,
    digest: String,
    /// The one before was made in the same second: then a date of that second does not tell them
    /// apart.
    same_second: bool,
    rendered: Mutex<HashMap<Rendering, Arc<OnceLock<Bytes>>>>,
    renderings: AtomicU64,
}

impl Snapshot {
    pub(super) fn new(
        mut list: PublicList,
        off: bool,
        ancestors: String,
        now: Millis,
        before: Option<&Self>,
    ) -> Self {
        list.updated = now;
        let same_second = before.is_some_and(|before| before.modified_s() >= now.0 / 1000);
        let mut digest = Fingerprint(Sha256::new());
        // A new version of this program may render the same list otherwise.
        let _ = write!(digest, "{} {list:?} {off}", env!("CARGO_PKG_VERSION"));
        let digest: [u8; 32] = digest.0.finalize().into();
        Self {
            list,
            off,
            ancestors,
            digest: hex(&digest[..16]),
            same_second,
            rendered: Mutex::default(),
            renderings: AtomicU64::new(0),
        }
    }

    /// Whether it says this already.
    pub(super) fn is_of(&self, list: &PublicList, off: bool, ancestors: &str) -> bool {
        let PublicList { server, title, colour, updated: _, meetings } = list;
        self.off == off
            && self.ancestors == ancestors
            && self.list.server == *server
            && self.list.title == *title
            && self.list.colour == *colour
            && self.list.meetings == *meetings
    }

    /// Whether there are no lists.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// What it says.
    #[must_use]
    pub fn list(&self) -> &PublicList {
        &self.list
    }

    /// Whose pages may show the page in a frame: the value of `frame-ancestors`.
    #[must_use]
    pub fn ancestors(&self) -> &str {
        &self.ancestors
    }

    /// When it began, in seconds since 1970.
    #[must_use]
    pub fn modified_s(&self) -> u64 {
        self.list.updated.0 / 1000
    }

    /// Whether somebody who has what was there at that second has this.
    #[must_use]
    pub fn is_known_since(&self, second: u64) -> bool {
        !self.same_second && second >= self.modified_s()
    }

    /// The strong validator of a rendering (RFC 9110, 8.8.3), which takes no rendering.
    #[must_use]
    pub fn tag(&self, of: &Rendering) -> String {
        let base: [u8; 32] = Sha256::digest(of.base.as_bytes()).into();
        let Rendering { format, language, base: _ } = of;
        format!("\"{}-{}-{}-{}\"", self.digest, format.word(), language.tag(), hex(&base[..4]))
    }

    /// A rendering, if it was made already.
    #[must_use]
    pub fn ready(&self, of: &Rendering) -> Option<Bytes> {
        self.cells().get(of)?.get().cloned()
    }

    /// A rendering; the first who asks makes it, the others wait for that.
    #[must_use]
    pub fn render(&self, of: &Rendering) -> Bytes {
        let cell = {
            let mut cells = self.cells();
            if cells.len() >= RENDERINGS_MAX && !cells.contains_key(of) {
                // Only somebody who calls this server by many names gets here.
                cells.clear();
            }
            Arc::clone(cells.entry(of.clone()).or_default())
        };
        let made = cell.get_or_init(|| {
            self.renderings.fetch_add(1, Ordering::Relaxed);
            Bytes::from(of.of(&self.list))
        });
        made.clone()
    }

    /// How many renderings were made.
    #[must_use]
    pub fn renderings(&self) -> u64 {
        self.renderings.load(Ordering::Relaxed)
    }

    fn cells(&self) -> std::sync::MutexGuard<'_, HashMap<Rendering, Arc<OnceLock<Bytes>>>> {
        self.rendered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Fingerprint(Sha256);

impl std::fmt::Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
