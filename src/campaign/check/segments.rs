//! Segments, which may name each other: each is compiled after those that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checker::Checker;
use crate::campaign::read::file::{Resource, SegmentFile};
use crate::campaign::read::source::Parsed;
use crate::campaign::set::Segment;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::resource::Kind;
use crate::segment::{self, Declared};

/// The segments of all files.
struct Graph<'a> {
    files: BTreeMap<&'a str, (&'a Parsed<'a>, &'a SegmentFile)>,
    /// Names that each names, as far as they are segments here.
    uses: BTreeMap<&'a str, Vec<String>>,
    done: BTreeSet<&'a str>,
}

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn segments(&mut self, parsed: &[Parsed<'_>]) {
        let files: BTreeMap<&str, _> = parsed
            .iter()
            .filter_map(|one| match &one.resource {
                Resource::Segment(file) => Some((file.name.as_str(), (one, file))),
                _ => None,
            })
            .collect();
        let uses = files
            .iter()
            .map(|(name, (_, file))| (*name, named(&file.filter)));
        let mut graph = Graph {
            uses: uses.collect(),
            done: BTreeSet::new(),
            files,
        };
        let names: Vec<&str> = graph.files.keys().copied().collect();
        for name in names {
            self.segment(&mut graph, name, &mut Vec::new());
        }
    }

    /// `path` is how it was come here, from name to name.
    fn segment<'a>(&mut self, graph: &mut Graph<'a>, name: &'a str, path: &mut Vec<&'a str>) {
        let Some((one, file)) = graph.files.get(name).copied() else {
            return;
        };
        if let Some(at) = path.iter().position(|before| *before == name) {
            let circle = path[at..].iter().chain([&name]).map(|n| format!("`{n}`"));
            let circle = circle.collect::<Vec<_>>().join(" -> ");
            let message = format!("segments name each other in a circle: {circle}");
            let problem = Diagnostic::error(codes::SEGMENT_CYCLE, message).at("filter");
            self.report(&one.read, problem.hint("take one `in_segment` of them out"));
            self.take_for_empty(name);
            return;
        }
        if graph.done.contains(name) {
            return;
        }
        path.push(name);
        for used in graph.uses.get(name).cloned().unwrap_or_default() {
            if let Some((used, _)) = graph.files.get_key_value(used.as_str()) {
                let used = *used;
                self.segment(graph, used, path);
            }
        }
        path.pop();
        graph.done.insert(name);
        let Some(filter) = self.filter(&one.read, "filter", &file.filter) else {
            self.take_for_empty(name);
            return;
        };
        for used in filter.segments() {
            let user = (Kind::Segment, name);
            self.set.uses.add(user, (Kind::Segment, &used));
        }
        self.declared.add_segment(name, filter.clone());
        self.filters.insert(name.to_owned(), filter.clone());
        let segment = Segment {
            name: name.to_owned(),
            description: file.description.clone().unwrap_or_default(),
            team: file.team.clone().unwrap_or_default(),
            tags: file.tags.clone(),
            filter,
            tracking: file.tracking,
        };
        self.set.segments.insert(name.to_owned(), Arc::new(segment));
    }

    /// What is broken is reported where it stands, and not again where it is named.
    fn take_for_empty(&mut self, name: &str) {
        if let Ok(nobody) = segment::compile("false", &Declared::default()) {
            self.declared.add_segment(name, nobody);
        }
    }
}

/// The segments that a filter names, whatever else is wrong with it.
fn named(text: &str) -> Vec<String> {
    let mut anything = Declared::default();
    anything.mark_part();
    segment::compile(text, &anything).map_or_else(|_| Vec::new(), |filter| filter.segments())
}
