//! How long texts and requests take to render, with what each of them allocates, beside the `liquid` crate.
//! `recado bench render` measures the same without counting allocations.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use divan::{AllocProfiler, Bencher};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use recado::model::Value;
use recado::model::id::ExternalId;
use recado::model::user::Profile;
use recado::template::{Budget, Contents, Context, Text, Tree};

/// Counts, over the allocator of the program.
#[global_allocator]
static ALLOCATOR: AllocProfiler<mimalloc::MiMalloc> = AllocProfiler::new(mimalloc::MiMalloc);

const TEXTS: [&str; 2] = ["text", "text_with_date"];

static WORK: LazyLock<Json> =
    LazyLock::new(|| serde_json::from_str(include_str!("render/cases.json")).unwrap_or_default());

fn main() {
    divan::main();
}

/// A text in one of its spellings.
fn source(name: &str, spelling: &str) -> String {
    let texts = WORK["texts"].as_array().into_iter().flatten();
    let mut named = texts.filter(|text| text["name"] == name);
    let text = named.next().and_then(|text| text[spelling].as_str());
    text.unwrap_or_default().to_owned()
}

fn object(name: &str) -> BTreeMap<String, Value> {
    match Value::from_json(WORK[name].clone()) {
        Ok(Some(Value::Object(map))) => map,
        _ => BTreeMap::new(),
    }
}

/// For the user of the file.
fn with_context<T>(run: impl FnOnce(&Context<'_>) -> T) -> Option<T> {
    let profile = Profile {
        external_id: ExternalId::parse("u1").ok()?,
        attributes: object("attributes"),
    };
    let properties = object("trigger_properties");
    Some(run(&Context {
        user: &profile,
        trigger_properties: &properties,
        event_properties: None,
        campaign: "bench",
        dispatch_id: "d1",
        now: Timestamp::from_second(1_795_428_000).ok()?,
        contents: &Contents::none(),
        budget: &Budget::of_a_message(),
    }))
}

#[divan::bench(args = TEXTS)]
fn ours(bencher: Bencher, name: &str) {
    let Ok(text) = Text::compile(&source(name, "template")) else {
        return;
    };
    with_context(|context| bencher.bench_local(|| text.render(context)));
}

#[divan::bench(args = TEXTS)]
fn liquid_crate(bencher: Bencher, name: &str) {
    let parser = liquid::ParserBuilder::with_stdlib().build();
    let template = parser.and_then(|parser| parser.parse(&source(name, "plain")));
    let Ok(template) = template else {
        return;
    };
    let mut globals = liquid::Object::new();
    for part in ["attributes", "trigger_properties"] {
        globals.extend(liquid::to_object(&WORK[part]).unwrap_or_default());
    }
    let seen = liquid::model::DateTime::from_str("2026-11-20 08:30:00 +0000");
    let seen = seen.map_or(liquid::model::Value::Nil, liquid::model::Value::scalar);
    globals.insert("last_seen".into(), seen);
    bencher.bench_local(|| template.render(&globals));
}

/// A message with two quick replies, to JSON.
#[divan::bench]
fn tree(bencher: Bencher) {
    let mut message = WORK["request"].clone();
    message["text"] = json!(source("text", "template"));
    let Ok(tree) = Tree::compile(&message) else {
        return;
    };
    with_context(|context| bencher.bench_local(|| tree.render(context)));
}

/// What compiling costs: once for each revision.
#[divan::bench(args = TEXTS)]
fn compile(bencher: Bencher, name: &str) {
    let source = source(name, "template");
    bencher.bench_local(|| Text::compile(&source));
}
