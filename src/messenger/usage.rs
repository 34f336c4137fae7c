//! The usage headers: how near a page or app is to its limit.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Objects read from one header: the platform sends at most 32.
const OBJECTS_MAX: usize = 32;

#[derive(Deserialize)]
struct Use {
    #[serde(default)]
    call_count: f64,
    #[serde(default)]
    total_time: f64,
    #[serde(default)]
    total_cputime: f64,
}

/// The highest percentage that `X-App-Usage`, `X-Page-Usage` and `X-Business-Use-Case-Usage` name, up to 255; `None`
/// without them.
pub fn usage<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<u8> {
    let simple = ["x-app-usage", "x-page-usage"]
        .into_iter()
        .filter_map(|name| serde_json::from_str::<Use>(header(name)?).ok());
    let cases = header("x-business-use-case-usage")
        .and_then(|text| serde_json::from_str::<BTreeMap<String, Vec<Use>>>(text).ok())
        .unwrap_or_default();
    let cases = cases.into_values().flatten().take(OBJECTS_MAX);
    simple.chain(cases).map(|used| used.highest()).max()
}

// === impl Use ===

impl Use {
    fn highest(&self) -> u8 {
        let highest = self.call_count.max(self.total_time).max(self.total_cputime);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a u8's range"
        )]
        let percent = highest.clamp(0.0, 255.0) as u8;
        percent
    }
}
