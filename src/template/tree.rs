//! A message tree: JSON with Liquid in its strings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::scope::Context;
use super::text::{Failure, Text};
use crate::diagnostic::Diagnostic;

/// A compiled tree.
#[derive(Debug, Clone)]
pub struct Tree {
    root: Node,
    dynamic: BTreeSet<String>,
}

/// A rendered tree.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedTree {
    pub json: Json,
    /// Names that the template read and that are absent, each once, in order.
    pub misses: Vec<String>,
    /// The misses for which nothing was written instead: no `default` filled them.
    pub gaps: Vec<String>,
    /// What `message_extras` adds to the record of the delivery.
    pub extras: BTreeMap<String, String>,
}

/// What leaves come to besides their texts.
#[derive(Debug, Default)]
struct Beside {
    misses: BTreeSet<String>,
    gaps: BTreeSet<String>,
    extras: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
enum Node {
    /// A number, a boolean or null.
    Constant(Json),
    Text(Text),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

// === impl Tree ===

impl Tree {
    /// Compiles every string of a tree.
    ///
    /// # Errors
    /// Everything that is wrong, with the leaf's path (`quick_replies[0].title`) and the place in its text.
    pub fn compile(json: &Json) -> Result<Self, Vec<Diagnostic>> {
        let (mut dynamic, mut problems) = (BTreeSet::new(), Vec::new());
        let root = compile(json, &mut String::new(), &mut dynamic, &mut problems);
        if problems.is_empty() {
            Ok(Self { root, dynamic })
        } else {
            Err(problems)
        }
    }

    /// Whether the leaf at a path has Liquid in it: its length is not known before it is rendered.
    pub fn is_dynamic(&self, path: &str) -> bool {
        self.dynamic.contains(path)
    }

    pub fn render(&self, context: &Context<'_>) -> Result<RenderedTree, Failure> {
        let mut beside = Beside::default();
        let json = render(&self.root, context, &mut String::new(), &mut beside)?;
        Ok(RenderedTree {
            json,
            misses: beside.misses.into_iter().collect(),
            gaps: beside.gaps.into_iter().collect(),
            extras: beside.extras,
        })
    }
}

fn compile(
    json: &Json,
    path: &mut String,
    dynamic: &mut BTreeSet<String>,
    problems: &mut Vec<Diagnostic>,
) -> Node {
    match json {
        Json::String(source) => match Text::compile(source) {
            Ok(text) => {
                if text.is_dynamic() {
                    dynamic.insert(path.clone());
                }
                Node::Text(text)
            }
            Err(found) => {
                problems.extend(found.into_iter().map(|problem| problem.at(path.as_str())));
                Node::Constant(Json::Null)
            }
        },
        Json::Array(items) => Node::List(
            items
                .iter()
                .enumerate()
                .map(|(at, item)| {
                    under(path, &format!("[{at}]"), |path| {
                        compile(item, path, dynamic, problems)
                    })
                })
                .collect(),
        ),
        Json::Object(map) => Node::Map(
            map.iter()
                .map(|(key, item)| {
                    let node = under(path, &step(path, key), |path| {
                        compile(item, path, dynamic, problems)
                    });
                    (key.clone(), node)
                })
                .collect(),
        ),
        constant => Node::Constant(constant.clone()),
    }
}

fn render(
    node: &Node,
    context: &Context<'_>,
    path: &mut String,
    beside: &mut Beside,
) -> Result<Json, Failure> {
    Ok(match node {
        Node::Constant(json) => json.clone(),
        Node::Text(text) => match text.render(context) {
            Ok(rendered) => {
                beside.misses.extend(rendered.misses);
                beside.gaps.extend(rendered.gaps);
                for (key, value) in rendered.extras {
                    beside.extras.entry(key).or_insert(value);
                }
                Json::String(rendered.text)
            }
            Err(Failure::Failed { message, .. }) => {
                return Err(Failure::Failed {
                    path: path.clone(),
                    message,
                });
            }
            Err(aborted) => return Err(aborted),
        },
        Node::List(items) => {
            let items = items.iter().enumerate();
            let rendered = items.map(|(at, item)| {
                under(path, &format!("[{at}]"), |path| {
                    render(item, context, path, beside)
                })
            });
            Json::Array(rendered.collect::<Result<_, _>>()?)
        }
        Node::Map(fields) => {
            let mut map = Map::with_capacity(fields.len());
            for (key, item) in fields {
                let value = under(path, &step(path, key), |path| {
                    render(item, context, path, beside)
                })?;
                map.insert(key.clone(), value);
            }
            Json::Object(map)
        }
    })
}

/// Runs something one step further down.
fn under<T>(path: &mut String, step: &str, run: impl FnOnce(&mut String) -> T) -> T {
    let len = path.len();
    path.push_str(step);
    let done = run(path);
    path.truncate(len);
    done
}

fn step(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!(".{key}")
    }
}
