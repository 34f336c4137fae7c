//! Utility templates: `message.template`, checked against what was approved.

use serde_json::Value;

use crate::sandbox::refusal::Refusal;
use crate::sandbox::settings::UtilityTemplate;

use super::message::string;

const PATH: &str = "message[template]";

/// Which template is sent, and with how many parameters.
#[derive(Debug)]
pub(in crate::sandbox) struct Utility {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) language: String,
    header: usize,
    body: usize,
    buttons: usize,
}

// === impl Utility ===

impl Utility {
    pub(in crate::sandbox) fn fits(&self, template: &UtilityTemplate) -> Result<(), Refusal> {
        if self.buttons < template.buttons {
            return Err(Refusal::sub(
                100,
                1_893_029,
                "(#100) User pass less payload than required for POSTBACK button",
            ));
        }
        let counts = [
            ("header", self.header, template.header_parameters),
            ("body", self.body, template.body_parameters),
            ("buttons", self.buttons, template.buttons),
        ];
        match counts.iter().find(|(_, given, wanted)| given != wanted) {
            None => Ok(()),
            Some((part, given, wanted)) => Err(Refusal::param(&format!(
                "Number of {part} parameters ({given}) does not match the expected number ({wanted})"
            ))),
        }
    }
}

pub(super) fn read(template: &Value) -> Result<Utility, Refusal> {
    let mut utility = Utility {
        name: string(template, "name", PATH)?.to_owned(),
        language: string(&template["language"], "code", "message[template][language]")?.to_owned(),
        header: 0,
        body: 0,
        buttons: 0,
    };
    let path = "message[template][components]";
    let mut seen = Vec::new();
    for component in template["components"].as_array().into_iter().flatten() {
        if component.get("index").is_some() {
            return Err(Refusal::param("Invalid keys \"index\""));
        }
        let kind = string(component, "type", path)?;
        if seen.contains(&kind) {
            return Err(Refusal::param(&format!(
                "Only one {kind} component can be sent"
            )));
        }
        seen.push(kind);
        let count = component["parameters"].as_array().map_or(0, Vec::len);
        match kind {
            "header" => utility.header = count,
            "body" => utility.body = count,
            "buttons" => utility.buttons = count,
            _ => {
                let text = format!("Param {path}[type] must be one of {{header, body, buttons}}");
                return Err(Refusal::param(&text));
            }
        }
    }
    Ok(utility)
}
