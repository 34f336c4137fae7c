//! What stands in the campaign folder already: channels that are shared, and names that are taken.

use serde_json::Value as Json;

use crate::campaign::read::node;
use crate::campaign::read::source::SourceFile;
use crate::diagnostic::codes::BRAZE_TAKEN as TAKEN;
use crate::diagnostic::{Diagnostic, Place};

pub(super) struct Existing<'a> {
    /// Those that can be read, with what they hold.
    files: Vec<(&'a SourceFile, Json)>,
    /// Those that catalogs name.
    csv_files: Vec<&'a SourceFile>,
}

// === impl Existing ===

impl<'a> Existing<'a> {
    pub(super) fn new(files: &'a [SourceFile]) -> Self {
        let (csv_files, documents): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.is_csv());
        let read = |file: &'a SourceFile| Some((file, node::parse(file).ok()?.to_json()));
        Self {
            files: documents.into_iter().filter_map(read).collect(),
            csv_files,
        }
    }

    pub(super) fn find(&self, kind: &str, name: &str) -> Option<&(&'a SourceFile, Json)> {
        self.of_kind(kind).find(|(_, json)| json["name"] == name)
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &(&'a SourceFile, Json)> {
        self.files
            .iter()
            .filter(move |(_, json)| json["kind"] == kind)
    }

    /// What texts may use of the folder, without what is written anew.
    pub(super) fn library(&self, without: &[SourceFile]) -> Vec<SourceFile> {
        let is_shared = |json: &Json| {
            let kind = json["kind"].as_str().unwrap_or_default();
            matches!(kind, "ContentBlock" | "Catalog" | "Settings")
        };
        let documents = self.files.iter().filter(|(_, json)| is_shared(json));
        let files = documents
            .map(|(file, _)| *file)
            .chain(self.csv_files.iter().copied());
        let is_ours = |file: &SourceFile| without.iter().any(|ours| ours.path == file.path);
        files.filter(|file| !is_ours(file)).cloned().collect()
    }

    /// The channel of that name, when it sends to the same place.
    ///
    /// # Errors
    /// It sends elsewhere.
    pub(super) fn channel(
        &self,
        name: &str,
        made: &SourceFile,
    ) -> Result<Option<&'a SourceFile>, Box<Diagnostic>> {
        let Some((file, known)) = self.find("Channel", name) else {
            return Ok(None);
        };
        let Ok(made) = node::parse(made).map(|node| node.to_json()) else {
            return Ok(None);
        };
        let or = |json: &Json, key: &str, otherwise: &str| match &json[key] {
            Json::Null => Json::from(otherwise),
            value => value.clone(),
        };
        let is_same = known["type"] == made["type"]
            && if made["type"] == "messenger" {
                let psid = |json: &Json| or(json, "psid_attribute", "messenger_id");
                // `me` is the page that the token belongs to.
                (made["page_id"] == "me" || made["page_id"] == known["page_id"])
                    && psid(known) == psid(&made)
            } else {
                let method = |json: &Json| or(json, "method", "POST");
                known["url"] == made["url"]
                    && known["headers"] == made["headers"]
                    && method(known) == method(&made)
            };
        if is_same {
            return Ok(Some(file));
        }
        let message = format!("the channel `{name}` stands here already, and sends elsewhere");
        Err(taken(
            file,
            message,
            "give the new one another name with `--channel NAME`",
        ))
    }

    /// # Errors
    /// One of that kind and name stands in another file.
    pub(super) fn free(
        &self,
        kind: &str,
        name: &str,
        made: &SourceFile,
    ) -> Result<(), Box<Diagnostic>> {
        match self.find(kind, name) {
            Some((file, _)) if file.path != made.path => {
                let message = format!("the {} `{name}` stands here already", spoken(kind));
                let hint = "give the new one another name with `--name NAME`";
                Err(taken(file, message, hint))
            }
            _ => Ok(()),
        }
    }
}

fn spoken(kind: &str) -> &'static str {
    match kind {
        "ContentBlock" => "content block",
        "Catalog" => "catalog",
        _ => "campaign",
    }
}

fn taken(file: &SourceFile, message: String, hint: &str) -> Box<Diagnostic> {
    let mut problem = Diagnostic::error(TAKEN, message);
    let mut place = Place::of(&file.path, &file.text, 0..0);
    place.snippet.clear();
    problem.place = Some(place);
    Box::new(problem.hint(hint))
}
