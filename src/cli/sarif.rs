//! Problems as SARIF 2.1.0, for code scanning and editors.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::pb::{Diagnostic, DiagnosticSeverity};
use crate::diagnostic::{Severity, codes};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What distinguishes a problem from others of its run, whatever line it moved to.
type Key = (String, String, String);

/// One run, with the pages of the codes that occur in it.
pub(super) fn log(diagnostics: &[Diagnostic]) -> Value {
    let occurs = |known: &&codes::Known| diagnostics.iter().any(|d| d.code == known.code.as_str());
    let rules: Vec<_> = codes::ALL.iter().filter(occurs).collect();
    let mut seen: BTreeMap<Key, usize> = BTreeMap::new();
    let results = diagnostics.iter().map(|d| {
        let key = (d.code.clone(), d.file.clone(), d.field_path.clone());
        let n = seen.entry(key.clone()).or_default();
        *n += 1;
        let rule = rules.iter().position(|known| known.code.as_str() == d.code);
        result(d, rule, &fingerprint(&key, *n))
    });
    let results: Vec<_> = results.collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "recado",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().copied().map(rule).collect::<Vec<_>>(),
            }},
            // Columns count characters, as the diagnostics do.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(known: &codes::Known) -> Value {
    json!({
        "id": known.code.as_str(),
        "shortDescription": {"text": known.summary()},
        "help": {"text": known.page, "markdown": known.page},
        "defaultConfiguration": {"level": match known.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }},
        "properties": {"tags": [known.subject.as_str()]},
    })
}

fn result(d: &Diagnostic, rule: Option<usize>, fingerprint: &str) -> Value {
    let text = match d.hint.as_str() {
        "" => d.message.clone(),
        hint => format!("{}\n{hint}", d.message),
    };
    let mut result = json!({
        "ruleId": d.code,
        "level": match d.severity() {
            DiagnosticSeverity::Warning => "warning",
            DiagnosticSeverity::Error | DiagnosticSeverity::Unspecified => "error",
        },
        "message": {"text": text},
        "partialFingerprints": {"recado/v1": fingerprint},
    });
    if let Some(rule) = rule {
        result["ruleIndex"] = rule.into();
    }
    if !d.file.is_empty() {
        result["locations"] = json!([location(d)]);
    }
    result
}

fn location(d: &Diagnostic) -> Value {
    let mut location = json!({"physicalLocation": {"artifactLocation": artifact(&d.file)}});
    if d.line > 0 {
        let mut region = json!({
            "startLine": d.line,
            "startColumn": d.column,
            "endLine": d.line,
            "endColumn": d.column + d.length,
        });
        if !d.snippet.is_empty() {
            let (begin, length) = (d.column.saturating_sub(1) as usize, d.length as usize);
            let marked: String = d.snippet.chars().skip(begin).take(length).collect();
            region["snippet"] = json!({"text": marked});
        }
        location["physicalLocation"]["region"] = region;
    }
    if !d.field_path.is_empty() {
        location["logicalLocations"] = json!([{"fullyQualifiedName": d.field_path}]);
    }
    location
}

/// A URI: below the root of the sources where it can be, since a log is read on other machines.
fn artifact(file: &str) -> Value {
    if Path::new(file).is_absolute() {
        return json!({"uri": format!("file://{}", escaped(file))});
    }
    json!({"uri": escaped(file), "uriBaseId": "%SRCROOT%"})
}

fn escaped(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            uri.push_str(&hex::encode_upper([byte]));
        }
    }
    uri
}

fn fingerprint((code, file, path): &Key, n: usize) -> String {
    let text = [code, file, path, &n.to_string()]
        .map(String::as_str)
        .join("\0");
    hex::encode(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic() -> Diagnostic {
        Diagnostic {
            code: "unknown-key".to_owned(),
            severity: DiagnosticSeverity::Error.into(),
            message: "unknown key `ação`".to_owned(),
            file: "campaigns/my file.yaml".to_owned(),
            line: 3,
            column: 4,
            length: 4,
            snippet: "a: ação: x".to_owned(),
            field_path: "ação".to_owned(),
            hint: "did you mean `action`?".to_owned(),
        }
    }

    #[test]
    fn a_place_is_in_characters_below_the_root_of_the_sources() {
        let log = log(&[diagnostic()]);
        let result = &log["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(
            place["artifactLocation"],
            json!({"uri": "campaigns/my%20file.yaml", "uriBaseId": "%SRCROOT%"})
        );
        assert_eq!(
            place["region"],
            json!({"startLine": 3, "startColumn": 4, "endLine": 3, "endColumn": 8, "snippet": {"text": "ação"}})
        );
        let rules = &log["runs"][0]["tool"]["driver"]["rules"];
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], "unknown-key");
    }

    #[test]
    fn a_fingerprint_stays_when_the_line_moves_and_tells_two_of_a_kind_apart() {
        let fingerprints = |diagnostics: &[Diagnostic]| {
            let log = log(diagnostics);
            let results = log["runs"][0]["results"].as_array().unwrap().clone();
            let of = |result: Value| result["partialFingerprints"]["recado/v1"].to_string();
            results.into_iter().map(of).collect::<Vec<_>>()
        };
        let moved = Diagnostic {
            line: 9,
            ..diagnostic()
        };
        let before = fingerprints(&[diagnostic(), diagnostic()]);
        assert_eq!(fingerprints(&[moved.clone(), moved]), before);
        assert_ne!(before[0], before[1]);
    }
}
