//! What another server answers when it is asked whether somebody may sign in.
//!
//! ```text
//! answer = [ xml declaration ] "<__Return__>" *field "</__Return__>"
//! field  = "<__" name "__>" text "</__" name "__>"      any order, each at most once
//! ```
//!
//! Names are told apart without regard to case. A missing privilege is `N`. Fields that are not
//! known are kept; elements that are not of the form `__name__` are passed over. The bytes are
//! UTF-8, else GBK. A document type, a processing instruction or an entity that XML does not
//! define itself is refused: nothing here is ever expanded.

mod fields;

use std::collections::BTreeMap;

use super::time_zone::TimeZone;

/// Most bytes of an answer.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Most characters of a reason that are kept.
pub const REASON_CHARS_MAX: usize = 500;

/// An answer, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountAnswer {
    /// `__Status__` is `SUCCEED`, not `FAILED`.
    pub succeeded: bool,
    /// `__Reason__`: plain text for the person, one line, at most [`REASON_CHARS_MAX`] characters.
    pub reason: Option<String>,
    /// `__FirstName__`
    pub first_name: Option<String>,
    /// `__LastName__`
    pub last_name: Option<String>,
    /// `__Phone__`
    pub phone: Option<String>,
    /// `__UserId__`: what the other server calls this person.
    pub user_id: Option<String>,
    /// `__IsAdministrator__`: asked for, not granted.
    pub administrator: bool,
    /// The privileges.
    pub privileges: AnswerPrivileges,
    /// `__TimeZone__`
    pub time_zone: Option<TimeZone>,
    /// Fields that are not known, by their names without underscores.
    pub others: BTreeMap<String, String>,
    /// What is odd about it, though it can be read.
    pub oddities: Vec<Oddity>,
}

/// What the answer says somebody may do: `__PrivilegeChat__` is `chat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerPrivileges {
    /// `__PrivilegeInteractiveMeeting__`
    pub interactive_meeting: bool,
    /// `__PrivilegeSeminar__`
    pub seminar: bool,
    /// `__PrivilegeRemoteSupport__`
    pub remote_support: bool,
    /// `__PrivilegeRemoteAccess__`
    pub remote_access: bool,
    /// `__PrivilegeSendFile__`
    pub send_file: bool,
    /// `__PrivilegeChat__`
    pub chat: bool,
    /// `__PrivilegeRecord__`
    pub record: bool,
    /// `__VideoConference__` or `__VideoConferencing__`: the published copy is cut there.
    pub video_conference: bool,
}

/// Something that its author should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// A field that says neither `Y` nor `N` counts as `N`.
    NotYesOrNo(&'static str),
    /// A time zone that is none of the vendor's.
    UnknownTimeZone,
    /// An element that is not of the form `__name__` was passed over.
    Foreign(String),
    /// `FAILED` without a reason.
    NoReason,
    /// The reason was longer than is kept.
    LongReason,
    /// The bytes were not UTF-8 and were read as GBK.
    Gbk,
}

impl std::fmt::Display for Oddity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotYesOrNo(name) => write!(f, "{name} is neither Y nor N and counts as N"),
            Self::UnknownTimeZone => f.write_str("__TimeZone__ is none of the known numbers"),
            Self::Foreign(name) => write!(f, "<{name}> is no known element and was passed over"),
            Self::NoReason => f.write_str("__Status__ is FAILED and there is no __Reason__"),
            Self::LongReason => {
                write!(f, "__Reason__ is longer than {REASON_CHARS_MAX} characters and was cut")
            }
            Self::Gbk => f.write_str("the answer is not UTF-8 and was read as GBK"),
        }
    }
}

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadAnswer {
    /// More than [`ANSWER_BYTES_MAX`] bytes.
    TooLong,
    /// Neither UTF-8 nor GBK, or declared as something else.
    Charset,
    /// Not well-formed XML.
    NotXml,
    /// It has a document type.
    DocType,
    /// It has a processing instruction.
    Instruction,
    /// An entity that XML does not define itself.
    Entity,
    /// A character that XML does not allow.
    Character,
    /// Elements within elements, more than 16 deep.
    TooDeep,
    /// More elements, or more attributes on one, than any answer has.
    TooMany,
    /// The outermost element is not `__Return__`, or there are several.
    Root,
    /// Text outside of a field.
    StrayText,
    /// An element within the named field.
    Nested(String),
    /// The named field is given twice.
    Doubled(String),
    /// The named field is longer than any is.
    FieldTooLong(String),
    /// `__Status__` is missing, or neither `SUCCEED` nor `FAILED`.
    Status,
}

impl std::fmt::Display for BadAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong => write!(f, "it is longer than {ANSWER_BYTES_MAX} bytes"),
            Self::Charset => f.write_str("it is neither UTF-8 nor GBK"),
            Self::NotXml => f.write_str("it is not well-formed XML"),
            Self::DocType => f.write_str("it has a document type, which is never accepted"),
            Self::Instruction => f.write_str("it has a processing instruction"),
            Self::Entity => f.write_str("it uses an entity that XML does not define"),
            Self::Character => f.write_str("it holds a character that XML does not allow"),
            Self::TooDeep => f.write_str("its elements lie more than 16 deep"),
            Self::TooMany => f.write_str("it has more elements or attributes than any answer"),
            Self::Root => f.write_str("its one outermost element must be __Return__"),
            Self::StrayText => f.write_str("it has text outside of its fields"),
            Self::Nested(name) => write!(f, "there is an element within {name}"),
            Self::Doubled(name) => write!(f, "{name} is given twice"),
            Self::FieldTooLong(name) => write!(f, "{name} is too long"),
            Self::Status => f.write_str("__Status__ must be SUCCEED or FAILED"),
        }
    }
}

