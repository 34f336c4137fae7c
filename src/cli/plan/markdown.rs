//! A plan as a comment for a pull request: always the same for the same plan, so that a bot can put a new one over it.

use super::marks::{capital, code, fenced, field, names, plain, separated, shortened, summary};
use super::notes::{self, Notes};
use super::words::{self, is_told};
use crate::api::pb;
use crate::cli::{git, output};

/// By which a bot finds the comment that it made before.
const MARKER: &str = "<!-- recado plan -->";
/// Longest comment, in characters: platforms take 65,536, and a bot may put a line of its own around it.
const CHARS_MAX: usize = 60_000;
/// Longest note: names are in it, each several times; and longest message, hint and path of a problem.
const NOTE_CHARS_MAX: usize = 1_000;
const PROBLEM_CHARS_MAX: usize = 500;
/// Longest notes of one kind, such as renames: who reads so many reads the plan itself.
const NOTES_CHARS_MAX: usize = 4_000;
/// Longest lists of problems: errors and policies, and other warnings.
const PROBLEMS_CHARS_MAX: usize = 12_000;
const WARNINGS_CHARS_MAX: usize = 6_000;
/// Longest table; details have the rest.
const TABLE_CHARS_MAX: usize = 20_000;
/// Longest details of one resource, so that one catalog does not take the room of all.
const DETAILS_CHARS_MAX: usize = 12_000;
/// Problems that are listed.
const PROBLEMS_MAX: usize = 30;
/// Kept for what is said of what was cut.
const END_CHARS: usize = 300;

/// One row of the table, and what stands behind it.
struct Entry {
    mark: &'static str,
    title: String,
    effect: pb::Effect,
    /// Lines before those of the effect.
    notes: Vec<String>,
    fields: Vec<pb::FieldChange>,
    action: Option<pb::ChangeAction>,
    is_filter_told: bool,
}

fn put(text: &mut String, part: &str) {
    text.push_str(part);
}

/// What a plan of a commit says; empty for none.
pub(super) fn comment(answer: &pb::PlanCampaignsResponse, commit: &str) -> String {
    let mut text = format!("{MARKER}\n");
    let of = of_commit(commit);
    let head = |what: &str| format!("### Recado plan{of}{what}\n\n");
    match &answer.plan {
        None => put(&mut text, &head(": this cannot be applied")),
        Some(plan) => {
            put(&mut text, &head(""));
            put(&mut text, &format!("{}\n\n", capital(&words::sum(plan))));
            self::notes(notes::of(plan), &mut text);
        }
    }
    problems(&answer.diagnostics, &mut text);
    if let Some(plan) = &answer.plan {
        body(plan, &mut text);
    }
    text.truncate(text.trim_end().len());
    text
}

/// By which an older comment is told from a newer one.
fn of_commit(commit: &str) -> String {
    if commit.is_empty() {
        return String::new();
    }
    format!(" of {}", code(&git::short(commit)))
}

fn notes(notes: Notes, text: &mut String) {
    let Notes {
        renames,
        whole,
        limits,
    } = notes;
    for (notes, noun) in [
        (renames, "renames"),
        (whole, "notes"),
        (limits, "limits that it is over"),
    ] {
        let n = notes.len();
        let lines = notes.into_iter();
        let lines = lines.map(|note| {
            format!(
                "{}\n\n",
                plain(&shortened_text(&capital(&note), NOTE_CHARS_MAX))
            )
        });
        let shown = fill(text, lines, NOTES_CHARS_MAX);
        if shown < n {
            let more = output::count(i64::try_from(n - shown).unwrap_or(i64::MAX));
            put(
                text,
                &format!("… and {more} more {noun}: `recado plan` shows more.\n\n"),
            );
        }
    }
}

/// What is wrong, and what policies say; other warnings are folded.
fn problems(diagnostics: &[pb::Diagnostic], text: &mut String) {
    let is_loud = |d: &&pb::Diagnostic| is_error(d) || d.code.starts_with("policy-");
    let (mut loud, quiet): (Vec<_>, Vec<_>) = diagnostics.iter().partition(is_loud);
    loud.sort_by_key(|d| !is_error(d));
    text.push_str(&listed(&loud, PROBLEMS_CHARS_MAX));
    if !quiet.is_empty() {
        let noun = if quiet.len() == 1 {
            "warning"
        } else {
            "warnings"
        };
        let list = listed(&quiet, WARNINGS_CHARS_MAX);
        let n = quiet.len();
        put(
            text,
            &format!("<details><summary>⚠️ {n} {noun}</summary>\n\n{list}</details>\n\n"),
        );
    }
}

