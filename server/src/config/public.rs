//! How often public lists and the files that belong to them are read.

use serde::{Deserialize, Serialize};

/// Per address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublicLimits {
    /// By one address in a minute.
    pub per_minute: u32,
    /// By one address at once.
    pub burst: u32,
}

impl Default for PublicLimits {
    fn default() -> Self {
        // Behind one address may be a company that opens its home page in the morning: a page and
        // the three files that it loads are four.
        Self { per_minute: 600, burst: 600 }
    }
}
