//! What is noted while a message is made, whatever becomes of it.

use std::collections::BTreeMap;

use recado::model::delivery::{Delivery, ReasonCode, State};
use recado::model::limits::MESSAGE_EXTRAS_BYTES_MAX;
use recado::model::resource::Kind;
use recado::model::send::Miss;

use super::stage::{Builder, Stage, people};

/// Sends to one person, and answers what was missed and what became of it.
async fn one(builder: Builder, state: State) -> (Vec<Miss>, Delivery) {
    let stage = builder.build().await;
    let send = stage.send("one", &people(1)).await;
    stage.start();
    let record = stage.until_state(send, state, 1).await;
    let delivery = stage.only(send).await;
    stage.stop().await;
    (record.misses, delivery)
}

fn gap(name: &str) -> Miss {
    Miss {
        name: name.to_owned(),
        deliveries: 1,
        gaps: 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_made_says_what_was_missed() {
    let builder = Stage::builder().message("message: {text: \"{{${nickname}}}\"}");
    let (misses, delivery) = one(builder, State::Failed).await;
    assert_eq!(delivery.reason.unwrap().code, ReasonCode::InvalidMessage);
    assert_eq!(misses, [gap("nickname")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_webhook_counts() {
    let channel = "type: webhook\nurl: 'http://127.0.0.1:1/{{${page}}}'\nallow_private_network: true\n\
        headers: {x-shop: '{{${shop}}}'}\non_unknown: leave\n";
    let body = "raw: {content_type: application/json, body: '{{${first_name}}} {{${last_name}}}'}";
    let builder = Stage::builder().channel(channel).message(body);
    let (misses, delivery) = one(builder, State::Failed).await;
    let detail = delivery.reason.unwrap().detail;
    assert!(detail.contains("it is not JSON"), "{detail}");
    // The body is broken before the headers are made.
    assert_eq!(misses, ["last_name", "page"].map(gap));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_made_of_data_is_named_as_settings_allow_it() {
    let text = "[{% connected_content http://{{${first_name}}}.acme.invalid/ %}]";
    let settings = "name: settings\nconnected_content:\n  hosts: ['*.acme.invalid']\n  allow_private_network: true\n";
    let builder = Stage::builder()
        .message(&format!("message: {{text: \"{text}\"}}"))
        .with(Kind::Settings, "settings", settings);
    let (misses, _) = one(builder, State::Sent).await;
    let [miss] = misses.as_slice() else {
        panic!("{misses:?}")
    };
    // Where there is no resolver the answer may not come in time.
    let named = "connected content from `*.acme.invalid`: no ";
    assert!(miss.name.starts_with(named), "{miss:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn extras_of_all_texts_are_within_one_bound() {
    let extra = |key: &str| {
        let value = "x".repeat(MESSAGE_EXTRAS_BYTES_MAX / 2);
        format!("Ok{{% message_extras :key {key} :value {value} %}}")
    };
    let (first, second, third) = (extra("a"), extra("b"), extra("c"));
    let message = format!(
        "message:\n  text: \"{first}\"\n  quick_replies:\n    \
         - {{content_type: text, title: \"{second}\", payload: \"{third}\"}}"
    );
    let (_, delivery) = one(Stage::builder().message(&message), State::Sent).await;
    let lengths = delivery
        .extras
        .into_iter()
        .map(|(key, value)| (key, value.len()));
    let half = MESSAGE_EXTRAS_BYTES_MAX / 2;
    // Texts are rendered by the names of their fields: `payload`, `title`, and then `text`.
    let expected = [("c", half), ("b", half - 2)].map(|(key, n)| (key.to_owned(), n));
    assert_eq!(
        lengths.collect::<BTreeMap<_, _>>(),
        BTreeMap::from(expected)
    );
}
