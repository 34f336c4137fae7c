//! The corpus of `tests/fixtures/liquid/`: each case is a template with what comes of it for the user of
//! `context.yaml`. `«»` stand around what a problem must point at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use recado::model::Value;
use recado::model::id::ExternalId;
use recado::model::user::Profile;
use recado::template::{
    Access, Budget, Catalog, Contents, Context, Failure, Library, Rendered, Response, Text,
};

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
    /// The calls that were asked for, as `METHOD URL BODY` with `name=value` of headers behind.
    fetches: Option<Vec<String>>,
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
    /// Each may use those before it in the order of names.
    content_blocks: BTreeMap<String, String>,
    catalogs: BTreeMap<String, Vec<serde_json::Value>>,
    hosts: Vec<String>,
    credentials: Vec<String>,
    /// Answers by URL; a body without a status has 200.
    responses: BTreeMap<String, Answer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    body: Option<String>,
    bad: Option<String>,
}

/// What cases are compiled and rendered with.
struct Stage<'a> {
    library: Arc<Library>,
    context: Context<'a>,
    responses: BTreeMap<String, Arc<Response>>,
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

impl For {
    fn library(&self, is_counted: bool) -> Library {
        let mut library = Library::default();
        if is_counted {
            library.count_visits();
        }
        library.allow(Access {
            hosts: self.hosts.iter().cloned().collect(),
            credentials: self
                .credentials
                .iter()
                .map(|name| (name.clone(), self.hosts.iter().cloned().collect()))
                .collect(),
            is_private_allowed: false,
        });
        for (name, items) in &self.catalogs {
            let mut catalog = Catalog::default();
            for item in items {
                let id = item["id"].as_str().unwrap().to_owned();
                assert!(catalog.add(id, item.as_object().unwrap()));
            }
            library.add_catalog(name, catalog);
        }
        for (name, source) in &self.content_blocks {
            library.add_block(name, source).unwrap();
        }
        library
    }

    fn responses(&self) -> BTreeMap<String, Arc<Response>> {
        let response = |answer: &Answer| match (&answer.body, &answer.bad) {
            (Some(body), None) => Response::Good {
                status: 200,
                body: body.clone(),
            },
            (_, bad) => Response::Bad {
                host: "api.example.com".to_owned(),
                why: bad.clone().unwrap(),
            },
        };
        let responses = self.responses.iter();
        responses
            .map(|(url, answer)| (url.clone(), Arc::new(response(answer))))
            .collect()
    }
}

impl Stage<'_> {
    /// Renders, and gives each answer that is asked for.
    fn render(&self, text: &Text) -> (Result<Rendered, Failure>, Vec<String>) {
        let (mut contents, mut fetches) = (Contents::none(), Vec::new());
        loop {
            let context = Context {
                contents: &contents,
                budget: &Budget::of_a_message(),
                ..self.context
            };
            let wanted = match text.render(&context) {
                Err(Failure::Wants(wanted)) => wanted,
                done => return (done, fetches),
            };
            let request = wanted.request;
            let mut shown = vec![request.method.clone(), request.url.clone()];
            shown.extend(request.body.clone());
            shown.extend(request.content_type.clone());
            shown.extend(request.basic_auth.clone());
            let headers = request.headers.iter();
            shown.extend(headers.map(|(name, value)| format!("{name}={value}")));
            shown.extend(wanted.cached_for.map(|age| format!("{}s", age.as_secs())));
            shown.extend(wanted.is_retried.then(|| "retried".to_owned()));
            let shown = shown.join(" ");
            fetches.push(shown);
            let response = Arc::clone(&self.responses[&request.url]);
            contents.add(request, response);
        }
    }
}

/// What is wrong with a case.
fn check(case: &Case, stage: &Stage<'_>) -> Result<(), String> {
    let source = case.template.replace(['«', '»'], "");
    let text = match (Text::compile_with(&source, &stage.library), &case.error) {
        (Ok(text), None) => text,
        (Ok(_), Some(code)) => return Err(format!("compiles; {code} is expected")),
        (Err(problems), None) => return Err(format!("{problems:?}")),
        (Err(problems), Some(code)) => {
            let first = &problems[0];
            if first.code.as_str() != code {
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
    let (rendered, fetches) = stage.render(&text);
    if case
        .fetches
        .as_ref()
        .is_some_and(|expected| *expected != fetches)
    {
        return Err(format!("fetches {fetches:?}"));
    }
    match (rendered, case) {
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
    corpus(false);
}

/// What is put into a text for that leaves no trace in what comes of it.
#[test]
fn branches_are_counted_without_a_trace() {
    corpus(true);
}

fn corpus(is_counted: bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/liquid");
    let of: For = read(&folder.join("context.yaml"));
    let (library, responses) = (of.library(is_counted), of.responses());
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
        contents: &Contents::none(),
        budget: &Budget::of_a_message(),
    };
    let stage = Stage {
        library: Arc::new(library),
        responses,
        context,
    };
    let (mut n, mut wrong) = (0, Vec::new());
    for file in files(&folder) {
        let cases: Vec<Case> = read(&folder.join(&file));
        n += cases.len();
        for case in &cases {
            if let Err(found) = check(case, &stage) {
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

/// Names in backticks, between two headings of the page.
fn named(page: &str, from: &str, to: &str) -> Vec<String> {
    let (_, rest) = page.split_once(from).unwrap();
    let (part, _) = rest.split_once(to).unwrap();
    let names = part.split('`').skip(1).step_by(2);
    let names = names.map(|code| code.split(':').next().unwrap().to_owned());
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    names.filter(|name| name.chars().all(is_name)).collect()
}

#[test]
fn every_tag_and_filter_of_the_page_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/liquid.md")).unwrap();
    let folder = root.join("tests/fixtures/liquid");
    let cases: Vec<Case> = files(&folder)
        .iter()
        .flat_map(|file| read::<Vec<Case>>(&folder.join(file)))
        .collect();
    let is_there = |word: &str, marks: &[&str]| {
        cases.iter().any(|case| {
            marks.iter().any(|mark| {
                let parts = case.template.split(mark).skip(1).map(str::trim_start);
                let mut words = parts.map(|part| {
                    let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
                    part.split(end).next().unwrap()
                });
                words.any(|found| found == word)
            })
        })
    };
    let (tags, filters) = (
        named(&page, "## Tags", "and of Braze"),
        named(&page, "## Filters", "## Mistakes"),
    );
    assert!(tags.len() > 20 && filters.len() > 60, "the page has others");
    for tag in tags {
        let options = [" ", "%}"];
        let is_option = ["limit", "offset", "reversed"].contains(&tag.as_str());
        let marks: &[&str] = if is_option {
            &options
        } else {
            &["{%", "{%-", "\n"]
        };
        assert!(is_there(&tag, marks), "no case of the tag `{tag}`");
    }
    for filter in filters {
        assert!(
            is_there(&filter, &["|"]),
            "no case of the filter `{filter}`"
        );
    }
}
