//! The checks a delivery passes, in order; a closed one is a recorded reason, never silence.

use crate::model::Value;
use crate::model::delivery::{Reason, ReasonCode};
use crate::model::user::Profile;
use crate::segment::{self, Declared, Filter};

/// Who is to pass.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// `None` when there is no such user.
    pub profile: Option<&'a Profile>,
    /// Whether the campaign's audience holds the user; unknown is not true.
    pub is_member: Option<bool>,
    /// What of the audience's filter keeps the user out, where it was asked.
    pub outside_because: Option<&'a str>,
    /// The attribute with the user's PSID; `None` when the channel needs none.
    pub psid_attribute: Option<&'a str>,
    /// A test: the audience gate is shown and not enforced.
    pub is_test: bool,
}

/// One gate and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateVerdict {
    /// The reason it gives when closed.
    pub gate: ReasonCode,
    pub is_open: bool,
    /// False for a gate that is shown and not enforced.
    pub is_enforced: bool,
    pub detail: String,
}

// === impl GateVerdict ===

impl GateVerdict {
    fn new(gate: ReasonCode, closed_because: Option<&str>) -> Self {
        Self {
            gate,
            is_open: closed_because.is_none(),
            is_enforced: true,
            detail: closed_because.unwrap_or_default().to_owned(),
        }
    }

    /// Whether the channel could send this message, as far as can be told without calling.
    pub(super) fn of_channel(closed_because: Option<&str>) -> Self {
        Self::new(ReasonCode::ChannelMisconfigured, closed_because)
    }

    fn stops(&self) -> bool {
        !self.is_open && self.is_enforced
    }
}

/// Every gate up to the first whose answer leaves nothing to ask: without a user there is one only.
pub fn run(subject: &Subject<'_>) -> Vec<GateVerdict> {
    let exists = subject.profile.is_none().then_some("there is no such user");
    let mut verdicts = vec![GateVerdict::new(ReasonCode::UserNotFound, exists)];
    let Some(profile) = subject.profile else {
        return verdicts;
    };
    verdicts.push(GateVerdict {
        is_enforced: !subject.is_test,
        ..GateVerdict::new(ReasonCode::NotInAudience, outside(subject))
    });
    if let Some(attribute) = subject.psid_attribute {
        let detail = psid(profile, attribute).err();
        verdicts.push(GateVerdict::new(ReasonCode::NoPsid, detail.as_deref()));
    }
    verdicts
}

/// The reason of the first gate that stops the delivery.
pub fn first_closed(verdicts: &[GateVerdict]) -> Option<Reason> {
    verdicts
        .iter()
        .find(|verdict| verdict.stops())
        .map(|verdict| Reason::new(verdict.gate, &verdict.detail))
}

/// As [`first_closed`], those that are only shown among them: why a real delivery would be skipped.
pub fn first_shut(verdicts: &[GateVerdict]) -> Option<Reason> {
    let shut = verdicts.iter().find(|verdict| !verdict.is_open)?;
    Some(Reason::new(shut.gate, &shut.detail))
}

/// The user's PSID. A number is refused: it may have lost its last digits on the way here.
pub fn psid<'a>(profile: &'a Profile, attribute: &str) -> Result<&'a str, String> {
    match profile.attributes.get(attribute) {
        None => Err(format!("the user has no `{attribute}`")),
        Some(Value::String(psid)) if psid.trim().is_empty() => {
            Err(format!("the user's `{attribute}` is blank"))
        }
        Some(Value::String(psid)) => Ok(psid),
        Some(other) => Err(format!(
            "the user's `{attribute}` is a {}, not a string",
            other.type_of()
        )),
    }
}

/// Those for whom the gate of the PSID is open, as a filter: [`psid`] asks one user, this asks all at once.
pub fn with_psid(attribute: &str) -> Option<Filter> {
    // Only a string can match, and one with nothing but blanks does not.
    let path = segment::path_text(&[attribute.to_owned()]);
    let text = format!("{path}.matches(\"\\\\S\")");
    segment::compile(&text, &Declared::default()).ok()
}

fn outside<'a>(subject: &Subject<'a>) -> Option<&'a str> {
    match subject.is_member {
        Some(true) => None,
        _ if subject.outside_because.is_some() => subject.outside_because,
        Some(false) => Some("the audience's filter is false for the user"),
        None => Some(
            "the audience's filter is unknown for the user: an attribute is absent or of another type",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::model::id::ExternalId;

    use super::*;

    fn profile(psid: Option<Value>) -> Profile {
        Profile {
            external_id: ExternalId::parse("ana").unwrap(),
            attributes: psid
                .map(|value| ("messenger_id".to_owned(), value))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        }
    }

    fn closed(
        profile: Option<&Profile>,
        is_member: Option<bool>,
        is_test: bool,
    ) -> Option<ReasonCode> {
        let subject = Subject {
            profile,
            is_member,
            outside_because: None,
            psid_attribute: Some("messenger_id"),
            is_test,
        };
        first_closed(&run(&subject)).map(|reason| reason.code)
    }

    #[test]
    fn gates_close_in_order() {
        let text = |psid: &str| profile(Some(Value::String(psid.into())));
        let (with, blank, without) = (text("1001"), text(" "), profile(None));
        let number = profile(Some(Value::Int(1001)));
        let yes = Some(true);
        let cases = [
            (None, yes, false, Some(ReasonCode::UserNotFound)),
            (Some(&with), yes, false, None),
            (
                Some(&with),
                Some(false),
                false,
                Some(ReasonCode::NotInAudience),
            ),
            (Some(&with), None, false, Some(ReasonCode::NotInAudience)),
            (Some(&with), None, true, None),
            (
                Some(&without),
                Some(false),
                false,
                Some(ReasonCode::NotInAudience),
            ),
            (Some(&without), yes, false, Some(ReasonCode::NoPsid)),
            (Some(&without), None, true, Some(ReasonCode::NoPsid)),
            (Some(&blank), yes, false, Some(ReasonCode::NoPsid)),
            (Some(&number), yes, false, Some(ReasonCode::NoPsid)),
        ];
        for (profile, is_member, is_test, expected) in cases {
            assert_eq!(
                closed(profile, is_member, is_test),
                expected,
                "{profile:?} {is_member:?} {is_test}"
            );
        }
    }

    #[test]
    fn one_user_and_all_users_are_asked_the_same() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let text = |text: &str| Some(Value::String(text.to_owned()));
        let values = [
            None,
            text(""),
            text(" "),
            text("\t\n"),
            text("\u{a0}\u{2003}\u{3000}"),
            text("\u{200b}"),
            text("1001"),
            text(" 1001 "),
            Some(Value::Int(1001)),
            Some(Value::Bool(true)),
            Some(Value::Timestamp(now)),
            Some(Value::List(vec![Value::String("1001".to_owned())])),
        ];
        let filter = with_psid("messenger_id").unwrap();
        for value in values {
            let profile = profile(value);
            let is_open = psid(&profile, "messenger_id").is_ok();
            let is_in = filter.matches_person(&profile, now) == Some(true);
            assert_eq!(is_open, is_in, "{profile:?}");
        }
        assert!(with_psid("page \"one\"").is_some());
    }

    #[test]
    fn a_webhook_needs_no_psid() {
        let without = profile(None);
        let subject = Subject {
            profile: Some(&without),
            is_member: Some(true),
            outside_because: None,
            psid_attribute: None,
            is_test: false,
        };
        assert_eq!(run(&subject).len(), 2);
        assert_eq!(first_closed(&run(&subject)), None);
    }
}
