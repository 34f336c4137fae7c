//! Users and what can be asked of them: an [`Update`] is a request, a [`Change`] is what it came to.

use std::collections::{BTreeMap, BTreeSet};

use super::id::ExternalId;
use super::limits;
use super::value::{Refused, Value, check_name};

/// A user as read: every attribute with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub external_id: ExternalId,
    pub attributes: BTreeMap<String, Value>,
}

/// One user's part of an upsert. Only what is named changes.
///
/// Applied in this order: `set`, `increment`, `add`, `remove`. One attribute may be named once.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    pub external_id: ExternalId,
    /// `None` deletes the attribute.
    pub set: Vec<(String, Option<Value>)>,
    /// Adds to a number; an absent one counts as 0.
    pub increment: Vec<(String, Value)>,
    /// Appends what the list does not hold yet.
    pub add: Vec<(String, Vec<Value>)>,
    /// Removes every equal element.
    pub remove: Vec<(String, Vec<Value>)>,
    /// Refuses to create a user.
    pub existing_only: bool,
}

/// An update resolved against the user as it stood: plain settings, safe to apply twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub external_id: ExternalId,
    pub creates: bool,
    pub set: Vec<(String, Option<Value>)>,
}

/// What became of one item of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    Created,
    Updated,
}

/// Why one item of a batch was not applied. `path` is relative to the item: `attributes.age`, `add.tags[2]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Rejected {
    pub path: String,
    pub message: String,
}

/// The user as it stands, seen by [`Update::resolve`].
pub trait Current {
    fn exists(&self) -> bool;
    fn get(&self, attribute: &str) -> Option<Value>;
    /// Names and values together, in bytes, as [`weight`] counts them.
    fn weight(&self) -> usize;
}

// === impl Update ===

impl Update {
    pub fn new(external_id: ExternalId) -> Self {
        Self {
            external_id,
            set: Vec::new(),
            increment: Vec::new(),
            add: Vec::new(),
            remove: Vec::new(),
            existing_only: false,
        }
    }

    /// Checks everything that does not depend on the user as it stands.
    ///
    /// # Errors
    /// The first name, value or repetition that breaks a rule, with its path.
    pub fn check(&self) -> Result<(), Rejected> {
        let names = self.set.len() + self.increment.len() + self.add.len() + self.remove.len();
        if names > limits::UPDATE_NAMES_MAX {
            return Err(Rejected {
                path: "attributes".into(),
                message: format!(
                    "the item names {names} attributes; it may name {}, in several items more",
                    limits::UPDATE_NAMES_MAX
                ),
            });
        }
        for (name, value) in &self.set {
            check_part("attributes", name, value.as_ref())?;
        }
        for (name, by) in &self.increment {
            check_part("increment", name, Some(by))?;
            if !matches!(by, Value::Int(_) | Value::Double(_)) {
                return Err(Rejected::at(
                    "increment",
                    name,
                    "an increment must be a number",
                ));
            }
        }
        for (part, lists) in [("add", &self.add), ("remove", &self.remove)] {
            for (name, items) in lists {
                check_name(name).map_err(|e| Rejected::under(part, name, &e))?;
                // Before anything is compared with anything.
                if items.len() > limits::LIST_ITEMS_MAX {
                    let (n, most) = (items.len(), limits::LIST_ITEMS_MAX);
                    let message = format!("{n} elements; a list may have {most}");
                    return Err(Rejected::at(part, name, &message));
                }
                for (i, item) in items.iter().enumerate() {
                    item.check()
                        .map_err(|e| Rejected::under(part, name, &e.under(&format!("[{i}]"))))?;
                }
            }
        }
        self.check_named_once()
    }

    /// `add` and `remove` may name the same list; everything else may be named in one part only.
    fn check_named_once(&self) -> Result<(), Rejected> {
        let lists = self.add.iter().chain(&self.remove);
        let lists: BTreeSet<&str> = lists.map(|(name, _)| name.as_str()).collect();
        let sets: BTreeSet<&str> = self.set.iter().map(|(name, _)| name.as_str()).collect();
        for (name, _) in &self.increment {
            if sets.contains(name.as_str()) || lists.contains(name.as_str()) {
                return Err(Rejected::at(
                    "increment",
                    name,
                    "is named in another part of this item",
                ));
            }
        }
        for (part, items) in [("add", &self.add), ("remove", &self.remove)] {
            if let Some((name, _)) = items.iter().find(|(name, _)| sets.contains(name.as_str())) {
                return Err(Rejected::at(
                    part,
                    name,
                    "is named in another part of this item",
                ));
            }
        }
        Ok(())
    }

    /// Turns the request into plain settings, given the user as it stands. Call [`Update::check`] first.
    ///
    /// # Errors
    /// The user does not exist and must; an increment or a list operation meets another type or
    /// leaves a bound; the profile would grow over its bound.
    pub fn resolve(self, current: &impl Current) -> Result<Change, Rejected> {
        if self.existing_only && !current.exists() {
            return Err(Rejected {
                path: "external_id".into(),
                message: "no such user, and update_existing_only is set".into(),
            });
        }
        let mut set = self.set;
        for (name, by) in self.increment {
            let sum = increment(current.get(&name), &by)
                .map_err(|e| Rejected::under("increment", &name, &e))?;
            set.push((name, Some(sum)));
        }
        for (name, list) in edit_lists(self.add, self.remove, current)? {
            set.push((name, Some(list)));
        }
        check_weight(&set, current)?;
        Ok(Change {
            creates: !current.exists(),
            external_id: self.external_id,
            set,
        })
    }
}

