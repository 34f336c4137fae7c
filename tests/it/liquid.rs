//! The corpus of `tests/fixtures/liquid/`: each case is a template with what comes of it for the user of
//! `context.yaml`. `«»` stand around what a problem must point at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use recado::model::Value;
use recado::model::id::ExternalId;
use recado::model::user::Profile;
use recado::template::{Context, Failure, Text};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    template: String,
    expect: Option<String>,
    /// The code of the first problem.
    error: Option<String>,
    /// The place is the parser's, which is near enough.
    #[serde(default)]
    anywhere: bool,
    abort: Option<String>,
    /// A part of the message.
    failed: Option<String>,
    misses: Option<Vec<String>>,
    #[serde(default)]
    extras: BTreeMap<String, String>,
    /// Where Shopify, Braze and we differ.
    #[serde(default, rename = "note")]
    _note: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct For {
    user_id: String,
    attributes: serde_json::Value,
    api_trigger_properties: serde_json::Value,
    event_properties: serde_json::Value,
    campaign: String,
    dispatch_id: String,
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files of cases.
fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "context.yaml")
        .collect();
    files.sort();
    files
}

fn object(json: serde_json::Value) -> BTreeMap<String, Value> {
    match Value::from_json(json) {
        Ok(Some(Value::Object(map))) => map,
        other => panic!("an object: {other:?}"),
    }
}

/// What is wrong with a case.
fn check(case: &Case, context: &Context<'_>) -> Result<(), String> {
    let source = case.template.replace(['«', '»'], "");
    let text = match (Text::compile(&source), &case.error) {
        (Ok(text), None) => text,
        (Ok(_), Some(code)) => return Err(format!("compiles; {code} is expected")),
        (Err(problems), None) => return Err(format!("{problems:?}")),
        (Err(problems), Some(code)) => {
            let first = &problems[0];
            if first.code.0 != code {
                return Err(format!("{problems:?}"));
            }
            let at = first.span.as_ref().map(|span| span.start);
            return if case.anywhere || at == case.template.find('«') {
                Ok(())
            } else {
                Err(format!("points at {at:?}: {problems:?}"))
            };
        }
    };
    match (text.render(context), case) {
        (
            Ok(rendered),
            Case {
                expect: Some(expected),
                ..
            },
        ) => {
            if rendered.text != *expected {
                return Err(format!("{:?}, not {expected:?}", rendered.text));
            }
            if rendered.extras != case.extras {
                return Err(format!("{:?}", rendered.extras));
            }
            match &case.misses {
                Some(misses) if rendered.misses != *misses => {
                    Err(format!("misses {:?}", rendered.misses))
                }
                _ => Ok(()),
            }
        }
        (
            Err(Failure::Aborted { reason }),
            Case {
                abort: Some(expected),
                ..
            },
        ) if reason == *expected => Ok(()),
        (
            Err(Failure::Failed { message, .. }),
            Case {
                failed: Some(part), ..
            },
        ) if message.contains(part) => Ok(()),
        (other, _) => Err(format!("{other:?}")),
    }
}

#[test]
fn every_case_comes_out_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/liquid");
    let of: For = read(&folder.join("context.yaml"));
    let user = Profile {
        external_id: ExternalId::parse(of.user_id).unwrap(),
        attributes: object(of.attributes),
    };
    let (trigger, event) = (
        object(of.api_trigger_properties),
        object(of.event_properties),
    );
    let context = Context {
        user: &user,
        trigger_properties: &trigger,
        event_properties: Some(&event),
        campaign: &of.campaign,
        dispatch_id: &of.dispatch_id,
        now: "2026-11-23T10:00:00Z".parse().unwrap(),
    };
    let (mut n, mut wrong) = (0, Vec::new());
    for file in files(&folder) {
        let cases: Vec<Case> = read(&folder.join(&file));
        n += cases.len();
        for case in &cases {
            if let Err(found) = check(case, &context) {
                wrong.push(format!("{file}: {}\n    {found}", case.template));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {n}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(n >= 250, "{n}");
}
