//! The fields of an answer: hostile XML, read without ever expanding anything.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::BadAnswer;

/// Elements within elements.
const DEPTH_MAX: usize = 16;
/// Attributes of one element.
const ATTRIBUTES_MAX: usize = 64;
/// Elements of one answer.
const ELEMENTS_MAX: usize = 256;
/// Bytes of one field.
const FIELD_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 64;

/// The one name under which both spellings of the video field are kept.
pub(super) const VIDEO: &str = "VideoConference";

/// Fields by their names without underscores.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// The spelling as sent, and the text, by the name in lower case.
    known: BTreeMap<String, (String, String)>,
    /// Elements that are no fields.
    pub(super) foreign: Vec<String>,
}

impl Fields {
    /// Takes a field out, trimmed.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let (_, text) = self.known.remove(&name.to_ascii_lowercase())?;
        Some(text.trim().to_owned())
    }

    /// What is left, in its own spelling.
    pub(super) fn rest(self) -> BTreeMap<String, String> {
        self.known.into_values().map(|(name, text)| (name, text.trim().to_owned())).collect()
    }

    fn keep(&mut self, name: &str, text: String) -> Result<(), BadAnswer> {
        let mut key = name.to_ascii_lowercase();
        if key == "videoconferencing" {
            key = VIDEO.to_ascii_lowercase();
        }
        match self.known.insert(key, (name.to_owned(), text)) {
            None => Ok(()),
            Some(_) => Err(BadAnswer::Doubled(format!("__{name}__"))),
        }
    }
}

/// Where the reader stands.
enum Place {
    /// Before or after the root.
    Outside,
    /// Between fields.
    Root,
    /// In a field.
    Field { name: String, text: String },
    /// In something that is passed over, that many elements deep.
    Foreign { depth: usize },
}

/// Reads the fields of a document.
pub(super) fn read(document: &str) -> Result<Fields, BadAnswer> {
    let mut reader = Reader::from_str(document);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_comments = true;
    config.check_end_names = true;
    let mut fields = Fields::default();
    let mut place = Place::Outside;
    let (mut roots, mut elements, mut events) = (0, 0, 0);
    loop {
        let event = reader.read_event().map_err(|_| BadAnswer::NotXml)?;
        events += 1;
        place = match event {
            Event::Start(start) => {
                elements += 1;
                if elements > ELEMENTS_MAX {
                    return Err(BadAnswer::TooMany);
                }
                check_attributes(&start)?;
                roots += usize::from(matches!(place, Place::Outside));
                enter(place, &start, roots, &mut fields)?
            }
            // `expand_empty_elements` makes a start and an end of it.
            Event::Empty(_) => return Err(BadAnswer::NotXml),
            Event::End(_) => leave(place, &mut fields)?,
            Event::Text(text) => add(place, &text.xml10_content())?,
            Event::CData(text) => match place {
                Place::Outside => return Err(BadAnswer::StrayText),
                Place::Root | Place::Field { .. } | Place::Foreign { .. } => {
                    add(place, &text.xml10_content())?
                }
            },
            Event::GeneralRef(entity) => {
                let mut buffer = [0; 4];
                add(place, character(&entity)?.encode_utf8(&mut buffer))?
            }
            Event::Comment(_) => place,
            Event::Decl(_) if events == 1 => place,
            Event::Decl(_) | Event::PI(_) => return Err(BadAnswer::Instruction),
            Event::DocType(_) => return Err(BadAnswer::DocType),
            Event::Eof => break,
        };
    }
    match place {
        Place::Outside if roots == 1 => Ok(fields),
        Place::Outside => Err(BadAnswer::Root),
        Place::Root | Place::Field { .. } | Place::Foreign { .. } => Err(BadAnswer::NotXml),
    }
}

fn enter(
    place: Place,
    start: &BytesStart<'_>,
    roots: usize,
    fields: &mut Fields,
) -> Result<Place, BadAnswer> {
    let name = start.name().0;
    match place {
        Place::Outside if roots == 1 && name.eq_ignore_ascii_case("__Return__") => Ok(Place::Root),
        Place::Outside => Err(BadAnswer::Root),
        Place::Root => match field_name(name) {
            Some(name) => Ok(Place::Field { name: name.to_owned(), text: String::new() }),
            None => {
                fields.foreign.push(name.chars().take(NAME_BYTES_MAX).collect());
                Ok(Place::Foreign { depth: 1 })
            }
        },
        Place::Field { name, .. } => Err(BadAnswer::Nested(format!("__{name}__"))),
        // The root is one deep itself.
        Place::Foreign { depth } if depth + 2 > DEPTH_MAX => Err(BadAnswer::TooDeep),
        Place::Foreign { depth } => Ok(Place::Foreign { depth: depth + 1 }),
    }
}

fn leave(place: Place, fields: &mut Fields) -> Result<Place, BadAnswer> {
    match place {
        Place::Outside => Err(BadAnswer::NotXml),
        Place::Root => Ok(Place::Outside),
        Place::Field { name, text } => {
            fields.keep(&name, text)?;
            Ok(Place::Root)
        }
        Place::Foreign { depth: 1 } => Ok(Place::Root),
        Place::Foreign { depth } => Ok(Place::Foreign { depth: depth - 1 }),
    }
}

fn add(place: Place, more: &str) -> Result<Place, BadAnswer> {
    if !more.chars().all(is_allowed) {
        return Err(BadAnswer::Character);
    }
    match place {
        Place::Field { name, text } if text.len() + more.len() > FIELD_BYTES_MAX => {
            Err(BadAnswer::FieldTooLong(format!("__{name}__")))
        }
        Place::Field { name, mut text } => {
            text.push_str(more);
            Ok(Place::Field { name, text })
        }
        Place::Foreign { .. } => Ok(place),
        Place::Outside | Place::Root if more.trim().is_empty() => Ok(place),
        Place::Outside | Place::Root => Err(BadAnswer::StrayText),
    }
}

/// What stands between the underscores of `__name__`.
fn field_name(element: &str) -> Option<&str> {
    let name = element.strip_prefix("__")?.strip_suffix("__")?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain && !name.is_empty() && name.len() <= NAME_BYTES_MAX).then_some(name)
}

fn check_attributes(start: &BytesStart<'_>) -> Result<(), BadAnswer> {
    // Unchecked: looking for doubled names would take the square of their number.
    for (count, attribute) in start.attributes().with_checks(false).enumerate() {
        if count == ATTRIBUTES_MAX {
            return Err(BadAnswer::TooMany);
        }
        attribute.map_err(|_| BadAnswer::NotXml)?;
    }
    Ok(())
}

/// The five entities of XML itself, and numbers.
fn character(entity: &BytesRef<'_>) -> Result<char, BadAnswer> {
    match entity.resolve_char_ref() {
        Ok(Some(c)) => return Ok(c),
        Ok(None) => {}
        Err(_) => return Err(BadAnswer::Character),
    }
    match &**entity {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(BadAnswer::Entity),
    }
}

/// `Char` of XML 1.0.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