// === impl Rejected ===

impl Rejected {
    pub fn at(part: &str, name: &str, message: &str) -> Self {
        Self {
            path: format!("{part}.{name}"),
            message: message.into(),
        }
    }

    pub fn under(part: &str, name: &str, refused: &Refused) -> Self {
        Self {
            path: format!("{part}.{name}{}", refused.path),
            message: refused.message.clone(),
        }
    }
}

/// Bytes one attribute counts towards [`limits::PROFILE_BYTES_MAX`].
pub fn weight(name: &str, value: &Value) -> usize {
    name.len() + value.weight()
}

fn check_part(part: &str, name: &str, value: Option<&Value>) -> Result<(), Rejected> {
    check_name(name)
        .and_then(|()| value.map_or(Ok(()), Value::check))
        .map_err(|e| Rejected::under(part, name, &e))
}

fn increment(current: Option<Value>, by: &Value) -> Result<Value, Refused> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an int meeting a double becomes one, as in JSON"
    )]
    match (current.unwrap_or(Value::Int(0)), by) {
        (Value::Int(a), Value::Int(b)) => a
            .checked_add(*b)
            .filter(|sum| sum.abs() <= limits::EXACT_INTEGER_MAX)
            .map(Value::Int)
            .ok_or_else(inexact),
        (Value::Int(a), Value::Double(b)) => double(a as f64 + b),
        (Value::Double(a), Value::Int(b)) => double(a + *b as f64),
        (Value::Double(a), Value::Double(b)) => double(a + b),
        (other, _) => Err(Refused::here(format!(
            "the user has a {} here, not a number",
            other.type_of()
        ))),
    }
}

fn inexact() -> Refused {
    Refused::here("the sum leaves the exact integers (2^53)")
}

/// Every double beyond 2^53 is whole: what no upsert may set, no sum may come to.
fn double(sum: f64) -> Result<Value, Refused> {
    #[expect(clippy::cast_precision_loss, reason = "2^53 is exact as a double")]
    if sum.abs() > limits::EXACT_INTEGER_MAX as f64 {
        return Err(inexact());
    }
    Ok(Value::Double(sum))
}

fn edit_lists(
    add: Vec<(String, Vec<Value>)>,
    remove: Vec<(String, Vec<Value>)>,
    current: &impl Current,
) -> Result<Vec<(String, Value)>, Rejected> {
    let mut lists: Vec<(String, Vec<Value>)> = Vec::new();
    for (name, items) in add {
        let list = list_for("add", &mut lists, name, current)?;
        for item in items {
            if !list.1.contains(&item) {
                list.1.push(item);
            }
        }
        if list.1.len() > limits::LIST_ITEMS_MAX {
            let message = format!(
                "the list would have {} elements; it may have {}",
                list.1.len(),
                limits::LIST_ITEMS_MAX
            );
            return Err(Rejected::at("add", &list.0, &message));
        }
    }
    for (name, items) in remove {
        let list = list_for("remove", &mut lists, name, current)?;
        list.1.retain(|item| !items.contains(item));
    }
    Ok(lists
        .into_iter()
        .map(|(name, items)| (name, Value::List(items)))
        .collect())
}

fn list_for<'a>(
    part: &str,
    lists: &'a mut Vec<(String, Vec<Value>)>,
    name: String,
    current: &impl Current,
) -> Result<&'a mut (String, Vec<Value>), Rejected> {
    if let Some(idx) = lists.iter().position(|(n, _)| *n == name) {
        return Ok(&mut lists[idx]);
    }
    let items = match current.get(&name) {
        None => Vec::new(),
        Some(Value::List(items)) => items,
        Some(other) => {
            let message = format!("the user has a {} here, not a list", other.type_of());
            return Err(Rejected::at(part, &name, &message));
        }
    };
    lists.push((name, items));
    let last = lists.len() - 1;
    Ok(&mut lists[last])
}

fn check_weight(set: &[(String, Option<Value>)], current: &impl Current) -> Result<(), Rejected> {
    let incoming: usize = set
        .iter()
        .filter_map(|(n, v)| v.as_ref().map(|v| weight(n, v)))
        .sum();
    // The old values are looked up only when the sum could be too much: nearly never.
    if current.weight() + incoming <= limits::PROFILE_BYTES_MAX {
        return Ok(());
    }
    let outgoing: usize = set
        .iter()
        .filter_map(|(n, _)| current.get(n).map(|v| weight(n, &v)))
        .sum();
    let after = (current.weight() + incoming).saturating_sub(outgoing);
    if after <= limits::PROFILE_BYTES_MAX {
        return Ok(());
    }
    Err(Rejected {
        path: "attributes".into(),
        message: format!(
            "the profile would have {after} bytes; it may have {}",
            limits::PROFILE_BYTES_MAX
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sum_comes_to_what_could_not_be_set() {
        let edge = Value::Int(limits::EXACT_INTEGER_MAX);
        let (one, half) = (Value::Int(1), Value::Double(0.5));
        assert!(increment(Some(edge.clone()), &one).is_err());
        assert!(increment(Some(edge.clone()), &half).is_err());
        assert!(increment(Some(half.clone()), &edge).is_err());
        assert_eq!(increment(None, &edge), Ok(edge));
        assert_eq!(increment(Some(half.clone()), &half), Ok(Value::Double(1.0)));
    }
}
