//! A plan at a terminal.

use super::notes;
use super::words::{self, is_told};
use crate::api::pb;
use crate::cli::output;

/// Fields of one resource that are shown: a catalog may change in thousands.
const FIELDS_MAX: usize = 20;
/// Lines of one text.
const LINES_MAX: usize = 40;
/// Campaigns that are reached and told one by one.
const REACHED_MAX: usize = 50;

/// Lines, no longer than `width` where there is one.
pub(super) fn lines(plan: &pb::Plan, width: Option<usize>) -> Vec<String> {
    let mut page = Page {
        width,
        lines: Vec::new(),
    };
    for change in &plan.changes {
        page.change(change);
    }
    page.reached(&plan.reached);
    let effects = plan.changes.iter().map(|change| &change.effect);
    let effects = effects.chain(plan.reached.iter().map(|reached| &reached.effect));
    let effects: Vec<_> = effects.flatten().collect();
    if !plan.changes.is_empty() {
        page.lines.push(String::new());
    }
    if effects
        .iter()
        .any(|effect| effect.messages.as_ref().is_some_and(|it| it.sampled > 0))
    {
        page.text(0, words::MASKED, str::to_owned);
    }
    if effects.iter().any(|effect| effect.sends.is_some()) {
        page.text(0, words::AT_ONCE, str::to_owned);
    }
    page.text(0, &words::sum(plan), str::to_owned);
    for note in notes::of(plan).all() {
        page.text(0, &note, str::to_owned);
    }
    page.lines
}

/// One line a change, and the sum.
pub(super) fn heads(plan: &pb::Plan) -> Vec<String> {
    let heads = plan.changes.iter().map(head);
    heads.chain([words::sum(plan)]).collect()
}

struct Page {
    width: Option<usize>,
    lines: Vec<String>,
}

// === impl Page ===

impl Page {
    fn change(&mut self, change: &pb::ResourceChange) {
        self.lines.push(head(change));
        // What is new is not used by anything that was there.
        if change.action() != pb::ChangeAction::Create && !change.used_by.is_empty() {
            self.text(
                4,
                &format!("used by {}", list(&change.used_by, change.used_by_total)),
                str::to_owned,
            );
        }
        let effect = change.effect.clone().unwrap_or_default();
        self.audience(&effect, is_told(change));
        if let Some(told) = words::beside_fields(change) {
            self.text(4, &told, str::to_owned);
        }
        self.fields(&words::fields(&change.fields));
        self.messages(&effect, change.action() == pb::ChangeAction::Create);
    }

    fn reached(&mut self, reached: &[pb::ReachedCampaign]) {
        let effect = |one: &pb::ReachedCampaign| one.effect.clone().unwrap_or_default();
        let (calm, moved): (Vec<_>, Vec<_>) =
            reached.iter().partition(|one| words::is_calm(&effect(one)));
        for one in moved.iter().take(REACHED_MAX) {
            let effect = effect(one);
            let people = effect.audience.as_ref().map_or_else(String::new, between);
            let name = output::bold(&one.campaign);
            self.lines.push(format!("> Campaign {name}{people}"));
            self.text(
                4,
                &format!("through {}", list(&one.through, one.through_total)),
                str::to_owned,
            );
            self.audience(&effect, false);
            self.messages(&effect, false);
        }
        self.more(0, moved.len(), REACHED_MAX, "campaigns are reached");
        if !calm.is_empty() {
            let n = calm.len();
            let told = match n {
                1 => "1 campaign is reached".to_owned(),
                n => format!("{n} campaigns are reached"),
            };
            self.text(
                0,
                &format!("> {told}, and nothing changes for anybody"),
                str::to_owned,
            );
        }
    }

    fn audience(&mut self, effect: &pb::Effect, is_told: bool) {
        if let Some(filter) = &effect.filter {
            self.text(4, &words::filter(filter), str::to_owned);
            for (mark, clause) in words::clauses(filter).into_iter().filter(|_| !is_told) {
                self.marked(6, mark, &clause);
            }
        }
        if let Some(delta) = &effect.audience {
            for told in words::moved(delta)
                .into_iter()
                .chain(words::reachable(delta))
            {
                self.text(4, &told, str::to_owned);
            }
        }
        if let Some(sends) = &effect.sends {
            self.text(4, &words::sends(sends), str::to_owned);
        }
    }

    fn fields(&mut self, fields: &[pb::FieldChange]) {
        for field in fields.iter().take(FIELDS_MAX) {
            self.text(4, &field.path, str::to_owned);
            if field.diff.is_empty() {
                self.block(6, '-', &field.before);
                self.block(6, '+', &field.after);
            } else {
                self.diff(6, &field.diff);
            }
        }
        self.more(4, fields.len(), FIELDS_MAX, "fields");
    }

