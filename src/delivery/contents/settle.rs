//! What the end of a call for connected content is to the template that asks.

use std::sync::Arc;

use crate::delivery::http::{Answer, Ending, Silence};
use crate::model::delivery::{Reason, ReasonCode};
use crate::model::limits;
use crate::template::{Response, Wanted};

/// A call that came to nothing good.
struct Bad {
    why: String,
    /// It may be better later.
    is_temporary: bool,
}

/// What an answer, or the lack of one, is to the template; `allowed` is what of the hosts in Settings allows it: a
/// reason outlives the person whose data may have named the host itself.
///
/// # Errors
/// The call may not be made, or there is no good answer and the template asks to try again.
pub(in crate::delivery) fn settled(
    wanted: &Wanted,
    allowed: &str,
    answer: Result<Answer, Silence>,
) -> Result<Arc<Response>, Reason> {
    let about = |why: &str| Response::absent(allowed, why);
    let bad = match answer {
        // Policy, not weather: the same call will never be made.
        Err(Silence::Refused(refused)) => {
            let detail = about(&refused.to_string());
            return Err(Reason::new(ReasonCode::RenderFailed, detail));
        }
        // In few words: what the connection says may hold the host's name.
        Err(Silence::NotConnected(_)) => Bad::for_now("no connection"),
        Err(Silence::NoAnswer(_)) => Bad::for_now("no answer"),
        Ok(answer) => match good(&answer) {
            Ok(response) => return Ok(Arc::new(response)),
            Err(bad) => bad,
        },
    };
    if wanted.is_retried && bad.is_temporary {
        let detail = about(&bad.why);
        return Err(Reason::new(ReasonCode::ContentUnavailable, detail));
    }
    Ok(Arc::new(Response::Bad {
        host: allowed.to_owned(),
        why: bad.why,
    }))
}

fn good(answer: &Answer) -> Result<Response, Bad> {
    match answer.status {
        200..=299 => {}
        status @ 300..=399 => {
            let why = format!("status {status}, redirects are not followed");
            return Err(Bad::for_good(why));
        }
        status @ (408 | 429 | 500..) => return Err(Bad::for_now(format!("status {status}"))),
        status => return Err(Bad::for_good(format!("status {status}"))),
    }
    match answer.ending {
        Ending::Whole => {}
        Ending::TooLong => {
            let max = limits::CONTENT_BYTES_MAX;
            return Err(Bad::for_good(format!(
                "the answer is longer than {max} bytes"
            )));
        }
        Ending::BrokenOff => return Err(Bad::for_now("the answer broke off")),
    }
    match String::from_utf8(answer.body.to_vec()) {
        Ok(body) => Ok(Response::Good {
            status: answer.status,
            body,
        }),
        Err(_) => Err(Bad::for_good("the answer is not UTF-8")),
    }
}

// === impl Bad ===

impl Bad {
    fn for_now(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_temporary: true,
        }
    }

    fn for_good(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_temporary: false,
        }
    }
}
