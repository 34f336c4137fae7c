//! `recado explain`: the reference pages, in the terminal.

use clap::Args;

use super::error::Error;
use super::exit::Exit;
use super::{output, page, reasons};
use crate::diagnostic::{Severity, codes, did_you_mean};

/// Pages that are about no code, and what each says.
const TOPICS: [(&str, &str, &str); 3] = [
    (
        "filter",
        "The language of segments.",
        include_str!("../../docs/filters.md"),
    ),
    (
        "liquid",
        "The language of texts: names, tags, filters.",
        include_str!("../../docs/liquid.md"),
    ),
    (
        "files",
        "A short example of each kind of file.",
        include_str!("../../docs/files.md"),
    ),
];
/// What is behind it compares with others, and is of no use to who writes a text.
const BESIDE: &str = "\n### Beside other engines";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado explain                  all codes and reasons, and what each says
  recado explain unknown-key      what it means, why it is refused, and how it is mended
  recado explain stale_plan       why a plan was refused, and what to do
  recado explain window_closed    why a message did not go, and what to do
  recado explain filter | less    the language of segments
  recado explain liquid | less    the language of texts: names, tags, filters
  recado explain files            a short example of each kind of file")]
pub(super) struct Explain {
    /// A code that `validate` or `plan` reported, the reason of a refused plan or of a delivery, `filter`, `liquid` or
    /// `files`; without it, all are listed
    #[arg(value_name = "CODE")]
    topic: Option<String>,
}

// === impl Explain ===

impl Explain {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let Some(topic) = &self.topic else {
            list();
            return Ok(Exit::OK);
        };
        // As it stands in a report: `error[unknown-key]`.
        let bare = topic.trim_end_matches(']').rsplit('[').next();
        let name = bare.unwrap_or(topic).to_ascii_lowercase();
        let page = TOPICS.iter().find(|(known, ..)| *known == name);
        let page = page.map(|(.., page)| *page);
        let page = page.or_else(|| Some(codes::find(&name.replace('_', "-"))?.page));
        let Some(page) = page.or_else(|| Some(reasons::find(&name)?.page)) else {
            return Err(Error::Usage(unknown(&name)));
        };
        let page = page.split(BESIDE).next().unwrap_or(page);
        // What is piped goes on as Markdown.
        match output::width() {
            Some(width) => output::raw(page::render(page, width).as_bytes()),
            None => output::raw(page.as_bytes()),
        }
        Ok(Exit::OK)
    }
}

fn list() {
    let severity = |known: &codes::Known| match known.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let codes = codes::ALL.iter().map(|known| {
        let fields = [
            known.code.as_str(),
            known.subject.as_str(),
            severity(known),
            known.summary(),
        ];
        fields.map(str::to_owned)
    });
    let reasons = reasons::ALL.iter().map(|known| {
        let fields = [
            known.name,
            known.subject.as_str(),
            "reason",
            known.summary(),
        ];
        fields.map(str::to_owned)
    });
    let topics = TOPICS
        .iter()
        .map(|(name, summary, _)| [name, "", "", *summary].map(str::to_owned));
    output::table(
        ["code", "about", "is a", "says"],
        codes.chain(reasons).chain(topics),
    );
}

fn unknown(name: &str) -> String {
    let known = codes::ALL.iter().map(|known| known.code.as_str());
    let known = known.chain(reasons::ALL.iter().map(|known| known.name));
    let known = known.chain(TOPICS.iter().map(|(name, ..)| *name));
    match did_you_mean(name, known) {
        Some(meant) => format!("there is no code or reason `{name}`; did you mean `{meant}`?"),
        None => format!("there is no code or reason `{name}`; `recado explain` lists them"),
    }
}
