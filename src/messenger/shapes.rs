//! The Send API's fields and limits, as data.
//!
//! From the Messenger Platform's reference: "Send API", "Quick Replies", "Buttons" and the page of each
//! template, versions v22 to v26. Lengths count UTF-16 units, the stricter reading of "characters".

/// What a value must look like.
#[derive(Debug)]
pub(super) enum Shape {
    /// Not empty, at most so many UTF-16 units.
    Text(usize),
    /// `http://` or `https://`.
    Url,
    /// One of these.
    Word(&'static [&'static str]),
    Number,
    Bool,
    /// Anything: not checked beyond being there.
    Any,
    Map(&'static [Field]),
    /// At least and at most so many.
    List(usize, usize, &'static Shape),
    /// A map whose fields depend on one of them.
    Tagged(&'static str, &'static [Case]),
}

/// A field of a map.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: &'static Shape,
    pub(super) is_required: bool,
}

/// A value of the tag, and the fields that come with it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) tag: &'static str,
    pub(super) fields: &'static [Field],
}

const fn needed(name: &'static str, shape: &'static Shape) -> Field {
    Field {
        name,
        shape,
        is_required: true,
    }
}

const fn optional(name: &'static str, shape: &'static Shape) -> Field {
    Field {
        name,
        shape,
        is_required: false,
    }
}

const fn case(tag: &'static str, fields: &'static [Field]) -> Case {
    Case { tag, fields }
}

/// Tags that the platform refuses with error 100 since 2026-04-27.
pub(super) const DEAD_TAGS: [&str; 3] = [
    "CONFIRMED_EVENT_UPDATE",
    "ACCOUNT_UPDATE",
    "POST_PURCHASE_UPDATE",
];

/// Templates that are gone, by the beginning of their names.
pub(super) const REMOVED_TEMPLATES: [&str; 3] = ["airline_", "list", "open_graph"];

/// The keys of which a message has exactly one.
pub(super) const CONTENTS: [&str; 5] = [
    "text",
    "attachment",
    "attachments",
    "sticker_id",
    "template",
];

/// What stands beside the message in the body, and beside its keys in a campaign.
pub(super) static ENVELOPE: &[Field] = &[
    optional(
        "messaging_type",
        &Shape::Word(&["RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"]),
    ),
    optional(
        "tag",
        &Shape::Word(&[
            "HUMAN_AGENT",
            "CUSTOMER_FEEDBACK",
            "NON_PROMOTIONAL_SUBSCRIPTION",
            "CONFIRMED_EVENT_UPDATE",
            "ACCOUNT_UPDATE",
            "POST_PURCHASE_UPDATE",
        ]),
    ),
    optional(
        "notification_type",
        &Shape::Word(&["REGULAR", "SILENT_PUSH", "NO_PUSH"]),
    ),
    optional("persona_id", &Shape::Text(100)),
];

pub(super) static MESSAGE: &[Field] = &[
    optional("text", &Shape::Text(2_000)),
    optional("attachment", &ATTACHMENT),
    optional("attachments", &Shape::List(1, 30, &IMAGE)),
    optional("sticker_id", &Shape::Text(100)),
    optional("template", &UTILITY),
    optional("quick_replies", &Shape::List(1, 13, &QUICK_REPLY)),
];

static QUICK_REPLY: Shape = Shape::Tagged(
    "content_type",
    &[
        case(
            "text",
            &[
                needed("title", &Shape::Text(20)),
                needed("payload", &Shape::Text(1_000)),
                optional("image_url", &Shape::Url),
            ],
        ),
        case("user_phone_number", &[optional("image_url", &Shape::Url)]),
        case("user_email", &[optional("image_url", &Shape::Url)]),
    ],
);

static IMAGE: Shape = Shape::Tagged("type", &[case("image", &[needed("payload", &MEDIA)])]);

static MEDIA: Shape = Shape::Map(&[
    optional("url", &Shape::Url),
    optional("attachment_id", &Shape::Text(100)),
    optional("is_reusable", &Shape::Bool),
]);

