//! Two sets of files, file by file.

use std::collections::BTreeMap;

use similar::TextDiff;

use super::ask::Owned;
use crate::cli::output;

/// One file that is not the same on both sides; a side without it has an empty text.
pub(super) struct Differing<'a> {
    /// Empty for nobody.
    pub(super) owner: &'a str,
    pub(super) path: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// A file's text before and after.
type Sides<'a> = (Option<&'a str>, Option<&'a str>);

/// The files that differ, by owner and path.
pub(super) fn differing<'a>(before: &'a [Owned], after: &'a [Owned]) -> Vec<Differing<'a>> {
    let mut sides: BTreeMap<(&str, &str), Sides<'_>> = BTreeMap::new();
    for Owned { owner, file } in before {
        sides.entry((owner, &file.path)).or_default().0 = Some(&file.text);
    }
    for Owned { owner, file } in after {
        sides.entry((owner, &file.path)).or_default().1 = Some(&file.text);
    }
    let differing = sides
        .into_iter()
        .filter(|(_, (before, after))| before != after);
    differing
        .map(|((owner, path), (before, after))| Differing {
            owner,
            path,
            before,
            after,
        })
        .collect()
}

// === impl Differing ===

impl Differing<'_> {
    /// `created`, `changed` or `deleted`.
    pub(super) fn word(&self) -> &'static str {
        match (self.before, self.after) {
            (None, _) => "created",
            (_, None) => "deleted",
            _ => "changed",
        }
    }

    /// As `diff -u` writes it.
    pub(super) fn unified(&self) -> String {
        let side = |prefix: &str, text: Option<&str>| match text {
            Some(_) => format!("{prefix}/{}", self.path),
            None => "/dev/null".to_owned(),
        };
        let (old, new) = (side("a", self.before), side("b", self.after));
        TextDiff::from_lines(
            self.before.unwrap_or_default(),
            self.after.unwrap_or_default(),
        )
        .unified_diff()
        .context_radius(3)
        .header(&old, &new)
        .to_string()
    }

    pub(super) fn print(&self) {
        for line in self.unified().lines() {
            let is_head = line.starts_with("+++") || line.starts_with("---");
            match line.chars().next() {
                _ if is_head => output::line(output::bold(line)),
                Some('+') => output::line(output::good(line)),
                Some('-') => output::line(output::bad(line)),
                _ => output::line(line),
            }
        }
    }
}
