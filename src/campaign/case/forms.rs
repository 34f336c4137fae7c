//! What `tests:` may hold, for each kind of document.

use crate::campaign::read::shape::{Field, Shape, Span, needed, optional};
use crate::model::limits;

/// Gates that a case can close.
pub(super) const GATES: [&str; 3] = ["not_in_audience", "no_psid", "channel_misconfigured"];

const DOC: &str = "Cases that `recado test` runs.";

pub(in crate::campaign) const OF_CAMPAIGN: Field =
    optional("tests", &Shape::List(&Shape::Map(CAMPAIGN)), DOC);
pub(in crate::campaign) const OF_TEMPLATE: Field =
    optional("tests", &Shape::List(&Shape::Map(TEMPLATE)), DOC);
pub(in crate::campaign) const OF_CONTENT_BLOCK: Field =
    optional("tests", &Shape::List(&Shape::Map(CONTENT_BLOCK)), DOC);
pub(in crate::campaign) const OF_SEGMENT: Field =
    optional("tests", &Shape::List(&Shape::Map(SEGMENT)), DOC);

const CAMPAIGN: &[Field] = &[
    NAME,
    USER,
    USERS,
    NOW,
    EVENTS,
    RECEIVED,
    EVENT,
    TRIGGER_PROPERTIES,
    CONTENTS,
    MATRIX,
    ROWS,
    optional("expect", &Shape::Map(OF_MESSAGES), EXPECT),
    optional("each", &Shape::Each(&Shape::Map(OF_MESSAGES)), EACH),
];

const TEMPLATE: &[Field] = &[
    NAME,
    USER,
    USERS,
    NOW,
    EVENT,
    TRIGGER_PROPERTIES,
    CONTENTS,
    MATRIX,
    ROWS,
    optional("expect", &Shape::Map(OF_TEMPLATES), EXPECT),
    optional("each", &Shape::Each(&Shape::Map(OF_TEMPLATES)), EACH),
];

const CONTENT_BLOCK: &[Field] = &[
    NAME,
    USER,
    USERS,
    NOW,
    EVENT,
    TRIGGER_PROPERTIES,
    CONTENTS,
    MATRIX,
    ROWS,
    optional("expect", &Shape::Map(OF_BLOCKS), EXPECT),
    optional("each", &Shape::Each(&Shape::Map(OF_BLOCKS)), EACH),
];

const SEGMENT: &[Field] = &[
    NAME,
    USER,
    USERS,
    NOW,
    EVENTS,
    RECEIVED,
    MATRIX,
    ROWS,
    optional("expect", &Shape::Map(OF_SEGMENTS), EXPECT),
    optional("each", &Shape::Each(&Shape::Map(OF_SEGMENTS)), EACH),
];

const EXPECT: &str = "What is expected of every user of the case.";
const EACH: &str = "What else is expected of a user of `users`, by name.";

const NAME: Field = needed("name", &Shape::Text, "What the case shows, in a sentence.");
const USER: Field = optional(
    "user",
    &Shape::Each(&Shape::Tree),
    "The user's attributes; `id` is the external id. A user without any when it is left out.",
);
const USERS: Field = optional(
    "users",
    &Shape::Each(&Shape::Each(&Shape::Tree)),
    "Instead of `user`, several by name: the case is run for each.",
);
const NOW: Field = optional(
    "now",
    &Shape::Varied(&Shape::Text),
    "The time of the case; 2026-01-15T12:00:00Z by default.",
);
const EVENTS: Field = optional(
    "events",
    &Shape::List(&Shape::Map(DEED)),
    "What the user did before, for filters that ask for it.",
);
const RECEIVED: Field = optional(
    "received",
    &Shape::List(&Shape::Map(RECEIPT)),
    "Campaigns that the user received before.",
);
const EVENT: Field = optional(
    "event",
    &Shape::Map(TRIGGERING),
    "The event that the message is about.",
);
const TRIGGER_PROPERTIES: Field = optional(
    "trigger_properties",
    &Shape::Each(&Shape::Tree),
    "What the call that starts the campaign sends along for the user.",
);
const CONTENTS: Field = optional(
    "contents",
    &Shape::Each(&Shape::Map(ANSWER)),
    "What connected content answers, by URL. Nothing is ever fetched.",
);
const MATRIX: Field = optional(
    "matrix",
    &Shape::Each(&Shape::List(&Shape::Tree)),
    "Values by name: the case is run for each combination. `{matrix: NAME}` stands for the value.",
);
const ROWS: Field = optional(
    "rows",
    &Shape::List(&Shape::Each(&Shape::Tree)),
    "Values by name, row by row: the case is run for each row. `{matrix: NAME}` stands for the value.",
);

