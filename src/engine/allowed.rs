//! What whoever applies allows beyond what holds for everybody: each by its name.

use std::collections::BTreeSet;

use crate::model::id::Invalid;
use crate::model::limits;

/// Named exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Owners whose resources may be taken over: `takeover=growth`.
    pub takeovers: BTreeSet<String>,
}

// === impl Allowed ===

impl Allowed {
    /// # Errors
    /// One that there is not.
    pub fn parse(names: &[String]) -> Result<Self, Invalid> {
        if names.len() > limits::ALLOWED_MAX {
            let max = limits::ALLOWED_MAX;
            return Err(Invalid(format!("{} names; {max} are allowed", names.len())));
        }
        let mut allowed = Self::default();
        for name in names {
            match name.split_once('=') {
                Some(("takeover", owner)) if !owner.is_empty() => {
                    allowed.takeovers.insert(owner.to_owned());
                }
                _ => {
                    let shown: String = name.chars().take(limits::NAME_BYTES_MAX).collect();
                    return Err(Invalid(format!(
                        "`{shown}` cannot be allowed: there is `takeover=OWNER`"
                    )));
                }
            }
        }
        Ok(allowed)
    }
}