static ATTACHMENT: Shape = Shape::Tagged(
    "type",
    &[
        case("image", &[needed("payload", &MEDIA)]),
        case("audio", &[needed("payload", &MEDIA)]),
        case("video", &[needed("payload", &MEDIA)]),
        case("file", &[needed("payload", &MEDIA)]),
        case("template", &[needed("payload", &TEMPLATE)]),
    ],
);

static TEMPLATE: Shape = Shape::Tagged(
    "template_type",
    &[
        case(
            "generic",
            &[
                needed("elements", &Shape::List(1, 10, &GENERIC_ELEMENT)),
                optional(
                    "image_aspect_ratio",
                    &Shape::Word(&["horizontal", "square"]),
                ),
                optional("sharable", &Shape::Bool),
            ],
        ),
        case(
            "button",
            &[
                needed("text", &Shape::Text(640)),
                needed("buttons", &Shape::List(1, 3, &BUTTON)),
                optional("sharable", &Shape::Bool),
            ],
        ),
        case(
            "media",
            &[
                needed("elements", &Shape::List(1, 1, &MEDIA_ELEMENT)),
                optional("sharable", &Shape::Bool),
            ],
        ),
        case("receipt", RECEIPT),
        case(
            "coupon",
            &[
                needed("title", &Shape::Text(80)),
                needed("coupon_code", &Shape::Text(100)),
                optional("subtitle", &Shape::Text(80)),
                optional("coupon_url", &Shape::Url),
                optional("coupon_url_button_title", &Shape::Text(20)),
                optional("coupon_pre_message", &Shape::Text(640)),
                optional("image_url", &Shape::Url),
                optional("payload", &Shape::Text(1_000)),
            ],
        ),
        case(
            "product",
            &[needed("elements", &Shape::List(1, 10, &PRODUCT))],
        ),
        case(
            "image_grid",
            &[needed("elements", &Shape::List(1, 1, &GRID_ELEMENT))],
        ),
        case("customer_feedback", CUSTOMER_FEEDBACK),
        case("instant_form", &[needed("form_id", &Shape::Text(100))]),
    ],
);

static GENERIC_ELEMENT: Shape = Shape::Map(&[
    needed("title", &Shape::Text(80)),
    optional("subtitle", &Shape::Text(80)),
    optional("image_url", &Shape::Url),
    optional("default_action", &DEFAULT_ACTION),
    optional("buttons", &Shape::List(1, 3, &BUTTON)),
]);

static MEDIA_ELEMENT: Shape = Shape::Map(&[
    needed("media_type", &Shape::Word(&["image", "video"])),
    optional("attachment_id", &Shape::Text(100)),
    optional("url", &Shape::Url),
    optional("buttons", &Shape::List(1, 3, &BUTTON)),
    optional("sharable", &Shape::Bool),
]);

static GRID_ELEMENT: Shape = Shape::Map(&[
    needed("images", &Shape::List(2, 6, &GRID_IMAGE)),
    optional("title", &Shape::Text(45)),
    optional("subtitle", &Shape::Text(80)),
    optional("buttons", &Shape::List(1, 3, &BUTTON)),
]);

static GRID_IMAGE: Shape = Shape::Map(&[
    needed("url", &Shape::Url),
    optional("is_hero_image", &Shape::Bool),
    optional("action", &Shape::Any),
]);

static PRODUCT: Shape = Shape::Map(&[needed("id", &Shape::Text(100))]);

static WEB_URL: &[Field] = &[
    needed("url", &Shape::Url),
    needed("title", &Shape::Text(20)),
    optional(
        "webview_height_ratio",
        &Shape::Word(&["compact", "tall", "full"]),
    ),
    optional("messenger_extensions", &Shape::Bool),
    optional("fallback_url", &Shape::Url),
    optional("webview_share_button", &Shape::Word(&["hide"])),
];

