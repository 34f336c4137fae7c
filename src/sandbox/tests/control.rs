use serde_json::{Value, json};

use crate::sandbox::{Accepted, DEFAULT_TOKEN, Settings, Stats};

use super::{Stage, outcome, text_to};

#[tokio::test]
async fn the_log_keeps_order_and_its_file_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages.jsonl");
    let stage = Stage::new(Settings {
        log: Some(path.clone()),
        log_kept: 2,
        ..Settings::default()
    })
    .await;
    for psid in ["1", "2", "3"] {
        let (_, answer) = stage.send(&text_to(psid)).await;
        assert_eq!(answer["recipient_id"], psid);
        assert!(answer["message_id"].as_str().unwrap().starts_with("m_"));
    }
    let kept = stage.handle().messages();
    assert_eq!(kept.iter().map(|m| m.sequence).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(kept[1].metadata.as_deref(), Some("d-3"));
    assert_eq!(kept[1].page, "77");
    assert_eq!(kept[1].body, text_to("3"));
    assert_eq!(stage.handle().stats().accepted, 3);
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Accepted> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1..], kept[..]);
}

#[tokio::test]
async fn a_form_body_is_read() {
    let stage = Stage::open().await;
    let request = stage
        .post("/v26.0/77/messages")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "access_token={DEFAULT_TOKEN}&recipient=%7B%22id%22%3A%229%22%7D&messaging_type=UPDATE\
             &message=%7B%22text%22%3A%22a+b%22%7D"
        ));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(outcome(&answer), "ok");
    let message = &stage.handle().messages()[0];
    assert_eq!(message.psid, "9");
    assert_eq!(message.body["message"]["text"], "a b");
}

#[tokio::test]
async fn everything_can_be_steered_over_http() {
    let stage = Stage::open().await;
    let post = |path: &str, body: Value| {
        let request = stage.post(path).json(&body);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let people = json!([{ "page": "77", "psid": "1", "standing": "blocked" }]);
    assert_eq!(post("/_sandbox/people", people).await, 204);
    let faults = json!([
        { "fault": { "error": { "code": 2 } }, "target": { "psid": "2" }, "times": 1 },
        { "fault": "reset", "moment": "after_accept", "target": { "psid": "4" } },
    ]);
    assert_eq!(post("/_sandbox/faults", faults).await, 204);
    assert_eq!(stage.outcome(&text_to("1")).await, "551/1545041");
    assert_eq!(stage.outcome(&text_to("2")).await, "2");
    assert_eq!(stage.outcome(&text_to("2")).await, "ok");
    assert_eq!(stage.outcome(&text_to("3")).await, "ok");
    let get = |path: &str| {
        let request = stage.client.get(format!("{}{path}", stage.running.url()));
        async move { request.send().await.unwrap().text().await.unwrap() }
    };
    let page: Value = serde_json::from_str(&get("/_sandbox/messages?after=1").await).unwrap();
    assert_eq!(page["messages"][0]["psid"], "3");
    assert_eq!(page["next_after"], 2);
    let lines = get("/_sandbox/messages.jsonl?psid=2").await;
    assert_eq!(lines.lines().count(), 1);
    let stats: Stats = serde_json::from_str(&get("/_sandbox/stats").await).unwrap();
    assert_eq!((stats.calls, stats.accepted, stats.faulted), (4, 2, 1));
    let url = format!("{}/_sandbox", stage.running.url());
    let cleared = stage.client.delete(url).send().await.unwrap();
    assert_eq!(cleared.status().as_u16(), 204);
    assert_eq!(stage.handle().stats(), Stats::default());
    assert_eq!(stage.outcome(&text_to("1")).await, "ok");
}
