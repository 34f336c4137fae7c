//! Files as people break them, and the laws of plans.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::campaign::{Plan, Set, SourceFile, load};
use crate::model::id::Revision;
use crate::model::resource::{Action, Document, Kind};

const SHIPPED: [(&str, &str); 5] = [
    (
        "acme-page.yaml",
        include_str!("../../campaigns/channels/acme-page.yaml"),
    ),
    (
        "on-messenger.yaml",
        include_str!("../../campaigns/segments/on-messenger.yaml"),
    ),
    (
        "order-shipped.yaml",
        include_str!("../../campaigns/campaigns/order-shipped.yaml"),
    ),
    (
        "spring-offers.yaml",
        include_str!("../../campaigns/campaigns/spring-offers.yaml"),
    ),
    (
        "win-back.yaml",
        include_str!("../../campaigns/campaigns/win-back.yaml"),
    ),
];

/// One way to break a text.
#[derive(Debug, Clone)]
enum Mutation {
    Remove(usize, usize),
    Double(usize),
    Insert(usize, String),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<usize>(), 1_usize..20).prop_map(|(at, n)| Mutation::Remove(at, n)),
        any::<usize>().prop_map(Mutation::Double),
        (any::<usize>(), "[a-z{}%'\":\\[\\]&*|> \n\t#!-]{1,6}|.{1,3}")
            .prop_map(|(at, text)| Mutation::Insert(at, text)),
    ]
}

fn mutate(text: &str, mutation: &Mutation) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let place = |at: usize| at % (text.chars().count() + 1);
    match mutation {
        Mutation::Remove(at, n) => {
            let at = place(*at);
            let end = (at + n).min(chars.len());
            chars.drain(at.min(end)..end);
        }
        Mutation::Double(at) => {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let Some(line) = lines.get(at % lines.len().max(1)) else {
                return text.to_owned();
            };
            return text.replacen(line, &line.repeat(2), 1);
        }
        Mutation::Insert(at, inserted) => {
            let at = place(*at);
            chars.splice(at..at, inserted.chars());
        }
    }
    chars.into_iter().collect()
}

fn shipped() -> Vec<SourceFile> {
    let file = |(path, text): (&str, &str)| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    SHIPPED.into_iter().map(file).collect()
}

fn plan(revision: Revision, applied: &[Document], documents: &[Document]) -> Plan {
    let [applied, wanted] = [applied, documents].map(|documents| Set {
        documents: documents.to_vec(),
        ..Set::empty()
    });
    crate::campaign::plan(&applied, &wanted, revision)
}

/// A set of segments by name, each with the number in its filter.
fn documents(segments: &BTreeMap<u8, u8>) -> Vec<Document> {
    let document = |(name, n): (&u8, &u8)| Document {
        kind: Kind::Segment,
        name: format!("s{name}"),
        path: format!("s{name}.yaml"),
        source: format!("kind: Segment\nname: s{name}\nfilter: user.age > {n}\n"),
        owner: String::new(),
    };
    segments.iter().map(document).collect()
}

