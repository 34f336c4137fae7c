//! Matrices: one case of each combination, with `{matrix: name}` replaced by its value.

use crate::campaign::read::node::{Entry, Node, Value};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::model::limits;

/// The key of a map that stands for a value of the matrix.
const MATRIX: &str = "matrix";
/// Longest value of a matrix in the name of a case.
const LABEL_CHARS_MAX: usize = 40;

/// Names with their values, in the order of the file.
type Combination<'a> = Vec<(&'a str, &'a Node)>;

/// A case with what is left to read, and what tells it from the others of its matrix.
pub(super) struct Varied {
    pub(super) node: Node,
    /// Empty without a matrix.
    pub(super) label: String,
}

/// The name in a map that stands for a value of the matrix.
pub(in crate::campaign) fn reference(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Map(entries) => match entries.as_slice() {
            [entry] if entry.key == MATRIX => match &entry.value.value {
                Value::Text(name) => Some(name),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// One case of each combination; `at` is where the case stands.
pub(super) fn vary(case: &Node, at: &str, problems: &mut Vec<Diagnostic>) -> Vec<Varied> {
    let Some(combinations) = combinations(case, at, problems) else {
        return Vec::new();
    };
    let Value::Map(entries) = &case.value else {
        return Vec::new();
    };
    let rest: Vec<&Entry> = entries
        .iter()
        .filter(|entry| !matches!(entry.key.as_str(), "matrix" | "rows"))
        .collect();
    let names = names(case);
    for entry in &rest {
        strangers(
            &entry.value,
            &names,
            &format!("{at}.{}", entry.key),
            problems,
        );
    }
    let users = match case.get("users").map(|entry| &entry.value.value) {
        Some(Value::Map(users)) => users.len().max(1),
        _ => 1,
    };
    let fixed: usize = rest.iter().map(|entry| bytes(&entry.value)).sum();
    let n_references: usize = rest.iter().map(|entry| references(&entry.value)).sum();
    let values = combinations.iter().flatten();
    let replaced_by: usize = values.map(|(_, value)| bytes(value)).sum();
    let copied = combinations.len() * fixed + n_references * replaced_by;
    if copied * users > limits::CASE_BYTES_MAX {
        let max = limits::CASE_BYTES_MAX;
        let message = format!("more than {max} bytes of texts in all combinations and users");
        problems.push(
            wrong(message)
                .at(at)
                .hint("make several cases of it, or shorter texts"),
        );
        return Vec::new();
    }
    let one = |combination: &Combination<'_>| {
        let entries = rest.iter().map(|entry| Entry {
            value: replaced(&entry.value, combination),
            ..(*entry).clone()
        });
        let node = Node {
            span: case.span.clone(),
            value: Value::Map(entries.collect()),
        };
        Varied {
            node,
            label: label(combination),
        }
    };
    combinations.iter().map(one).collect()
}

fn combinations<'a>(
    case: &'a Node,
    at: &str,
    problems: &mut Vec<Diagnostic>,
) -> Option<Vec<Combination<'a>>> {
    let mut all: Vec<Combination<'a>> = vec![Vec::new()];
    if let Some(Value::List(rows)) = case.get("rows").map(|entry| &entry.value.value) {
        all = rows.iter().map(row).collect();
    }
    if let Some(Value::Map(columns)) = case.get(MATRIX).map(|entry| &entry.value.value) {
        for column in columns {
            let Value::List(values) = &column.value.value else {
                continue;
            };
            if all.len() * values.len() > limits::CASES_MAX {
                let max = limits::CASES_MAX;
                let message = format!("more than {max} combinations");
                problems.push(wrong(message).at(format!("{at}.{MATRIX}")));
                return None;
            }
            let with = |before: &Combination<'a>, value: &'a Node| {
                let column = (column.key.as_str(), value);
                before.iter().copied().chain([column]).collect()
            };
            all = all
                .iter()
                .flat_map(|before| values.iter().map(move |value| with(before, value)))
                .collect();
        }
    }
    if all.is_empty() {
        let problem = wrong("there is no combination: the case would never be run".to_owned());
        problems.push(problem.at(at).hint("give each name of the matrix a value"));
    }
    Some(all)
}

/// Every name that the matrix gives values to.
fn names(case: &Node) -> Vec<&str> {
    let columns = case.get(MATRIX).map(|entry| &entry.value);
    let rows = match case.get("rows").map(|entry| &entry.value.value) {
        Some(Value::List(rows)) => rows.as_slice(),
        _ => &[],
    };
    let maps = columns.into_iter().chain(rows);
    maps.flat_map(row).map(|(name, _)| name).collect()
}

fn row(row: &Node) -> Combination<'_> {
    match &row.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.value))
            .collect(),
        _ => Vec::new(),
    }
}

/// Tells of references to what no matrix holds.
fn strangers(node: &Node, names: &[&str], at: &str, problems: &mut Vec<Diagnostic>) {
    if let Some(name) = reference(node) {
        if !names.contains(&name) {
            let problem = wrong(format!("the matrix has no `{name}`")).at(at);
            problems.push(match did_you_mean(name, names.iter().copied()) {
                Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
                None => problem.hint("add it to `matrix:` or to each row of `rows:`"),
            });
        }
        return;
    }
    match &node.value {
        Value::List(items) => {
            for (i, item) in items.iter().enumerate() {
                strangers(item, names, &format!("{at}[{i}]"), problems);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                strangers(
                    &entry.value,
                    names,
                    &format!("{at}.{}", entry.key),
                    problems,
                );
            }
        }
        _ => {}
    }
}

/// A name that a row lacks leaves nothing: the key is as if it were not written.
fn replaced(node: &Node, combination: &Combination<'_>) -> Node {
    if let Some(name) = reference(node) {
        let value = combination.iter().find(|(column, _)| *column == name);
        return Node {
            span: node.span.clone(),
            value: value.map_or(Value::Null, |(_, value)| value.value.clone()),
        };
    }
    let value = match &node.value {
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| replaced(item, combination))
                .collect(),
        ),
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .filter(|entry| {
                    let name = reference(&entry.value);
                    name.is_none_or(|name| combination.iter().any(|(column, _)| *column == name))
                })
                .map(|entry| Entry {
                    value: replaced(&entry.value, combination),
                    ..entry.clone()
                })
                .collect(),
        ),
        other => other.clone(),
    };
    Node {
        span: node.span.clone(),
        value,
    }
}

/// How often a value of the matrix is asked for.
fn references(node: &Node) -> usize {
    if reference(node).is_some() {
        return 1;
    }
    match &node.value {
        Value::List(items) => items.iter().map(references).sum(),
        Value::Map(entries) => entries.iter().map(|entry| references(&entry.value)).sum(),
        _ => 0,
    }
}

/// What a copy of a case costs, near enough.
fn bytes(node: &Node) -> usize {
    /// Of a node without its text.
    const NODE: usize = 64;
    let within = match &node.value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(bytes).sum(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| entry.key.len() + bytes(&entry.value))
            .sum(),
        _ => 0,
    };
    NODE + within
}

fn label(combination: &Combination<'_>) -> String {
    let shown = combination.iter().map(|(name, value)| {
        let text = match &value.value {
            Value::Text(text) => text.clone(),
            _ => value.to_json().to_string(),
        };
        let is_long = text.chars().count() > LABEL_CHARS_MAX;
        let text: String = text.chars().take(LABEL_CHARS_MAX).collect();
        format!("{name}: {text}{}", if is_long { "…" } else { "" })
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn wrong(message: String) -> Diagnostic {
    Diagnostic::error(codes::WRONG_VALUE, message)
}
