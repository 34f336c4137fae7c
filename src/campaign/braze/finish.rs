//! From what was built to files: documents, what they share, the checks that they will meet, and no secret in any.

use super::convert::{Converter, Draft, Imported};
use super::documents::{campaign_entries, channel_entries, document, path, remarks};
use super::report::BY_HAND;
use super::secrets::MASK;
use super::yaml::{Entry, Yaml};
use super::{built::Content, checks, fetches, reads};
use crate::diagnostic::Diagnostic;

// === impl Converter ===

impl Converter<'_> {
    /// Writes the documents of campaigns.
    pub(super) fn finish(mut self) -> Result<Imported, Box<Diagnostic>> {
        let mut drafts = std::mem::take(&mut self.drafts);
        for draft in &mut drafts {
            self.scrub(draft);
        }
        for (_, name) in std::mem::take(&mut self.channels) {
            let Some(draft) = drafts.iter().find(|draft| draft.channel == name) else {
                continue;
            };
            let file = document("channels", &name, &[], &channel_entries(draft));
            match self.existing.channel(&name, &file)? {
                Some(known) => {
                    self.report.carried(format!(
                        "the channel `{name}` stands in `{}` already, and stays as it is",
                        known.path
                    ));
                    self.kept.push(known.clone());
                }
                None => self.files.push(file),
            }
        }
        let mut entries = Vec::new();
        for draft in &drafts {
            let file = document(
                "campaigns",
                &draft.campaign,
                &remarks(&draft.source),
                &campaign_entries(draft),
            );
            self.existing.free("Campaign", &draft.campaign, &file)?;
            self.files.push(file);
            let built = &draft.built;
            let content = [built.content.entry()];
            for (path, problems, entries) in [
                (
                    path("channels", &draft.channel),
                    &built.channel_problems,
                    &built.channel[..],
                ),
                (
                    path("campaigns", &draft.campaign),
                    &built.campaign_problems,
                    &content,
                ),
            ] {
                if let Some(file) = self.files.iter().find(|file| file.path == path) {
                    checks::place(file, problems.clone(), entries, &mut self.report);
                }
            }
            entries.extend(built.channel.iter().cloned().chain(content));
        }
        let psids = drafts
            .iter()
            .filter_map(|draft| draft.built.psid_attribute.clone());
        reads::tell(psids.collect(), &entries, &mut self.report);
        self.close(&entries, drafts.len())
    }

    /// Adds what the texts of these entries share, and holds all files against the rules of campaign files.
    pub(super) fn close(
        mut self,
        entries: &[Entry],
        n: usize,
    ) -> Result<Imported, Box<Diagnostic>> {
        self.share(entries);
        let mut ours = self.kept.clone();
        ours.extend(self.files.iter().cloned());
        let around = self.existing.library(&ours);
        checks::check(ours, around, &mut self.report);
        let secrets = &self.secrets;
        self.report.close(n);
        self.report.each(&mut |line| *line = secrets.scrub(line).0);
        // Whatever was missed above is in no file: the masks may break it, the secret does not get out.
        for file in &mut self.files {
            file.text = secrets.scrub(&file.text).0;
        }
        Ok(Imported {
            files: self.files,
            kept: self.kept.into_iter().map(|file| file.path).collect(),
            report: self.report,
        })
    }

    /// Takes secrets out of where none belongs.
    fn scrub(&mut self, draft: &mut Draft) {
        let (secrets, mut n) = (&self.secrets, 0);
        let mut each = |text: &mut String| {
            fetches::mask(text);
            let (plain, found) = secrets.scrub(text);
            if found {
                *text = plain;
                // Those of tags are told where they stand.
                n += usize::from(fetches::is_masked_elsewhere(text));
            }
        };
        let source = &mut draft.source;
        for text in [
            &mut source.name,
            &mut source.variation,
            &mut source.description,
            &mut source.team,
        ] {
            each(text);
        }
        source.tags.iter_mut().for_each(&mut each);
        for entry in &mut draft.built.channel {
            entry_texts(entry, &mut each);
        }
        draft.built.content.texts_mut(&mut |_, text| each(text));
        if n > 0 {
            let message = format!("a secret stood where none belongs: `{MASK}` is in its place");
            let hint = "write what belongs there without it, and renew it: others may have read it";
            let path = match &draft.built.content {
                Content::Message(..) => "message",
                Content::Raw { .. } => "raw",
            };
            let problem = Diagnostic::error(BY_HAND, message).at(path).hint(hint);
            draft.built.campaign_problems.push(problem);
        }
    }
}

fn entry_texts(entry: &mut Entry, each: &mut impl FnMut(&mut String)) {
    match &mut entry.value {
        Yaml::Text(text) | Yaml::Quoted(text) | Yaml::Bare(text) => each(text),
        Yaml::Map(entries) => entries
            .iter_mut()
            .for_each(|entry| entry_texts(entry, each)),
        Yaml::List(_) => {}
    }
}
