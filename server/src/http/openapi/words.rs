//! Words that stand in records and in JSON alike, as schemas: what the code knows is what is
//! described.

use std::borrow::Cow;

use convoke_model::privilege;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// What an account may do.
pub(in crate::http) struct Privilege;

impl PartialSchema for Privilege {
    fn schema() -> RefOr<Schema> {
        let words = privilege::Privilege::ALL.map(privilege::Privilege::word);
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("What an account may do."))
            .enum_values(Some(words))
            .into()
    }
}

impl ToSchema for Privilege {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Privilege")
    }
}
