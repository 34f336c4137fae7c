//! `UserService`, save the import.

use recado::api::pb;
use serde_json::json;
use tonic::Code;

use crate::stage::{Live, Stage, list, object, refused, update};

async fn attributes(live: &Live, id: &str) -> prost_types::Struct {
    let request = pb::GetUserRequest {
        external_id: id.into(),
    };
    let response = live.client().await.users.get_user(request).await.unwrap();
    response.into_inner().user.unwrap().attributes.unwrap()
}

async fn upsert(live: &Live, users: Vec<pb::UserUpdate>) -> pb::UpsertUsersResponse {
    let request = pb::UpsertUsersRequest { users };
    live.client()
        .await
        .users
        .upsert_users(request)
        .await
        .unwrap()
        .into_inner()
}

#[test]
fn attributes_are_merged_and_null_deletes() {
    Stage::new().run(async |live| {
        let first = json!({"name": "Ana", "age": 30, "seen": "2026-11-23T10:00:00+01:00",
            "tags": ["a"], "home": {"city": "Porto"}});
        let done = upsert(live, vec![update("ana", first)]).await;
        assert_eq!((done.created, done.updated), (1, 0));
        let second = json!({"name": null, "age": 31.5, "home": {"zip": "4000"}});
        let done = upsert(live, vec![update("ana", second)]).await;
        assert_eq!((done.created, done.updated), (0, 1));
        let expected = json!({"age": 31.5, "seen": "2026-11-23T09:00:00Z", "tags": ["a"],
            "home": {"zip": "4000"}});
        assert_eq!(attributes(live, "ana").await, object(expected));
    });
}

#[test]
fn lists_and_numbers_are_edited() {
    Stage::new().run(async |live| {
        live.upsert([("ana", json!({"tags": ["a", "b"], "points": 5}))])
            .await;
        let edit = pb::UserUpdate {
            external_id: "ana".into(),
            increment: [("points".into(), -2.0), ("visits".into(), 1.0)].into(),
            add: [("tags".into(), list(vec![json!("b"), json!("c")]))].into(),
            remove: [("tags".into(), list(vec![json!("a")]))].into(),
            ..pb::UserUpdate::default()
        };
        assert_eq!(upsert(live, vec![edit]).await.rejected, []);
        let expected = json!({"tags": ["b", "c"], "points": 3, "visits": 1});
        assert_eq!(attributes(live, "ana").await, object(expected));
    });
}

#[test]
fn a_bad_item_is_reported_and_changes_nothing() {
    Stage::new().run(async |live| {
        let existing_only = pb::UserUpdate {
            update_existing_only: true,
            ..update("nobody", json!({"a": 1}))
        };
        let users = vec![
            update("ana", json!({"a": 1})),
            update("", json!({"a": 1})),
            update("ben", json!({"big": 9_007_199_254_740_993_i64, "a": 1})),
            update("cat", json!({"messenger_id": 1001})),
            existing_only,
            update("dan", json!({"list": [1, null]})),
            update("eve", json!({"a": 1})),
        ];
        let done = upsert(live, users).await;
        assert_eq!((done.created, done.updated), (2, 0));
        let rejected = done.rejected.iter();
        let rejected: Vec<_> = rejected
            .map(|r| (r.index, r.external_id.as_str(), r.field.as_str()))
            .collect();
        assert_eq!(
            rejected,
            [
                (1, "", "users[1].external_id"),
                (2, "ben", "users[2].attributes.big"),
                (3, "cat", "users[3].attributes.messenger_id"),
                (4, "nobody", "users[4].external_id"),
                (5, "dan", "users[5].attributes.list[1]"),
            ]
        );
        assert!(done.rejected[1].message.contains("2^53"));
        assert!(done.rejected[2].message.contains("a PSID must be a string"));
        let request = pb::GetUserRequest {
            external_id: "ben".into(),
        };
        let (code, reason, _) = refused(live.client().await.users.get_user(request)).await;
        assert_eq!((code, reason.as_str()), (Code::NotFound, "NOT_FOUND"));
    });
}

#[test]
fn a_channels_psid_attribute_must_be_a_text_too() {
    let channel = "kind: Channel\nname: page\ntype: messenger\npage_id: me\ntoken: {env: T}\n\
                   psid_attribute: fb_id\n";
    Stage::new()
        .with_files([("page.yaml", channel)])
        .run(async |live| {
            let done = upsert(live, vec![update("ana", json!({"fb_id": 7}))]).await;
            assert_eq!(done.rejected[0].field, "users[0].attributes.fb_id");
        });
}

#[test]
fn batches_are_bounded() {
    Stage::new().run(async |live| {
        let mut client = live.client().await;
        for (n, expected) in [(0, "INVALID_FIELD"), (1_001, "OVER_LIMIT")] {
            let users = (0..n)
                .map(|i| update(&format!("u{i}"), json!({})))
                .collect();
            let call = client.users.upsert_users(pb::UpsertUsersRequest { users });
            let (code, reason, _) = refused(call).await;
            assert_eq!((code, reason.as_str()), (Code::InvalidArgument, expected));
        }
    });
}

