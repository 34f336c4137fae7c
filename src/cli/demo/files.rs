//! The shipped campaigns, within the program: the demo works from the binary alone.

use crate::api::pb::SourceFile;

/// The campaign whose message needs properties.
pub(super) const TO_RECIPIENTS: &str = "order-shipped";
/// What its message needs.
pub(super) const PROPERTIES: &str = r#"{"order_id":"A1","carrier":"DHL"}"#;
/// The campaign for everybody in its audience.
pub(super) const TO_AUDIENCE: &str = "spring-offers";
/// The segment that is counted.
pub(super) const SEGMENT: &str = "on-messenger";
/// The filter that is explained: the audience campaign's own.
pub(super) const FILTER: &str = r#"user.opted_in && user.country in ["BR", "PT"] && (blank(user.tags) || !("churned" in user.tags))"#;

const FILES: [(&str, &str); 11] = [
    (
        "attributes.yaml",
        include_str!("../../../campaigns/attributes.yaml"),
    ),
    (
        "channels/acme-page.yaml",
        include_str!("../../../campaigns/channels/acme-page.yaml"),
    ),
    (
        "segments/on-messenger.yaml",
        include_str!("../../../campaigns/segments/on-messenger.yaml"),
    ),
    (
        "catalogs/shops.csv",
        include_str!("../../../campaigns/catalogs/shops.csv"),
    ),
    (
        "catalogs/shops.yaml",
        include_str!("../../../campaigns/catalogs/shops.yaml"),
    ),
    (
        "content_blocks/sign-off.yaml",
        include_str!("../../../campaigns/content_blocks/sign-off.yaml"),
    ),
    (
        "templates/order-ready.yaml",
        include_str!("../../../campaigns/templates/order-ready.yaml"),
    ),
    (
        "campaigns/order-ready.yaml",
        include_str!("../../../campaigns/campaigns/order-ready.yaml"),
    ),
    (
        "campaigns/order-shipped.yaml",
        include_str!("../../../campaigns/campaigns/order-shipped.yaml"),
    ),
    (
        "campaigns/spring-offers.yaml",
        include_str!("../../../campaigns/campaigns/spring-offers.yaml"),
    ),
    (
        "campaigns/win-back.yaml",
        include_str!("../../../campaigns/campaigns/win-back.yaml"),
    ),
];

pub(super) fn shipped() -> Vec<SourceFile> {
    FILES
        .iter()
        .map(|(path, text)| SourceFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_shipped_file_is_within_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns");
        let mut within = shipped();
        within.sort_by(|a, b| a.path.cmp(&b.path));
        let mut read = crate::cli::files::read(&folder).unwrap();
        read.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(within, read);
    }
}