impl std::error::Error for BadAnswer {}

/// Reads an answer. `charset` is what the transport said about it, if it said anything.
///
/// # Errors
/// When the bytes cannot be used; never a panic, and never more memory than a few times theirs.
pub fn account_answer(bytes: &[u8], charset: Option<&str>) -> Result<AccountAnswer, BadAnswer> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(BadAnswer::TooLong);
    }
    let (text, gbk) = text(bytes, charset)?;
    let mut fields = fields::read(&text)?;
    let mut oddities: Vec<Oddity> = fields.foreign.drain(..).map(Oddity::Foreign).collect();
    if gbk {
        oddities.push(Oddity::Gbk);
    }
    let succeeded = match fields.take("Status").as_deref() {
        Some(status) if status.eq_ignore_ascii_case("SUCCEED") => true,
        Some(status) if status.eq_ignore_ascii_case("FAILED") => false,
        Some(_) | None => return Err(BadAnswer::Status),
    };
    let reason = fields.take("Reason").map(|reason| one_line(&reason));
    let (reason, cut) = bounded(reason.filter(|reason| !reason.is_empty()));
    if cut {
        oddities.push(Oddity::LongReason);
    }
    if !succeeded && reason.is_none() {
        oddities.push(Oddity::NoReason);
    }
    let mut plain =
        |name: &str| fields.take(name).map(|text| one_line(&text)).filter(|text| !text.is_empty());
    let (first_name, last_name) = (plain("FirstName"), plain("LastName"));
    let (phone, user_id) = (plain("Phone"), plain("UserId"));
    let time_zone = plain("TimeZone").and_then(|id| {
        let zone = id.parse().ok().and_then(TimeZone::of);
        if zone.is_none() {
            oddities.push(Oddity::UnknownTimeZone);
        }
        zone
    });
    let mut yes = |name: &'static str, shown: &'static str| {
        let said = fields.take(name).unwrap_or_default();
        if !["", "Y", "N"].iter().any(|known| said.eq_ignore_ascii_case(known)) {
            oddities.push(Oddity::NotYesOrNo(shown));
        }
        said.eq_ignore_ascii_case("Y")
    };
    let administrator = yes("IsAdministrator", "__IsAdministrator__");
    let privileges = AnswerPrivileges {
        interactive_meeting: yes("PrivilegeInteractiveMeeting", "__PrivilegeInteractiveMeeting__"),
        seminar: yes("PrivilegeSeminar", "__PrivilegeSeminar__"),
        remote_support: yes("PrivilegeRemoteSupport", "__PrivilegeRemoteSupport__"),
        remote_access: yes("PrivilegeRemoteAccess", "__PrivilegeRemoteAccess__"),
        send_file: yes("PrivilegeSendFile", "__PrivilegeSendFile__"),
        chat: yes("PrivilegeChat", "__PrivilegeChat__"),
        record: yes("PrivilegeRecord", "__PrivilegeRecord__"),
        video_conference: yes(fields::VIDEO, "__VideoConference__"),
    };
    Ok(AccountAnswer {
        succeeded,
        reason,
        first_name,
        last_name,
        phone,
        user_id,
        administrator,
        privileges,
        time_zone,
        others: fields.rest(),
        oddities,
    })
}

/// The bytes as text, and whether they had to be read as GBK.
fn text(bytes: &[u8], charset: Option<&str>) -> Result<(String, bool), BadAnswer> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((text.to_owned(), false));
    }
    let declared = charset.map(str::to_owned).or_else(|| declared(bytes));
    let is_gbk = |name: &String| ["gbk", "gb2312", "gb18030"].contains(&name.as_str());
    if !declared.map(|name| name.trim().to_ascii_lowercase()).is_none_or(|name| is_gbk(&name)) {
        return Err(BadAnswer::Charset);
    }
    // A UTF-16 mark is not one of GBK's characters, so that UTF-16 fails here.
    let text = encoding_rs::GBK.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(|text| (text.into_owned(), true)).ok_or(BadAnswer::Charset)
}

/// The encoding that the XML declaration names.
fn declared(bytes: &[u8]) -> Option<String> {
    let line = bytes.strip_prefix(b"<?xml")?;
    let line = &line[..line.iter().take(200).position(|&b| b == b'>')?];
    let line = std::str::from_utf8(line).ok()?;
    let value = line.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
    value[1..].split(quote).next().map(str::to_owned)
}

/// Text for a person: white space made single blanks, what controls or turns text left out.
fn one_line(text: &str) -> String {
    let marks = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{feff}');
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = |c: &char| c.is_whitespace() || !(c.is_control() || marks(*c) || turns(*c));
    let kept: String = text.chars().filter(kept).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bounded(reason: Option<String>) -> (Option<String>, bool) {
    let Some(reason) = reason else { return (None, false) };
    match reason.char_indices().nth(REASON_CHARS_MAX) {
        Some((at, _)) => (Some(reason[..at].to_owned()), true),
        None => (Some(reason), false),
    }
}
