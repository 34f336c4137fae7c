//! Secrets for a preview of files that are not applied.

use secrecy::SecretString;

use super::compose::Masked;
use crate::campaign::{Campaign, SecretRef, Set};
use crate::config::secret::{Error, Secrets};

/// For a draft the secrets that the applied state refers to; others are taken for present.
///
/// Whoever may preview files may write any name into them: to look it up would tell them what is set on the
/// server, and which files there are.
#[derive(Debug)]
pub(super) struct Known<'a> {
    secrets: &'a dyn Secrets,
    draft_of: Option<&'a Set>,
}

/// The secrets that a campaign of `draft` needs and that `applied` does not refer to.
pub fn unknown_secrets<'a>(
    draft: &'a Set,
    campaign: &Campaign,
    applied: &Set,
) -> Vec<&'a SecretRef> {
    let channel = draft.channel(&campaign.channel);
    let mut needed = channel.map_or_else(Vec::new, |channel| channel.secrets());
    needed.retain(|reference| !refers(applied, reference));
    needed
}

// === impl Known ===

impl<'a> Known<'a> {
    pub(super) fn new(secrets: &'a dyn Secrets, draft_of: Option<&'a Set>) -> Self {
        Self { secrets, draft_of }
    }
}

impl Secrets for Known<'_> {
    fn get(&self, reference: &SecretRef) -> Result<SecretString, Error> {
        match self.draft_of {
            Some(applied) if !refers(applied, reference) => Masked.get(reference),
            _ => self.secrets.get(reference),
        }
    }
}

fn refers(set: &Set, reference: &SecretRef) -> bool {
    let mut channels = set.channels.values();
    channels.any(|channel| channel.secrets().contains(&reference))
}
