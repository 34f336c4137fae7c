//! `ImportUsers`: numbered chunks, each durable once.

use recado::api::pb;
use recado::api::pb::import_users_request::Message;
use serde_json::json;
use tonic::{Code, Status};

use crate::stage::{Live, Stage, update};

fn start(id: &str) -> pb::ImportUsersRequest {
    let start = pb::ImportStart {
        import_id: id.into(),
    };
    pb::ImportUsersRequest {
        message: Some(Message::Start(start)),
    }
}

fn chunk(sequence: u64, users: Vec<pb::UserUpdate>) -> pb::ImportUsersRequest {
    let chunk = pb::ImportChunk { sequence, users };
    pb::ImportUsersRequest {
        message: Some(Message::Chunk(chunk)),
    }
}

fn person(name: &str) -> pb::UserUpdate {
    update(name, json!({"name": name}))
}

/// All answers up to the end, and how the stream ended.
async fn import(
    live: &Live,
    messages: Vec<pb::ImportUsersRequest>,
) -> (Vec<pb::ImportUsersResponse>, Result<(), Status>) {
    let mut client = live.client().await;
    let mut answers = match client
        .users
        .import_users(tokio_stream::iter(messages))
        .await
    {
        Ok(answers) => answers.into_inner(),
        Err(status) => return (Vec::new(), Err(status)),
    };
    let mut seen = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(answer)) => seen.push(answer),
            Ok(None) => return (seen, Ok(())),
            Err(status) => return (seen, Err(status)),
        }
    }
}

#[test]
fn chunks_are_answered_in_order_and_counted() {
    Stage::new().run(async |live| {
        let mut messages = vec![start("crm")];
        for n in 1..=20 {
            messages.push(chunk(n, vec![person(&format!("u{n}")), person("ana")]));
        }
        let bad = update("bad", json!({"messenger_id": 5}));
        messages.push(chunk(21, vec![bad, update("u21", json!({"a": 1}))]));
        let (answers, end) = import(live, messages).await;
        end.unwrap();
        let sequences: Vec<_> = answers.iter().map(|answer| answer.sequence).collect();
        assert_eq!(sequences, (0..=21).collect::<Vec<_>>());
        let last = answers.last().unwrap();
        assert_eq!(last.durable_sequence, 21);
        assert_eq!(
            last.rejected[0].field,
            "chunk.users[0].attributes.messenger_id"
        );
        let totals = (last.created_total, last.updated_total, last.rejected_total);
        assert_eq!(totals, (22, 19, 1));
    });
}

#[test]
fn a_broken_import_goes_on_where_it_stopped() {
    Stage::new().run(async |live| {
        let first = vec![start("crm"), chunk(1, vec![person("ana")])];
        import(live, first).await.1.unwrap();
        let again = vec![
            start("crm"),
            chunk(1, vec![person("ana")]),
            chunk(2, vec![person("ben")]),
        ];
        let (answers, end) = import(live, again).await;
        end.unwrap();
        assert_eq!(answers[0].durable_sequence, 1);
        assert!(answers[1].repeated_chunk && !answers[2].repeated_chunk);
        assert_eq!((answers[2].created_total, answers[2].updated_total), (2, 0));
    });
}

#[test]
fn what_breaks_the_protocol_ends_the_stream() {
    Stage::new().run(async |live| {
        let cases = [
            (vec![chunk(1, vec![person("ana")])], "chunk"),
            (vec![start("a"), start("a")], "start"),
            (vec![start("")], "start.import_id"),
            (
                vec![start("b"), chunk(2, vec![person("ana")])],
                "chunk.sequence",
            ),
            (vec![start("c"), chunk(1, vec![])], "chunk.users"),
            (vec![pb::ImportUsersRequest { message: None }], "message"),
        ];
        for (messages, field) in cases {
            let status = import(live, messages).await.1.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(
                status.message().starts_with(&format!("{field}: ")),
                "{}",
                status.message()
            );
        }
    });
}
