//! Places in a message.

use std::fmt;

/// Where a value stands; written out only when somebody is to read it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    At(&'a Path<'a>, usize),
}

// === impl Path ===

impl Path<'_> {
    pub(super) fn is_root(&self) -> bool {
        matches!(self, Self::Root)
    }

    pub(super) fn is_key(&self, key: &str) -> bool {
        matches!(self, Self::Key(_, last) if *last == key)
    }

    /// Whether it leads through an element of the list of that name.
    pub(super) fn is_within(&self, list: &str) -> bool {
        match self {
            Self::Root => false,
            Self::Key(parent, _) => parent.is_within(list),
            Self::At(parent, _) => parent.is_key(list) || parent.is_within(list),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::At(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_people_write_it() {
        let (list, payload) = (Path::Key(&Path::Root, "elements"), Path::Root);
        let card = Path::At(&list, 2);
        let title = Path::Key(&card, "title");
        assert_eq!(title.to_string(), "elements[2].title");
        assert_eq!(payload.to_string(), "");
        assert!(title.is_within("elements") && card.is_within("elements"));
        assert!(!list.is_within("elements") && title.is_key("title") && payload.is_root());
    }
}
