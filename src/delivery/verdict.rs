//! What an answer, or silence, means for a delivery and for its channel.

use std::time::Duration;

use jiff::Timestamp;

use crate::messenger::{self, Class, Classified};
use crate::model::delivery::{PlatformCode, Reason, ReasonCode};

use super::http::{Answer, Ending, Silence};
use super::lane::Signal;
use super::retry::{self, Blame};

/// Longest text of a platform that is kept with a delivery, in characters.
const DETAIL_CHARS_MAX: usize = 300;

/// A call's end, as far as its own delivery goes. Attempts left and the send's own choice decide the rest.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    Sent {
        message_id: String,
    },
    /// Certainly not delivered.
    Again {
        reason: Reason,
        blame: Blame,
        asked: Option<Duration>,
    },
    Failed(Reason),
    /// May have arrived.
    Unknown(Reason),
}

/// A call's end.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub fate: Fate,
    pub signal: Signal,
}

// === impl Fate ===

impl Fate {
    fn of_messenger(read: Classified, asked: Option<Duration>) -> Self {
        let reason = |code| Reason {
            platform_code: read.code.map(|code| PlatformCode {
                code,
                subcode: read.subcode,
            }),
            ..Reason::new(code, clip(&read.message))
        };
        let again = |code, blame, asked| Self::Again {
            reason: reason(code),
            blame,
            asked,
        };
        match read.class {
            Class::Sent(message_id) => Self::Sent { message_id },
            Class::Retry => again(ReasonCode::TemporaryError, Blame::Call, asked),
            Class::Throttled { regain } => {
                again(ReasonCode::Throttled, Blame::Channel, regain.max(asked))
            }
            Class::Token => again(ReasonCode::TokenRejected, Blame::Call, None),
            Class::Restricted => again(ReasonCode::PageRestricted, Blame::Call, None),
            Class::ThreadHeld => again(ReasonCode::ThreadHeld, Blame::Call, asked),
            Class::Unreachable => Self::Failed(reason(ReasonCode::UserUnreachable)),
            Class::WindowClosed => Self::Failed(reason(ReasonCode::WindowClosed)),
            Class::Content => Self::Failed(reason(ReasonCode::ContentRefused)),
            Class::Unknown => Self::Unknown(reason(ReasonCode::NoAnswer)),
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// Reads Messenger's answer by its body first: an error may come inside a 200, and the codes say
    /// more than the status.
    pub fn of_messenger(answer: &Answer, now: Timestamp) -> Self {
        if answer.ending != Ending::Whole {
            return Self {
                fate: Fate::Unknown(Reason::new(ReasonCode::NoAnswer, "the answer broke off")),
                signal: Signal::Silent,
            };
        }
        let read = messenger::classify(answer.status, &answer.body);
        let asked = answer
            .header("retry-after")
            .and_then(|header| retry::retry_after(header, now));
        let signal = match read.class {
            Class::Throttled { regain } => Signal::Throttled {
                asked: regain.max(asked),
            },
            Class::Token | Class::Restricted => Signal::Stopped,
            _ => Signal::Answered {
                usage: messenger::usage(|name| answer.header(name)),
            },
        };
        Self {
            fate: Fate::of_messenger(read, asked),
            signal,
        }
    }

    /// Reads a webhook endpoint's answer: by its status, as everybody does.
    pub fn of_webhook(answer: &Answer, now: Timestamp) -> Self {
        let status = answer.status;
        let reason = |code| Reason {
            platform_code: Some(PlatformCode {
                code: i64::from(status),
                subcode: None,
            }),
            ..Reason::new(code, format!("the endpoint answered {status}"))
        };
        let asked = answer
            .header("retry-after")
            .and_then(|header| retry::retry_after(header, now));
        let answered = Signal::Answered { usage: None };
        match status {
            200..=299 => Self {
                fate: Fate::Sent {
                    message_id: answer.header("x-message-id").unwrap_or_default().to_owned(),
                },
                signal: answered,
            },
            429 => Self {
                fate: Fate::Again {
                    reason: reason(ReasonCode::Throttled),
                    blame: Blame::Channel,
                    asked,
                },
                signal: Signal::Throttled { asked },
            },
            408 | 500.. => Self {
                fate: Fate::Again {
                    reason: reason(ReasonCode::TemporaryError),
                    blame: Blame::Call,
                    asked,
                },
                signal: answered,
            },
            // A redirect is not followed: what it names is not what the campaign names.
            _ => Self {
                fate: Fate::Failed(reason(ReasonCode::EndpointRefused)),
                signal: answered,
            },
        }
    }

    /// What silence means.
    pub fn of_silence(silence: &Silence) -> Self {
        match silence {
            Silence::Refused(refused) => Self {
                fate: Fate::Failed(Reason::new(
                    ReasonCode::ChannelMisconfigured,
                    refused.to_string(),
                )),
                signal: Signal::None,
            },
            Silence::NotConnected(_) => Self {
                fate: Fate::Again {
                    reason: Reason::new(ReasonCode::NotConnected, silence.to_string()),
                    blame: Blame::Call,
                    asked: None,
                },
                signal: Signal::Silent,
            },
            Silence::NoAnswer(_) => Self {
                fate: Fate::Unknown(Reason::new(ReasonCode::NoAnswer, silence.to_string())),
                signal: Signal::Silent,
            },
        }
    }
}

fn clip(text: &str) -> String {
    text.chars().take(DETAIL_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
        Answer {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<HeaderMap>(),
            body: bytes::Bytes::new(),
            ending: Ending::Whole,
        }
    }

    /// The reason, or `None` for sent, and whether it is tried again.
    fn webhook(status: u16) -> (Option<ReasonCode>, bool) {
        match Verdict::of_webhook(&answer(status, &[]), Timestamp::UNIX_EPOCH).fate {
            Fate::Sent { .. } => (None, false),
            Fate::Again { reason, .. } => (Some(reason.code), true),
            Fate::Failed(reason) | Fate::Unknown(reason) => (Some(reason.code), false),
        }
    }

    #[test]
    fn webhook_statuses() {
        let refused = (Some(ReasonCode::EndpointRefused), false);
        let temporary = (Some(ReasonCode::TemporaryError), true);
        let cases = [
            (200, (None, false)),
            (204, (None, false)),
            (301, refused),
            (304, refused),
            (400, refused),
            (401, refused),
            (408, temporary),
            (410, refused),
            (429, (Some(ReasonCode::Throttled), true)),
            (500, temporary),
            (503, temporary),
            (529, temporary),
            (599, temporary),
        ];
        for (status, expected) in cases {
            assert_eq!(webhook(status), expected, "{status}");
        }
    }

    #[test]
    fn a_webhook_may_ask_for_time() {
        let asked = Some(Duration::from_mins(2));
        for status in [429, 503] {
            let verdict = Verdict::of_webhook(
                &answer(status, &[("retry-after", "120")]),
                Timestamp::UNIX_EPOCH,
            );
            assert!(
                matches!(verdict.fate, Fate::Again { asked: a, .. } if a == asked),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn silence_before_the_call_is_told_from_silence_after_it() {
        let unsent = Verdict::of_silence(&Silence::NotConnected("refused".into()));
        assert!(matches!(unsent.fate, Fate::Again { .. }));
        let unknown = Verdict::of_silence(&Silence::NoAnswer("reset".into()));
        assert!(matches!(unknown.fate, Fate::Unknown(_)));
    }
}
