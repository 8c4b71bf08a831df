//! What calls are described with.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder};

/// The security scheme of API keys.
pub(in crate::http) const KEY: &str = "key";
/// The security scheme of pages.
pub(in crate::http) const COOKIE: &str = "sign_in";

/// The types that the calls name.
#[derive(Default)]
pub(in crate::http) struct Schemas(pub(in crate::http) Vec<(String, RefOr<Schema>)>);

impl Schemas {
    /// A type by its name, and the types it is made of.
    pub(in crate::http) fn add<T: ToSchema>(&mut self) -> Ref {
        let name = T::name().into_owned();
        if !self.0.iter().any(|(known, _)| *known == name) {
            self.0.push((name.clone(), T::schema()));
            T::schemas(&mut self.0);
        }
        Ref::from_schema_name(name)
    }
}

/// What is answered instead of what was asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(in crate::http) struct RefusalSeen {
    /// A stable word.
    code: String,
    /// One sentence, for people.
    sentence: String,
    /// The field that it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// Who may call.
#[derive(Clone, Copy)]
pub(in crate::http) enum Who {
    /// Anybody.
    Anybody,
    /// Whoever is signed in.
    People,
    /// Whoever is signed in, and programs with a key of this scope.
    Programs(&'static str),
}

/// One path with its operations.
pub(in crate::http) struct Call {
    pub(in crate::http) path: &'static str,
    pub(in crate::http) item: PathItem,
}

/// One operation.
pub(in crate::http) struct Does {
    method: HttpMethod,
    operation: OperationBuilder,
    who: Who,
    /// Whether it brings something along.
    body: bool,
    more: Vec<u16>,
}

impl Does {
    pub(in crate::http) fn new(
        method: HttpMethod,
        id: &'static str,
        tag: &'static str,
        what: &str,
    ) -> Self {
        let operation = OperationBuilder::new().operation_id(Some(id)).tag(tag).summary(Some(what));
        Self { method, operation, who: Who::Anybody, body: false, more: Vec::new() }
    }

    pub(in crate::http) fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    pub(in crate::http) fn takes(self, schema: Ref) -> Self {
        self.may_take(schema, Required::True)
    }

    pub(in crate::http) fn may_take(mut self, schema: Ref, required: Required) -> Self {
        let body = RequestBodyBuilder::new()
            .content("application/json", Content::new(Some(schema)))
            .required(Some(required))
            .build();
        self.operation = self.operation.request_body(Some(body));
        self.body = true;
        self
    }

    pub(in crate::http) fn with(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        for parameter in parameters {
            self.operation = self.operation.parameter(parameter);
        }
        self
    }

    /// What it answers when it was done.
    pub(in crate::http) fn answers(self, schema: Ref, headers: &[&str]) -> Self {
        self.done("200", &[("application/json", Some(schema))], headers)
    }

    /// The same, as a file of this type.
    pub(in crate::http) fn answers_file(self, media_type: &str, headers: &[&str]) -> Self {
        self.done("200", &[(media_type, None)], headers)
    }

    /// What it answers when it was done, if that is not JSON or has another status.
    pub(in crate::http) fn done(
        self,
        status: &str,
        kinds: &[(&str, Option<Ref>)],
        headers: &[&str],
    ) -> Self {
        let mut response = ResponseBuilder::new().description("Done.");
        for (kind, schema) in kinds {
            // What has no schema is text or bytes.
            let schema: RefOr<Schema> = match schema {
                Some(schema) => schema.clone().into(),
                None => text().build().into(),
            };
            response = response.content(*kind, Content::new(Some(schema)));
        }
        for name in headers {
            let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).build();
            response = response.header(*name, HeaderBuilder::new().schema(Some(text)).build());
        }
        let operation = self.operation.response(status, response.build());
        Self { operation, ..self }
    }

    /// Refusals of its own.
    pub(in crate::http) fn refuses(mut self, statuses: &[u16]) -> Self {
        self.more.extend(statuses);
        self
    }

