//! What whoever applies allows beyond what holds for everybody: each by its name.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::id::Invalid;
use crate::model::limits;

/// What can be allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exception {
    /// More campaigns are deleted at once than Settings say.
    Deletes,
    /// More campaigns begin at once than Settings say.
    Starts,
    /// An audience is another one than a sealed plan said.
    Drift,
    /// A campaign reaches more people than it says it may.
    Growth(String),
    /// What belongs to another owner is taken over.
    Takeover(String),
}

/// Named exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(BTreeSet<Exception>);

// === impl Exception ===

impl Exception {
    /// # Errors
    /// One that there is not.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let of = |name: &str| !name.is_empty() && name.len() <= limits::NAME_BYTES_MAX;
        Ok(match text.split_once('=') {
            None if text == "deletes" => Self::Deletes,
            None if text == "starts" => Self::Starts,
            None if text == "drift" => Self::Drift,
            Some(("growth", campaign)) if of(campaign) => Self::Growth(campaign.to_owned()),
            Some(("takeover", owner)) if of(owner) => Self::Takeover(owner.to_owned()),
            _ => {
                let shown: String = text.chars().take(limits::NAME_BYTES_MAX).collect();
                return Err(Invalid(format!(
                    "`{shown}` cannot be allowed: there are `deletes`, `starts`, `drift`, `growth=CAMPAIGN` and `takeover=OWNER`"
                )));
            }
        })
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deletes => f.write_str("deletes"),
            Self::Starts => f.write_str("starts"),
            Self::Drift => f.write_str("drift"),
            Self::Growth(campaign) => write!(f, "growth={campaign}"),
            Self::Takeover(owner) => write!(f, "takeover={owner}"),
        }
    }
}

// === impl Allowed ===

impl Allowed {
    /// # Errors
    /// One that there is not, or too many.
    pub fn parse(names: &[String]) -> Result<Self, Invalid> {
        if names.len() > limits::ALLOWED_MAX {
            let max = limits::ALLOWED_MAX;
            return Err(Invalid(format!("{} names; {max} are allowed", names.len())));
        }
        let exceptions = names.iter().map(|name| Exception::parse(name));
        exceptions.collect::<Result<_, _>>().map(Self)
    }

    pub fn holds(&self, exception: &Exception) -> bool {
        self.0.contains(exception)
    }

    /// Owners whose resources may be taken over.
    pub(in crate::engine) fn takeovers(&self) -> BTreeSet<String> {
        let owners = self.0.iter().filter_map(|exception| match exception {
            Exception::Takeover(owner) => Some(owner.clone()),
            _ => None,
        });
        owners.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exception_is_named_as_it_is_read() {
        for text in [
            "deletes",
            "starts",
            "drift",
            "growth=order-shipped",
            "takeover=growth",
        ] {
            assert_eq!(Exception::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "all", "growth", "growth=", "deletes=3", "starts "] {
            assert!(Exception::parse(text).is_err(), "{text}");
        }
    }
}
