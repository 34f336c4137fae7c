//! Any text as a template: it is refused with places in it, or it renders, aborts or fails within its bounds.

#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use recado::model::Value;
use recado::model::id::ExternalId;
use recado::model::limits;
use recado::model::user::Profile;
use recado::template::{
    Budget, Access, Catalog, Contents, Context, Failure, Library, Response, Text,
};

const ANA: &str = r#"{"first_name":"Ana","age":31,"balance":17.8,"vip":true,"tags":["vip","new"],"none":[],"empty":"",
    "address":{"city":"Köln","geo":{"lat":50.9}},"zip code":"x","last_seen":"2026-11-20T10:00:00Z",
    "pets":[{"name":"Rex","age":4},{"name":"Mia"}],"subscriptions":{"news":true}}"#;

static USER: LazyLock<Profile> = LazyLock::new(user);
static LIBRARY: LazyLock<Arc<Library>> = LazyLock::new(|| Arc::new(library()));

/// What connected content answers, by how often it was asked.
const ANSWERS: [&str; 3] = [r#"{"a":{"b":[1,"x"]}}"#, "[1,2]", "a text {{"];

fuzz_target!(init: let_the_library_catch(), |bytes: &[u8]| {
    let Ok(source) = std::str::from_utf8(bytes) else {
        return;
    };
    let text = match Text::compile_with(source, &LIBRARY) {
        Ok(text) => text,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a word");
            for problem in problems {
                // A span that cuts a character would panic where the problem is shown.
                assert!(problem.span.is_none_or(|span| source.get(span).is_some()));
            }
            return;
        }
    };
    let none = BTreeMap::new();
    let mut contents = Contents::none();
    // As the server does it: with each answer the text is rendered again.
    for answer in ANSWERS.iter().cycle().take(limits::CONTENT_CALLS_MAX) {
        let context = Context {
            user: &USER,
            trigger_properties: &none,
            event_properties: None,
            campaign: "c",
            dispatch_id: "d",
            now: "2026-11-23T10:00:00Z".parse().expect("a time"),
            contents: &contents, budget: &Budget::of_a_message(),
        };
        match text.render(&context) {
            Ok(rendered) => assert!(rendered.text.len() <= limits::RENDERED_BYTES_MAX),
            Err(Failure::Aborted { reason }) => assert!(!source.is_empty(), "{reason}"),
            Err(Failure::Failed { message, .. }) => {
                assert!(!message.contains("Ana"), "{message}");
            }
            Err(Failure::Wants(wanted)) => {
                let response = Response::Good {
                    status: 200,
                    body: (*answer).to_owned(),
                };
                contents.add(wanted.request, Arc::new(response));
                continue;
            }
        }
        return;
    }
});

/// What the library panics on is caught where it is called; libFuzzer's hook would abort before that.
fn let_the_library_catch() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or("", |at| at.file());
        if !place.contains("/liquid-") && !place.contains("/pest-") {
            eprintln!("{info}");
        }
    }));
}

fn user() -> Profile {
    let json = serde_json::from_str(ANA).expect("an object");
    let Ok(Some(Value::Object(attributes))) = Value::from_json(json) else {
        panic!("an object");
    };
    Profile {
        external_id: ExternalId::parse("ana").expect("an id"),
        attributes,
    }
}

fn library() -> Library {
    let mut library = Library::default();
    library.allow(Access {
        hosts: ["api.example.com".to_owned()].into(),
        credentials: [("weather".to_owned(), ["api.example.com".to_owned()].into())].into(),
        is_private_allowed: false,
    });
    let mut games = Catalog::default();
    for id in ["1", "2"] {
        let item = serde_json::json!({"id": id, "title": "Tales", "tags": ["a", "b"]});
        games.add(id.to_owned(), item.as_object().expect("a map"));
    }
    library.add_catalog("games", games);
    for (name, source) in [
        ("leaf", "{{${first_name}}}{% assign x = 'y' %}"),
        ("twice", "{{content_blocks.${leaf}}}{{content_blocks.${leaf}}}"),
        ("four", "{% for i in (1..2) %}{{content_blocks.${twice}}}{% endfor %}"),
    ] {
        library.add_block(name, source).expect("a block");
    }
    library
}
