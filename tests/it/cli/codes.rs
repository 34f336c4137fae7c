//! Codes, their pages, and files that have each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use recado::campaign::{SourceFile, load};
use recado::diagnostic::codes::{self, Subject};
use recado::diagnostic::{Diagnostic, Severity};

use super::{recado, stderr, stdout};

/// Where examples send, unless they say otherwise.
const CHANNELS: [(&str, &str); 2] = [
    (
        "page.yaml",
        "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_PAGE_TOKEN}\n",
    ),
    (
        "hook.yaml",
        "kind: Channel\nname: hook\ntype: webhook\nurl: https://example.com/hook\n",
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The example in the `n`th fence of a page, as files; none where it is no YAML.
fn example(page: &str, n: usize) -> Option<Vec<SourceFile>> {
    let fenced = page.split("```").skip(1).step_by(2).nth(n)?;
    let text = fenced.strip_prefix("yaml\n")?;
    let mut files: Vec<SourceFile> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("# ") {
            Some(path) => files.push(SourceFile {
                path: path.trim().to_owned(),
                text: String::new(),
            }),
            None => files.last_mut().expect("a file's name").text.push_str(line),
        }
    }
    for (path, text) in CHANNELS {
        if !files.iter().any(|file| file.path == path) {
            files.push(SourceFile {
                path: path.to_owned(),
                text: text.to_owned(),
            });
        }
    }
    Some(files)
}

fn problems(files: &[SourceFile]) -> Vec<Diagnostic> {
    load(files).map_or_else(|problems| problems, |loaded| loaded.warnings)
}

#[test]
fn each_page_has_an_example_that_has_its_code_and_one_that_is_mended() {
    for known in codes::ALL {
        let name = known.code.as_str();
        assert_eq!(known.page.matches("```").count(), 4, "{name}");
        assert!(known.page.lines().count() <= 80, "{name} is no screen");
        let (Some(bad), Some(mended)) = (example(known.page, 0), example(known.page, 1)) else {
            continue;
        };
        let of_bad = problems(&bad);
        let found = of_bad.iter().find(|problem| problem.code == known.code);
        let severity = found.map(|problem| problem.severity);
        assert_eq!(severity, Some(known.severity), "{name}: {of_bad:?}");
        let of_mended = problems(&mended);
        let is_fine = |problem: &Diagnostic| !problem.is_error() && problem.code != known.code;
        assert!(of_mended.iter().all(is_fine), "{name}: {of_mended:?}");
    }
}

#[test]
fn a_warnings_page_says_how_settings_change_it() {
    for known in codes::ALL {
        let name = known.code.as_str();
        let says = known.page.contains(&format!("`lints: {{{name}: off}}`"));
        assert_eq!(says, known.severity == Severity::Warning, "{name}");
    }
}

#[test]
fn every_page_is_about_a_code() {
    for entry in fs::read_dir(root().join("docs/codes")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(codes::find(name).is_some(), "{name}");
    }
}

/// What is too large to be kept, or no file.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let ids = "\"user-0000\", ".repeat(2_000);
    write(
        "long.yaml",
        format!("kind: Segment\nname: long\nfilter: 'user.id in [{ids}\"user\"]'\n"),
    );
    let text = "words ".repeat(12_000);
    write(
        "text.yaml",
        format!("kind: ContentBlock\nname: text\ncontent: '{{{{${{a}}}}}} {text}'\n"),
    );
    // No checkout on Windows has these.
    let block = |name: &str| format!("kind: ContentBlock\nname: {name}\ncontent: Bye\n");
    write("aux.yaml", block("aux"));
    write("blocks\\bye.yaml", block("bye"));
    drop(UnixListener::bind(folder.path().join("socket.yaml")).unwrap());
    folder
}