    pub(in crate::http) fn finish(self, schemas: &mut Schemas) -> (HttpMethod, Operation) {
        let Self { method, mut operation, who, body, more } = self;
        let mut statuses = vec![400, 503];
        let changes = !matches!(method, HttpMethod::Get);
        if changes {
            statuses.extend([403, 429]);
        }
        if body {
            statuses.extend([413, 415]);
        }
        match who {
            Who::Anybody => {}
            Who::People => {
                statuses.extend([401, 403]);
                operation = operation.security(SecurityRequirement::new(COOKIE, NO_SCOPES));
            }
            Who::Programs(scope) => {
                statuses.extend([401, 403]);
                operation = operation
                    .description(Some(format!("API keys need the scope `{scope}`.")))
                    .security(SecurityRequirement::new(KEY, [scope]))
                    .security(SecurityRequirement::new(COOKIE, NO_SCOPES));
            }
        }
        statuses.extend(more);
        statuses.sort_unstable();
        statuses.dedup();
        let refusal = schemas.add::<RefusalSeen>();
        for status in statuses {
            operation = operation.response(status.to_string(), no(status, refusal.clone()));
        }
        (method, operation.build())
    }
}

const NO_SCOPES: [&str; 0] = [];

fn no(status: u16, refusal: Ref) -> Response {
    let what = match status {
        400 => "Something of what was given is wrong.",
        401 => "Nobody is signed in, or the key is not valid.",
        403 => "That may not be done by whoever asks, or not from there.",
        404 => "There is no such thing, or not for whoever asks.",
        409 => "That was done already, or something is in its way.",
        412 => "It is not what `If-Match` expects any more.",
        413 => "That is too much.",
        415 => "That is not JSON.",
        422 => "The idempotency key was used for another call.",
        429 => "That was too fast.",
        503 => "The server cannot do it at the moment.",
        _ => "Refused.",
    };
    let content = Content::new(Some(refusal));
    ResponseBuilder::new().description(what).content("application/json", content).build()
}

/// One path.
pub(in crate::http) fn call(path: &'static str, does: Vec<Does>, schemas: &mut Schemas) -> Call {
    let mut item = PathItem::default();
    for one in does {
        let (method, operation) = one.finish(schemas);
        item.merge_operations(PathItem::new(method, operation));
    }
    Call { path, item }
}

fn parameter(place: ParameterIn, name: &str, what: &str, schema: ObjectBuilder) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(what))
        .schema(Some(schema))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

pub(in crate::http) fn meeting_id() -> Parameter {
    let digits = text().pattern(Some("^[0-9]{8}$"));
    parameter(ParameterIn::Path, "id", "Eight digits.", digits)
}

pub(in crate::http) fn key_number() -> Parameter {
    number("key", "The number of a key.")
}

/// The number of something, in a path.
pub(in crate::http) fn number(name: &str, what: &str) -> Parameter {
    let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(1));
    parameter(ParameterIn::Path, name, what, number)
}

/// Text of a form, in a path.
pub(in crate::http) fn named(name: &str, what: &str, pattern: &str) -> Parameter {
    parameter(ParameterIn::Path, name, what, text().pattern(Some(pattern)))
}

/// A number in a query.
pub(in crate::http) fn query_number(name: &str, what: &str, most: Option<usize>) -> Parameter {
    let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer));
    parameter(ParameterIn::Query, name, what, number.minimum(Some(0)).maximum(most))
}

/// A header.
pub(in crate::http) fn header(name: &str, what: &str) -> Parameter {
    parameter(ParameterIn::Header, name, what, text())
}

pub(in crate::http) fn query(name: &str, what: &str) -> Parameter {
    parameter(ParameterIn::Query, name, what, text())
}

pub(in crate::http) fn one_of(name: &str, what: &str, words: &[&str]) -> Parameter {
    let words = text().enum_values(Some(words.iter().copied()));
    parameter(ParameterIn::Query, name, what, words)
}

pub(in crate::http) fn limit() -> Parameter {
    at_most(500, "How many at most; 200 when it is not said.")
}

pub(in crate::http) fn dates_limit() -> Parameter {
    at_most(100, "How many at most; 20 when it is not said.")
}

fn at_most(most: i32, what: &str) -> Parameter {
    let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer));
    let number = number.minimum(Some(1)).maximum(Some(most));
    parameter(ParameterIn::Query, "limit", what, number)
}

pub(in crate::http) fn idempotency() -> Parameter {
    let key = text().min_length(Some(1)).max_length(Some(128)).pattern(Some("^[!-~]+$"));
    let what = "Under the same key, the call is done once.";
    parameter(ParameterIn::Header, "Idempotency-Key", what, key)
}

pub(in crate::http) fn if_match() -> Parameter {
    let what = "The entity tag of what the change expects.";
    parameter(ParameterIn::Header, "If-Match", what, text())
}
