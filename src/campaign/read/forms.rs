//! What each kind of document may hold: one description, for the checks and for the JSON Schema.

use super::shape::{Field, Form, Shape, Span, needed, optional};
use crate::campaign::case::forms as case;
use crate::campaign::check::settings::SETTINGS;
use crate::model::limits;
use crate::model::resource::Kind;

/// What every document has.
pub(in crate::campaign) static COMMON: &[Field] = &[
    needed(
        "kind",
        &Shape::Words(&[
            "Attributes",
            "Channel",
            "Segment",
            "ContentBlock",
            "Catalog",
            "Template",
            "Campaign",
            "Settings",
        ]),
        "What the document is.",
    ),
    needed(
        "name",
        &Shape::Name,
        "The resource's name, unique for its kind.",
    ),
    optional(
        "description",
        &Shape::Text,
        "What it is for, in a sentence.",
    ),
    optional("team", &Shape::Text, "Who owns it."),
    optional("tags", &Shape::List(&Shape::Text), "Labels."),
];

pub(in crate::campaign) static FORMS: &[Form] = &[
    Form {
        kind: Kind::Attributes,
        variant: None,
        fields: ATTRIBUTES,
    },
    Form {
        kind: Kind::Channel,
        variant: Some("messenger"),
        fields: MESSENGER,
    },
    Form {
        kind: Kind::Channel,
        variant: Some("webhook"),
        fields: WEBHOOK,
    },
    Form {
        kind: Kind::Segment,
        variant: None,
        fields: SEGMENT,
    },
    Form {
        kind: Kind::ContentBlock,
        variant: None,
        fields: CONTENT_BLOCK,
    },
    Form {
        kind: Kind::Catalog,
        variant: None,
        fields: CATALOG,
    },
    Form {
        kind: Kind::Template,
        variant: None,
        fields: TEMPLATE,
    },
    Form {
        kind: Kind::Campaign,
        variant: None,
        fields: CAMPAIGN,
    },
    Form {
        kind: Kind::Settings,
        variant: None,
        fields: SETTINGS,
    },
];

static TIMEOUT: Shape = Shape::Duration(Span {
    least: limits::CALL_TIMEOUT_MIN,
    most: limits::CALL_TIMEOUT_MAX,
    otherwise: "without it, a call may take 15s",
});

static RETENTION: Shape = Shape::Duration(Span {
    least: limits::EVENT_RETENTION_MIN,
    most: limits::EVENT_RETENTION_MAX,
    otherwise: "without it, events are kept for 400d",
});

static ATTRIBUTES: &[Field] = &[
    optional(
        "attributes",
        &Shape::Attributes,
        "What users may have, by name.",
    ),
    optional(
        "events",
        &Shape::Each(&Shape::Map(EVENT)),
        "What users may do, by name.",
    ),
];

/// One attribute, or a field of one.
pub(in crate::campaign) static ATTRIBUTE: &[Field] = &[
    needed(
        "type",
        &TYPE,
        "What it holds: an upsert of anything else is refused.",
    ),
    optional(
        "items",
        &TYPE,
        "For a list: what its elements are; anything without it.",
    ),
    optional(
        "fields",
        &Shape::Attributes,
        "For an object: its fields by name; others may be there.",
    ),
    optional("description", &Shape::Text, "What it means."),
    optional(
        "pii",
        &Shape::Bool,
        "Whether it is personal data; false by default.",
    ),
];

static TYPE: Shape = Shape::Words(&[
    "bool",
    "int",
    "double",
    "string",
    "timestamp",
    "list",
    "object",
]);

static EVENT: &[Field] = &[
    optional("description", &Shape::Text, "What it means."),
    optional(
        "retention",
        &RETENTION,
        "How long events of this name are kept; 400d by default.",
    ),
];

static ON_UNKNOWN: Shape = Shape::Words(&["leave", "resend"]);

static MESSENGER: &[Field] = &[
    needed(
        "type",
        &Shape::Words(&["messenger", "webhook"]),
        "Where messages go.",
    ),
    needed("page_id", &Shape::Id, "The Facebook page's id, or `me`."),
    needed(
        "token",
        &Shape::Secret,
        "The page's access token, as a reference.",
    ),
    optional(
        "app_secret",
        &Shape::Secret,
        "The app's secret; then each call carries an `appsecret_proof`.",
    ),
    optional(
        "psid_attribute",
        &Shape::Text,
        "The attribute that holds a user's PSID; `messenger_id` by default.",
    ),
    optional(
        "graph_url",
        &Shape::Text,
        "Where the Graph API is; https://graph.facebook.com by default.",
    ),
    optional(
        "graph_version",
        &Shape::Text,
        "The Graph API's version; v25.0 by default.",
    ),
    optional(
        "pace",
        &Shape::Count(1_000_000),
        "Messages a second; 40 by default, where Meta begins to call a page high-volume.",
    ),
    optional(
        "timeout",
        &TIMEOUT,
        "How long one call may take; 15s by default.",
    ),
    optional(
        "on_unknown",
        &ON_UNKNOWN,
        "What becomes of a message that may have arrived; `leave` by default.",
    ),
];

