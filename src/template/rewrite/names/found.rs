//! What is found in a text: names that are read, and outputs.

use std::ops::Range;

use super::{NAMESPACES, USER};
use crate::template::rewrite::scanner::is_unsupported;

/// What loops know of themselves; empty outside of them, as anywhere.
const LOOPS: [&str; 2] = ["forloop", "tablerowloop"];

/// One name that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// `user` for an attribute.
    pub root: String,
    /// The keys below it, as far as they are written out.
    pub steps: Vec<String>,
    /// Behind them something else is read: an element, or what another name says.
    pub is_cut: bool,
    /// It is written with `${}`.
    pub is_braced: bool,
    pub span: Range<usize>,
}

/// A `{{ }}` or an `echo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub span: Range<usize>,
    /// By name, in their order.
    pub filters: Vec<String>,
    /// What the first name in it is read from; none where it is all written out.
    pub root: Option<String>,
}

// === impl Read ===

impl Read {
    /// The path of an attribute.
    pub fn attribute(&self) -> Option<&[String]> {
        let is_attribute = self.root == USER && !self.steps.is_empty();
        is_attribute.then_some(self.steps.as_slice())
    }

    /// A name that something must have given: no namespace, and nothing that is told elsewhere.
    pub fn local(&self) -> Option<&str> {
        let root = self.root.as_str();
        let is_told = self.is_braced && is_unsupported(root);
        let is_known = NAMESPACES.contains(&root) || LOOPS.contains(&root) || is_told;
        (!is_known).then_some(root)
    }
}
