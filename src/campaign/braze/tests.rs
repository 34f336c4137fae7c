//! What holds for any input: no panic, no secret, and files that pass when the report has no errors.

use proptest::prelude::*;

use super::{Imported, Options, convert};
use crate::campaign::load;

const TOKEN: &str = "EAAhunter2hunter2hunter2";

/// Parts of templates, in any order.
const PARTS: [&str; 44] = [
    "POST https://graph.facebook.com/v25.0/me/messages?access_token=EAAhunter2hunter2hunter2\n",
    "https://graph.facebook.com/me/messages\n",
    "PUT https://api.acme.example/x?token=EAAhunter2hunter2hunter2&y={{${z}}}\n",
    "curl -H 'A: b' ",
    "Authorization: Bearer EAAhunter2hunter2hunter2\n",
    "Content-Type: application/json\n",
    "Content-Type: application/x-www-form-urlencoded\n",
    "\n",
    "\n\n",
    "{\"recipient\":{\"id\":\"{{custom_attribute.${messenger_id}}}\"},\"message\":{\"text\":\"Hi\"}}",
    "{\"url\":\"https://a.example\",\"body\":\"",
    "{\"messages\":{\"v\":{\"channel\":\"webhook\",\"url\":\"https://a.example\",\"body\":\"{}\"}}}",
    "\"recipient\":{\"id\":\"{{custom_attribute.${messenger_id}}}\"}",
    "\"message\":",
    "\"access_token\":\"EAAhunter2hunter2hunter2\"",
    "\"messaging_type\":\"MESSAGE_TAG\",\"tag\":\"ACCOUNT_UPDATE\"",
    "\"text\":",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u00e9",
    "“x”",
    "{{${a} | default: \"b\"}}",
    "{{${a} | json_escape}}",
    "{{",
    "}}",
    "{% if ${a} %}",
    "{% endif %}",
    "{% assign b = ${a} %}",
    "{% abort_message('x') %}",
    "{% connected_content https://a.example?key=hunter2hunter2 :headers {\"X-Key\": \"hunter2\"} %}",
    "{% connected_content https://b.example/{{${c}}} :basic_auth d :save e %}",
    "{% catalog_items games {{${a}}} %}",
    "{{content_blocks.${f}}}",
    "${a}",
    "a=b&c=%7B%22",
    "- # : |",
    "\u{1F600}\u{feff}\r\t",
    "1e999",
];

/// Everything that comes of an import.
fn told(imported: &Imported) -> String {
    let files: String = imported
        .files
        .iter()
        .map(|file| file.text.clone())
        .collect();
    format!("{files}{:?}", imported.report)
}

fn check(input: &str) {
    let options = Options {
        file: "a.txt".to_owned(),
        ..Options::default()
    };
    match convert(input.as_bytes(), &options) {
        Err(problem) => assert!(!format!("{problem:?}").contains("hunter2"), "{input}"),
        Ok(imported) => {
            assert!(!told(&imported).contains("hunter2"), "{input}");
            let loaded = load(&imported.files);
            assert!(
                imported.report.is_partial() || loaded.is_ok(),
                "{input}: {loaded:?}"
            );
            let again = convert(input.as_bytes(), &options).unwrap();
            assert_eq!(again.files, imported.files, "{input}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_input_is_imported_or_refused(parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..14)) {
        check(&parts.concat());
    }

    #[test]
    fn any_message_is_imported_or_refused(parts in prop::collection::vec(prop::sample::select(&PARTS[9..]), 0..8)) {
        let body = parts.concat();
        check(&format!(
            "POST https://graph.facebook.com/v25.0/me/messages?access_token={TOKEN}\n\n{{\"recipient\":\
             {{\"id\":\"{{{{custom_attribute.${{messenger_id}}}}}}\"}},\"message\":{{\"text\":\"{body}\"}}}}"
        ));
        check(&format!("POST https://a.example\nX-Key: {TOKEN}\n\n{{\"text\":\"{body}\"}}"));
    }
}
