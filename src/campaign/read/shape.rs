//! What values of documents may look like; `forms` says which document holds which.

use std::time::Duration;

use crate::model::resource::Kind;

/// What a value must look like.
#[derive(Debug)]
pub(in crate::campaign) enum Shape {
    Text,
    /// Lower-case letters, digits, `-` and `_`.
    Name,
    /// A PSID, a page id: digits that must stay a text.
    Id,
    Bool,
    /// A whole number from 1 up to this.
    Count(i64),
    /// `20%`, whole, from 0 up to this.
    Percent(u32),
    /// `30s`, `10m`, `6h`, `2d`, within bounds.
    Duration(Span),
    Words(&'static [&'static str]),
    /// `{env: NAME}` or `{file: path}`.
    Secret,
    /// A text, or a secret.
    TextOrSecret,
    List(&'static Shape),
    Map(&'static [Field]),
    /// Any keys with values of one shape.
    Each(&'static Shape),
    /// Attributes by name, which may have fields that are the same again.
    Attributes,
    /// In a case of `tests`: itself, or a value of its matrix.
    Varied(&'static Shape),
    /// A text that may be empty.
    AnyText,
    /// Checked elsewhere: a message tree, items of a catalog.
    Tree,
}

/// The bounds on a span of time, and what holds without one.
#[derive(Debug)]
pub(in crate::campaign) struct Span {
    pub(in crate::campaign) least: Duration,
    pub(in crate::campaign) most: Duration,
    pub(in crate::campaign) otherwise: &'static str,
}

#[derive(Debug)]
pub(in crate::campaign) struct Field {
    pub(in crate::campaign) name: &'static str,
    pub(in crate::campaign) shape: &'static Shape,
    pub(in crate::campaign) is_required: bool,
    pub(in crate::campaign) doc: &'static str,
}

/// One form of a document.
#[derive(Debug)]
pub(in crate::campaign) struct Form {
    pub(in crate::campaign) kind: Kind,
    /// For channels: the value of `type`.
    pub(in crate::campaign) variant: Option<&'static str>,
    pub(in crate::campaign) fields: &'static [Field],
}

pub(in crate::campaign) const fn needed(
    name: &'static str,
    shape: &'static Shape,
    doc: &'static str,
) -> Field {
    Field {
        name,
        shape,
        is_required: true,
        doc,
    }
}

pub(in crate::campaign) const fn optional(
    name: &'static str,
    shape: &'static Shape,
    doc: &'static str,
) -> Field {
    Field {
        name,
        shape,
        is_required: false,
        doc,
    }
}
