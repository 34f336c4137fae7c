//! The `tests:` of all documents, read once everything that they are about is there.

use std::sync::Arc;

use super::case::Reader;
use super::check::Checker;
use super::source::Parsed;
use crate::diagnostic::Diagnostic;
use crate::model::resource::Kind;
use crate::template::Text;

// === impl Checker ===

impl Checker<'_> {
    pub(super) fn tests(&mut self, parsed: &[Parsed<'_>]) {
        let registry = Arc::clone(&self.set.registry);
        for one in parsed {
            let Some(tests) = one.read.root.get("tests") else {
                continue;
            };
            let reader = Reader::new((one.kind, &one.name), one.read.file, &registry);
            let (cases, problems) = reader.read(&tests.value);
            self.tests.cases.extend(cases);
            for problem in problems {
                self.report(&one.read, problem);
            }
            if one.kind == Kind::ContentBlock {
                self.tested_block(&one.name);
            }
        }
        let whole = self.templates.iter();
        let whole = whole.filter_map(|(name, message)| Some((name.clone(), message.clone()?)));
        self.tests.templates = whole.collect();
        let cases = &mut self.tests.cases;
        cases.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    }

    /// A block is a part of a text: the shortest that has it shows it as it is used.
    fn tested_block(&mut self, name: &str) {
        let source = format!("{{{{content_blocks.${{{name}}}}}}}");
        // One that is broken was reported.
        let text: Result<Text, Vec<Diagnostic>> = Text::compile_with(&source, &self.library);
        if let Ok(text) = text {
            self.tests.blocks.insert(name.to_owned(), text);
        }
    }
}
