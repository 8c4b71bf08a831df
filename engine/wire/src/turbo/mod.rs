//! The legacy forms: calls of existing TurboMeeting integrations, read from bytes and nothing else.
//!
//! No other folder knows how these calls are spelt. Everything here is pure and reads hostile
//! input: any bytes at all give a value or a reason, never a panic.
//!
//! ```text
//! downloader  = pair *( "&" pair )            query of a GET or body of a form POST
//! pair        = name [ "=" value ]            names in any case and order; others are ignored
//! value       = bytes, "%XX", "+" for a space; UTF-8, else GBK
//! path form   = "/id=" value *( "&" pair )    the same pairs, in the path
//! launch      = "turbomeeting" digits "://?" downloader
//!             / "intent://?" downloader "#Intent;scheme=turbomeeting" digits ";" ...
//! ```
//!
//! A name given twice with the same value counts once; with different values the call is refused
//! as [`Unreadable::Ambiguous`], because which one a caller meant cannot be known, and a link
//! that reads one way here and another way elsewhere is how roles get raised.

mod account_answer;
mod downloader;
mod launch;
mod meeting_number;
mod pairs;
mod path_form;
mod schedule;
mod secret;
mod text;
mod time_zone;

pub use account_answer::{
    ANSWER_BYTES_MAX, AccountAnswer, AnswerPrivileges, BadAnswer, Oddity, REASON_CHARS_MAX,
    account_answer,
};
pub use downloader::{AttendCall, DownloaderCall, HostCall, attend_call};
pub use launch::{Launch, launch};
pub use meeting_number::AskedMeeting;
pub use pairs::Unreadable;
pub use path_form::{ViewerCall, viewer_path};
pub use schedule::{AskedTime, PasswordCheck, Reply, ScheduleCall};
pub use secret::Secret;
pub use time_zone::TimeZone;
