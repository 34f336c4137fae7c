//! JSON as it comes from Braze: in order, with places, and with Liquid in it that is rendered before the JSON is
//! read, so that quotes in its tags end no string.

mod reader;
mod scalar;
mod value;

#[cfg(test)]
mod tests;

pub(super) use reader::{BLOCKS, read};
pub(super) use value::{Value, push_item, push_step};

use std::ops::Range;

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// An export, in which Liquid is as well escaped as anything else.
    Strict,
    /// A body.
    Liquid,
}

/// What was read, and what no tree can hold.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) value: Result<Value, Broken>,
    pub(super) outside: Vec<Outside>,
    /// Tags before the body, which give names or abort.
    pub(super) prelude: Option<String>,
    /// Line breaks stood in strings as they are.
    pub(super) has_raw_breaks: bool,
}

/// Why a text is no JSON.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
}

/// Something between the strings that a tree has no place for.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    pub(super) span: Range<usize>,
    pub(super) what: What,
    /// The key under which it stands.
    pub(super) path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Tag(String),
    /// A value that may be anything once it is rendered.
    Output,
    /// Text or outputs where a list or map goes on.
    Stray,
    Key,
    Number,
    Twice(String),
}
