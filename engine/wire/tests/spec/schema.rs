//! As much of JSON Schema (draft 2020-12) as the schemas of this repository use. A keyword that is
//! not here fails, so that no schema promises what nothing checks.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::disk::{names, read};

/// Every schema, by its file's name.
pub(crate) struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    pub(crate) fn read() -> Self {
        let files = names("").into_iter().filter(|name| name.ends_with(".schema.json"));
        let schema = |name: String| {
            let schema: Value = serde_json::from_str(&read(&name)).expect("a schema is JSON");
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            assert_eq!(schema["$id"], name.as_str());
            (name, schema)
        };
        Self(files.map(schema).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| name.trim_end_matches(".schema.json"))
    }

    /// Why `value` does not fit a schema; empty when it does.
    pub(crate) fn findings(&self, schema: &str, value: &Value) -> Vec<String> {
        let file = format!("{schema}.schema.json");
        let mut findings = Vec::new();
        self.check(&file, &self.0[&file], value, "", &mut findings);
        findings
    }

    fn check(&self, file: &str, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
        let schema = schema.as_object().expect("a schema is an object");
        for (keyword, wanted) in schema {
            let fits = match keyword.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let (file, found) = self.resolve(file, text(wanted));
                    self.check(&file, found, value, at, out);
                    true
                }
                "oneOf" | "anyOf" => {
                    let fits = |of: &&Value| {
                        let mut findings = Vec::new();
                        self.check(file, of, value, at, &mut findings);
                        findings.is_empty()
                    };
                    let fitting = list(wanted).iter().filter(fits).count();
                    if keyword == "oneOf" { fitting == 1 } else { fitting > 0 }
                }
                "type" => match wanted {
                    Value::Array(types) => types.iter().any(|of| is_a(value, text(of))),
                    of => is_a(value, text(of)),
                },
                "const" => value == wanted,
                "enum" => list(wanted).contains(value),
                "minimum" => number(value).is_none_or(|found| Some(found) >= number(wanted)),
                "maximum" => number(value).is_none_or(|found| Some(found) <= number(wanted)),
                "minLength" => chars(value).is_none_or(|found| Some(found) >= number(wanted)),
                "maxLength" => chars(value).is_none_or(|found| Some(found) <= number(wanted)),
                "minItems" => items(value).is_none_or(|found| Some(found) >= number(wanted)),
                "maxItems" => items(value).is_none_or(|found| Some(found) <= number(wanted)),
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        self.check(file, wanted, item, at, out);
                    }
                    true
                }
                "required" => value.as_object().is_none_or(|found| {
                    list(wanted).iter().all(|name| found.contains_key(text(name)))
                }),
                "properties" => {
                    for (name, wanted) in wanted.as_object().expect("properties are named") {
                        if let Some(value) = value.get(name) {
                            self.check(file, wanted, value, &format!("{at}/{name}"), out);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    self.others(file, schema, value, at, out);
                    true
                }
                other => panic!("{file}: the keyword {other} is not checked here"),
            };
            if !fits {
                out.push(format!("{at}: {keyword} is {wanted}"));
            }
        }
    }

    fn others(
        &self,
        file: &str,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
        out: &mut Vec<String>,
    ) {
        let named = schema.get("properties").and_then(Value::as_object);
        let known = |name: &str| named.is_some_and(|named| named.contains_key(name));
        for (name, value) in
            value.as_object().into_iter().flatten().filter(|(name, _)| !known(name))
        {
            match &schema["additionalProperties"] {
                Value::Bool(false) => out.push(format!("{at}: {name} is not known")),
                wanted => self.check(file, wanted, value, &format!("{at}/{name}"), out),
            }
        }
    }

    fn resolve(&self, file: &str, reference: &str) -> (String, &Value) {
        let (other, path) = reference.split_once('#').unwrap_or((reference, ""));
        let file = if other.is_empty() { file } else { other };
        let schema = self.0.get(file).unwrap_or_else(|| panic!("{reference}: no such file"));
        let found = schema.pointer(path).unwrap_or_else(|| panic!("{reference}: not there"));
        (file.to_owned(), found)
    }
}

fn is_a(value: &Value, of: &str) -> bool {
    match of {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not checked here"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> Option<i128> {
    value.as_u64().map(i128::from).or_else(|| value.as_i64().map(i128::from))
}

fn chars(value: &Value) -> Option<i128> {
    value.as_str().map(|text| text.chars().count() as i128)
}

fn items(value: &Value) -> Option<i128> {
    value.as_array().map(|list| list.len() as i128)
}