#[test]
fn deleted_users_are_gone() {
    Stage::new().run(async |live| {
        live.upsert([("ana", json!({"a": 1})), ("ben", json!({}))])
            .await;
        let mut client = live.client().await;
        let external_ids = vec!["ana".into(), "nobody".into()];
        let request = pb::DeleteUsersRequest { external_ids };
        let done = client
            .users
            .delete_users(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (done.deleted, done.not_found),
            (1, vec!["nobody".to_owned()])
        );
        let request = pb::GetUserRequest {
            external_id: "ana".into(),
        };
        assert_eq!(
            refused(client.users.get_user(request)).await.0,
            Code::NotFound
        );
    });
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    Stage::new()
        .with_store_bytes_max(1 << 20)
        .run(async |live| {
            live.upsert([("ana", json!({"n": 1}))]).await;
            let text = "x".repeat(2_000);
            let batch = |n: usize| {
                let users = (0..100).map(|i| update(&format!("u{n}-{i}"), json!({"text": text})));
                pb::UpsertUsersRequest {
                    users: users.collect(),
                }
            };
            let mut client = live.client().await;
            let mut stored = 1;
            for n in 0.. {
                assert!(n < 100, "the disk never gets full");
                let answer = client.users.upsert_users(batch(n)).await;
                if answer.is_ok() {
                    stored += 100;
                    continue;
                }
                let (code, reason, status) = refused(async { answer }).await;
                assert_eq!(
                    (code, reason.as_str()),
                    (Code::ResourceExhausted, "DISK_FULL")
                );
                assert_eq!(
                    status.message(),
                    "the disk is full, or `--store-bytes-max` is reached; nothing was written"
                );
                break;
            }
            // Reads go on, and see all that was acknowledged and nothing else.
            let target = pb::evaluate_segment_request::Target::Filter("true".into());
            let request = pb::EvaluateSegmentRequest {
                target: Some(target),
                sample_size: 0,
            };
            let counted = client.segments.evaluate_segment(request).await.unwrap();
            assert_eq!(counted.into_inner().count, stored);
            assert_eq!(attributes(live, "ana").await, object(json!({"n": 1})));
        });
}

#[test]
fn attributes_are_listed_with_their_types() {
    Stage::new().run(async |live| {
        live.upsert([
            ("ana", json!({"age": 30, "home": {"city": "Porto"}})),
            ("ben", json!({"age": "thirty"})),
            ("cat", json!({"age": 31})),
        ])
        .await;
        let request = pb::ListAttributesRequest {};
        let answer = live.client().await.users.list_attributes(request).await;
        let answer = answer.unwrap().into_inner();
        let seen: Vec<_> = answer
            .attributes
            .iter()
            .map(|a| {
                (
                    a.path.join("."),
                    a.users_by_type.get("int").copied(),
                    a.users_by_type.len(),
                )
            })
            .collect();
        let expected = [
            ("age".to_owned(), Some(2), 2),
            ("home".to_owned(), None, 1),
            ("home.city".to_owned(), None, 1),
        ];
        assert_eq!((seen.as_slice(), answer.users), (&expected[..], 3));
    });
}

#[test]
fn a_second_spelling_is_told_to_who_sends_it() {
    let declared = "kind: Attributes\nname: profile\nattributes:\n  City: {type: string}\n";
    let files = [("attributes.yaml", declared)];
    Stage::new().with_files(files).run(async |live| {
        let fine = json!({"country": "PT", "city": "Porto", "n": 1});
        assert_eq!(
            upsert(live, vec![update("ana", fine.clone())])
                .await
                .warnings,
            []
        );
        let other = json!({"Country": "PT", "City": "Porto", "n": 1});
        // With the first of them, and with every one after that; `City` is how it is declared.
        for _ in 0..2 {
            let done = upsert(live, vec![update("ben", other.clone())]).await;
            let [warning] = done.warnings.as_slice() else {
                panic!("{:?}", done.warnings);
            };
            assert_eq!(warning.attribute, "Country");
            assert!(warning.message.contains("`country`"), "{}", warning.message);
        }
        // Whoever sends the first one is told as well: which is meant, only people know.
        let told = upsert(live, vec![update("ana", fine)]).await.warnings;
        let told: Vec<_> = told.iter().map(|it| it.attribute.as_str()).collect();
        assert_eq!(told, ["city", "country"]);
        // Of many, some.
        let many = |letter: char| {
            let names = (0..30).map(|n| (format!("{letter}{n}"), json!(1)));
            json!(names.collect::<serde_json::Map<_, _>>())
        };
        let users = vec![update("ana", many('a')), update("ben", many('A'))];
        assert_eq!(upsert(live, users).await.warnings.len(), 20);
    });
}
