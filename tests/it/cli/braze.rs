//! `recado import braze`: every shape of template in `tests/fixtures/braze/`, and what must never come of one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{recado, stderr, stdout};
use crate::stage::{Stage, object};

use recado::api::pb;

/// What every secret of the fixtures has in it, as it stands and in base64.
const SECRETS: [&str; 2] = ["hunter2", "aHVudGVyM"];

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/braze");
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 20, "the fixtures were not found");
    paths
}

fn name(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// Every file below a folder, with its path.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let settings = fs::read_to_string(folder.join("settings.yaml")).ok();
    found.extend(settings.map(|text| ("settings.yaml".to_owned(), text)));
    for part in ["campaigns", "catalogs", "channels", "content_blocks"] {
        for entry in fs::read_dir(folder.join(part)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            found.push((format!("{part}/{name}"), fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn each_shape_comes_to_these_files_and_this_report() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/braze");
    for path in fixtures() {
        let file = path.file_name().unwrap().to_str().unwrap();
        let mut command = recado(&["import", "braze", file]);
        let output = command.current_dir(&folder).output().unwrap();
        let again = command.output().unwrap();
        assert_eq!(
            output.stdout, again.stdout,
            "{file} comes to the same twice"
        );
        let (out, told) = (stdout(&output), stderr(&output));
        let code = output.status.code().unwrap();
        let whole = format!("{out}\n== report, exit {code}\n{told}");
        insta::assert_snapshot!(format!("import-{}", name(&path)), whole);
    }
}

#[test]
fn what_has_no_errors_is_valid_and_what_has_is_not_written_in_silence() {
    for path in fixtures() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("made");
        let arguments = [path.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let output = recado(&["import", "braze"])
            .args(arguments)
            .output()
            .unwrap();
        let validated = recado(&["validate", out.to_str().unwrap()])
            .output()
            .unwrap();
        match output.status.code() {
            Some(0) => assert!(
                validated.status.success(),
                "{path:?}: {}",
                stderr(&validated)
            ),
            Some(6) => assert!(
                !files(&out).is_empty() && stderr(&output).contains("error["),
                "{path:?}"
            ),
            Some(1) => assert!(!out.exists(), "{path:?}"),
            other => panic!("{path:?} ended with {other:?}: {}", stderr(&output)),
        }
    }
}

#[test]
fn no_secret_is_in_a_file_or_in_what_is_printed() {
    let mut n_with_secrets = 0;
    for path in fixtures() {
        n_with_secrets += usize::from(fs::read_to_string(&path).unwrap().contains("hunter2"));
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("made");
        for more in [&[][..], &["--json"], &["--out", out.to_str().unwrap()]] {
            let mut command = recado(&["import", "braze", path.to_str().unwrap()]);
            let output = command
                .args(more)
                .env("RUST_LOG", "trace")
                .output()
                .unwrap();
            let mut shown = stdout(&output) + &stderr(&output);
            for (_, text) in files(&out) {
                shown += &text;
            }
            for secret in SECRETS {
                assert!(!shown.contains(secret), "{path:?}: {shown}");
            }
        }
    }
    assert!(n_with_secrets >= 10);
}

#[test]
fn a_token_is_lifted_from_wherever_it_stands() {
    let body =
        r#""recipient":{"id":"{{custom_attribute.${messenger_id}}}"},"message":{"text":"Hi"}"#;
    let graph = "https://graph.facebook.com/v25.0/me/messages";
    let token = "EAAhunter2hunter2hunter2";
    for input in [
        format!("POST {graph}?access_token={token}\n\n{{{body}}}"),
        format!("POST {graph}?x=1&Access_Token={token}#y\n\n{{{body}}}"),
        format!("POST {graph}\nauthorization: bearer {token}\n\n{{{body}}}"),
        format!("POST {graph}\nAuthorization: OAuth {token}\n\n{{{body}}}"),
        format!("{graph}\n\n{{\"access_token\":\"{token}\",{body}}}"),
        format!("{{\"access_token\":\"{token}\",{body}}}"),
        format!("curl '{graph}?access_token={token}' -d '{{{body}}}'"),
        // Here the body is for a hand to rewrite, and the token must not stand in it.
        format!(
            "{graph}\n\n{{\"access_token\":\"{token}\",{body},{{% if x %}}\"y\":1{{% endif %}}}}"
        ),
        format!("{graph}\n\n{{\"access_token\" \"{token}\",{body}}}"),
        format!("{graph}\n\n{{\"access_token\":\"\\u0045AAhunter2hunter2hunter2\",{body}}}"),
        // And here nothing is understood at all.
        format!("{{\"url\": \"{graph}?access_token={token}\", \"body\": }}"),
        format!("access_token={token}"),
        format!("{graph}?access_token={token}\nnot a header {token}\n\n{{}}"),
    ] {
        let output = recado(&["import", "braze", "-"])
            .write_stdin(input.as_str())
            .output()
            .unwrap();
        let shown = stdout(&output) + &stderr(&output);
        assert!(!shown.contains("hunter2"), "{input}: {shown}");
        if output.status.success() {
            assert!(
                shown.contains("token: {env: RECADO_FACEBOOK_PAGE_TOKEN}"),
                "{shown}"
            );
            assert!(shown.contains("get a new page token"), "{shown}");
        }
    }
}

#[test]
fn hostile_input_is_refused_with_what_and_where() {
    let nested = "{\"url\":\"https://a.example\",\"body\":".to_owned() + &"[".repeat(200_000);
    let large = format!(
        "POST https://a.example\n\n{{\"a\":\"{}\"}}",
        "x".repeat(5 * 1024 * 1024)
    );
    let liquid = "{{".repeat(400_000);
    let unclosed = format!(
        "POST https://a.example\n\n{{\"a\": \"{}\"",
        "{% ".repeat(200_000)
    );
    let many = |one: &dyn Fn(usize) -> String, n| (0..n).map(one).collect::<Vec<_>>().concat();
    let tokens = many(&|n| format!("access_token=secret{n}&"), 40_000);
    let tokens = format!("POST https://a.example\n\n{tokens}");
    let keys = many(&|n| format!("\"{n}\":1,"), 80_000);
    let keys = format!("{{\"url\":\"https://a.example\",\"body\":{{{keys}\"\":1}}}}");
    let headers = many(&|n| format!("a{n}: b\n"), 80_000);
    let headers = format!("POST https://a.example\n{headers}\n{{}}");
    for (input, message) in [
        (large.as_bytes(), "more than 1048576 bytes"),
        (b"POST https://a.example\n\n{\"a\":\"\xff\xfe\"}", "-:3:7"),
        (b"\xff\xfeP\0O\0", "byte 0 is not UTF-8"),
        (b"", "there is nothing in it"),
        (b" \n\n", "there is nothing in it"),
        (b"\0\0\0", "neither JSON nor a request"),
        (nested.as_bytes(), "nested deeper than 64"),
        (liquid.as_bytes(), "neither JSON nor a request"),
        (tokens.as_bytes(), "so many secrets"),
        (keys.as_bytes(), "more than 50000 values"),
        (headers.as_bytes(), "or 100 headers of one"),
        (b"[]", "neither a webhook of Braze's nor a message"),
        (b"{\"messages\":{}}", "there is no webhook in it"),
        (
            b"{\"messages\":{\"apple_push\":{\"url\":1}}}",
            "there is no webhook in it",
        ),
        (
            b"curl -F a=b https://a.example",
            "this option of curl is not read",
        ),
        (b"curl 'https://a.example", "this quote is never closed"),
        (b"POST /me/messages HTTP/1.1\n\n{}", "no header `Host`"),
        (b"POST https://a.example\nno header\n\n{}", "-:2:1"),
    ] {
        let output = recado(&["import", "braze", "-"])
            .write_stdin(input)
            .output()
            .unwrap();
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{message}: {told}");
        assert!(told.contains(message), "{message}: {told}");
        assert!(output.stdout.is_empty());
    }
    // This one is a webhook with a body of text.
    let output = recado(&["import", "braze", "-"])
        .write_stdin(unclosed)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6));
    let missing = recado(&["import", "braze", "no-such-file"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(1));
    let bad = recado(&["import", "braze", "-", "--name", "Not A Name"])
        .output()
        .unwrap();
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn a_folder_is_written_whole_or_not_at_all_and_its_channels_are_shared() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let template = |text: &str| {
        format!(
            "POST https://graph.facebook.com/v25.0/me/messages?access_token=FACEBOOK_PAGE_ACCESS_TOKEN\n\n\
             {{\"recipient\":{{\"id\":\"{{{{custom_attribute.${{messenger_id}}}}}}\"}},\"message\":{{\"text\":\"{text}\"}}}}"
        )
    };
    let import = |text: &str, more: &[&str]| {
        let mut command = recado(&["import", "braze", "-", "--out", out]);
        command
            .args(more)
            .write_stdin(template(text))
            .output()
            .unwrap()
    };
    let first = import("one", &["--name", "one"]);
    assert!(first.status.success(), "{}", stderr(&first));
    // Who knows the page's id writes it: the next template of the page goes with it.
    let channel = folder.path().join("channels/facebook-page.yaml");
    let edited = fs::read_to_string(&channel)
        .unwrap()
        .replace("page_id: me", "page_id: \"104265081234567\"");
    fs::write(&channel, &edited).unwrap();
    let second = import("two", &["--name", "two"]);
    assert!(second.status.success(), "{}", stderr(&second));
    assert!(stderr(&second).contains("stands in `channels/facebook-page.yaml` already"));
    assert_eq!(fs::read_to_string(&channel).unwrap(), edited);

    let before = files(folder.path());
    let third = import("three", &["--name", "two"]);
    assert_eq!(third.status.code(), Some(2), "{}", stderr(&third));
    assert!(stderr(&third).contains("is there already"));
    assert_eq!(files(folder.path()), before);
    assert!(
        import("three", &["--name", "two", "--force"])
            .status
            .success()
    );
    assert!(files(folder.path())[1].1.contains("three"));

    // Another page under the same name would send to the wrong people.
    let other = template("x").replace("/me/", "/999/");
    let mut command = recado(&["import", "braze", "-", "--out", out, "--name", "three"]);
    let refused = command.write_stdin(other).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("sends elsewhere"),
        "{}",
        stderr(&refused)
    );
    let validated = recado(&["validate", out]).output().unwrap();
    assert!(validated.status.success(), "{}", stderr(&validated));
}

#[test]
fn what_the_folder_has_already_is_used_and_what_it_lacks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/braze");
    let import = |input: &str| {
        let path = fixtures.join(input);
        let arguments = ["import", "braze", path.to_str().unwrap(), "--out", out];
        recado(&arguments).output().unwrap()
    };
    let settings =
        "kind: Settings\nname: ours\nconnected_content:\n  hosts: ['*.weather.example']\n";
    fs::write(folder.path().join("ours.yaml"), settings).unwrap();
    let signature = "kind: ContentBlock\nname: signature\ncontent: Yours\n";
    fs::write(folder.path().join("signature.yaml"), signature).unwrap();
    for input in ["content-block.json", "Games.csv"] {
        let output = import(input);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let output = import("connected.txt");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(6), "{told}");
    for line in [
        "create the ContentBlock `greeting`",
        "add the host `prices.acme.example` to `connected_content.hosts` in `ours.yaml`",
        "`weather: {hosts: [api.weather.example], username: USERNAME, password: {env: RECADO_WEATHER_PASSWORD}}`",
        "connected content from `prices.acme.example` is not allowed",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    for line in ["Catalog `Games`", "api.weather.example"] {
        assert!(!told.contains(&format!("add the host `{line}")), "{told}");
        assert!(!told.contains(&format!("create the {line}")), "{told}");
    }
    assert!(!folder.path().join("settings.yaml").exists());
    // Another block of that name would replace the first.
    fs::rename(
        folder.path().join("content_blocks/Greeting_2.yaml"),
        folder.path().join("greeting.yaml"),
    )
    .unwrap();
    let refused = import("content-block.json");
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    let capitals = recado(&["import", "braze", "-", "--name", "Big"])
        .write_stdin("POST https://a.example\n\n{}")
        .output()
        .unwrap();
    assert!(stderr(&capitals).contains("a campaign's name has none"));
}

#[test]
fn the_json_report_has_the_same_lists() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/braze/campaign-details.json");
    let output = recado(&["import", "braze", path.to_str().unwrap(), "--json"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["files"].as_array().unwrap().len(), 3);
    assert_eq!(report["written"], false);
    for list in ["carried_over", "changed", "not_carried_over", "to_do"] {
        assert!(!report[list].as_array().unwrap().is_empty(), "{list}");
    }
    assert!(stderr(&output).is_empty());
}

/// What a template of Braze's comes to is sent, as it was there.
#[test]
fn an_imported_template_is_applied_and_sent() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/braze/messenger-template.txt");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = recado(&["import", "braze", path.to_str().unwrap(), "--out", out])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let made = files(folder.path());
    Stage::new().run(async |live| {
        live.apply(
            made.iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
        .await;
        live.upsert([("ana", json!({"messenger_id": "1001"}))])
            .await;
        let request = pb::SendCampaignRequest {
            campaign: "messenger-template".to_owned(),
            recipients: vec![pb::Recipient {
                external_id: "ana".to_owned(),
                trigger_properties: Some(object(json!({"order_id": "A1"}))),
            }],
            ..pb::SendCampaignRequest::default()
        };
        let mut client = live.client().await;
        let answer = client
            .campaigns
            .send_campaign(request)
            .await
            .unwrap()
            .into_inner();
        live.until_finished(&answer.send.unwrap().id).await;
        let messages = live.sandbox.handle.messages();
        let bodies: Vec<_> = messages.iter().map(|message| &message.body).collect();
        assert_eq!(bodies[0]["recipient"]["id"], "1001");
        assert_eq!(
            bodies[0]["message"]["text"],
            "Hi there, thanks for stopping by! Your order A1 is on its way."
        );
        assert_eq!(bodies.len(), 1);
    });
}
