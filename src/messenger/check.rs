//! Holds a message against the Send API's shapes.

use serde_json::{Map, Value as Json};

use super::path::Path;
use super::settle;
use super::shapes::{
    CONTENTS, Case, DEAD_TAGS, ENVELOPE, Field, MESSAGE, REMOVED_TEMPLATES, Shape,
};
use crate::diagnostic::codes::{
    MESSENGER_DEAD_TAG as DEAD_TAG, MESSENGER_LIMIT as LIMIT, MESSENGER_MISSING as MISSING,
    MESSENGER_REMOVED as REMOVED, MESSENGER_TYPE as TYPE, MESSENGER_UNKNOWN_KEY as UNKNOWN_KEY,
    MESSENGER_VALUE as VALUE,
};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};

/// The key of the node that a list repeats.
const REPEATED: &str = "do";

struct Checker<'a> {
    /// Nothing is, once it is rendered.
    is_dynamic: Option<&'a dyn Fn(&str) -> bool>,
    problems: Vec<Diagnostic>,
}

/// Finds everything that the platform would refuse.
///
/// `is_dynamic` says of a leaf's path (`quick_replies[0].title`) whether its text is only known once it is
/// rendered: then its length and value are not checked.
pub fn check(message: &Json, is_dynamic: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
    found(message, Some(is_dynamic))
}

/// As [`check`], before sending: all is known.
pub fn check_rendered(message: &Json) -> Vec<Diagnostic> {
    found(message, None)
}

fn found(message: &Json, is_dynamic: Option<&dyn Fn(&str) -> bool>) -> Vec<Diagnostic> {
    let mut checker = Checker {
        is_dynamic,
        problems: Vec::new(),
    };
    let Some(map) = message.as_object() else {
        checker.problem(TYPE, &Path::Root, "a message must be a map");
        return checker.problems;
    };
    checker.fields(map, &[MESSAGE, ENVELOPE], None, &Path::Root);
    checker.contents(map);
    checker.envelope(map);
    checker.problems
}

// === impl Checker ===