fn segments() -> impl Strategy<Value = BTreeMap<u8, u8>> {
    prop::collection::btree_map(0_u8..12, 0_u8..3, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_broken_is_told_within_the_file(
        which in 0..SHIPPED.len(),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let mut files = shipped();
        for mutation in &mutations {
            files[which].text = mutate(&files[which].text, mutation);
        }
        let problems = match load(&files) {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems,
        };
        for problem in problems {
            let place = problem.place.expect("a problem of a file has a place");
            let file = files.iter().find(|file| file.path == place.file).expect("a file");
            prop_assert!(place.span.start <= file.text.len(), "{place:?}");
            let lines = file.text.matches('\n').count() + 1;
            prop_assert!((1..=lines).contains(&(place.line as usize)), "{place:?}");
            prop_assert!(!problem.message.is_empty());
        }
    }

    #[test]
    fn a_plan_leads_from_one_set_to_the_other(before in segments(), after in segments()) {
        let (old, new) = (documents(&before), documents(&after));
        let planned = plan(Revision(1), &old, &new);
        let mut reached: BTreeMap<String, u8> =
            before.iter().map(|(name, n)| (format!("s{name}"), *n)).collect();
        for change in &planned.changes {
            let wanted = after.iter().find(|(name, _)| format!("s{name}") == change.name);
            match change.action {
                Action::Create => {
                    let (_, n) = wanted.expect("what is created is wanted");
                    prop_assert_eq!(reached.insert(change.name.clone(), *n), None);
                }
                Action::Update => {
                    let (_, n) = wanted.expect("what is updated is wanted");
                    let old = reached.insert(change.name.clone(), *n);
                    prop_assert!(old.is_some_and(|old| old != *n));
                    prop_assert_eq!(change.fields.len(), 1);
                    prop_assert_eq!(&change.fields[0].path, "filter");
                }
                Action::Delete => prop_assert!(reached.remove(&change.name).is_some()),
            }
        }
        let wanted: BTreeMap<String, u8> =
            after.iter().map(|(name, n)| (format!("s{name}"), *n)).collect();
        prop_assert_eq!(&reached, &wanted);
        prop_assert_eq!(planned.unchanged + planned.changes.iter().filter(|c| c.action != Action::Delete).count(), after.len());
        prop_assert!(plan(Revision(2), &new, &new).changes.is_empty());
        // The same change of the same state has the same fingerprint, whatever its number, and no other has it.
        prop_assert_eq!(plan(Revision(2), &old, &new).fingerprint, planned.fingerprint.clone());
        if before != after {
            prop_assert_ne!(plan(Revision(1), &new, &old).fingerprint, planned.fingerprint);
        }
    }
}

#[test]
fn a_number_and_a_text_that_look_alike_are_a_change() {
    let document = |source: &str| Document {
        kind: Kind::Campaign,
        name: "a".to_owned(),
        path: "a.yaml".to_owned(),
        source: source.to_owned(),
        owner: String::new(),
    };
    let planned = plan(
        Revision(1),
        &[document("message: {n: 1}")],
        &[document("message: {n: '1'}")],
    );
    assert_eq!(planned.changes[0].fields.len(), 1);
}

#[test]
fn the_bounds_of_a_folder_are_told() {
    let file = |path: String, text: String| SourceFile { path, text };
    let small = "kind: Segment\nname: a\nfilter: 'true'\n".to_owned();
    let many =
        (0..=crate::model::limits::FILES_MAX).map(|n| file(format!("{n}.yaml"), small.clone()));
    let problems = load(&many.collect::<Vec<_>>()).unwrap_err();
    assert_eq!(problems[0].code.as_str(), "file-limit");
    let large = "#".repeat(crate::model::limits::FILE_BYTES_MAX + 1);
    let files = [
        file("a.yaml".into(), large),
        file("b.yaml".into(), small.replace("filter", "filtr")),
    ];
    let problems = load(&files).unwrap_err();
    let told: Vec<_> = problems
        .iter()
        .map(|p| (p.code.as_str(), p.place.as_ref().unwrap().file.as_str()))
        .collect();
    assert_eq!(told, [("file-limit", "a.yaml"), ("unknown-key", "b.yaml")]);
}

#[test]
fn a_warning_that_settings_make_an_error_keeps_nothing_from_starting() {
    let document = |kind: Kind, source: &str| Document {
        kind,
        name: "x".to_owned(),
        path: format!("{kind}.yaml"),
        source: source.to_owned(),
        owner: String::new(),
    };
    let documents = [
        document(
            Kind::Segment,
            "kind: Segment\nname: x\nfilter: user.plan != 'free'\n",
        ),
        document(
            Kind::Settings,
            "kind: Settings\nname: x\nlints: {filter-negation: error}\n",
        ),
    ];
    let files: Vec<SourceFile> = documents.iter().map(SourceFile::from).collect();
    let problems = load(&files).unwrap_err();
    assert_eq!(problems[0].code.as_str(), "filter-negation");
    assert!(problems[0].is_error());
    assert_eq!(Set::compile(&documents).unwrap().segments.len(), 1);
}
