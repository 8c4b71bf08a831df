//! Plain data to and from the script language.

use convoke_model::policy::Value;
use rhai::{Array, Dynamic, ImmutableString, Map};

use super::limits::{DATA_DEPTH_MAX, DATA_PIECES_MAX};

/// Plain data as a script sees it.
pub(super) fn to_script(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(value) => (*value).into(),
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(to_script).collect::<Array>().into(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(name, value)| (name.into(), to_script(value)));
            entries.collect::<Map>().into()
        }
    }
}

/// What a script said as plain data.
///
/// # Errors
/// When it is something else: a function, a range, or far too much.
pub(super) fn to_plain(said: &Dynamic) -> Result<Value, String> {
    plain(said, DATA_DEPTH_MAX, &mut DATA_PIECES_MAX.clone())
}

fn plain(said: &Dynamic, depth: usize, left: &mut usize) -> Result<Value, String> {
    let (Some(depth), Some(fewer)) = (depth.checked_sub(1), left.checked_sub(1)) else {
        return Err("it is too deep or too large".to_owned());
    };
    *left = fewer;
    if said.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(value) = said.as_bool() {
        return Ok(Value::Bool(value));
    }
    if let Ok(number) = said.as_int() {
        return Ok(Value::Int(number));
    }
    if let Ok(letter) = said.as_char() {
        return Ok(Value::Text(letter.to_string()));
    }
    if let Some(text) = said.read_lock::<ImmutableString>() {
        return Ok(Value::Text(text.to_string()));
    }
    if let Some(items) = said.read_lock::<Array>() {
        return items
            .iter()
            .map(|item| plain(item, depth, left))
            .collect::<Result<_, _>>()
            .map(Value::List);
    }
    if let Some(entries) = said.read_lock::<Map>() {
        let entries = entries
            .iter()
            .map(|(name, value)| plain(value, depth, left).map(|value| (name.to_string(), value)));
        return entries.collect::<Result<_, _>>().map(Value::Map);
    }
    Err(format!("it holds a {}, which is no plain data", said.type_name()))
}