#[test]
fn every_code_of_files_occurs_in_a_fixture() {
    let fixtures = root().join("tests/fixtures/campaigns");
    let made = made();
    let mut folders: Vec<PathBuf> = vec![made.path().to_owned()];
    for kind in ["bad", "warned"] {
        let entries = fs::read_dir(fixtures.join(kind)).unwrap();
        folders.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in folders {
        let output = recado(&["validate", folder.to_str().unwrap(), "--json"])
            .output()
            .unwrap();
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for problem in told["diagnostics"].as_array().unwrap() {
            let text = |key: &str| problem[key].as_str().unwrap().to_owned();
            seen.entry(text("code"))
                .or_default()
                .insert(text("severity"));
        }
    }
    // Of these a server tells, or an import; other tests have them.
    let elsewhere = [Subject::Users, Subject::Owners, Subject::Imports];
    let of_files = codes::ALL.iter();
    let of_files = of_files.filter(|known| !elsewhere.contains(&known.subject));
    let missing: Vec<_> = of_files
        .map(|known| known.code.as_str())
        .filter(|name| !seen.contains_key(*name))
        .collect();
    assert!(missing.is_empty(), "no fixture has {missing:?}");
    for (name, severities) in seen {
        let known = codes::find(&name).unwrap();
        // One fixture has Settings that make an error of a warning.
        let severity = match known.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        assert!(severities.contains(severity), "{name}: {severities:?}");
    }
}

#[test]
fn explain_shows_a_page_lists_all_and_guesses() {
    let page = recado(&["explain", "unknown-key"]).output().unwrap();
    assert!(page.status.success());
    assert_eq!(stdout(&page), codes::find("unknown-key").unwrap().page);
    let pasted = recado(&["explain", "error[Unknown-Key]"]).output().unwrap();
    assert_eq!(stdout(&pasted), stdout(&page));
    let list = recado(&["explain"]).output().unwrap();
    assert!(list.status.success());
    for known in codes::ALL {
        assert!(stdout(&list).contains(known.code.as_str()));
    }
    assert!(stdout(&list).contains("filter "));
    let unknown = recado(&["explain", "unknwon-key"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        stderr(&unknown),
        "error: there is no code or reason `unknwon-key`; did you mean `unknown-key`?\n"
    );
}

#[test]
fn explain_knows_every_reason_as_it_is_told() {
    let list = recado(&["explain"]).output().unwrap();
    let list = stdout(&list);
    for entry in fs::read_dir(root().join("docs/reasons")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let told = recado(&["explain", name]).output().unwrap();
        assert_eq!(stdout(&told), fs::read_to_string(&path).unwrap());
        assert!(list.contains(name), "{name}");
    }
    for (told, name) in [
        ("STALE_PLAN", "stale_plan"),
        ("growth=order-shipped", "growth"),
    ] {
        let told = recado(&["explain", told]).output().unwrap();
        assert!(stdout(&told).starts_with(&format!("# {name}\n")));
    }
}

#[test]
fn the_page_of_files_has_each_kind_and_nothing_to_complain_of() {
    let page = include_str!("../../../docs/files.md");
    let examples = page.split("```yaml\n").skip(1);
    let examples = examples.map(|rest| rest.split("```").next().unwrap());
    let files: Vec<SourceFile> = examples
        .enumerate()
        .map(|(at, text)| SourceFile {
            path: format!("{at}.yaml"),
            text: text.to_owned(),
        })
        .collect();
    let problems = problems(&files);
    assert!(problems.is_empty(), "{problems:#?}");
    // The schema for editors knows them all.
    let schema = recado::campaign::json_schema();
    for form in schema["oneOf"].as_array().unwrap() {
        let kind = &form["properties"]["kind"]["enum"][0];
        let kind = format!("kind: {}\n", kind.as_str().unwrap());
        let variant = &form["properties"]["type"]["enum"][0];
        let variant = variant.as_str().map(|variant| format!("type: {variant}\n"));
        let is_it = |file: &SourceFile| {
            file.text.contains(&kind)
                && variant
                    .as_ref()
                    .is_none_or(|variant| file.text.contains(variant))
        };
        assert!(files.iter().any(is_it), "{kind}{variant:?}");
    }
    let told = stdout(&recado(&["explain", "files"]).output().unwrap());
    assert_eq!(told, page);
}

#[test]
fn the_page_of_liquid_names_what_there_is() {
    let told = stdout(&recado(&["explain", "Liquid"]).output().unwrap());
    for namespace in recado::template::NAMESPACES {
        let is_named =
            told.contains(&format!("{namespace}.")) || told.contains(&format!("`{namespace}`"));
        assert!(is_named, "{namespace}");
    }
    for part in [
        "json_escape",
        "connected_content",
        "abort_message",
        "## Mistakes",
    ] {
        assert!(told.contains(part), "{part}");
    }
    assert!(!told.contains("brazejs"), "it compares with nobody");
}

#[test]
fn the_schema_knows_lists_that_are_made_by_loops() {
    let schema = recado::campaign::json_schema();
    let forms = schema["oneOf"].as_array().unwrap();
    let campaign = forms
        .iter()
        .find(|form| form["title"] == "Campaign")
        .unwrap();
    assert_eq!(campaign["properties"]["message"]["$ref"], "#/$defs/tree");
    let each = &schema["$defs"]["tree"]["anyOf"][0];
    assert_eq!(each["required"], serde_json::json!(["each", "do"]));
}
