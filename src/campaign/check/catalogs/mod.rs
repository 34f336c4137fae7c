//! Catalogs: items from a list, a CSV text or a CSV file.
//!
//! Begin here; `filling` takes items one by one, `table` reads CSV and says where in it something is wrong, `path`
//! finds its file.

mod filling;
mod path;
mod table;

use crate::campaign::check::checker::Checker;
use crate::campaign::read::file::{CatalogFile, Resource};
use crate::campaign::read::source::{Parsed, Read, SourceFile};
use crate::diagnostic::codes::WRONG_VALUE;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::resource::{Document, Kind};
use crate::template::Catalog;

use filling::Filling;
use path::beside;
pub use path::catalog_files;
use table::Csv;

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn catalogs(
        &mut self,
        parsed: &[Parsed<'_>],
        csv_files: &[&SourceFile],
    ) {
        for one in parsed {
            let Resource::Catalog(file) = &one.resource else {
                continue;
            };
            let catalog = self.catalog(&one.read, file, csv_files);
            // A broken one is there all the same: it is not reported again where it is used.
            self.shelves
                .add_catalog(&file.name, catalog.unwrap_or_default());
        }
    }

    fn catalog(
        &mut self,
        read: &Read<'_>,
        file: &CatalogFile,
        csv_files: &[&SourceFile],
    ) -> Option<Catalog> {
        let filling = match (&file.items, &file.csv, &file.file) {
            (Some(items), None, None) => Filling::of_items(items, file),
            (None, Some(text), None) => Csv { text, file: None }.fill(file),
            (None, None, Some(path)) => self.csv_file(read, file, path, csv_files)?.fill(file),
            _ => {
                let message = "a catalog has one of `items`, `csv` and `file`";
                let problem = Diagnostic::error(WRONG_VALUE, message).at("name");
                let hint = "write `file: items.csv`, or list `items:`";
                self.report(read, problem.hint(hint));
                return None;
            }
        };
        let is_whole = filling.problems.is_empty();
        for problem in filling.problems {
            match problem.place {
                Some(_) => self.problems.push(problem),
                None => self.report(read, problem),
            }
        }
        is_whole.then_some(filling.catalog)
    }

    fn csv_file<'f>(
        &mut self,
        read: &Read<'_>,
        file: &CatalogFile,
        named: &str,
        csv_files: &[&'f SourceFile],
    ) -> Option<Csv<'f>> {
        let Some(path) = beside(&read.file.path, named) else {
            let message = format!("`{named}` is no CSV file of the campaign folder");
            let problem = Diagnostic::error(WRONG_VALUE, message).at("file");
            let hint = if named.contains('\\') {
                "write its path from this file with `/`, such as `data/items.csv`"
            } else {
                "write its path from this file, such as `items.csv`"
            };
            self.report(read, problem.hint(hint));
            return None;
        };
        let Some(found) = csv_files.iter().find(|file| file.path == path) else {
            let message = format!("there is no file `{path}`");
            let problem = Diagnostic::error(codes::MISSING_REFERENCE, message).at("file");
            self.report(read, problem);
            return None;
        };
        let used = (Kind::CatalogFile, found.path.as_str());
        self.set.uses.add((Kind::Catalog, &file.name), used);
        self.set.documents.push(Document {
            kind: Kind::CatalogFile,
            name: found.path.clone(),
            path: found.path.clone(),
            source: found.text.clone(),
            owner: String::new(),
        });
        Some(Csv {
            text: &found.text,
            file: Some(found),
        })
    }
}
