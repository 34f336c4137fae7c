//! What Settings may hold.

use super::shape::{Field, Shape, needed, optional};

pub(super) static SETTINGS: &[Field] = &[
    optional(
        "connected_content",
        &Shape::Map(CONNECTED_CONTENT),
        "Where templates may fetch from; nowhere without it.",
    ),
    optional(
        "lints",
        &Shape::Each(&LEVEL),
        "What becomes of warnings, by code.",
    ),
    optional("policy", &Shape::Map(POLICY), "What to warn of."),
];

static LEVEL: Shape = Shape::Words(&["off", "warn", "error"]);

static POLICY: &[Field] = &[optional(
    "marketing_words",
    &Shape::List(&Shape::Text),
    "Words that Messenger messages which may leave the 24-hour window should not hold.",
)];

static CONNECTED_CONTENT: &[Field] = &[
    needed(
        "hosts",
        &Shape::List(&Shape::Text),
        "Hosts that may be asked: `api.example.com`, or `*.example.com` for all below.",
    ),
    optional(
        "credentials",
        &Shape::Each(&Shape::Map(CREDENTIAL)),
        "What `:basic_auth` names.",
    ),
    optional(
        "allow_private_network",
        &Shape::Bool,
        "Allows addresses that are not public, and every port; false by default.",
    ),
];

static CREDENTIAL: &[Field] = &[
    needed(
        "hosts",
        &Shape::List(&Shape::Text),
        "Hosts that may be told the password: some of those above.",
    ),
    needed("username", &Shape::Text, "The user name."),
    needed("password", &Shape::Secret, "The password, as a reference."),
];
