//! Whom a message greets with nothing: people of an audience who lack what it shows.

use crate::campaign::{Campaign, Gap, Set};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::LIQUID_NO_DEFAULT;
use crate::engine::{Engine, Result};
use crate::segment::{self, Declared, Filter};

// === impl Engine ===

impl Engine {
    /// Puts numbers to the warnings of attributes without a `default`; where everybody has one, it is dropped.
    pub(super) async fn count_gaps(
        &self,
        warnings: Vec<Diagnostic>,
        set: &Set,
    ) -> Result<Vec<Diagnostic>> {
        let mut found: Vec<Diagnostic> = warnings;
        found.retain(|warning| warning.code != LIQUID_NO_DEFAULT);
        if set.lints.is_off(LIQUID_NO_DEFAULT) {
            return Ok(found);
        }
        for campaign in set.campaigns.values() {
            if campaign.gaps.is_empty() {
                continue;
            }
            let all = self.audience(campaign.audience.as_ref()).await?;
            for gap in &campaign.gaps {
                found.extend(self.counted(campaign, gap, all).await?);
            }
        }
        Ok(found)
    }

    async fn counted(
        &self,
        campaign: &Campaign,
        gap: &Gap,
        all: u64,
    ) -> Result<Option<Diagnostic>> {
        let Some(lacking) = lacking(campaign, gap) else {
            return Ok(Some(gap.warning.clone()));
        };
        let n = self.audience(Some(&lacking)).await?;
        let message = format!(
            "`{}` is absent for {n} of {all} people of campaign `{}` and has no `default`",
            gap.attribute, campaign.name
        );
        let warning = gap.warning.clone();
        Ok((n > 0).then_some(Diagnostic { message, ..warning }))
    }
}

/// Those of the audience who lack it.
fn lacking(campaign: &Campaign, gap: &Gap) -> Option<Filter> {
    let path = segment::path_text(std::slice::from_ref(&gap.attribute));
    let blank = segment::compile(&format!("blank({path})"), &Declared::default()).ok()?;
    Some(match &campaign.audience {
        Some(audience) => audience.and(&blank),
        None => blank,
    })
}
