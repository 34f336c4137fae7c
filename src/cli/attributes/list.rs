//! Listing attributes, with how many users have which type.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::init::Init;
use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Types are those of the values: an attribute that was sent as a number and as a text has both. Values of another type \
than the declared one, and two spellings of one name, are pointed out.

Examples:
  recado attributes
  recado attributes --json
  recado attributes init > campaigns/attributes.yaml"
)]
pub(in crate::cli) struct Attributes {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write an Attributes file that declares what users have now
    #[command(after_help = "\
Each attribute is declared with the type that most of its values have; other types are left as comments. What is declared \
already stays as it is. Which attributes are personal data (`pii`) is guessed by their names: check it.

Example:
  recado attributes init > campaigns/attributes.yaml")]
    Init(Init),
}

// === impl Attributes ===

impl Attributes {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        if let Some(Command::Init(init)) = self.command {
            return init.run().await;
        }
        let mut client = self.server.connect().await?;
        let request = pb::ListAttributesRequest {};
        let answer = client.users.list_attributes(request).await?.into_inner();
        if self.json {
            output::json(&json!({
                "attributes": answer.attributes.iter().map(to_json).collect::<Vec<_>>(),
                "users": answer.users,
            }));
            return Ok(Exit::OK);
        }
        let rows = answer.attributes.iter().map(|attribute| {
            let users: i64 = attribute.users_by_type.values().sum();
            [
                name(attribute),
                output::count(users),
                types(attribute),
                declared(attribute),
            ]
        });
        output::table(["attribute", "users", "types", "declared"], rows);
        for attribute in &answer.attributes {
            warn_of_types(attribute);
        }
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

fn to_json(attribute: &pb::Attribute) -> Value {
    let declared = attribute.declared.as_ref().map(|declared| {
        json!({
            "type": declared.r#type,
            "items": (!declared.items.is_empty()).then_some(&declared.items),
            "description": declared.description,
            "pii": declared.pii,
        })
    });
    json!({
        "path": attribute.path,
        "users_by_type": attribute.users_by_type.iter().collect::<BTreeMap<_, _>>(),
        "declared": declared,
    })
}

/// As `list of string, pii`.
fn declared(attribute: &pb::Attribute) -> String {
    let Some(declared) = &attribute.declared else {
        return String::new();
    };
    let items = match declared.items.as_str() {
        "" => String::new(),
        items => format!(" of {items}"),
    };
    let pii = if declared.pii { ", pii" } else { "" };
    format!("{}{items}{pii}", declared.r#type)
}

fn warn_of_types(attribute: &pb::Attribute) {
    let Some(declared) = &attribute.declared else {
        return;
    };
    let others = attribute.users_by_type.iter().filter(|(kind, _)| {
        **kind != declared.r#type && (declared.r#type.as_str(), kind.as_str()) != ("double", "int")
    });
    for (kind, users) in others.collect::<BTreeMap<_, _>>() {
        output::warn(format_args!(
            "`{}` is declared as {}, and of {} users it is a {kind}",
            name(attribute),
            declared.r#type,
            output::count(*users)
        ));
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
