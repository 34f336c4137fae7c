//! What Settings may hold.

use crate::campaign::read::shape::{Field, Shape, Span, needed, optional};
use crate::model::limits;

pub(in crate::campaign) static SETTINGS: &[Field] = &[
    optional(
        "owner",
        &Shape::Name,
        "Whose files these are, on a server that several share; it lets `--prune` delete.",
    ),
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
    optional(
        "policies",
        &Shape::List(&Shape::Map(POLICIES)),
        "What plans are held against.",
    ),
    optional("policy", &Shape::Map(POLICY), "What to warn of."),
    optional(
        "plan",
        &Shape::Map(RULES),
        "What a plan must keep to, or it is not applied.",
    ),
];

static LEVEL: Shape = Shape::Words(&["off", "warn", "error"]);

static POLICIES: &[Field] = &[
    needed("name", &Shape::Name, "By which it is named where it fires."),
    needed(
        "when",
        &Shape::Text,
        "A condition over one change of a plan, in CEL.",
    ),
    needed(
        "level",
        &Shape::Words(&["deny", "warn"]),
        "Whether there is no plan to apply then, or a warning.",
    ),
    needed("message", &Shape::Text, "What people are told."),
];

static POLICY: &[Field] = &[optional(
    "marketing_words",
    &Shape::List(&Shape::Text),
    "Words that Messenger messages which may leave the 24-hour window should not hold.",
)];

static RULES: &[Field] = &[
    optional(
        "max_age",
        &AGE,
        "How old a saved plan may be that is applied; 24h by default.",
    ),
    optional(
        "audience_drift",
        &Shape::Percent(limits::AUDIENCE_DRIFT_PERCENT_MAX),
        "How far an audience may have moved since the plan was made; 20% by default.",
    ),
    optional(
        "max_deletes",
        &Shape::Percent(100),
        "How much of the owner's campaigns one apply may delete; 30% by default.",
    ),
    optional(
        "few_deletes",
        &Shape::Count(1_000),
        "So many campaigns may be deleted, whatever their share; 3 by default.",
    ),
    optional(
        "max_starts",
        &Shape::Count(1_000_000),
        "How many campaigns may be new in one apply; 50 by default.",
    ),
];

static AGE: Shape = Shape::Duration(Span {
    least: limits::PLAN_AGE_MIN,
    most: limits::PLAN_AGE_MAX,
    otherwise: "without it, a plan may be 24h old",
});

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
