//! Names that texts read, held against what is declared and what the texts give.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::checker::Checker;
use crate::campaign::read::file::{RawFile, Resource};
use crate::campaign::read::source::{Parsed, Read};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::model::limits;
use crate::template::{self, NAMESPACES, Names};

/// What every user has, whatever was upserted.
pub(in crate::campaign) const COMPUTED: [&str; 4] =
    ["user_id", "id", "random_bucket_number", "random_bucket"];
/// What `catalog_items` gives.
const ITEMS: &str = "items";

/// A text of a document.
pub(in crate::campaign) struct Spot {
    /// The field that holds it.
    pub(in crate::campaign) path: String,
    pub(in crate::campaign) names: Names,
    /// What loops around it give.
    around: Vec<String>,
    /// The head of such a loop.
    pub(in crate::campaign) is_head: bool,
}

/// What content blocks read and give, by name.
#[derive(Default)]
pub(in crate::campaign) struct Blocks(BTreeMap<String, Names>);

// === impl Blocks ===

impl Blocks {
    pub(in crate::campaign) fn of(parsed: &[Parsed<'_>]) -> Self {
        let blocks = parsed.iter().filter_map(|one| match &one.resource {
            Resource::ContentBlock(file) => Some((file.name.clone(), Names::of(&file.content))),
            _ => None,
        });
        Self(blocks.collect())
    }

    /// The blocks that a text has in it, those within others too; none where one of them is not known.
    pub(in crate::campaign) fn within(&self, names: &Names) -> Option<BTreeMap<&str, &Names>> {
        let mut found = BTreeMap::new();
        let mut next: Vec<&str> = names.blocks.iter().map(|(name, _)| name.as_str()).collect();
        while let Some(name) = next.pop() {
            let (name, names) = self.0.get_key_value(name)?;
            if found.insert(name.as_str(), names).is_none() {
                next.extend(names.blocks.iter().map(|(name, _)| name.as_str()));
            }
        }
        Some(found)
    }
}

// === impl Checker ===

impl Checker<'_> {
    /// Warns of each name once a document, where it is read first.
    pub(in crate::campaign) fn names(&mut self, parsed: &[Parsed<'_>]) {
        let spots: Vec<(&Parsed<'_>, Vec<Spot>)> = parsed
            .iter()
            .map(|one| (one, spots(&one.resource)))
            .collect();
        // A block has the names of whatever text it stands in.
        let everywhere: BTreeSet<&str> = spots
            .iter()
            .flat_map(|(_, spots)| spots)
            .flat_map(|spot| {
                spot.around
                    .iter()
                    .chain(spot.names.given.iter().map(|(name, _)| name))
            })
            .map(String::as_str)
            .collect();
        for (one, spots) in &spots {
            let is_block = matches!(one.resource, Resource::ContentBlock(_));
            let mut told = BTreeSet::new();
            for spot in spots {
                self.attributes_of(&one.read, spot, &mut told);
                let around: BTreeSet<&str> = if is_block {
                    everywhere.clone()
                } else {
                    spot.around.iter().map(String::as_str).collect()
                };
                self.locals_of(&one.read, spot, &around, &mut told);
            }
        }
    }

    fn attributes_of(&mut self, read: &Read<'_>, spot: &Spot, told: &mut BTreeSet<String>) {
        for name in &spot.names.reads {
            let Some(path) = name.attribute() else {
                continue;
            };
            let text = path.join(".");
            if COMPUTED.contains(&path[0].as_str())
                || self.declared.knows(path)
                || told.len() >= limits::TEXT_PROBLEMS_MAX
                || !told.insert(format!("${{{text}}}"))
            {
                continue;
            }
            let known: Vec<String> = self
                .declared
                .attribute_paths()
                .map(|path| path.join("."))
                .collect();
            let hint = match did_you_mean(&text, known.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "declare it in an `Attributes` file, or check its spelling".to_owned(),
            };
            let message = format!("`{text}` is not declared: it may be empty for everybody");
            let warning = Diagnostic::warning(codes::LIQUID_UNKNOWN_ATTRIBUTE, message);
            let warning = warning.at(&spot.path).spanning(name.span.clone());
            self.report(read, warning.hint(hint));
        }
    }

    fn locals_of(
        &mut self,
        read: &Read<'_>,
        spot: &Spot,
        around: &BTreeSet<&str>,
        told: &mut BTreeSet<String>,
    ) {
        // What a block that is missing would give is not known.
        let Some(within) = self.blocks.within(&spot.names) else {
            return;
        };
        let own = spot.names.given.iter().map(|(name, _)| name.as_str());
        let theirs = within
            .values()
            .flat_map(|names| names.given.iter().map(|(name, _)| name.as_str()));
        let given: BTreeSet<&str> = own.chain(theirs).chain(around.iter().copied()).collect();
        let mut warnings = Vec::new();
        for name in &spot.names.reads {
            let Some(local) = name.local() else { continue };
            // Catalogs are asked where a text goes on to use what they answer: before it there is nothing.
            let is_early = local == ITEMS
                && !around.contains(local)
                && !spot
                    .names
                    .given
                    .iter()
                    .any(|(given, from)| given == ITEMS && *from <= name.span.start)
                && !spot
                    .names
                    .blocks
                    .iter()
                    .any(|(_, from)| *from < name.span.start);
            if (given.contains(local) && !is_early)
                || told.len() >= limits::TEXT_PROBLEMS_MAX
                || !told.insert(local.to_owned())
            {
                continue;
            }
            let (message, hint) = if local == ITEMS {
                let message = "`items` is read before any `catalog_items`: it is empty".to_owned();
                (
                    message,
                    "write `{% catalog_items CATALOG ID %}` before it".to_owned(),
                )
            } else {
                let message = format!("nothing gives `{local}`: it is empty for everybody");
                (message, self.meant(local, name.is_braced, &given))
            };
            let warning = Diagnostic::warning(codes::LIQUID_UNASSIGNED_NAME, message);
            let warning = warning.at(&spot.path).spanning(name.span.clone());
            warnings.push(warning.hint(hint));
        }
        for warning in warnings {
            self.report(read, warning);
        }
    }

    /// What was probably meant by a name that nothing gives.
    fn meant(&self, name: &str, is_braced: bool, given: &BTreeSet<&str>) -> String {
        let roots = given.iter().copied().chain(NAMESPACES);
        if let Some(meant) = did_you_mean(name, roots) {
            return format!("did you mean `{meant}`?");
        }
        if is_braced {
            return format!("there are: {}", NAMESPACES.join(", "));
        }
        let mut attributes = self.declared.attribute_paths();
        let attribute = attributes.find(|path| path.len() == 1 && path[0] == name);
        if attribute.is_some() || COMPUTED.contains(&name) {
            return format!("an attribute is written `${{{name}}}`");
        }
        format!("assign it in this text, or write `${{{name}}}` if it is an attribute")
    }
}

/// The texts of a document.
pub(in crate::campaign) fn spots(resource: &Resource) -> Vec<Spot> {
    let mut spots = Vec::new();
    let text = |path: &str, text: &str| Spot {
        path: path.to_owned(),
        names: Names::of(text),
        around: Vec::new(),
        is_head: false,
    };
    match resource {
        Resource::Campaign(file) => message((file.message.as_ref(), file.raw.as_ref()), &mut spots),
        Resource::Template(file) => message((file.message.as_ref(), file.raw.as_ref()), &mut spots),
        Resource::ContentBlock(file) => spots.push(text("content", &file.content)),
        Resource::Webhook(file) => {
            spots.push(text("url", &file.url));
            let headers = file.headers.iter();
            let headers = headers.filter_map(|(name, value)| Some((name, value.as_str()?)));
            spots.extend(headers.map(|(name, value)| text(&format!("headers.{name}"), value)));
        }
        _ => {}
    }
    spots
}

fn message((tree, raw): (Option<&Json>, Option<&RawFile>), spots: &mut Vec<Spot>) {
    if let Some(tree) = tree {
        leaves(tree, "message".to_owned(), &mut Vec::new(), spots);
    }
    if let Some(raw) = raw {
        spots.push(Spot {
            path: "raw.body".to_owned(),
            names: Names::of(&raw.body),
            around: Vec::new(),
            is_head: false,
        });
    }
}

/// The texts of a tree, with what the loops around them give.
fn leaves(json: &Json, path: String, around: &mut Vec<String>, spots: &mut Vec<Spot>) {
    if let Some((head, node)) = template::repeated(json) {
        let names = Names::of_head(head);
        let given: Vec<String> = names.given.iter().map(|(name, _)| name.clone()).collect();
        spots.push(Spot {
            path: format!("{path}.each"),
            names,
            around: around.clone(),
            is_head: true,
        });
        let outside = around.len();
        around.extend(given);
        leaves(node, format!("{path}.do"), around, spots);
        around.truncate(outside);
        return;
    }
    match json {
        Json::String(text) => spots.push(Spot {
            path,
            names: Names::of(text),
            around: around.clone(),
            is_head: false,
        }),
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                leaves(item, format!("{path}[{at}]"), around, spots);
            }
        }
        Json::Object(map) => {
            for (key, item) in map {
                leaves(item, format!("{path}.{key}"), around, spots);
            }
        }
        _ => {}
    }
}
