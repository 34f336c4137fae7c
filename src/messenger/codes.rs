//! The table of the platform's error codes: what each means for a delivery, and what to do.
//!
//! From the Messenger Platform's "Common Error Codes", the Graph API's "Handling Errors" and "Rate
//! Limits", and, where they are silent, from what clients report.

use super::answer::Class;

/// One row: a code, with a subcode or for every subcode that has no row of its own.
pub(super) struct Row {
    pub(super) code: i64,
    pub(super) subcode: Option<i64>,
    pub(super) class: Class,
    pub(super) summary: &'static str,
}

const fn any(code: i64, class: Class, summary: &'static str) -> Row {
    Row {
        code,
        subcode: None,
        class,
        summary,
    }
}

const fn one(code: i64, subcode: i64, class: Class, summary: &'static str) -> Row {
    Row {
        code,
        subcode: Some(subcode),
        class,
        summary,
    }
}

const THROTTLED: Class = Class::Throttled { regain: None };

pub(super) static ROWS: &[Row] = &[
    any(1, Class::Retry, "an unknown error of the platform"),
    one(1, 99, Class::Token, "a permission is missing"),
    one(
        1,
        1_357_046,
        Class::Unknown,
        "the platform's reply broke; the message may have been sent",
    ),
    any(2, Class::Retry, "a temporary error of the platform"),
    any(3, Class::Token, "the app lacks a capability"),
    any(4, THROTTLED, "the app's request limit is reached"),
    one(4, 2_018_022, THROTTLED, "too many sends to phone numbers"),
    one(
        4,
        2_018_354,
        Class::Content,
        "too soon after the last marketing message",
    ),
    one(
        9,
        2_018_352,
        Class::Content,
        "the limit of opt-in requests is reached",
    ),
    any(10, Class::Token, "the app or token lacks the permission"),
    one(
        10,
        2_018_278,
        Class::WindowClosed,
        "outside the 24-hour window",
    ),
    one(
        10,
        2_534_022,
        Class::WindowClosed,
        "outside the 24-hour window",
    ),
    one(
        10,
        2_018_065,
        Class::WindowClosed,
        "outside the 24-hour window",
    ),
    one(
        10,
        2_018_108,
        Class::Unreachable,
        "this person cannot receive the page's messages",
    ),
    one(
        10,
        1_893_015,
        Class::Unreachable,
        "this person stopped this topic",
    ),
    one(
        10,
        1_404_170,
        Class::Restricted,
        "the page may not ask for opt-ins",
    ),
    one(
        10,
        1_893_063,
        Class::Restricted,
        "the page is restricted for a time",
    ),
    one(
        10,
        2_018_300,
        Class::ThreadHeld,
        "another app holds the conversation",
    ),
    any(17, THROTTLED, "the user's request limit is reached"),
    any(32, THROTTLED, "the page's request limit is reached"),
    any(102, Class::Token, "the session is not valid"),
    any(341, THROTTLED, "the app's limit is reached"),
    any(613, THROTTLED, "the call limit is reached"),
    one(613, 1_893_016, THROTTLED, "the call limit is reached"),
    one(613, 2_534_040, THROTTLED, "the call limit is reached"),
    one(
        613,
        2_018_338,
        Class::Restricted,
        "the platform warns of misused tags",
    ),
    any(80_001, THROTTLED, "the page's limit is reached"),
    any(80_006, THROTTLED, "the page's messaging limit is reached"),
    any(
        100,
        Class::Content,
        "the platform does not accept a parameter",
    ),
    one(
        100,
        33,
        Class::Token,
        "the page does not exist or the token may not use it",
    ),
    one(
        100,
        2_018_001,
        Class::Unreachable,
        "no such person for this page",
    ),
    one(
        100,
        2_018_008,
        Class::Retry,
        "the platform could not fetch the media",
    ),
    one(
        100,
        2_018_294,
        Class::Retry,
        "the platform could not fetch the video in time",
    ),
    one(
        100,
        2_018_014,
        Class::Content,
        "a message and an action in one call",
    ),
    one(
        100,
        2_018_015,
        Class::Content,
        "neither a message nor an action",
    ),
    one(
        100,
        2_018_032,
        Class::Content,
        "the message's data is not valid",
    ),
    one(100, 2_018_034, Class::Content, "the message is empty"),
    one(
        100,
        2_018_035,
        Class::Content,
        "a card needs something besides its title",
    ),
    one(
        100,
        2_018_040,
        Class::Content,
        "a postback button needs a payload",
    ),
    one(100, 2_018_041, Class::Content, "a URL button needs a URL"),
    one(
        100,
        2_018_047,
        Class::Content,
        "the attachment's type does not match",
    ),
    one(100, 2_018_053, Class::Content, "a button needs a title"),
    one(
        100,
        2_018_055,
        Class::Content,
        "an amount of the receipt is not valid",
    ),
    one(
        100,
        2_018_074,
        Class::Content,
        "the attachment belongs to another page or has expired",
    ),
    one(
        100,
        2_018_098,
        Class::Content,
        "a quick reply needs a title",
    ),
    one(
        100,
        2_018_099,
        Class::Content,
        "a quick reply needs a payload",
    ),
    one(
        100,
        2_018_109,
        Class::Content,
        "the attachment is too large",
    ),
    one(100, 36_000, Class::Content, "the image is too large"),
    one(100, 2_018_164, Class::Token, "the app id is wrong"),
    one(
        100,
        2_018_320,
        Class::Content,
        "the product is not in the catalogue",
    ),
    one(
        100,
        2_018_328,
        Class::Content,
        "the products do not fit together",
    ),
    one(100, 2_018_382, Class::Content, "the form is not valid"),
    one(
        100,
        1_893_029,
        Class::Content,
        "the utility template's parameters do not match",
    ),
    any(105, Class::Content, "a list has too many elements"),
    any(190, Class::Token, "the token is not valid"),
    one(
        190,
        458,
        Class::Token,
        "the token is dead: the app was removed",
    ),
    one(
        190,
        459,
        Class::Token,
        "the token is dead: its person must log in",
    ),
    one(
        190,
        460,
        Class::Token,
        "the token is dead: the password changed",
    ),
    one(190, 463, Class::Token, "the token has expired"),
    one(
        190,
        464,
        Class::Token,
        "the token is dead: its person is not confirmed",
    ),
    one(190, 467, Class::Token, "the token is not valid"),
    one(
        190,
        492,
        Class::Token,
        "the token is dead: its person lost the role on the page",
    ),
    any(194, Class::Content, "a list has too few elements"),
    any(200, Class::Token, "a permission is missing"),
    one(
        200,
        1_545_041,
        Class::Unreachable,
        "this person is not available",
    ),
    one(
        200,
        2_018_021,
        Class::Token,
        "the app is in development and this person has no role on it",
    ),
    one(
        200,
        2_018_027,
        Class::Token,
        "the app is in development and this person has no role on it",
    ),
    one(
        200,
        2_018_028,
        Class::Token,
        "the app is in development and this person has no role on it",
    ),
    any(230, Class::Token, "a permission is missing"),
    any(
        368,
        Class::Restricted,
        "the platform blocked the page's messages",
    ),
    any(551, Class::Unreachable, "this person is not available"),
    one(
        551,
        1_545_041,
        Class::Unreachable,
        "this person is not available",
    ),
    one(
        551,
        1_893_047,
        Class::Unreachable,
        "this person is not available",
    ),
    any(1_200, Class::Retry, "a temporary failure of the platform"),
    any(
        2_022,
        Class::Restricted,
        "commerce is switched off for the page",
    ),
    any(
        10_303,
        Class::Content,
        "the account-linking token is not valid",
    ),
    any(
        10_900,
        Class::Restricted,
        "the activity was answered already",
    ),
    any(10_903, Class::Restricted, "the page may not reply"),
    any(
        10_904,
        Class::Restricted,
        "messaging is switched off for the page",
    ),
    any(
        2_018_300,
        Class::ThreadHeld,
        "another app holds the conversation",
    ),
    any(
        2_018_321,
        Class::ThreadHeld,
        "an automated answer holds the conversation",
    ),
    any(
        9_000_001,
        Class::Content,
        "what the message names was deleted",
    ),
];
