//! Writing an Attributes file from what users have.

use std::collections::BTreeMap;

use clap::Args;

use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;

/// Parts of names that tell of personal data.
const PERSONAL: [&str; 14] = [
    "address",
    "birth",
    "email",
    "first_name",
    "gender",
    "ip",
    "last_name",
    "lat",
    "lon",
    "messenger_id",
    "name",
    "phone",
    "psid",
    "zip",
];

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The file's resource name
    #[arg(long, default_value = "profile")]
    name: String,
    #[command(flatten)]
    server: Server,
}

/// One attribute with its fields.
#[derive(Default)]
struct Node<'a> {
    attribute: Option<&'a pb::Attribute>,
    fields: BTreeMap<&'a str, Node<'a>>,
}

// === impl Init ===

impl Init {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::ListAttributesRequest {};
        let attributes = client.users.list_attributes(request).await?.into_inner();
        let request = pb::ListEventNamesRequest {};
        let events = client.users.list_event_names(request).await?.into_inner();
        let text = file(&self.name, &attributes.attributes, &events.events);
        output::raw(text.as_bytes());
        Ok(Exit::OK)
    }
}

/// The file's text.
fn file(name: &str, attributes: &[pb::Attribute], events: &[pb::EventName]) -> String {
    let mut text = String::from(
        "# Written from what users have: check the types, and which attributes are personal data.\n",
    );
    line(&mut text, 0, "kind: Attributes");
    line(&mut text, 0, &format!("name: {}", scalar(name)));
    let mut root = Node::default();
    for attribute in attributes {
        let path = attribute.path.iter();
        let node = path.fold(&mut root, |node, key| node.fields.entry(key).or_default());
        node.attribute = Some(attribute);
    }
    if !root.fields.is_empty() {
        line(&mut text, 0, "attributes:");
        write_level(&mut text, 1, &root);
    }
    if !events.is_empty() {
        line(&mut text, 0, "events:");
    }
    for event in events {
        let mut keys = Vec::new();
        if !event.description.is_empty() {
            keys.push(format!("description: {}", scalar(&event.description)));
        }
        if event.declared {
            keys.push(retention(event.retention_s));
        }
        let keys = keys.join(", ");
        line(
            &mut text,
            1,
            &format!("{}: {{{keys}}}", scalar(&event.name)),
        );
    }
    text
}

fn write_level(text: &mut String, depth: usize, node: &Node<'_>) {
    for (name, node) in &node.fields {
        let Some(attribute) = node.attribute else {
            continue;
        };
        let (kind, others) = types(attribute);
        for (other, users) in others {
            let users = output::count(users);
            line(text, depth, &format!("# of {users} users it is a {other}"));
        }
        let mut keys = vec![format!("type: {kind}")];
        match &attribute.declared {
            Some(declared) => {
                if !declared.items.is_empty() {
                    keys.push(format!("items: {}", declared.items));
                }
                if !declared.description.is_empty() {
                    keys.push(format!("description: {}", scalar(&declared.description)));
                }
                if declared.pii {
                    keys.push("pii: true".to_owned());
                }
            }
            None if is_personal(name) => keys.push("pii: true".to_owned()),
            None => {}
        }
        let name = scalar(name);
        if kind != "object" || node.fields.is_empty() {
            line(text, depth, &format!("{name}: {{{}}}", keys.join(", ")));
            continue;
        }
        line(text, depth, &format!("{name}:"));
        for key in keys {
            line(text, depth + 1, &key);
        }
        line(text, depth + 1, "fields:");
        write_level(text, depth + 2, node);
    }
}

/// In days, where it is whole ones.
fn retention(seconds: i64) -> String {
    if seconds % 86_400 == 0 {
        format!("retention: {}d", seconds / 86_400)
    } else {
        format!("retention: {seconds}s")
    }
}

/// The declared type, or the one that most users have; and what others have that it does not take.
fn types(attribute: &pb::Attribute) -> (String, Vec<(String, i64)>) {
    let mut by_users: Vec<(String, i64)> = attribute
        .users_by_type
        .iter()
        .map(|(kind, users)| (kind.clone(), *users))
        .collect();
    by_users.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let is_number = |kind: &str| matches!(kind, "int" | "double");
    let kind = match (&attribute.declared, by_users.first()) {
        (Some(declared), _) => declared.r#type.clone(),
        // A double takes both.
        (None, Some((first, _)))
            if is_number(first) && by_users.iter().any(|(kind, _)| kind == "double") =>
        {
            "double".to_owned()
        }
        (None, Some((first, _))) => first.clone(),
        (None, None) => "string".to_owned(),
    };
    by_users.retain(|(other, _)| *other != kind && !(kind == "double" && other == "int"));
    (kind, by_users)
}

fn is_personal(name: &str) -> bool {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let is_part = |part: &&str| name == **part || words.contains(part);
    PERSONAL.iter().any(is_part)
}

/// A text as YAML reads it back: bare where nothing can be mistaken.
fn scalar(text: &str) -> String {
    let is_bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_bare {
        text.to_owned()
    } else {
        // JSON's strings are YAML's.
        serde_json::Value::from(text).to_string()
    }
}

fn line(text: &mut String, depth: usize, rest: &str) {
    text.push_str(&" ".repeat(depth * 2));
    text.push_str(rest);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{self, SourceFile};
    use crate::model::value::Type;

    fn attribute(path: &[&str], users: &[(&str, i64)]) -> pb::Attribute {
        pb::Attribute {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            users_by_type: users.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(),
            declared: None,
        }
    }

    #[test]
    fn what_is_written_can_be_applied_and_says_what_was_there() {
        let described = pb::Attribute {
            declared: Some(pb::Declaration {
                r#type: "list".into(),
                items: "string".into(),
                description: "What: \"they\" like".into(),
                pii: true,
            }),
            ..attribute(&["tags"], &[])
        };
        let attributes = [
            attribute(&["address"], &[("object", 9)]),
            attribute(&["address", "zip code"], &[("string", 9)]),
            attribute(&["age"], &[("int", 9), ("string", 2)]),
            attribute(&["ltv"], &[("int", 9), ("double", 1)]),
            attribute(&["null"], &[("bool", 1)]),
            described,
        ];
        let event = pb::EventName {
            name: "order placed".into(),
            ..pb::EventName::default()
        };
        let text = file("profile", &attributes, &[event]);
        assert!(text.contains("  # of 2 users it is a string\n  age: {type: int}\n"));
        let loaded = campaign::load(&[SourceFile {
            path: "attributes.yaml".into(),
            text: text.clone(),
        }]);
        let registry = loaded
            .unwrap_or_else(|e| panic!("{e:?}\n{text}"))
            .set
            .registry;
        let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let zip = registry.get(&path(&["address", "zip code"])).unwrap();
        assert_eq!((zip.kind, zip.pii), (Type::String, true));
        assert_eq!(registry.attributes["ltv"].kind, Type::Double);
        assert_eq!(registry.attributes["null"].kind, Type::Bool);
        let tags = &registry.attributes["tags"];
        assert_eq!(tags.items, Some(Type::String));
        assert_eq!(tags.description, "What: \"they\" like");
        assert!(registry.events.contains_key("order placed"));
    }
}
