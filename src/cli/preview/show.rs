//! A preview as people and scripts read it.

use std::collections::{HashMap, HashSet};
use std::fs;

use serde_json::{Value, json};

use super::Preview;
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::output::harmless;
use crate::cli::{diagnostics, json, output, segment};
use crate::messenger::Look;

/// How wide a look is drawn when nobody looks at a terminal.
const COLUMNS: usize = 80;

// === impl Preview ===

impl Preview {
    pub(super) fn show(&self, preview: &pb::PreviewMessageResponse) -> Result<(), Error> {
        // Before it is told: who waits for the line finds the picture there.
        let drawn = self.draw(preview);
        let found = match &self.dir {
            Some(folder) => diagnostics::located(preview.diagnostics.clone(), folder),
            None => Vec::new(),
        };
        if self.json {
            let mut value = as_json(preview);
            value["diagnostics"] = diagnostics::to_json(&found);
            if self.watch {
                output::json_line(&value);
            } else {
                output::json(&value);
            }
        } else {
            diagnostics::print(&found);
            print(preview);
        }
        drawn
    }

    fn draw(&self, preview: &pb::PreviewMessageResponse) -> Result<(), Error> {
        let Some(path) = &self.svg else {
            return Ok(());
        };
        let Some(look) = look(preview) else {
            output::warn(format_args!(
                "`{}` is not written: there is no Messenger message to draw",
                path.display()
            ));
            return Ok(());
        };
        let svg = look.to_svg();
        // A viewer that loads the file again when it changes is left in peace.
        if fs::read(path).is_ok_and(|held| held == svg.as_bytes()) {
            return Ok(());
        }
        fs::write(path, svg).map_err(Error::file(path))
    }
}

/// The look, then the gates, then the call as it would be made.
pub(in crate::cli) fn print(preview: &pb::PreviewMessageResponse) {
    if let Some(seed) = preview.seed {
        output::note(format_args!(
            "{} was taken from the audience; `--seed {seed}` takes the same again",
            preview.external_id
        ));
    }
    if let Some(look) = look(preview) {
        let columns = output::width().unwrap_or(COLUMNS);
        output::line(look.to_text(columns));
        output::line("");
    }
    gates(&preview.gates, preview.audience.as_ref());
    if let Some(request) = &preview.request {
        output::line(format_args!("\n{} {}", request.method, request.url));
        for (name, value) in sorted(&request.headers) {
            output::line(format_args!("{name}: {value}"));
        }
        output::line(format_args!("\n{}", pretty(&request.body)));
    }
    calls(preview);
    for (key, value) in sorted(&preview.message_extras) {
        output::note(format_args!("message_extras {key}: {}", harmless(value)));
    }
    let (misses, warnings) = rest(preview);
    if !misses.is_empty() {
        output::note(format_args!(
            "absent here: {}",
            harmless(&misses.join(", "))
        ));
    }
    for warning in warnings {
        output::warn(harmless(warning));
    }
    match &preview.reason {
        None => output::note("it would be sent"),
        Some(reason) => output::note(format_args!(
            "it would not be sent: {}: {}",
            reason.code,
            harmless(&reason.detail)
        )),
    }
}

/// With the clauses of the audience under its gate.
pub(in crate::cli) fn gates(gates: &[pb::Gate], audience: Option<&pb::FilterReason>) {
    for gate in gates {
        let mark = if gate.open {
            output::good("open  ")
        } else {
            output::bad("closed")
        };
        output::line(
            format_args!("{mark} {:<18} {}", passed(&gate.name), gate.detail)
                .to_string()
                .trim_end(),
        );
        if let (Some(reason), "not_in_audience") = (audience, gate.name.as_str()) {
            segment::print_reason(reason, 4);
        }
    }
}

/// Each call, and once what came of it.
fn calls(preview: &pb::PreviewMessageResponse) {
    let reason = preview.reason.as_ref();
    for call in &preview.content_calls {
        let line = format!(
            "connected content: {} {} ({})",
            call.method,
            harmless(&call.url),
            source(call)
        );
        // The last line says it.
        if reason.is_some_and(|reason| reason.detail == call.result) {
            output::note(line);
        } else if call.end() == pb::ContentEnd::Answered {
            output::note(format_args!("{line}: {}", call.result));
        } else {
            output::warn(format_args!("{line}: {}", harmless(why(call))));
        }
    }
}

