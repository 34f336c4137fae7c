//! From the command line to the request.

use super::Preview;
use crate::api::pb;
use crate::api::pb::preview_message_request::Subject;
use crate::cli::error::Error;
use crate::cli::{files, json};

/// What a user made by hand is called; nobody needs to be called so.
const SOMEBODY: &str = "somebody";

// === impl Preview ===

impl Preview {
    /// The request without files: those are read each time.
    pub(super) fn request(&self) -> Result<pb::PreviewMessageRequest, Error> {
        let object = |flag, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| json::given(flag, text)).transpose()
        };
        let attributes = object("--attributes", &self.whom.attributes)?;
        let subject = match (&self.whom.user, attributes) {
            (Some(id), _) => Subject::ExternalId(id.clone()),
            (None, Some(attributes)) => Subject::User(pb::User {
                external_id: SOMEBODY.to_owned(),
                attributes: Some(attributes),
            }),
            (None, None) => Subject::RandomMember(pb::RandomMember { seed: self.seed }),
        };
        Ok(pb::PreviewMessageRequest {
            campaign: self.campaign.clone(),
            subject: Some(subject),
            trigger_properties: object("--properties", &self.properties)?,
            event_properties: object("--event", &self.event)?,
            files: Vec::new(),
        })
    }

    /// The draft; empty for what is applied.
    pub(super) fn files(&self) -> Result<Vec<pb::SourceFile>, Error> {
        let Some(folder) = &self.dir else {
            return Ok(Vec::new());
        };
        let files = files::read(folder)?;
        if files.is_empty() {
            // Without any file it would be what is applied, and nobody would see that.
            return Err(Error::Input(format!(
                "`{}` holds no campaign file (`.yaml` or `.yml`)",
                folder.display()
            )));
        }
        Ok(files)
    }
}
