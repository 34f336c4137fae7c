//! Connected content: what messages need from elsewhere, from the first render to the last.
//!
//! A render that lacks an answer ends with the request; `fetch` makes the call, `settle` says what its end
//! means, `cache` keeps the answer as long as the template allows, and the message is made again.

mod cache;
mod fetch;
mod settle;

use crate::campaign::{Campaign, Channel};
use crate::config::secret::{self, Secrets};
use crate::model::delivery::{Reason, ReasonCode};
use crate::model::limits;
use crate::template::Contents;

use super::attempt::Attempts;
use super::compose::{self, Composed, Means, Refusal, Subject, Unmade};

pub(super) use cache::Cache;
use fetch::Fetcher;
pub(super) use fetch::Rules;
pub use fetch::{Asked, End, How};
pub(super) use settle::settled;

/// What was gathered for one message on the way.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) contents: Contents,
    /// In their order, for people to look at.
    pub(super) asked: Vec<Asked>,
}

// === impl Attempts ===

impl Attempts {
    /// Makes the message of `campaign`, with what its templates ask for on the way added to `gathered`.
    pub(super) async fn compose(
        &self,
        (campaign, channel, rules): (&Campaign, &Channel, Rules<'_>),
        subject: &Subject<'_>,
        secrets: &dyn Secrets,
        gathered: &mut Gathered,
    ) -> Result<Composed, Box<Refusal>> {
        let fetcher = Fetcher {
            http: &self.http,
            cache: &self.contents,
            rules,
            secrets: self.secrets(),
            now: subject.now,
            is_shown_only: subject.is_shown_only,
        };
        let means = Means {
            secrets,
            graph_url: self.graph_url.as_deref(),
        };
        loop {
            let made = compose::compose(campaign, channel, subject, &gathered.contents, means);
            let wanted = match made {
                Ok(composed) => return Ok(composed),
                Err(Unmade::For(refusal)) => return Err(refusal),
                Err(Unmade::Wants(wanted)) => wanted,
            };
            check_calls(&gathered.contents)?;
            let (how, answer) = fetcher.fetch(&wanted).await;
            gathered
                .asked
                .push(Asked::of(&wanted.request, how, &answer));
            gathered.contents.add(wanted.request, answer?);
        }
    }

    /// Credentials of `set` whose passwords this server does not have.
    pub fn missing_passwords(&self, set: &crate::campaign::Set) -> Vec<(String, secret::Error)> {
        let credentials = set.connected_content.credentials.iter();
        let missing = credentials.filter_map(|(name, credential)| {
            let error = self.secrets.get(&credential.password).err()?;
            Some((name.clone(), error))
        });
        missing.collect()
    }
}

/// Refuses one more call for a message that has needed too many.
pub(super) fn check_calls(contents: &Contents) -> Result<(), Reason> {
    let max = limits::CONTENT_CALLS_MAX;
    if contents.len() < max {
        return Ok(());
    }
    let detail = format!("the message asks for connected content more than {max} times");
    Err(Reason::new(ReasonCode::RenderFailed, detail))
}
