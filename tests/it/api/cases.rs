//! `recado test` and a server's preview: the same users and files come to the same end.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use recado::api::pb;
use recado::api::pb::preview_message_request::Subject;
use recado::campaign::case::{Case, Outcome};
use recado::campaign::{Loaded, SourceFile, load};
use recado::clock::{Clock, ManualClock};
use recado::delivery::rehearse::Rehearsal;
use recado::model::Value;
use recado::model::id::ExternalId;
use recado::model::resource::Kind;
use recado::model::user::Profile;
use recado::model::value::Type;
use serde_json::{Value as Json, json};

use crate::stage::{Live, Stage, object, shipped};

/// Users made up for each campaign.
const MADE: usize = 60;

/// Texts with something to escape, to refuse, or to branch at.
const TEXTS: [&str; 9] = [
    "",
    " ",
    "Ana",
    "\"<b>\" {{x}}",
    "PT",
    "XX",
    "no",
    "10.0.0.1",
    "a text of more than twenty characters",
];

/// The same numbers on every run.
struct Dice(u64);

// === impl Dice ===

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn text(&mut self) -> Value {
        Value::String(TEXTS[self.below(TEXTS.len())].to_owned())
    }

    fn value(&mut self, kind: Type, now: Timestamp) -> Value {
        match kind {
            Type::Bool => Value::Bool(self.below(2) == 0),
            Type::Int => Value::Int([-1, 0, 18, 70][self.below(4)]),
            Type::Double => Value::Double([0.0, 1.5, 49.99, 80.0][self.below(4)]),
            Type::Timestamp => {
                let days = [1, 6, 8, 29, 31][self.below(5)];
                Value::Timestamp(now - jiff::SignedDuration::from_hours(24 * days))
            }
            Type::List => Value::List((0..self.below(3)).map(|_| self.text()).collect()),
            _ => self.text(),
        }
    }

    fn properties(&mut self) -> BTreeMap<String, Value> {
        let names = ["order_id", "carrier", "from", "who"];
        let mut given = BTreeMap::new();
        for name in names {
            if self.below(2) == 0 {
                given.insert(name.to_owned(), self.text());
            }
        }
        given
    }
}

#[test]
fn a_case_ends_as_the_preview_of_a_server_does() {
    for files in [shipped(), fixtures("passing"), fixtures("failing")] {
        let read: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile {
                path: path.clone(),
                text: text.clone(),
            })
            .collect();
        let loaded = load(&read).unwrap();
        let cases = cases(&loaded);
        let clock = ManualClock::at(cases[0].now);
        let texts = files.iter().map(|(path, text)| (&**path, &**text));
        let stage = Stage::new().with_clock(&clock).with_files(texts);
        stage.run(async |live| {
            let rehearsal = Rehearsal {
                set: &loaded.set,
                tests: &loaded.tests,
            };
            let mut ends = BTreeMap::new();
            for case in &cases {
                let ahead = case.now.duration_since(clock.now());
                clock.advance(Duration::try_from(ahead).unwrap());
                store(live, case).await;
                let outcome = rehearsal.run(case);
                *ends.entry(end(&outcome)).or_insert(0) += 1;
                match case.kind {
                    Kind::Campaign => compare(live, case, &outcome).await,
                    _ => compare_member(live, case, &outcome).await,
                }
            }
            assert!(ends.len() > 2, "all came to the same end: {ends:?}");
        });
    }
}

/// Those of the files that a server can be asked about, and made-up ones, each of a user of its own, by time.
fn cases(loaded: &Loaded) -> Vec<Case> {
    let written = loaded.tests.cases.iter();
    let is_askable = |case: &&Case| {
        let is_tracked = case.events.iter().all(|event| !event.name.starts_with('$'));
        matches!(case.kind, Kind::Campaign | Kind::Segment)
            // A server would fetch it.
            && case.contents.is_empty()
            && case.resource != "weather"
            && is_tracked
    };
    let mut cases: Vec<Case> = written.filter(is_askable).cloned().collect();
    let mut dice = Dice(7);
    let pattern = cases.iter().find(|case| case.kind == Kind::Campaign);
    let pattern = pattern.unwrap().clone();
    for name in loaded
        .set
        .campaigns
        .keys()
        .filter(|name| *name != "weather")
    {
        for _ in 0..MADE {
            let mut attributes = BTreeMap::new();
            for (name, declared) in &loaded.set.registry.attributes {
                if dice.below(4) > 0 {
                    attributes.insert(name.clone(), dice.value(declared.kind, pattern.now));
                }
            }
            cases.push(Case {
                resource: name.clone(),
                user: Profile {
                    attributes,
                    ..pattern.user.clone()
                },
                trigger_properties: dice.properties(),
                event_properties: (dice.below(2) == 0).then(|| dice.properties()),
                ..pattern.clone()
            });
        }
    }
    cases.sort_by_key(|case| case.now);
    for (n, case) in cases.iter_mut().enumerate() {
        case.user.external_id = ExternalId::parse(format!("u{n}")).unwrap();
    }
    cases
}

