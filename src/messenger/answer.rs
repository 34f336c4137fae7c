//! Reads an answer.

use std::time::Duration;

use serde::Deserialize;

use super::codes::{ROWS, Row};

/// What an answer means for its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Taken, under this id.
    Sent(String),
    /// Certainly not sent; may work later.
    Retry,
    /// The page or app sends too much; `regain` is how long the platform says to wait.
    Throttled { regain: Option<Duration> },
    /// This person cannot be reached, until they write again.
    Unreachable,
    /// The 24-hour window is closed.
    WindowClosed,
    /// The message is refused, for everybody or for this person's data.
    Content,
    /// The token or app cannot send to anybody.
    Token,
    /// The page may not send for a time.
    Restricted,
    /// Another app holds the conversation.
    ThreadHeld,
    /// It may have been sent.
    Unknown,
}

/// An answer, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    pub class: Class,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    /// In our words.
    pub message: String,
}

#[derive(Deserialize)]
struct Body {
    message_id: Option<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: Option<i64>,
    error_subcode: Option<i64>,
    is_transient: Option<bool>,
}

/// Reads a whole answer by its body first: an error may come inside a 200, and codes say more than the
/// status. `is_transient` says more than the table, subcodes more than codes.
pub fn classify(status: u16, body: &[u8]) -> Classified {
    match serde_json::from_slice::<Body>(body) {
        Ok(Body {
            error: Some(refusal),
            ..
        }) => refused(status, &refusal),
        Ok(Body {
            message_id: Some(id),
            error: None,
        }) if (200..300).contains(&status) => Classified {
            class: Class::Sent(id),
            code: None,
            subcode: None,
            message: String::new(),
        },
        // Without a code nobody knows what the platform did, except where the status says it.
        _ => by_status(status),
    }
}

fn refused(status: u16, refusal: &Refusal) -> Classified {
    let (code, subcode) = (
        refusal.code,
        refusal.error_subcode.filter(|subcode| *subcode != 0),
    );
    let row = code.and_then(|code| find(code, subcode));
    let mut class = row.map_or_else(|| by_status(status).class, |row| row.class.clone());
    match refusal.is_transient {
        Some(true) if matches!(class, Class::Content | Class::Token | Class::Unreachable) => {
            class = Class::Retry;
        }
        Some(false) if class == Class::Retry => class = Class::Content,
        _ => {}
    }
    let summary = row.map_or("an error that has no entry in the table", |row| row.summary);
    Classified {
        class,
        code,
        subcode,
        message: described(summary, code, subcode),
    }
}

/// The row of the pair; else the row of the subcode, which some errors carry as their code; else of the code.
fn find(code: i64, subcode: Option<i64>) -> Option<&'static Row> {
    let exact = ROWS
        .iter()
        .find(|row| row.code == code && row.subcode == subcode);
    let held = || {
        // Small subcodes are other errors' codes by chance.
        let subcode = subcode.filter(|subcode| *subcode > 1_000_000)?;
        ROWS.iter()
            .find(|row| row.code == subcode && row.subcode.is_none())
    };
    let general = || {
        ROWS.iter()
            .find(|row| row.code == code && row.subcode.is_none())
    };
    exact.or_else(held).or_else(general)
}

fn by_status(status: u16) -> Classified {
    let (class, message) = match status {
        429 => (Class::Throttled { regain: None }, "too many calls"),
        // Retrying may double: the message may have been taken before the answer broke.
        200..=299 => (
            Class::Unknown,
            "the answer is not what the platform answers",
        ),
        400..=499 => (Class::Content, "the platform refused the call"),
        _ => (
            Class::Unknown,
            "the platform failed without saying what it did",
        ),
    };
    let message = format!("{message} (HTTP {status})");
    Classified {
        class,
        code: None,
        subcode: None,
        message,
    }
}

fn described(summary: &str, code: Option<i64>, subcode: Option<i64>) -> String {
    match (code, subcode) {
        (Some(code), Some(subcode)) => format!("{summary} (error {code}/{subcode})"),
        (Some(code), None) => format!("{summary} (error {code})"),
        _ => summary.to_owned(),
    }
}
