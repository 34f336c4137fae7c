//! A message tree: JSON with Liquid in its strings, and nodes that are repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use liquid_core::ValueView;
use liquid_core::model::{KString, Value as Liquid};
use liquid_lib::stdlib::ForloopObject;
use serde_json::{Map, Value as Json};

use super::library::{Library, References};
use super::rewrite::Bare;
use super::scope::Context;
use super::text::{Failure, Head, Text};
use super::visits::Branch;
use crate::diagnostic::Diagnostic;
use crate::model::delivery::add_extra;
use crate::model::limits;

/// The keys of a repeated node: what is repeated over, and what is repeated.
const EACH: &str = "each";
const DO: &str = "do";

/// A compiled tree.
#[derive(Debug, Clone)]
pub struct Tree {
    root: Node,
    dynamic: BTreeSet<String>,
    references: References,
    /// By the path of the leaf.
    bare: Vec<(String, Bare)>,
    branches: Vec<(String, Branch)>,
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

#[derive(Debug, Clone)]
enum Node {
    /// A number, a boolean or null.
    Constant(Json),
    Text(Text),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// In a list its nodes are elements among the others; elsewhere they are a list.
    Each(Head, Box<Node>),
}

/// A compilation under way.
struct Compiler<'a> {
    library: &'a Arc<Library>,
    path: String,
    dynamic: BTreeSet<String>,
    references: References,
    bare: Vec<(String, Bare)>,
    branches: Vec<(String, Branch)>,
    problems: Vec<Diagnostic>,
}

/// A render under way.
struct Render<'a, 'c> {
    context: &'a Context<'c>,
    path: String,
    /// The items of the loops around a node.
    locals: Vec<(KString, Liquid)>,
    misses: BTreeSet<String>,
    gaps: BTreeSet<String>,
    extras: BTreeMap<String, String>,
    nodes_left: usize,
}

// === impl Tree ===

impl Tree {
    /// Compiles a tree that uses nothing of a library.
    ///
    /// # Errors
    /// As [`Self::compile_with`].
    pub fn compile(json: &Json) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_with(json, &Arc::default())
    }

    /// Compiles every string of a tree.
    ///
    /// # Errors
    /// Everything that is wrong, with the leaf's path (`quick_replies[0].title`) and the place in its text.
    pub fn compile_with(json: &Json, library: &Arc<Library>) -> Result<Self, Vec<Diagnostic>> {
        let mut compiler = Compiler {
            library,
            path: String::new(),
            dynamic: BTreeSet::new(),
            references: References::default(),
            bare: Vec::new(),
            branches: Vec::new(),
            problems: Vec::new(),
        };
        let root = compiler.node(json);
        if compiler.problems.is_empty() {
            Ok(Self {
                root,
                dynamic: compiler.dynamic,
                references: compiler.references,
                bare: compiler.bare,
                branches: compiler.branches,
            })
        } else {
            Err(compiler.problems)
        }
    }

    /// Whether the leaf at a path has Liquid in it: its length is not known before it is rendered.
    pub fn is_dynamic(&self, path: &str) -> bool {
        self.dynamic.contains(path)
    }

    /// What it uses of the library.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// Branches of its texts, where they are counted, with the paths of the texts.
    pub fn branches(&self) -> &[(String, Branch)] {
        &self.branches
    }

    /// Attributes that its texts show without a `default`, with the paths of the texts.
    pub fn bare(&self) -> &[(String, Bare)] {
        &self.bare
    }

    pub fn render(&self, context: &Context<'_>) -> Result<RenderedTree, Failure> {
        let mut render = Render {
            context,
            path: String::new(),
            locals: Vec::new(),
            misses: BTreeSet::new(),
            gaps: BTreeSet::new(),
            extras: BTreeMap::new(),
            nodes_left: limits::RENDERED_NODES_MAX,
        };
        let json = render.node(&self.root)?;
        Ok(RenderedTree {
            json,
            misses: render.misses.into_iter().collect(),
            gaps: render.gaps.into_iter().collect(),
            extras: render.extras,
        })
    }
}

/// The parts of a repeated node, if it is one.
pub fn repeated(json: &Json) -> Option<(&str, &Json)> {
    let map = json.as_object().filter(|map| map.len() == 2)?;
    Some((map.get(EACH)?.as_str()?, map.get(DO)?))
}

// === impl Compiler ===

