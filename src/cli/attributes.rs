//! `recado attributes`: what attributes users have, and of which types.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::output;
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Types are those of the values: an attribute that was sent as a number and as a text has both. Two spellings of one name
are pointed out.

Examples:
  recado attributes
  recado attributes --json")]
pub(super) struct Attributes {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Attributes ===

impl Attributes {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::ListAttributesRequest {};
        let answer = client.users.list_attributes(request).await?.into_inner();
        if self.json {
            let attributes = answer.attributes.iter().map(|attribute| {
                json!({
                    "path": attribute.path,
                    "users_by_type": attribute.users_by_type.iter().collect::<BTreeMap<_, _>>(),
                })
            });
            output::json(&json!({
                "attributes": attributes.collect::<Vec<_>>(),
                "users": answer.users,
            }));
            return Ok(Exit::OK);
        }
        let rows = answer.attributes.iter().map(|attribute| {
            let users: i64 = attribute.users_by_type.values().sum();
            [name(attribute), output::count(users), types(attribute)]
        });
        output::table(["attribute", "users", "types"], rows);
        for spellings in alike(&answer.attributes) {
            output::warn(format_args!(
                "one name in {} spellings: {}",
                spellings.len(),
                spellings.join(", ")
            ));
        }
        output::note(format_args!("of {} users", output::count(answer.users)));
        Ok(Exit::OK)
    }
}

/// Names that differ by the case of letters only.
fn alike(attributes: &[pb::Attribute]) -> Vec<Vec<String>> {
    let mut by_letters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for attribute in attributes {
        let name = name(attribute);
        by_letters
            .entry(name.to_lowercase())
            .or_default()
            .push(name);
    }
    by_letters
        .into_values()
        .filter(|names| names.len() > 1)
        .collect()
}

fn name(attribute: &pb::Attribute) -> String {
    attribute.path.join(".")
}

fn types(attribute: &pb::Attribute) -> String {
    let mut types: Vec<_> = attribute.users_by_type.iter().collect();
    types.sort_by_key(|(name, n)| (-**n, *name));
    match types.as_slice() {
        [(name, _)] => (*name).clone(),
        types => types
            .iter()
            .map(|(name, n)| format!("{name} {}", output::count(**n)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
