//! Where the CSV files of catalogs are.

use serde_json::Value as Json;

use crate::campaign::read::source::SourceFile;
use crate::model::resource::Kind;

/// The CSV files that catalogs name, by their paths in the folder.
pub fn catalog_files(files: &[SourceFile]) -> Vec<String> {
    // Few are catalogs, and all are parsed later on.
    let may_be = |file: &&SourceFile| file.text.contains(Kind::Catalog.as_str());
    let named = files.iter().filter(may_be).filter_map(|file| {
        let document: Json = serde_yaml::from_str(&file.text).ok()?;
        let is_catalog = document.get("kind")?.as_str() == Some(Kind::Catalog.as_str());
        let named = document.get("file")?.as_str().filter(|_| is_catalog)?;
        beside(&file.path, named)
    });
    named.collect()
}

/// A path from a file, as one of the folder; none where it leads out of it.
pub(super) fn beside(path: &str, named: &str) -> Option<String> {
    if named.starts_with('/') || named.contains(['\\', ':']) {
        return None;
    }
    let mut steps: Vec<&str> = path.split('/').collect();
    steps.pop();
    for step in named.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()?),
            step => steps.push(step),
        }
    }
    let found = steps.join("/");
    let is_csv = found.to_ascii_lowercase().ends_with(".csv");
    is_csv.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_folder() {
        let cases = [
            ("games.yaml", "games.csv", Some("games.csv")),
            (
                "catalogs/games.yaml",
                "data/games.CSV",
                Some("catalogs/data/games.CSV"),
            ),
            ("catalogs/games.yaml", "../games.csv", Some("games.csv")),
            ("games.yaml", "../games.csv", None),
            ("games.yaml", "/etc/games.csv", None),
            ("games.yaml", "C:\\games.csv", None),
            ("games.yaml", "../.env", None),
            ("games.yaml", ".env", None),
        ];
        for (path, named, expected) in cases {
            assert_eq!(beside(path, named).as_deref(), expected, "{named}");
        }
    }
}
