//! What messages share: content blocks, which may use each other, and the hosts that Settings allow.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::is_kept;
use super::checker::Checker;
use super::rules::Rules;
use crate::campaign::read::file::{ContentBlockFile, Resource};
use crate::campaign::read::source::{Parsed, Read};
use crate::diagnostic::{Diagnostic, codes};
use crate::model::limits;
use crate::model::resource::Kind;
use crate::template::{self, References};

/// The content blocks of all files.
struct Graph<'a> {
    files: BTreeMap<&'a str, (&'a Parsed<'a>, &'a ContentBlockFile)>,
    uses: BTreeMap<&'a str, References>,
    /// How deep each goes; one that uses none is 1.
    depths: BTreeMap<&'a str, usize>,
}

// === impl Checker ===

impl Checker<'_> {
    /// There is one document of settings for each owner, whatever its name. What the server may reach stands in one
    /// of them; what is said of files and plans is said of the owner's.
    pub(in crate::campaign) fn settings(&mut self, parsed: &[Parsed<'_>]) {
        let mut first: Option<&str> = None;
        let mut reaching: Option<&str> = None;
        for one in parsed {
            let Resource::Settings(file) = &one.resource else {
                continue;
            };
            let owner = file.owner.as_deref().unwrap_or_default();
            let path = one.read.file.path.as_str();
            if !is_kept(path) {
                if let Some(other) = first {
                    let message = format!("there are settings in `{other}` already");
                    let problem = Diagnostic::error(codes::DUPLICATE_RESOURCE, message).at("kind");
                    self.report(&one.read, problem.hint("put all settings into one file"));
                    continue;
                }
                first = Some(path);
                self.lints(&one.read, file);
                self.policy(&one.read, file);
            }
            self.policies(&one.read, file);
            self.set
                .rules
                .insert(owner.to_owned(), Rules::read(&file.plan));
            match (&file.connected_content, reaching) {
                (None, _) => {}
                (Some(_), Some(other)) => self.reaches_twice(&one.read, other),
                (Some(content), None) => {
                    reaching = Some(owner);
                    self.connected_content(&one.read, content);
                }
            }
        }
    }

    fn reaches_twice(&mut self, read: &Read<'_>, owner: &str) {
        let whose = match owner {
            "" => "nobody owns".to_owned(),
            owner => format!("`{owner}` owns"),
        };
        let message = format!("`connected_content` stands in Settings that {whose} already");
        let problem = Diagnostic::error(codes::DUPLICATE_RESOURCE, message);
        let hint = "one place says what this server may reach, for all: leave it there";
        self.report(read, problem.at("connected_content").hint(hint));
    }

    /// Compiles each block after those that it uses.
    pub(in crate::campaign) fn content_blocks(&mut self, parsed: &[Parsed<'_>]) {
        let files: BTreeMap<&str, _> = parsed
            .iter()
            .filter_map(|one| match &one.resource {
                Resource::ContentBlock(file) => Some((file.name.as_str(), (one, file))),
                _ => None,
            })
            .collect();
        let uses = files
            .iter()
            .map(|(name, (_, file))| (*name, template::references(&file.content)));
        let mut graph = Graph {
            uses: uses.collect(),
            depths: BTreeMap::new(),
            files,
        };
        let names: Vec<&str> = graph.files.keys().copied().collect();
        for name in names {
            self.content_block(&mut graph, name, &mut Vec::new());
        }
    }

    /// `path` is how it was come here, from name to name.
    fn content_block<'a>(&mut self, graph: &mut Graph<'a>, name: &'a str, path: &mut Vec<&'a str>) {
        let Some((one, file)) = graph.files.get(name).copied() else {
            return;
        };
        if graph.depths.contains_key(name) {
            return;
        }
        if let Some(at) = path.iter().position(|before| *before == name) {
            let circle = path[at..].iter().chain([&name]).map(|n| format!("`{n}`"));
            let circle = circle.collect::<Vec<_>>().join(" -> ");
            let message = format!("content blocks use each other in a circle: {circle}");
            let problem = Diagnostic::error(codes::CONTENT_BLOCK_CYCLE, message).at("content");
            self.report(&one.read, problem.hint("take one of them out"));
            self.shelves.add_broken_block(name);
            graph.depths.insert(name, 0);
            return;
        }
        path.push(name);
        let used: BTreeSet<String> = graph.uses.get(name).cloned().unwrap_or_default().blocks;
        let mut depth = 1;
        for used in &used {
            if let Some((used, _)) = graph.files.get_key_value(used.as_str()) {
                let used = *used;
                self.content_block(graph, used, path);
                depth = depth.max(graph.depths.get(used).map_or(0, |depth| depth + 1));
            }
        }
        path.pop();
        // In a circle it was reported on the way.
        if graph.depths.contains_key(name) {
            return;
        }
        graph.depths.insert(name, depth);
        if depth > limits::CONTENT_BLOCK_DEPTH_MAX {
            let message = format!(
                "content blocks are {depth} deep here; {} are allowed",
                limits::CONTENT_BLOCK_DEPTH_MAX
            );
            let problem = Diagnostic::error(codes::CONTENT_BLOCK_DEPTH, message).at("content");
            self.report(
                &one.read,
                problem.hint("put the text of one into the other"),
            );
        }
        self.compile_block(&one.read, file, graph.uses.get(name));
    }

    fn compile_block(
        &mut self,
        read: &Read<'_>,
        file: &ContentBlockFile,
        uses: Option<&References>,
    ) {
        if let Some(uses) = uses {
            let user = (Kind::ContentBlock, file.name.as_str());
            self.set.uses.add_references(user, uses);
        }
        match self.shelves.add_block(&file.name, &file.content) {
            Ok(branches) => {
                let branches = branches.iter().map(|branch| ("", branch));
                self.note_branches(read, "content", branches);
            }
            Err(problems) => {
                self.report_all(read, "content", problems);
                self.shelves.add_broken_block(&file.name);
            }
        }
    }
}