fn fixtures(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases");
    let mut files: Vec<_> = std::fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        (name.to_owned(), std::fs::read_to_string(path).unwrap())
    };
    files.iter().map(read).collect()
}

/// Puts the user and what they did where a service would.
async fn store(live: &Live, case: &Case) {
    let id = case.user.external_id.as_str();
    live.upsert([(id, json_of(&case.user.attributes))]).await;
    let events: Vec<pb::Event> = case
        .events
        .iter()
        .map(|event| pb::Event {
            external_id: id.to_owned(),
            name: event.name.clone(),
            time: Some(prost_types::Timestamp {
                seconds: event.at.as_second(),
                nanos: event.at.subsec_nanosecond(),
            }),
            properties: Some(object(json_of(&event.properties))),
            event_id: String::new(),
        })
        .collect();
    if !events.is_empty() {
        let request = pb::TrackEventsRequest { events };
        let answer = live.client().await.users.track_events(request).await;
        assert_eq!(answer.unwrap().into_inner().rejected, []);
    }
}

async fn compare(live: &Live, case: &Case, outcome: &Outcome) {
    let request = pb::PreviewMessageRequest {
        campaign: case.resource.clone(),
        subject: Some(Subject::ExternalId(case.user.external_id.as_str().into())),
        trigger_properties: Some(object(json_of(&case.trigger_properties))),
        event_properties: case
            .event_properties
            .as_ref()
            .map(|given| object(json_of(given))),
        files: Vec::new(),
    };
    let shown = live.client().await.campaigns.preview_message(request).await;
    let shown = shown.unwrap().into_inner();
    let what = format!("{} {:?}", case.title(), case.user.attributes);
    // A gate behind the others is told beside the reason of a preview.
    let shut = shown.gates.iter().find(|gate| !gate.open);
    let reason = outcome.closed.as_ref().or(outcome.unmade.as_ref());
    let told = reason.map(|reason| (reason.code.as_str(), reason.detail.as_str()));
    let expected = shown.reason.as_ref();
    let expected = expected.map(|reason| (reason.code.as_str(), reason.detail.as_str()));
    assert_eq!(told, expected, "{what}");
    assert_eq!(outcome.closed.is_some(), shut.is_some(), "{what}");
    // A preview shows the message of somebody outside of the audience, to whom none is sent.
    if reason.is_some() {
        return;
    }
    let request = shown.request.unwrap();
    assert_eq!(outcome.body.as_ref(), Some(&request.body), "{what}");
    let message = shown.message.map(|message| json_of_proto(&message));
    assert_eq!(outcome.message, message, "{what}");
    assert_eq!(outcome.misses, shown.misses, "{what}");
    assert_eq!(outcome.warnings, shown.warnings, "{what}");
    let headers: BTreeMap<String, String> = request.headers.into_iter().collect();
    assert_eq!(outcome.headers, headers, "{what}");
    if shown.channel_type == pb::ChannelType::Webhook as i32 {
        assert_eq!(outcome.url.as_ref(), Some(&request.url), "{what}");
    }
}

async fn compare_member(live: &Live, case: &Case, outcome: &Outcome) {
    let id = case.user.external_id.as_str();
    let filter = format!("in_segment({:?}) && user.id == {id:?}", case.resource);
    let n = live.count(&filter).await;
    assert_eq!(n == 1, outcome.member == Some(true), "{}", case.title());
}

fn end(outcome: &Outcome) -> &'static str {
    let reason = outcome.closed.as_ref().or(outcome.unmade.as_ref());
    reason.map_or("made", |reason| reason.code.as_str())
}

fn json_of(map: &BTreeMap<String, Value>) -> Json {
    map.iter()
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect()
}

fn json_of_proto(value: &prost_types::Value) -> Json {
    use prost_types::value::Kind;
    match value.kind.as_ref().unwrap() {
        Kind::NullValue(_) => Json::Null,
        Kind::BoolValue(b) => json!(b),
        Kind::NumberValue(n) => json!(n),
        Kind::StringValue(text) => json!(text),
        Kind::ListValue(list) => list.values.iter().map(json_of_proto).collect(),
        Kind::StructValue(map) => map
            .fields
            .iter()
            .map(|(key, value)| (key.clone(), json_of_proto(value)))
            .collect(),
    }
}