/// Of a case that may have been long ago.
const AGO: Shape = Shape::Duration(Span {
    least: std::time::Duration::ZERO,
    most: limits::EVENT_RETENTION_MAX,
    otherwise: "or name the time: `at: 2026-01-01T12:00:00Z`",
});

const AT: Field = optional(
    "at",
    &Shape::Varied(&Shape::Text),
    "When, as in 2026-01-01T12:00:00Z.",
);
const BEFORE: Field = optional(
    "ago",
    &Shape::Varied(&AGO),
    "How long before the time of the case, such as `3d`.",
);
const PROPERTIES: Field = optional(
    "properties",
    &Shape::Each(&Shape::Tree),
    "The event's properties.",
);

const DEED: &[Field] = &[
    needed("name", &Shape::Varied(&Shape::Text), "The event's name."),
    AT,
    BEFORE,
    PROPERTIES,
];

const RECEIPT: &[Field] = &[
    needed(
        "campaign",
        &Shape::Varied(&Shape::Text),
        "The campaign's name.",
    ),
    AT,
    BEFORE,
];

const TRIGGERING: &[Field] = &[
    optional("name", &Shape::Varied(&Shape::Text), "The event's name."),
    PROPERTIES,
];

const ANSWER: &[Field] = &[
    optional(
        "status",
        &Shape::Varied(&Shape::Count(599)),
        "The HTTP status; 200 by default.",
    ),
    optional(
        "body",
        &Shape::Tree,
        "A text as it is, or anything else as JSON.",
    ),
];

const OF_SEGMENTS: &[Field] = &[needed(
    "member",
    &Shape::Varied(&Shape::Bool),
    "Whether the user is in the segment.",
)];

const OF_BLOCKS: &[Field] = &[TEXT, ABORTED, ERROR, MISSES];

const OF_TEMPLATES: &[Field] = &[MESSAGE, EXACT, TEXT, BODY, ABORTED, ERROR, MISSES, WARNINGS];

const OF_MESSAGES: &[Field] = &[
    optional(
        "eligible",
        &Shape::Varied(&Shape::Bool),
        "Whether all gates are open.",
    ),
    optional(
        "gate",
        &Shape::Varied(&Shape::Words(&GATES)),
        "The first gate that is closed.",
    ),
    MESSAGE,
    EXACT,
    TEXT,
    BODY,
    optional(
        "url",
        &Shape::Varied(&Shape::AnyText),
        "Where a webhook goes.",
    ),
    optional(
        "headers",
        &Shape::Each(&Shape::Varied(&Shape::AnyText)),
        "Headers of a webhook, as far as they are named. Secrets are `***`.",
    ),
    ABORTED,
    ERROR,
    MISSES,
    WARNINGS,
];

const MESSAGE: Field = optional(
    "message",
    &Shape::Tree,
    "The message, as far as it is named: some keys of a map, all elements of a list.",
);
const EXACT: Field = optional(
    "exact",
    &Shape::Bool,
    "Nothing but what `message` names is in the message; false by default.",
);
const TEXT: Field = optional(
    "text",
    &Shape::Varied(&Shape::AnyText),
    "What people read: the message's `text`, or the whole content block.",
);
const BODY: Field = optional(
    "body",
    &Shape::Varied(&Shape::AnyText),
    "The body of a webhook, as it is sent.",
);
const ABORTED: Field = optional(
    "aborted",
    &Shape::Varied(&Shape::AnyText),
    "The reason for which the template aborts the message.",
);
const ERROR: Field = optional(
    "error",
    &Shape::Varied(&Shape::Text),
    "A part of why the message cannot be made.",
);
const MISSES: Field = optional(
    "misses",
    &Shape::List(&Shape::Varied(&Shape::Text)),
    "All names that the message reads and that are absent; none is `[]`.",
);
const WARNINGS: Field = optional(
    "warnings",
    &Shape::List(&Shape::Varied(&Shape::Text)),
    "A part of each warning of a preview; none is `[]`.",
);