impl Checker<'_> {
    fn is_dynamic(&self, path: &Path<'_>) -> bool {
        let is_dynamic = self.is_dynamic;
        is_dynamic.is_some_and(|is_dynamic| is_dynamic(&path.to_string()))
    }

    fn problem(
        &mut self,
        code: Code,
        path: &Path<'_>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let problem = Diagnostic::error(code, message);
        self.problems.push(problem.at(path.to_string()));
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    fn hinted(
        &mut self,
        code: Code,
        path: &Path<'_>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problem(code, path, message).hint = Some(hint.into());
    }

    fn fields(
        &mut self,
        map: &Map<String, Json>,
        groups: &[&[Field]],
        tag: Option<&str>,
        path: &Path<'_>,
    ) {
        let known = || groups.iter().copied().flatten();
        for (key, value) in map {
            let at = Path::Key(path, key);
            if Some(key.as_str()) == tag {
                continue;
            }
            match known().find(|field| field.name == key) {
                Some(field) => self.value(value, field.shape, &at),
                None if key == "metadata" && path.is_root() => {
                    self.hinted(
                        UNKNOWN_KEY,
                        &at,
                        "`metadata` is ours: it carries the delivery's id",
                        "remove it",
                    );
                }
                None => {
                    let names = known().map(|field| field.name).chain(tag);
                    let meant = did_you_mean(key, names.clone())
                        .map(|name| format!("did you mean `{name}`?"));
                    let all = || {
                        format!(
                            "there are: {}",
                            names.clone().collect::<Vec<_>>().join(", ")
                        )
                    };
                    self.hinted(
                        UNKNOWN_KEY,
                        &at,
                        format!("unknown key `{key}`"),
                        meant.unwrap_or_else(all),
                    );
                }
            }
        }
        for field in known().filter(|field| field.is_required && !map.contains_key(field.name)) {
            self.problem(MISSING, path, format!("`{}` is required here", field.name));
        }
    }

    fn value(&mut self, value: &Json, shape: &Shape, path: &Path<'_>) {
        // Numbers and booleans may come out of a template as texts.
        let is_dynamic = value.is_string() && self.is_dynamic(path);
        // A list that is repeated: its length is not known before it is rendered.
        if let (Shape::List(_, _, item), Some(node)) = (shape, self.repeated(value, path)) {
            self.value(node, item, &Path::Key(path, REPEATED));
            return;
        }
        match (shape, value) {
            (shape, _) if is_dynamic && is_leaf(shape) => {}
            (Shape::Number, Json::String(text)) if settle::number(text.trim()).is_some() => {}
            (Shape::Any, _) | (Shape::Bool, Json::Bool(_)) | (Shape::Number, Json::Number(_)) => {}
            (Shape::Text(most), Json::String(text)) => self.text(text, *most, path),
            (Shape::Url, Json::String(text)) => {
                if !text.starts_with("https://") && !text.starts_with("http://") {
                    self.hinted(VALUE, path, "not a URL", "begin it with `https://`");
                }
            }
            (Shape::Word(words), Json::String(text)) => self.word(text, words, path),
            (Shape::Map(fields), Json::Object(map)) => {
                self.fields(map, &[fields], None, path);
                self.pairs(map, path);
            }
            (Shape::List(least, most, item), Json::Array(items)) => {
                self.list(items, (*least, *most), item, path);
            }
            (Shape::Tagged(tag, cases), Json::Object(map)) => self.tagged(map, tag, cases, path),
            (shape, _) => {
                self.problem(TYPE, path, format!("{} is expected", name(shape)));
            }
        }
    }

    fn list(&mut self, items: &[Json], bounds: (usize, usize), item: &Shape, path: &Path<'_>) {
        let (least, most) = bounds;
        let mut n_fixed = 0;
        for (at, value) in items.iter().enumerate() {
            let at = Path::At(path, at);
            if let Some(node) = self.repeated(value, &at) {
                self.value(node, item, &Path::Key(&at, REPEATED));
            } else {
                n_fixed += 1;
                self.value(value, item, &at);
            }
        }
        let is_fixed = n_fixed == items.len();
        if (is_fixed && n_fixed < least) || n_fixed > most {
            let range = if least == most {
                format!("exactly {most}")
            } else {
                format!("{least} to {most}")
            };
            let message = format!("{} elements; {range} are allowed", items.len());
            self.problem(LIMIT, path, message);
        }
    }

    /// The node below `each:`, in a message that is not rendered yet.
    fn repeated<'j>(&self, value: &'j Json, path: &Path<'_>) -> Option<&'j Json> {
        let map = value.as_object().filter(|map| map.len() == 2)?;
        let head = Path::Key(path, "each");
        let is_head = map.get("each")?.is_string() && self.is_dynamic(&head);
        is_head.then(|| map.get(REPEATED)).flatten()
    }

    fn text(&mut self, text: &str, most: usize, path: &Path<'_>) {
        let length = text.encode_utf16().count();
        if text.trim().is_empty() {
            self.problem(MISSING, path, "must not be empty");
        } else if length > most {
            self.problem(
                LIMIT,
                path,
                format!("{length} characters; {most} are allowed"),
            );
        }
    }

    fn word(&mut self, text: &str, words: &[&str], path: &Path<'_>) {
        if words.contains(&text) {
            return;
        }
        let hint = match did_you_mean(text, words.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("one of: {}", words.join(", ")),
        };
        self.hinted(
            VALUE,
            path,
            format!("`{}` is not allowed here", clip(text)),
            hint,
        );
    }

    fn tagged(
        &mut self,
        map: &Map<String, Json>,
        tag: &'static str,
        cases: &[Case],
        path: &Path<'_>,
    ) {
        let at = Path::Key(path, tag);
        let names = || cases.iter().map(|case| case.tag).collect::<Vec<_>>();
        let Some(value) = map.get(tag) else {
            self.hinted(
                MISSING,
                path,
                format!("`{tag}` is required here"),
                format!("one of: {}", names().join(", ")),
            );
            return;
        };
        let Some(text) = value.as_str() else {
            self.problem(TYPE, &at, "a text is expected");
            return;
        };
        if tag == "template_type" && REMOVED_TEMPLATES.iter().any(|gone| text.starts_with(gone)) {
            self.hinted(
                REMOVED,
                &at,
                format!(
                    "the template `{}` was removed from the platform",
                    clip(text)
                ),
                "use `generic` or `button`",
            );
            return;
        }
        let Some(case) = cases.iter().find(|case| case.tag == text) else {
            if !self.is_dynamic(&at) {
                self.word(text, &names(), &at);
            }
            return;
        };
        self.fields(map, &[case.fields], Some(tag), path);
        self.pairs(map, path);
    }

    /// Rules that tie fields of one map together.
    fn pairs(&mut self, map: &Map<String, Json>, path: &Path<'_>) {
        let has = |key: &str| map.contains_key(key);
        if has("is_reusable") || has("attachment_id") || (path.is_key("payload") && has("url")) {
            if has("url") == has("attachment_id") {
                self.problem(
                    MISSING,
                    path,
                    "exactly one of `url` and `attachment_id` is required",
                );
            }
        } else if path.is_key("payload") && map.is_empty() {
            self.problem(
                MISSING,
                path,
                "exactly one of `url` and `attachment_id` is required",
            );
        }
        let is_card = path.is_within("elements") && has("title") && !has("price") && !has("images");
        if is_card && map.len() == 1 {
            self.problem(
                MISSING,
                path,
                "a card needs something besides its title: a subtitle, an image, a default action or buttons",
            );
        }
    }

    fn contents(&mut self, map: &Map<String, Json>) {
        let found: Vec<&str> = CONTENTS
            .into_iter()
            .filter(|key| map.contains_key(*key))
            .collect();
        match found.len() {
            0 => self.hinted(
                MISSING,
                &Path::Root,
                "a message needs a content",
                format!("one of: {}", CONTENTS.join(", ")),
            ),
            1 => {}
            _ => self.hinted(
                VALUE,
                &Path::Key(&Path::Root, found[1]),
                format!("`{}` is there already", found[0]),
                "keep one of them",
            ),
        }
    }

    fn envelope(&mut self, map: &Map<String, Json>) {
        let text = |key: &str| map.get(key).and_then(Json::as_str);
        let messaging_type = text("messaging_type").unwrap_or("UPDATE");
        match text("tag") {
            Some(tag) if DEAD_TAGS.contains(&tag) => self.hinted(
                DEAD_TAG,
                &Path::Key(&Path::Root, "tag"),
                format!("the platform refuses the tag `{tag}` since April 2026"),
                "outside the 24-hour window send an approved utility template: `messaging_type: UTILITY` and `template`",
            ),
            Some("HUMAN_AGENT") => self.hinted(
                DEAD_TAG,
                &Path::Key(&Path::Root, "tag"),
                "`HUMAN_AGENT` is for messages that a person writes, never for campaigns",
                "send inside the 24-hour window, or an approved utility template",
            ),
            Some(_) if messaging_type != "MESSAGE_TAG" => self.hinted(
                VALUE,
                &Path::Key(&Path::Root, "tag"),
                format!("a tag needs `messaging_type: MESSAGE_TAG`, not `{messaging_type}`"),
                "set it, or remove the tag",
            ),
            None if messaging_type == "MESSAGE_TAG" => {
                self.problem(MISSING, &Path::Key(&Path::Root, "messaging_type"), "`MESSAGE_TAG` needs a `tag`");
            }
            _ => {}
        }
        let is_utility = messaging_type == "UTILITY";
        if is_utility && !map.contains_key("template") {
            self.problem(
                MISSING,
                &Path::Key(&Path::Root, "messaging_type"),
                "`UTILITY` needs a `template`",
            );
        }
        if !is_utility && map.contains_key("template") {
            self.hinted(
                VALUE,
                &Path::Key(&Path::Root, "template"),
                "an approved template needs `messaging_type: UTILITY`",
                "set it",
            );
        }
    }
}

fn is_leaf(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Text(_) | Shape::Url | Shape::Word(_) | Shape::Number | Shape::Bool
    )
}

fn name(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text(_) | Shape::Url | Shape::Word(_) => "a text",
        Shape::Number => "a number",
        Shape::Bool => "true or false",
        Shape::Map(_) | Shape::Tagged(..) => "a map",
        Shape::List(..) => "a list",
        Shape::Any => "a value",
    }
}

/// Values of a template may be anything; a diagnostic shows only the beginning.
fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}