impl Compiler<'_> {
    fn node(&mut self, json: &Json) -> Node {
        if let Some((head, node)) = repeated(json) {
            return self.each(head, node);
        }
        match json {
            Json::String(source) => self.text(source),
            Json::Array(items) => {
                let items = items.iter().enumerate();
                Node::List(
                    items
                        .map(|(at, item)| self.below(&format!("[{at}]"), |this| this.node(item)))
                        .collect(),
                )
            }
            Json::Object(map) => {
                let fields = map.iter().map(|(key, item)| {
                    let step = step(&self.path, key);
                    (key.clone(), self.below(&step, |this| this.node(item)))
                });
                Node::Map(fields.collect())
            }
            constant => Node::Constant(constant.clone()),
        }
    }

    fn each(&mut self, head: &str, node: &Json) -> Node {
        let at = step(&self.path, EACH);
        let head = self.below(&at, |this| {
            this.dynamic.insert(this.path.clone());
            this.kept(Head::compile(head, this.library))
        });
        let at = step(&self.path, DO);
        let node = self.below(&at, |this| this.node(node));
        head.map_or(Node::Constant(Json::Null), |head| {
            Node::Each(head, Box::new(node))
        })
    }

    fn text(&mut self, source: &str) -> Node {
        let compiled = Text::compile_with(source, self.library);
        let Some(text) = self.kept(compiled) else {
            return Node::Constant(Json::Null);
        };
        if text.is_dynamic() {
            self.dynamic.insert(self.path.clone());
        }
        let bare = text.bare().iter().cloned();
        self.bare.extend(bare.map(|bare| (self.path.clone(), bare)));
        let branches = text.branches().iter().cloned();
        let here = branches.map(|branch| (self.path.clone(), branch));
        self.branches.extend(here);
        if let Some(used) = text.references() {
            self.references.add(used);
        }
        Node::Text(text)
    }

    fn kept<T>(&mut self, compiled: Result<T, Vec<Diagnostic>>) -> Option<T> {
        let found = match compiled {
            Ok(done) => return Some(done),
            Err(found) => found,
        };
        let path = self.path.as_str();
        self.problems
            .extend(found.into_iter().map(|problem| problem.at(path)));
        None
    }

    fn below<T>(&mut self, step: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let len = self.path.len();
        self.path.push_str(step);
        let done = run(self);
        self.path.truncate(len);
        done
    }
}

// === impl Render ===

impl Render<'_, '_> {
    fn node(&mut self, node: &Node) -> Result<Json, Failure> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or_else(|| {
            let message = format!("more than {} nodes", limits::RENDERED_NODES_MAX);
            self.failed(message)
        })?;
        Ok(match node {
            Node::Constant(json) => json.clone(),
            Node::Text(text) => Json::String(self.text(text)?),
            Node::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    self.element(item, &mut list)?;
                }
                Json::Array(list)
            }
            Node::Each(..) => {
                let mut list = Vec::new();
                self.element(node, &mut list)?;
                Json::Array(list)
            }
            Node::Map(fields) => {
                let mut map = Map::with_capacity(fields.len());
                for (key, item) in fields {
                    let len = self.path.len();
                    if len > 0 {
                        self.path.push('.');
                    }
                    self.path.push_str(key);
                    self.write(key)?;
                    let value = self.node(item)?;
                    self.path.truncate(len);
                    map.insert(key.clone(), value);
                }
                Json::Object(map)
            }
        })
    }

    fn element(&mut self, node: &Node, list: &mut Vec<Json>) -> Result<(), Failure> {
        let Node::Each(head, node) = node else {
            let value = self.at(list.len(), |this| this.node(node))?;
            list.push(value);
            return Ok(());
        };
        let found = head.items(self.context, &self.locals);
        let (name, items, misses) = found.map_err(|failure| self.placed(failure))?;
        self.misses.extend(misses);
        let (n, outer) = (items.len(), self.locals.len());
        for (at, item) in items.into_iter().enumerate() {
            let forloop = ForloopObject::new(at, n).to_value();
            self.locals.push((KString::from_static("forloop"), forloop));
            self.locals.push((name.clone(), item));
            let value = self.at(list.len(), |this| this.node(node))?;
            self.locals.truncate(outer);
            list.push(value);
        }
        Ok(())
    }

    /// Pays for what stands in the message as it is.
    fn write(&self, text: &str) -> Result<(), Failure> {
        let paid = self.context.budget.write(text.len());
        paid.map_err(|error| self.failed(error))
    }

    fn text(&mut self, text: &Text) -> Result<String, Failure> {
        if let Some(text) = text.plain() {
            self.write(text)?;
            return Ok(text.to_owned());
        }
        let rendered = text.render_with(self.context, &self.locals);
        let rendered = rendered.map_err(|failure| self.placed(failure))?;
        self.misses.extend(rendered.misses);
        self.gaps.extend(rendered.gaps);
        for (key, value) in rendered.extras {
            add_extra(&mut self.extras, key, &value);
        }
        Ok(rendered.text)
    }

    fn at<T>(&mut self, at: usize, run: impl FnOnce(&mut Self) -> T) -> T {
        let len = self.path.len();
        // A text takes all that is written to it.
        let _ = write!(self.path, "[{at}]");
        let done = run(self);
        self.path.truncate(len);
        done
    }

    fn failed(&self, message: String) -> Failure {
        Failure::Failed {
            path: self.path.clone(),
            message,
        }
    }

    fn placed(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Failed { message, .. } => self.failed(message),
            other => other,
        }
    }
}

fn step(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!(".{key}")
    }
}