static BUTTON: Shape = Shape::Tagged(
    "type",
    &[
        case("web_url", WEB_URL),
        case(
            "postback",
            &[
                needed("title", &Shape::Text(20)),
                needed("payload", &Shape::Text(1_000)),
            ],
        ),
        case(
            "phone_number",
            &[
                needed("title", &Shape::Text(20)),
                needed("payload", &Shape::Text(20)),
            ],
        ),
        case("account_link", &[needed("url", &Shape::Url)]),
        case("account_unlink", &[]),
        case(
            "game_play",
            &[
                needed("title", &Shape::Text(20)),
                optional("payload", &Shape::Text(1_000)),
            ],
        ),
        case(
            "audio_call",
            &[
                needed("title", &Shape::Text(20)),
                optional("payload", &Shape::Text(1_000)),
            ],
        ),
    ],
);

/// A `web_url` button without a title.
static DEFAULT_ACTION: Shape = Shape::Tagged(
    "type",
    &[case(
        "web_url",
        &[
            needed("url", &Shape::Url),
            optional(
                "webview_height_ratio",
                &Shape::Word(&["compact", "tall", "full"]),
            ),
            optional("messenger_extensions", &Shape::Bool),
            optional("fallback_url", &Shape::Url),
        ],
    )],
);

static RECEIPT: &[Field] = &[
    needed("recipient_name", &Shape::Text(200)),
    needed("order_number", &Shape::Text(200)),
    needed("currency", &Shape::Text(3)),
    needed("payment_method", &Shape::Text(200)),
    needed("summary", &SUMMARY),
    optional("merchant_name", &Shape::Text(200)),
    optional("sharable", &Shape::Bool),
    optional("timestamp", &Shape::Any),
    optional("order_url", &Shape::Url),
    optional("elements", &Shape::List(0, 100, &RECEIPT_ELEMENT)),
    optional("address", &ADDRESS),
    optional("adjustments", &Shape::List(0, 100, &ADJUSTMENT)),
];

static SUMMARY: Shape = Shape::Map(&[
    needed("total_cost", &Shape::Number),
    optional("subtotal", &Shape::Number),
    optional("shipping_cost", &Shape::Number),
    optional("total_tax", &Shape::Number),
]);

static RECEIPT_ELEMENT: Shape = Shape::Map(&[
    needed("title", &Shape::Text(200)),
    needed("price", &Shape::Number),
    optional("subtitle", &Shape::Text(200)),
    optional("quantity", &Shape::Number),
    optional("currency", &Shape::Text(3)),
    optional("image_url", &Shape::Url),
]);

static ADDRESS: Shape = Shape::Map(&[
    needed("street_1", &Shape::Text(200)),
    needed("city", &Shape::Text(200)),
    needed("postal_code", &Shape::Text(40)),
    needed("state", &Shape::Text(200)),
    needed("country", &Shape::Text(200)),
    optional("street_2", &Shape::Text(200)),
]);

static ADJUSTMENT: Shape = Shape::Map(&[
    needed("name", &Shape::Text(200)),
    needed("amount", &Shape::Number),
]);

static CUSTOMER_FEEDBACK: &[Field] = &[
    needed("title", &Shape::Text(65)),
    needed("feedback_screens", &Shape::List(1, 1, &Shape::Any)),
    needed(
        "business_privacy",
        &Shape::Map(&[needed("url", &Shape::Url)]),
    ),
    optional("subtitle", &Shape::Text(80)),
    optional("button_title", &Shape::Text(20)),
    optional("expires_in_days", &Shape::Number),
];

/// An approved utility template with its parameters.
static UTILITY: Shape = Shape::Map(&[
    needed("name", &Shape::Text(512)),
    needed("language", &Shape::Map(&[needed("code", &Shape::Text(20))])),
    optional("components", &Shape::List(0, 3, &COMPONENT)),
]);

static COMPONENT: Shape = Shape::Tagged(
    "type",
    &[
        case(
            "header",
            &[needed("parameters", &Shape::List(0, 10, &Shape::Any))],
        ),
        case(
            "body",
            &[needed("parameters", &Shape::List(0, 100, &PARAMETER))],
        ),
        case(
            "buttons",
            &[needed("parameters", &Shape::List(0, 3, &Shape::Any))],
        ),
    ],
);

static PARAMETER: Shape = Shape::Tagged(
    "type",
    &[case(
        "text",
        &[
            needed("text", &Shape::Text(1_024)),
            optional("parameter_name", &Shape::Text(100)),
        ],
    )],
);