    fn messages(&mut self, effect: &pb::Effect, is_new: bool) {
        let Some(messages) = &effect.messages else {
            return;
        };
        let Some(told) = words::messages(messages, is_new) else {
            return;
        };
        self.text(4, &told, str::to_owned);
        for diff in &messages.diffs {
            let told = words::difference(diff, messages.sampled, is_new);
            self.text(6, &told, str::to_owned);
            self.diff(8, &diff.diff);
        }
        if messages.not_shown > 0 {
            let told = format!("{} differ in other ways", output::count(messages.not_shown));
            self.text(6, &told, str::to_owned);
        }
    }

    fn block(&mut self, indent: usize, mark: char, text: &str) {
        let n = text.lines().count();
        for line in text.lines().take(LINES_MAX) {
            self.marked(indent, mark, line);
        }
        self.more(indent, n, LINES_MAX, "lines");
    }

    fn diff(&mut self, indent: usize, diff: &str) {
        let n = diff.lines().count();
        for line in diff.lines().take(LINES_MAX) {
            let mut rest = line.chars();
            match rest.next() {
                Some(mark @ ('-' | '+' | ' ')) => self.marked(indent, mark, rest.as_str()),
                _ => self.text(indent, line, str::to_owned),
            }
        }
        self.more(indent, n, LINES_MAX, "lines");
    }

    fn marked(&mut self, indent: usize, mark: char, line: &str) {
        let line = format!("{mark} {}", output::harmless(line));
        self.text(indent, line.trim_end(), |line| match mark {
            '-' => output::bad(line),
            '+' => output::good(line),
            _ => line.to_owned(),
        });
    }

    fn more(&mut self, indent: usize, n: usize, max: usize, what: &str) {
        if n > max {
            let told = format!("… {} more {what}; `--format json` has them", n - max);
            self.text(indent, &told, str::to_owned);
        }
    }

    /// A line, broken between words where it would be too long; what goes on is two further in.
    fn text(&mut self, indent: usize, text: &str, paint: impl Fn(&str) -> String) {
        let room = self
            .width
            .map_or(usize::MAX, |width| width.saturating_sub(indent).max(20));
        for (at, part) in broken(text, room).iter().enumerate() {
            let hang = if at > 0 { 2 } else { 0 };
            self.lines
                .push(format!("{:1$}{2}", "", indent + hang, paint(part)));
        }
    }
}

/// Parts of at most `room` columns, two less from the second on.
fn broken(text: &str, room: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut parts = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let room = if parts.len() > 1 { room - 2 } else { room };
        let Some(last) = parts.last_mut() else { break };
        if !last.trim().is_empty() && last.width() + word.trim_end().width() > room {
            parts.push(word.to_owned());
        } else {
            last.push_str(word);
        }
    }
    parts
        .iter()
        .map(|part| part.trim_end().to_owned())
        .collect()
}

fn head(change: &pb::ResourceChange) -> String {
    let mark = match change.action() {
        pb::ChangeAction::Create => output::good("+"),
        pb::ChangeAction::Delete => output::bad("-"),
        pb::ChangeAction::Update | pb::ChangeAction::Unspecified => "~".to_owned(),
    };
    let (kind, name) = (&change.kind, output::bold(&change.name));
    format!("{mark} {kind} {name}{}", people(change))
}

fn people(change: &pb::ResourceChange) -> String {
    match (change.audience_before, change.audience) {
        (Some(before), Some(now)) if before != now => {
            format!("  {} -> {}", output::count(before), super::people(now))
        }
        (_, Some(n)) | (Some(n), None) => format!("  {}", super::people(n)),
        (None, None) => String::new(),
    }
}

fn between(delta: &pb::AudienceDelta) -> String {
    if delta.before == delta.after {
        return format!("  {}", super::people(delta.after));
    }
    format!(
        "  {} -> {}",
        output::count(delta.before),
        super::people(delta.after)
    )
}

/// The first few of so many names, and how many more there are.
fn list(first: &[String], total: u32) -> String {
    const MAX: usize = 8;
    let shown = &first[..first.len().min(MAX)];
    let text = shown.join(", ");
    match (total as usize).saturating_sub(shown.len()) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        assert_eq!(
            broken("one two three four", 9),
            ["one two", "three", "four"]
        );
        assert_eq!(broken("aaaaaaaaaaaaaa bb", 9), ["aaaaaaaaaaaaaa", "bb"]);
        assert_eq!(broken("", 9), [""]);
        assert_eq!(broken("+   text: a b", 9), ["+   text:", "a b"]);
    }
}
