//! Paths of files: the same on every system, or told.

use std::collections::HashMap;

use super::source::SourceFile;
use crate::diagnostic::{Diagnostic, Place, codes};

/// Names that Windows keeps for devices, whatever comes behind a dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// And these with a digit behind them.
const PORTS: [&str; 2] = ["com", "lpt"];
/// Letters that no file's name holds on Windows; `/` and `\` divide.
const NOT_ON_WINDOWS: [char; 7] = ['<', '>', ':', '"', '|', '?', '*'];

/// A path with `/` between its steps, from whichever system it comes.
pub(super) fn slashed(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.trim_start_matches("./").to_owned()
}

/// Files that cannot stand beside each other in one folder, here or elsewhere.
pub(super) fn check(files: &[SourceFile]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut seen: HashMap<String, &str> = HashMap::new();
    for file in files {
        let path = file.path.as_str();
        if !is_below(path) {
            let message = "this path leads out of the folder, or to no file";
            let hint = "name files from their folder, such as `segments/vip.yaml`";
            problems.push(at(path, Diagnostic::error(codes::FILE_PATH, message), hint));
            continue;
        }
        match seen.insert(path.to_lowercase(), path) {
            Some(other) if other == path => {
                let problem = Diagnostic::error(codes::FILE_PATH, "two files have this path");
                let hint = "leave one out; a path with `\\` is the same as one with `/`";
                problems.push(at(path, problem, hint));
            }
            Some(other) => {
                let message = format!("on Windows and macOS this is the same file as `{other}`");
                let problem = Diagnostic::warning(codes::FILE_NAME, message);
                let hint = "rename one: a checkout there has only one of them";
                problems.push(at(path, problem, hint));
            }
            None => {}
        }
        if let Some(step) = path.split('/').find(|step| !is_possible(step)) {
            let message = format!("on Windows nothing can be called `{step}`");
            let problem = Diagnostic::warning(codes::FILE_NAME, message);
            let hint = "rename it: the repository cannot be checked out there";
            problems.push(at(path, problem, hint));
        }
    }
    problems
}

fn at(path: &str, mut problem: Diagnostic, hint: &str) -> Diagnostic {
    problem.place = Some(Place::of(path, "", 0..0));
    problem.hint(hint)
}

/// Whether it is a file of the folder, on every system. On Windows a letter and `:` in front are a drive, so that what is
/// joined to a folder leaves it, with a `/` behind them or without; blanks and dots at the end of a step are dropped.
fn is_below(path: &str) -> bool {
    let is_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let is_step = |step: &str| !step.trim_end_matches(['.', ' ']).is_empty();
    !is_drive && path.split('/').all(is_step)
}

/// Whether it can be written below a folder of this system, and is a file there: to write into a device is none.
pub fn is_writable(path: &str, is_windows: bool) -> bool {
    // As everywhere in what is applied, `/` divides.
    is_below(path) && !path.contains('\\') && (!is_windows || path.split('/').all(is_possible))
}

fn is_possible(step: &str) -> bool {
    let stem = step.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_lowercase();
    let is_port = |port: &&str| {
        let number = stem.strip_prefix(*port);
        number.is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    };
    !DEVICES.contains(&stem.as_str())
        && !PORTS.iter().any(is_port)
        && !step.contains(NOT_ON_WINDOWS)
        && !step.ends_with(['.', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_from_every_system() {
        for (given, path) in [
            ("blocks\\footer.yaml", "blocks/footer.yaml"),
            (".\\blocks\\footer.yaml", "blocks/footer.yaml"),
            ("./blocks/footer.yaml", "blocks/footer.yaml"),
            ("footer.yaml", "footer.yaml"),
        ] {
            assert_eq!(slashed(given), path);
        }
    }

    #[test]
    fn what_leads_out_is_no_file_of_the_folder() {
        for path in [
            "",
            "/a.yaml",
            "../a.yaml",
            "a/../b.yaml",
            "C:/a.yaml",
            "C:..",
            "C:../a.yaml",
            "C:a.yaml",
            "c:a.yaml",
            "a:b.yaml",
            "C:",
            "a//b.yaml",
            "a/",
            ".. /a.yaml",
            "a/...",
        ] {
            assert!(!is_below(path), "{path}");
        }
        for path in [
            "a.yaml",
            "..a.yaml",
            "a/b.c/d.yaml",
            "ab:c.yaml",
            "1:c.yaml",
        ] {
            assert!(is_below(path), "{path}");
        }
    }

    #[test]
    fn only_files_are_written() {
        for path in ["con.yaml", "a/nul.yaml", "a.yaml:b", "a./b.yaml", "a?.yaml"] {
            assert!(
                is_writable(path, false) && !is_writable(path, true),
                "{path}"
            );
        }
        for is_windows in [false, true] {
            assert!(is_writable("a/b.yaml", is_windows));
            assert!(!is_writable("C:..", is_windows) && !is_writable("a\\b.yaml", is_windows));
        }
    }

    #[test]
    fn what_windows_keeps_for_itself_is_no_name() {
        for step in [
            "con.yaml",
            "AUX",
            "nul.tar.yaml",
            "com1.yaml",
            "LPT9.yaml",
            "a?.yaml",
            "a. ",
            "a.",
        ] {
            assert!(!is_possible(step), "{step}");
        }
        for step in [
            "console.yaml",
            "com.yaml",
            "com10.yaml",
            "company.yaml",
            "order-shipped.yaml",
        ] {
            assert!(is_possible(step), "{step}");
        }
    }
}
