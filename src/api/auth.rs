//! Who may call what: a scope for each method, as the comments in the protos say.

use axum::http::{HeaderMap, header};

use super::status::Refused;
use crate::config::{Scope, Tokens};

/// What a call needs, when there are tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    /// Any known token.
    Token,
    /// One of them is enough.
    Scopes(&'static str, &'static [Scope]),
}

/// Every method with the scope it needs.
const SCOPES: [(&str, &[Scope]); 29] = [
    ("/recado.v1.UserService/UpsertUsers", &[Scope::Write]),
    ("/recado.v1.UserService/ImportUsers", &[Scope::Write]),
    ("/recado.v1.UserService/GetUser", &[Scope::Read]),
    ("/recado.v1.UserService/DeleteUsers", &[Scope::Write]),
    ("/recado.v1.UserService/ExportUser", &[Scope::Read]),
    ("/recado.v1.UserService/TrackEvents", &[Scope::Write]),
    ("/recado.v1.UserService/ListAttributes", &[Scope::Read]),
    ("/recado.v1.UserService/ListEventNames", &[Scope::Read]),
    ("/recado.v1.SegmentService/EvaluateSegment", &[Scope::Read]),
    (
        "/recado.v1.SegmentService/ListSegmentMembers",
        &[Scope::Read],
    ),
    ("/recado.v1.SegmentService/CheckMembership", &[Scope::Read]),
    ("/recado.v1.SegmentService/ListSegments", &[Scope::Read]),
    ("/recado.v1.SegmentService/GetSegmentSeries", &[Scope::Read]),
    (
        "/recado.v1.SegmentService/RecordSegmentSize",
        &[Scope::Write],
    ),
    ("/recado.v1.SegmentService/WatchSegment", &[Scope::Read]),
    (
        "/recado.v1.CampaignService/PlanCampaigns",
        &[Scope::Read, Scope::Apply],
    ),
    ("/recado.v1.CampaignService/ApplyCampaigns", &[Scope::Apply]),
    ("/recado.v1.CampaignService/ListCampaigns", &[Scope::Read]),
    ("/recado.v1.CampaignService/GetCampaign", &[Scope::Read]),
    ("/recado.v1.CampaignService/ListRevisions", &[Scope::Read]),
    ("/recado.v1.CampaignService/ExportCampaigns", &[Scope::Read]),
    ("/recado.v1.CampaignService/PreviewMessage", &[Scope::Read]),
    ("/recado.v1.CampaignService/SendTestMessage", &[Scope::Send]),
    ("/recado.v1.CampaignService/SendCampaign", &[Scope::Send]),
    ("/recado.v1.DeliveryService/GetSend", &[Scope::Read]),
    ("/recado.v1.DeliveryService/ListSends", &[Scope::Read]),
    ("/recado.v1.DeliveryService/WatchSend", &[Scope::Read]),
    ("/recado.v1.DeliveryService/CancelSend", &[Scope::Send]),
    ("/recado.v1.DeliveryService/ListDeliveries", &[Scope::Read]),
];

/// The method as it is known to us; a name that a stranger made up is not.
pub(super) fn known_method(path: &str) -> Option<&'static str> {
    let known = SCOPES.iter().find(|(method, _)| *method == path);
    known.map(|(method, _)| *method)
}

/// Lets a call to `path` in, or says what it lacks.
pub(super) fn check(tokens: &Tokens, path: &str, headers: &HeaderMap) -> Result<(), Refused> {
    let need = need(path);
    if need == Need::Nothing {
        return Ok(());
    }
    let caller = bearer(headers).and_then(|token| tokens.find(token));
    let caller = caller.ok_or(Refused::Unauthenticated)?;
    match need {
        Need::Scopes(method, scopes) if !scopes.iter().any(|s| caller.scopes.contains(s)) => {
            Err(Refused::Scope { method, scopes })
        }
        _ => Ok(()),
    }
}

/// The scopes as people read them.
pub(super) fn any_of(scopes: &[Scope]) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(" or ")
}

fn need(path: &str) -> Need {
    // Load balancers ask for health and hold no token.
    if path.starts_with("/grpc.health.v1.Health/") {
        return Need::Nothing;
    }
    let known = SCOPES.iter().find(|(method, _)| *method == path);
    known.map_or(Need::Token, |(method, scopes)| Need::Scopes(method, scopes))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTOS: [&str; 4] = [
        include_str!("../../proto/recado/v1/user_service.proto"),
        include_str!("../../proto/recado/v1/segment_service.proto"),
        include_str!("../../proto/recado/v1/campaign_service.proto"),
        include_str!("../../proto/recado/v1/delivery_service.proto"),
    ];

    /// Each `rpc` with the scope that the comment above it names.
    fn documented(proto: &str) -> Vec<(String, String)> {
        let (mut service, mut comment, mut found) = (String::new(), String::new(), Vec::new());
        for line in proto.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("//") {
                comment.push_str(text);
                continue;
            }
            if let Some(rest) = line.strip_prefix("service ") {
                service = rest.trim_end_matches(" {").to_owned();
            }
            if let Some(rest) = line.strip_prefix("rpc ") {
                let name = rest.split('(').next().unwrap();
                let comment = comment.split_whitespace().collect::<Vec<_>>().join(" ");
                let (_, scope) = comment.rsplit_once("Needs scope `").unwrap();
                let scopes = scope.split('.').next().unwrap().replace('`', "");
                found.push((format!("/recado.v1.{service}/{name}"), scopes));
            }
            comment.clear();
        }
        found
    }

    #[test]
    fn the_page_on_scopes_names_every_method() {
        let page = include_str!("../../docs/running.md");
        for (method, scopes) in SCOPES {
            let (_, name) = method.rsplit_once('/').unwrap();
            for scope in scopes {
                let row = page
                    .lines()
                    .find(|line| line.starts_with(&format!("| `{scope}` |")));
                assert!(
                    row.unwrap().contains(&format!("`{name}`")),
                    "{scope}: {name}"
                );
            }
        }
    }

    #[test]
    fn methods_need_what_their_comments_say() {
        let documented: Vec<_> = PROTOS.into_iter().flat_map(documented).collect();
        let ours = SCOPES.map(|(method, scopes)| (method.to_owned(), any_of(scopes)));
        assert_eq!(documented, ours);
    }

    #[test]
    fn health_is_open_and_reflection_is_not() {
        assert_eq!(need("/grpc.health.v1.Health/Check"), Need::Nothing);
        for path in [
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/x",
            "",
        ] {
            assert_eq!(need(path), Need::Token);
        }
    }
}
