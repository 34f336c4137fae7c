//! Upserting, reading and deleting users.

use std::collections::BTreeSet;

use crate::engine::{Engine, Error, Kind, Result, spellings};
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::user::{Profile, Rejected, Update, Upserted};
use crate::store::contract::UpsertReport;

/// An item as a door read it: some are refused before they are an [`Update`].
pub type Item = std::result::Result<Update, Rejected>;

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upserts {
    pub report: UpsertReport,
    /// What it spells in another way than others do.
    pub respelt: Vec<Respelt>,
}

/// An attribute of a batch, and how others spell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Respelt {
    pub attribute: String,
    pub other: String,
}

/// Items that passed, and what became of the others.
pub(super) struct Checked {
    updates: Vec<Update>,
    refused: Vec<(usize, Rejected)>,
}

// === impl Engine ===

impl Engine {
    /// Applies every acceptable item; a bad one changes nothing and stops nothing.
    pub async fn upsert_users(&self, items: Vec<Item>) -> Result<Upserts> {
        check_size("users", items.len())?;
        let mut checked = self.check_items(items);
        let updates = checked.take();
        let names = spellings::names(&updates);
        let report = if updates.is_empty() {
            UpsertReport::new()
        } else {
            self.parts.store.upsert_users(updates).await?
        };
        Ok(Upserts {
            report: checked.report(report),
            respelt: self.respelt(names).await,
        })
    }

    pub async fn get_user(&self, id: &ExternalId) -> Result<Profile> {
        let found = self.parts.store.get_user(id).await?;
        found.ok_or_else(|| Error::not_found(Kind::User, id))
    }

    /// Answers for each whether it existed.
    pub async fn delete_users(&self, ids: Vec<ExternalId>) -> Result<Vec<bool>> {
        check_size("external_ids", ids.len())?;
        Ok(self.parts.store.delete_users(ids).await?)
    }

    pub(super) fn check_items(&self, items: Vec<Item>) -> Checked {
        let applied = self.applied.load();
        let mut checked = Checked {
            updates: Vec::with_capacity(items.len()),
            refused: Vec::new(),
        };
        for (at, item) in items.into_iter().enumerate() {
            let item = item.and_then(|update| {
                update.check()?;
                check_psids(&update, &applied.psid_attributes)?;
                applied.set.registry.fit(update)
            });
            match item {
                Ok(update) => checked.updates.push(update),
                Err(rejected) => checked.refused.push((at, rejected)),
            }
        }
        checked
    }
}

// === impl Checked ===

impl Checked {
    /// The report of the whole batch, given the report of those that passed.
    pub(super) fn report(self, report: UpsertReport) -> UpsertReport {
        merge(report, self.refused)
    }

    pub(super) fn n_refused(&self) -> u64 {
        self.refused.len() as u64
    }

    /// Takes out what passed.
    pub(super) fn take(&mut self) -> Vec<Update> {
        std::mem::take(&mut self.updates)
    }
}

/// How many were created, and how many merged into.
pub fn tally(report: &UpsertReport) -> (usize, usize) {
    let count = |what| report.iter().filter(|done| **done == Ok(what)).count();
    (count(Upserted::Created), count(Upserted::Updated))
}

pub(super) fn check_size(field: &'static str, actual: usize) -> Result<()> {
    check_size_of(field, actual, limits::BATCH_USERS_MAX)
}

pub(super) fn check_size_of(field: &'static str, actual: usize, max: usize) -> Result<()> {
    if actual == 0 {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if actual > max {
        return Err(Error::OverLimit {
            field,
            unit: "items",
            actual,
            max,
        });
    }
    Ok(())
}

/// A PSID has up to 17 digits: written as a number somewhere on its way, it is another person's.
fn check_psids(update: &Update, psids: &BTreeSet<String>) -> std::result::Result<(), Rejected> {
    let message = "a PSID must be a string: numbers of 16-17 digits lose digits";
    for (name, value) in &update.set {
        let is_number = matches!(value, Some(Value::Int(_) | Value::Double(_)));
        if is_number && psids.contains(name) {
            return Err(Rejected::at("attributes", name, message));
        }
    }
    match update
        .increment
        .iter()
        .find(|(name, _)| psids.contains(name))
    {
        Some((name, _)) => Err(Rejected::at("increment", name, message)),
        None => Ok(()),
    }
}

/// Puts the refused items back to where they stood.
fn merge(report: UpsertReport, refused: Vec<(usize, Rejected)>) -> UpsertReport {
    let mut whole = Vec::with_capacity(report.len() + refused.len());
    let mut done = report.into_iter();
    for (at, rejected) in refused {
        whole.extend(done.by_ref().take(at - whole.len()));
        whole.push(Err(rejected));
    }
    whole.extend(done);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &str) -> Rejected {
        Rejected {
            path: path.into(),
            message: String::new(),
        }
    }

    #[test]
    fn refused_items_go_back_to_their_places() {
        let done = vec![Ok(Upserted::Created), Ok(Upserted::Updated)];
        let refused = vec![(0, refusal("a")), (2, refusal("b")), (4, refusal("c"))];
        let whole = merge(done, refused);
        assert_eq!(
            whole,
            [
                Err(refusal("a")),
                Ok(Upserted::Created),
                Err(refusal("b")),
                Ok(Upserted::Updated),
                Err(refusal("c")),
            ]
        );
        assert_eq!(tally(&whole), (1, 1));
    }

    #[test]
    fn a_psid_is_never_a_number() {
        let psids = BTreeSet::from(["messenger_id".to_owned()]);
        let mut update = Update::new(ExternalId::parse("ana").unwrap());
        let cases = [
            (Some(Value::Int(1001)), false),
            (Some(Value::Double(0.5)), false),
            (Some(Value::String("1001".into())), true),
            (None, true),
        ];
        for (value, is_fine) in cases {
            update.set = vec![
                ("messenger_id".into(), value),
                ("age".into(), Some(Value::Int(3))),
            ];
            assert_eq!(check_psids(&update, &psids).is_ok(), is_fine);
        }
        update.increment = vec![("messenger_id".into(), Value::Int(1))];
        assert!(check_psids(&update, &psids).is_err());
    }
}