static WEBHOOK: &[Field] = &[
    needed(
        "type",
        &Shape::Words(&["messenger", "webhook"]),
        "Where messages go.",
    ),
    needed("url", &Shape::Text, "The endpoint; Liquid is allowed."),
    optional(
        "method",
        &Shape::Words(&["POST", "GET", "PUT", "DELETE"]),
        "POST by default.",
    ),
    optional(
        "headers",
        &Shape::Each(&Shape::TextOrSecret),
        "Headers by name: a text with Liquid, or a secret reference.",
    ),
    optional(
        "pace",
        &Shape::Count(1_000_000),
        "Calls a second; unlimited by default.",
    ),
    optional(
        "timeout",
        &TIMEOUT,
        "How long one call may take; 15s by default.",
    ),
    optional(
        "allow_private_network",
        &Shape::Bool,
        "Allows addresses that are not public; false by default.",
    ),
    optional(
        "on_unknown",
        &ON_UNKNOWN,
        "What becomes of a call that may have arrived; `resend` by default, under the same Idempotency-Key.",
    ),
];

static SEGMENT: &[Field] = &[
    needed(
        "filter",
        &Shape::Text,
        "A CEL expression over `user`: who is true for it is in the segment.",
    ),
    optional(
        "tracking",
        &Shape::Bool,
        "Records the segment's size every hour; false by default.",
    ),
    case::OF_SEGMENT,
];

static CONTENT_BLOCK: &[Field] = &[
    needed(
        "content",
        &Shape::Text,
        "A text with Liquid, used as `{{content_blocks.${name}}}`.",
    ),
    case::OF_CONTENT_BLOCK,
];

static CATALOG: &[Field] = &[
    optional(
        "id",
        &Shape::Text,
        "The field that tells items apart; `id` by default.",
    ),
    optional(
        "items",
        &Shape::List(&Shape::Tree),
        "The items, each a map; or `csv`, or `file`.",
    ),
    optional(
        "csv",
        &Shape::Text,
        "The items as CSV, its first line the names of the fields.",
    ),
    optional(
        "file",
        &Shape::Text,
        "A CSV file in the campaign folder, its path from this file.",
    ),
    optional(
        "fields",
        &Shape::Each(&CELL),
        "Types of a CSV's fields by name; texts without one.",
    ),
];

static CELL: Shape = Shape::Words(&["bool", "int", "double", "string", "list", "object"]);

static TEMPLATE: &[Field] = &[
    optional(
        "message",
        &Shape::Tree,
        "A message for the campaigns that name this template, with Liquid in its texts.",
    ),
    optional(
        "raw",
        &Shape::Map(RAW),
        "For webhooks, instead of `message`: a body of any format.",
    ),
    case::OF_TEMPLATE,
];

static CAMPAIGN: &[Field] = &[
    needed("channel", &Shape::Name, "The channel it sends through."),
    optional(
        "segment",
        &Shape::Name,
        "The segment it goes to; everybody without one.",
    ),
    optional(
        "filter",
        &Shape::Text,
        "A CEL expression; with a segment, both must be true.",
    ),
    optional(
        "max_audience",
        &Shape::Count(10_000_000_000),
        "How many people it is meant for at most: an apply that makes them more is refused.",
    ),
    needed("trigger", &Shape::Map(TRIGGER), "What starts it."),
    optional(
        "message",
        &Shape::Tree,
        "The message, with Liquid in its texts: the Send API's for Messenger, any JSON for a webhook.",
    ),
    optional(
        "raw",
        &Shape::Map(RAW),
        "For a webhook, instead of `message`: a body of any format.",
    ),
    optional(
        "template",
        &Shape::Name,
        "Instead of `message`: the Template that holds it.",
    ),
    optional("delivery", &Shape::Map(DELIVERY), "How it is delivered."),
    case::OF_CAMPAIGN,
];

static TRIGGER: &[Field] = &[
    optional(
        "api",
        &Shape::Map(&[]),
        "Started by a call of SendCampaign.",
    ),
    optional("event", &Shape::Tree, "Not supported."),
    optional("schedule", &Shape::Tree, "Not supported."),
];

static RAW: &[Field] = &[
    needed("content_type", &Shape::Text, "The Content-Type header."),
    needed("body", &Shape::Text, "The body, with Liquid."),
];

static DELIVERY: &[Field] = &[optional(
    "on_unknown",
    &ON_UNKNOWN,
    "What becomes of a message that may have arrived; the channel's by default.",
)];