/// Why there is no good answer, without the host, which stands in the URL; an older server says it with the host alone.
fn why(call: &pb::ContentCall) -> &str {
    if call.problem.is_empty() {
        &call.result
    } else {
        &call.problem
    }
}

/// The misses and the warnings that are not those of a call: these were told with it.
fn rest(preview: &pb::PreviewMessageResponse) -> (Vec<&str>, Vec<&str>) {
    let calls = &preview.content_calls;
    let is_missed = |call: &&pb::ContentCall| call.end() == pb::ContentEnd::Missed;
    let missed: HashSet<_> = calls
        .iter()
        .filter(is_missed)
        .map(|it| &it.result)
        .collect();
    let warned: HashSet<_> = calls.iter().map(|it| &it.warning).collect();
    let misses = preview.misses.iter().filter(|it| !missed.contains(it));
    let warnings = preview.warnings.iter().filter(|it| !warned.contains(it));
    (
        misses.map(String::as_str).collect(),
        warnings.map(String::as_str).collect(),
    )
}

/// In one word, where an answer came from.
fn source(call: &pb::ContentCall) -> &'static str {
    match call.source() {
        pb::ContentSource::Cache => "cached",
        pb::ContentSource::Call => "called",
        pb::ContentSource::None | pb::ContentSource::Unspecified => "not called",
    }
}

fn look(preview: &pb::PreviewMessageResponse) -> Option<Look> {
    let message = preview.message.as_ref()?;
    let is_messenger = preview.channel_type() == pb::ChannelType::Messenger;
    is_messenger.then(|| Look::of(&json::of_value(message)))
}

/// What a gate asks for, rather than the reason that it gives when it is closed.
fn passed(gate: &str) -> &str {
    match gate {
        "user_not_found" => "the user exists",
        "not_in_audience" => "in the audience",
        "no_psid" => "has a PSID",
        "channel_misconfigured" => "the channel works",
        other => other,
    }
}

fn as_json(preview: &pb::PreviewMessageResponse) -> Value {
    let request = preview.request.as_ref().map(|request| {
        json!({
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": request.body,
        })
    });
    json!({
        "would_send": preview.reason.is_none(),
        "external_id": preview.external_id,
        "seed": preview.seed,
        "gates": json::gates(&preview.gates),
        "audience": preview.audience.as_ref().map(segment::reason_json),
        "request": request,
        "message": preview.message.as_ref().map(json::of_value),
        "message_extras": preview.message_extras,
        "misses": preview.misses,
        "warnings": preview.warnings,
        "content_calls": preview.content_calls.iter().map(|call| {
            json!({
                "method": call.method,
                "url": call.url,
                "source": source(call),
                "end": json::word(call.end().as_str_name(), "CONTENT_END_"),
                "result": call.result,
            })
        }).collect::<Vec<_>>(),
        "reason": preview.reason.as_ref().map(json::reason),
    })
}

fn sorted(map: &HashMap<String, String>) -> Vec<(&String, &String)> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort();
    pairs
}

/// JSON indented; anything else as it is.
fn pretty(body: &str) -> String {
    let text = serde_json::from_str::<Value>(body)
        .map_or_else(|_| body.to_owned(), |value| format!("{value:#}"));
    harmless(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_once_in_whatever_words() {
        let words = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        let preview = pb::PreviewMessageResponse {
            misses: words(["w.temp", "do servidor nada veio"]),
            warnings: words(["falta o que o servidor diria", "falta `w.temp`"]),
            content_calls: vec![pb::ContentCall {
                end: pb::ContentEnd::Missed.into(),
                result: "do servidor nada veio".to_owned(),
                problem: "nada veio".to_owned(),
                warning: "falta o que o servidor diria".to_owned(),
                ..pb::ContentCall::default()
            }],
            ..pb::PreviewMessageResponse::default()
        };
        assert_eq!(rest(&preview), (vec!["w.temp"], vec!["falta `w.temp`"]));
        assert_eq!(why(&preview.content_calls[0]), "nada veio");
    }
}
