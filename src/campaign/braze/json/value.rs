//! JSON in the order in which it was written.

#[derive(Debug, Clone, PartialEq)]
pub(in crate::campaign::braze) enum Value {
    Null,
    Bool(bool),
    /// As YAML writes it.
    Number(String),
    Text(String),
    /// `{{ … }}` without quotes around it.
    Output(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

// === impl Value ===

impl Value {
    pub(in crate::campaign::braze) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.iter().find(|(name, _)| name == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(in crate::campaign::braze) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Every string.
    pub(in crate::campaign::braze) fn leaves<'v>(&'v self, each: &mut impl FnMut(&'v str)) {
        match self {
            Self::Text(text) | Self::Output(text) => each(text),
            Self::List(items) => items.iter().for_each(|item| item.leaves(each)),
            Self::Map(map) => map.iter().for_each(|(_, item)| item.leaves(each)),
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }

    /// Every string, to be changed; with the key that it stands under.
    pub(in crate::campaign::braze) fn leaves_mut(
        &mut self,
        key: &str,
        each: &mut impl FnMut(&str, &mut String),
    ) {
        match self {
            Self::Text(text) | Self::Output(text) => each(key, text),
            Self::List(items) => items.iter_mut().for_each(|item| item.leaves_mut(key, each)),
            Self::Map(map) => {
                for (key, item) in map {
                    item.leaves_mut(key, each);
                }
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }
}

/// Goes one key further along a path.
pub(in crate::campaign::braze) fn push_step(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Goes to an item of a list.
pub(in crate::campaign::braze) fn push_item(path: &mut String, at: usize) {
    path.push('[');
    path.push_str(&at.to_string());
    path.push(']');
}