fn is_error(d: &pb::Diagnostic) -> bool {
    d.severity() == pb::DiagnosticSeverity::Error
}

fn listed(diagnostics: &[&pb::Diagnostic], chars_max: usize) -> String {
    let mut text = String::new();
    let items = diagnostics.iter().take(PROBLEMS_MAX).map(|d| item(d));
    let shown = fill(&mut text, items, chars_max);
    if shown < diagnostics.len() {
        let more = diagnostics.len() - shown;
        put(&mut text, &format!("- … and {more} more\n"));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn item(d: &pb::Diagnostic) -> String {
    let severity = if is_error(d) { "❌" } else { "⚠️" };
    let place = match (d.file.as_str(), d.line) {
        ("", _) => String::new(),
        (file, 0) => format!(" {}", code(&shortened_text(file, PROBLEM_CHARS_MAX))),
        (file, line) => format!(
            " {}",
            code(&format!(
                "{}:{line}",
                shortened_text(file, PROBLEM_CHARS_MAX)
            ))
        ),
    };
    let hint = match d.hint.as_str() {
        "" => String::new(),
        hint => format!("; {}", plain(&shortened_text(hint, PROBLEM_CHARS_MAX))),
    };
    let message = plain(&shortened_text(&d.message, PROBLEM_CHARS_MAX));
    format!("- {severity} **{}**{place} {message}{hint}\n", d.code)
}

/// One problem, or one note, is told in a few lines.
fn shortened_text(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn body(plan: &pb::Plan, text: &mut String) {
    let changes = plan.changes.iter().map(changed);
    let moved = plan.reached.iter().filter(|one| !is_calm(one));
    let entries: Vec<Entry> = changes.chain(moved.map(reached)).collect();
    let mut cut = Vec::new();
    if !entries.is_empty() {
        text.push_str("| | resource | people | enter | leave | reachable | messages |\n");
        text.push_str("|---|---|---:|---:|---:|---:|---|\n");
        let rows = entries.iter().map(Entry::row);
        let shown = fill(text, rows, TABLE_CHARS_MAX);
        if shown < entries.len() {
            cut.push(format!("{} rows of the table", entries.len() - shown));
        }
        text.push('\n');
    }
    let calm = plan.reached.iter().filter(|one| is_calm(one)).count();
    if calm > 0 {
        put(
            text,
            &format!("Reached, and nothing changes for anybody in them: {calm} campaigns.\n\n"),
        );
    }
    if entries.iter().any(|entry| entry.effect.sends.is_some()) {
        put(text, &format!("{}.\n\n", capital(words::AT_ONCE)));
    }
    let details: Vec<String> = entries
        .iter()
        .map(Entry::details)
        .filter(|it| !it.is_empty())
        .collect();
    if entries.iter().any(|entry| {
        entry
            .effect
            .messages
            .as_ref()
            .is_some_and(|it| it.sampled > 0)
    }) {
        put(text, &format!("<sub>{}.</sub>\n\n", capital(words::MASKED)));
    }
    let room = CHARS_MAX.saturating_sub(END_CHARS + text.chars().count());
    let shown = fill(text, details.iter().cloned(), room);
    if shown < details.len() {
        cut.push(format!(
            "the details of {} resources",
            details.len() - shown
        ));
    }
    if !cut.is_empty() {
        put(
            text,
            &format!(
                "**Cut**, since a comment has {CHARS_MAX} characters at most: {}. `recado plan` shows more.\n",
                cut.join(" and ")
            ),
        );
    }
}

/// Adds as many as there is room for, and says how many.
fn fill(text: &mut String, parts: impl Iterator<Item = String>, room: usize) -> usize {
    let (mut n, mut chars) = (0, 0);
    for part in parts {
        chars += part.chars().count();
        if chars > room {
            break;
        }
        text.push_str(&part);
        n += 1;
    }
    n
}

fn changed(change: &pb::ResourceChange) -> Entry {
    let mark = match change.action() {
        pb::ChangeAction::Create => "➕",
        pb::ChangeAction::Delete => "➖",
        pb::ChangeAction::Update | pb::ChangeAction::Unspecified => "✏️",
    };
    let is_used = change.action() != pb::ChangeAction::Create && !change.used_by.is_empty();
    let used =
        is_used.then(|| format!("Used by {}.", names(&change.used_by, change.used_by_total)));
    let beside = words::beside_fields(change).map(|told| format!("{}.", capital(&told)));
    Entry {
        mark,
        title: format!("{} {}", change.kind, code(&change.name)),
        effect: change.effect.clone().unwrap_or_default(),
        notes: used.into_iter().chain(beside).collect(),
        fields: words::fields(&change.fields),
        action: Some(change.action()),
        is_filter_told: is_told(change),
    }
}

fn reached(one: &pb::ReachedCampaign) -> Entry {
    Entry {
        mark: "➡️",
        title: format!("Campaign {}", code(&one.campaign)),
        effect: one.effect.clone().unwrap_or_default(),
        notes: vec![format!(
            "Reached through {}.",
            names(&one.through, one.through_total)
        )],
        fields: Vec::new(),
        action: None,
        is_filter_told: false,
    }
}

fn is_calm(one: &pb::ReachedCampaign) -> bool {
    one.effect.as_ref().is_none_or(words::is_calm)
}

// === impl Entry ===

impl Entry {
    fn is_new(&self) -> bool {
        self.action == Some(pb::ChangeAction::Create)
    }

    fn row(&self) -> String {
        let n = |n: i64| output::count(n);
        let is_gone = self.action == Some(pb::ChangeAction::Delete);
        let [people, entered, left, reachable] = match &self.effect.audience {
            None => [const { String::new() }; 4],
            Some(delta) => [
                if self.is_new() || delta.before == delta.after {
                    n(delta.after)
                } else {
                    format!("{} → {}", n(delta.before), n(delta.after))
                },
                n(delta.entered),
                n(delta.left),
                delta
                    .reachable
                    .filter(|_| !is_gone)
                    .map(n)
                    .unwrap_or_default(),
            ],
        };
        let messages = match &self.effect.messages {
            Some(messages) if self.is_new() && messages.sampled > 0 => "new".to_owned(),
            Some(messages) if messages.sampled > 0 => {
                format!(
                    "{} of {} differ",
                    n(messages.differing),
                    n(messages.sampled)
                )
            }
            _ => String::new(),
        };
        let (mark, title) = (self.mark, self.title.replace('|', "\\|"));
        format!("| {mark} | {title} | {people} | {entered} | {left} | {reachable} | {messages} |\n")
    }

    /// Folded; nothing when there is nothing to say.
    fn details(&self) -> String {
        let mut lines = self.notes.clone();
        if let Some(filter) = &self.effect.filter {
            lines.push(format!("{}.", capital(&words::filter(filter))));
            let clauses = words::clauses(filter)
                .into_iter()
                .filter(|_| !self.is_filter_told);
            let clauses: Vec<_> = clauses
                .map(|(mark, text)| format!("{mark} {text}\n"))
                .collect();
            lines.extend(fenced(&clauses.concat()));
        }
        if let Some(delta) = &self.effect.audience {
            let told = words::moved(delta)
                .into_iter()
                .chain(words::reachable(delta));
            lines.extend(told.map(|line| format!("- {}", plain(&line))));
        }
        if let Some(sends) = &self.effect.sends {
            lines.push(format!("- {}", words::sends(sends)));
        }
        let fields: String = self.fields.iter().map(field).collect();
        lines.extend(fenced(&fields));
        self.messages(&mut lines);
        if lines.is_empty() {
            return String::new();
        }
        let (mut left, n) = (DETAILS_CHARS_MAX, lines.len());
        let mut shown = Vec::new();
        for line in lines {
            let line = shortened(line, left / 2);
            let chars = line.chars().count();
            if chars > left {
                break;
            }
            left -= chars;
            shown.push(line);
        }
        let mut body = separated(&shown);
        if shown.len() < n {
            body.push_str("\n… (cut: `recado plan` shows more)\n");
        }
        let (mark, title) = (self.mark, summary(&self.title));
        format!("<details><summary>{mark} {title}</summary>\n\n{body}\n</details>\n\n")
    }

    fn messages(&self, lines: &mut Vec<String>) {
        let Some(messages) = &self.effect.messages else {
            return;
        };
        let Some(told) = words::messages(messages, self.is_new()) else {
            return;
        };
        lines.push(format!("{}:", capital(&told)));
        for diff in &messages.diffs {
            let told = words::difference(diff, messages.sampled, self.is_new());
            lines.push(format!("- {}", plain(&told)));
            lines.extend(fenced(&diff.diff));
        }
        if messages.not_shown > 0 {
            lines.push(format!(
                "- {} differ in other ways.",
                output::count(messages.not_shown)
            ));
        }
    }
}

#[cfg(test)]
mod tests;
