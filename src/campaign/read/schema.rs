//! The JSON Schema of campaign files, for editors, from the same description that `verify` uses.

use serde_json::{Map, Value as Json, json};

use super::forms::{ATTRIBUTE, COMMON, FORMS};
use super::shape::{Field, Form, Shape};

/// Draft 2020-12.
pub fn json_schema() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Recado campaign file",
        "type": "object",
        "required": ["kind", "name"],
        "$defs": {"attribute": map(&[ATTRIBUTE]), "tree": tree()},
        "oneOf": FORMS.iter().map(form).collect::<Vec<_>>(),
    })
}

fn form(form: &Form) -> Json {
    let mut schema = map(&[COMMON, form.fields]);
    schema["title"] = match form.variant {
        Some(variant) => format!("{} ({variant})", form.kind),
        None => form.kind.to_string(),
    }
    .into();
    // The value that tells this form from the others.
    schema["properties"]["kind"]["enum"] = json!([form.kind.as_str()]);
    if form.kind.has_capitals() {
        schema["properties"]["name"]["pattern"] = "^[A-Za-z0-9][A-Za-z0-9_-]*$".into();
    }
    if let Some(variant) = form.variant {
        schema["properties"]["type"]["enum"] = json!([variant]);
    }
    schema
}

fn map(groups: &[&'static [Field]]) -> Json {
    let fields = || groups.iter().copied().flatten();
    let properties: Map<String, Json> = fields()
        .map(|field| {
            let mut schema = shape(field.shape);
            schema["description"] = field.doc.into();
            (field.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = fields()
        .filter(|field| field.is_required)
        .map(|field| field.name)
        .collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn shape(of: &'static Shape) -> Json {
    match of {
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Name => json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"}),
        Shape::Id | Shape::AnyText => json!({"type": "string"}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Count(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
        Shape::Percent(_) => json!({"type": "string", "pattern": "^[0-9]+%$"}),
        Shape::Duration(_) => json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}),
        Shape::Words(words) => json!({"type": "string", "enum": words}),
        Shape::Secret => secret(),
        Shape::TextOrSecret => json!({"anyOf": [{"type": "string"}, secret()]}),
        Shape::List(item) => json!({"type": "array", "items": shape(item)}),
        Shape::Map(fields) => map(&[fields]),
        Shape::Each(value) => json!({"type": "object", "additionalProperties": shape(value)}),
        Shape::Attributes => {
            json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/attribute"}})
        }
        Shape::Varied(inner) => json!({"anyOf": [shape(inner), of_matrix()]}),
        Shape::Tree => json!({"$ref": "#/$defs/tree"}),
    }
}

/// Any value; in a message a map of `each` and `do` alone repeats what is in it.
fn tree() -> Json {
    let below = json!({"$ref": "#/$defs/tree"});
    let each = json!({
        "type": "string",
        "description": "What is gone over: the head of a Liquid `for`, such as `id in custom_attribute.${wishes} limit:9`.",
    });
    let repeated =
        json!({"$ref": "#/$defs/tree", "description": "What is repeated for each element."});
    json!({
        "anyOf": [
            {
                "title": "a list made by a loop",
                "type": "object",
                "properties": {"each": each, "do": repeated},
                "required": ["each", "do"],
                "additionalProperties": false,
            },
            {"type": "object", "additionalProperties": below},
            {"type": "array", "items": below},
            {"type": ["string", "number", "boolean", "null"]},
        ],
    })
}

fn of_matrix() -> Json {
    let properties = json!({"matrix": {"type": "string"}});
    json!({"type": "object", "properties": properties, "required": ["matrix"], "additionalProperties": false})
}

fn secret() -> Json {
    json!({
        "oneOf": [
            {"type": "object", "properties": {"env": {"type": "string"}}, "required": ["env"], "additionalProperties": false},
            {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": false},
        ],
    })
}
