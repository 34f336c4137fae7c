//! What all forms of a plan say in the same words.

use crate::api::pb;
use crate::cli::output;

/// Says what the apply itself sends.
pub(super) const AT_ONCE: &str =
    "an apply starts no sends: campaigns are started by `recado send` or SendCampaign";
/// Says what messages were made with.
pub(super) const MASKED: &str = "messages: made for some of the audience, without trigger properties and connected content; \
     personal values are shown as ‹name›";

/// How far behind the first field of an item its name is looked for; fields go by path.
const ITEM_FIELDS_MAX: usize = 100;

/// Why an update has no fields, or how many there was no room for.
pub(super) fn beside_fields(change: &pb::ResourceChange) -> Option<String> {
    if change.action() != pb::ChangeAction::Update {
        return None;
    }
    let total = change.fields_total as usize;
    match total.saturating_sub(change.fields.len()) {
        _ if total == 0 => Some("only comments, layout, or where the file stands".to_owned()),
        0 => None,
        n => Some(format!(
            "{n} of {total} fields that differ are not shown: a plan has room for 4 MiB of them"
        )),
    }
}

/// `2 to create, 1 to change, 0 to delete, 14 unchanged (against revision 3)`.
pub(super) fn sum(plan: &pb::Plan) -> String {
    let n = |action| super::count(plan, action);
    let against = match plan.revision {
        0 => "nothing applied yet".to_owned(),
        revision => format!("against revision {revision}"),
    };
    if plan.changes.is_empty() {
        return format!(
            "nothing changes: {} resources are as applied ({against})",
            plan.unchanged
        );
    }
    format!(
        "{} to create, {} to change, {} to delete, {} unchanged ({against})",
        n(pb::ChangeAction::Create),
        n(pb::ChangeAction::Update),
        n(pb::ChangeAction::Delete),
        plan.unchanged
    )
}

/// What becomes of a filter, in one line.
pub(super) fn filter(filter: &pb::FilterDiff) -> String {
    use pb::SetRelation::{Narrows, Same, Shifts, Unspecified, Widens};
    let now = match (filter.relation(), filter.proof()) {
        (Narrows, _) => "narrows: some leave, nobody enters",
        (Widens, _) => "widens: some enter, nobody leaves",
        (Shifts, _) => "shifts: some enter and some leave",
        (Same | Unspecified, Same) => "is equivalent, whoever the users are",
        (Same | Unspecified, Narrows) => "narrows by its text; it holds the same people now",
        (Same | Unspecified, Widens) => "widens by its text; it holds the same people now",
        (Same | Unspecified, _) => "is another, and holds the same people now",
    };
    let proof = match (filter.proof(), filter.relation()) {
        (Narrows, Narrows) => "; by its text nobody can ever enter",
        (Widens, Widens) => "; by its text nobody can ever leave",
        _ => "",
    };
    format!("the filter {now}{proof}")
}

/// The clauses that came and went.
pub(super) fn clauses(filter: &pb::FilterDiff) -> Vec<(char, String)> {
    let joint = match filter.join() {
        pb::ClauseJoin::Any => "|| ",
        pb::ClauseJoin::All => "&& ",
        pb::ClauseJoin::Unspecified => "",
    };
    let marked = |mark: char, texts: &[String]| -> Vec<(char, String)> {
        let texts = texts.iter().map(|text| one_line(text));
        texts.map(|text| (mark, format!("{joint}{text}"))).collect()
    };
    if filter.proof() == pb::SetRelation::Same {
        return Vec::new();
    }
    [marked('-', &filter.removed), marked('+', &filter.added)].concat()
}

/// `3,000 enter: ana, ben, …`; nothing when nobody moves.
pub(super) fn moved(delta: &pb::AudienceDelta) -> Vec<String> {
    let entered = match delta.entered_reachable {
        // Of who is new in all, what is said of all is enough.
        Some(n) if n < delta.entered && delta.entered < delta.after => {
            format!("enter, {} of them reachable", output::count(n))
        }
        _ => "enter".to_owned(),
    };
    let told = [
        (delta.entered, entered, &delta.entered_sample),
        (delta.left, "leave".to_owned(), &delta.left_sample),
    ];
    told.into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, verb, ids)| format!("{} {verb}: {}", output::count(n), some(ids, n)))
        .collect()
}

fn some(ids: &[String], of: i64) -> String {
    let is_all = usize::try_from(of).is_ok_and(|n| n == ids.len());
    let ids: Vec<String> = ids.iter().map(|id| one_line(id)).collect();
    format!("{}{}", ids.join(", "), if is_all { "" } else { ", …" })
}

/// `980 of 1,204 can be reached now`; unset where that is all of them or nobody sends to them.
pub(super) fn reachable(delta: &pb::AudienceDelta) -> Option<String> {
    let reachable = delta.reachable.filter(|n| *n < delta.after)?;
    let (some, all) = (output::count(reachable), output::count(delta.after));
    Some(format!("{some} of {all} can be reached now"))
}

/// How many messages, in one line.
pub(super) fn sends(sends: &pb::SendOutlook) -> String {
    let one = match sends.per_send {
        1 => "up to 1 message".to_owned(),
        n => format!("up to {} messages", output::count(n)),
    };
    match sends.per_day {
        None => format!(
            "a send: {one}; a day: unknown, none sent in {} days",
            sends.days
        ),
        Some(n) => format!(
            "a send: {one}; a day: {} in the last {} days",
            rate(n),
            sends.days
        ),
    }
}

fn rate(n: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "messages a day, rounded")]
    let whole = n.round() as i64;
    if whole >= 10 {
        output::count(whole)
    } else {
        format!("{n:.1}")
    }
}

/// `120 of 200 sampled messages differ`; nothing when none was made.
pub(super) fn messages(messages: &pb::MessageDiffs, is_new: bool) -> Option<String> {
    if messages.sampled == 0 {
        return None;
    }
    let n = output::count;
    let unasked = match messages.unasked {
        0 => String::new(),
        unasked => format!(
            "; {} need connected content and are not known: a plan makes no requests",
            n(unasked)
        ),
    };
    let (differing, sampled) = (n(messages.differing), n(messages.sampled));
    Some(if is_new {
        format!("the message, as {differing} of {sampled} sampled would get it{unasked}")
    } else {
        format!("{differing} of {sampled} sampled messages differ{unasked}")
    })
}

/// What one difference is, in one line.
pub(super) fn difference(diff: &pb::MessageDiff, sampled: i64, is_new: bool) -> String {
    let n = format!(
        "{} of {}",
        output::count(diff.users),
        output::count(sampled)
    );
    let example = one_line(&diff.example);
    let told = |problem: &pb::DeliveryReason| match problem.detail.as_str() {
        "" => problem.code.clone(),
        detail => format!("{}: {}", problem.code, one_line(detail)),
    };
    let what = match (&diff.problem_before, &diff.problem) {
        // There was none that could be lost.
        (_, Some(now)) if is_new => format!(", for whom no message can be made ({})", told(now)),
        (None, Some(now)) => format!(", no message any more ({})", told(now)),
        (Some(was), None) => format!(", a message where there was none ({})", told(was)),
        (Some(was), Some(now)) => format!(
            ", no message before ({}) and after ({})",
            told(was),
            told(now)
        ),
        (None, None) if diff.masked => {
            ", a difference of personal values, which are not shown".to_owned()
        }
        (None, None) => String::new(),
    };
    format!("{n}, such as {example}{what}")
}

/// Fields, those of an item that came or went as one: a policy is known by its name, not by its keys.
pub(super) fn fields(fields: &[pb::FieldChange]) -> Vec<pb::FieldChange> {
    let mut told = Vec::new();
    let mut rest = fields;
    while let Some((first, behind)) = rest.split_first() {
        let near = rest.iter().take(ITEM_FIELDS_MAX);
        let items = near.filter_map(|field| Some((item(field)?, field)));
        let mut items = items.filter(|(prefix, _)| is_within(first, prefix));
        let Some((prefix, name)) = items.next() else {
            told.push(first.clone());
            rest = behind;
            continue;
        };
        let n = rest.iter().take_while(|field| is_within(field, prefix));
        let (of_item, others) = rest.split_at(n.count());
        let (what, is_there): (_, fn(&pb::FieldChange) -> &str) = match name.before.as_str() {
            "" => ("added", |field| &field.after),
            _ => ("removed", |field| &field.before),
        };
        let lines = of_item.iter().filter(|field| *field != name).map(|field| {
            let key = field.path[prefix.len()..].trim_start_matches('.');
            format!("{key}: {}", is_there(field))
        });
        let lines = lines.collect::<Vec<_>>().join("\n");
        let (before, after) = match what {
            "added" => (String::new(), lines),
            _ => (lines, String::new()),
        };
        told.push(pb::FieldChange {
            path: format!("{prefix} ({what})"),
            before,
            after,
            ..pb::FieldChange::default()
        });
        rest = others;
    }
    told
}

/// The path of an item, of a field that is the name of one which came or went.
fn item(field: &pb::FieldChange) -> Option<&str> {
    let prefix = field.path.strip_suffix(".name")?;
    let is_one = field.before.is_empty() != field.after.is_empty();
    (prefix.ends_with(']') && is_one).then_some(prefix)
}

fn is_within(field: &pb::FieldChange, prefix: &str) -> bool {
    let below = field.path.strip_prefix(prefix);
    below.is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// The fields of a segment show a filter that is another as a whole: its clauses would say it twice.
pub(super) fn is_told(change: &pb::ResourceChange) -> bool {
    let filter = change
        .effect
        .as_ref()
        .and_then(|effect| effect.filter.as_ref());
    let is_whole = filter.is_some_and(|filter| filter.join() == pb::ClauseJoin::Unspecified);
    change.kind == "Segment" && is_whole
}

/// Nothing to tell: nobody moves and no message differs.
pub(super) fn is_calm(effect: &pb::Effect) -> bool {
    let moves = effect
        .audience
        .as_ref()
        .is_some_and(|delta| delta.entered + delta.left > 0);
    let differs = effect
        .messages
        .as_ref()
        .is_some_and(|messages| messages.differing + messages.unasked > 0);
    !moves && !differs
}

pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    output::harmless(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str, before: &str, after: &str) -> pb::FieldChange {
        pb::FieldChange {
            path: path.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            ..pb::FieldChange::default()
        }
    }

    #[test]
    fn items_that_came_or_went_are_told_as_one() {
        let changed = field("policies[big].when", "a", "b");
        let told = fields(&[
            field("owner", "", "growth"),
            changed.clone(),
            field("policies[new].level", "", "deny"),
            field("policies[new].name", "", "new"),
            field("policies[new].when", "", "true\n&& false"),
            field("policies[old].level", "warn", ""),
            field("policies[old].name", "old", ""),
            field("tests[0].name", "a", "b"),
        ]);
        let expected = [
            field("owner", "", "growth"),
            changed,
            field(
                "policies[new] (added)",
                "",
                "level: deny\nwhen: true\n&& false",
            ),
            field("policies[old] (removed)", "level: warn", ""),
            field("tests[0].name", "a", "b"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_new_campaign_has_lost_no_message() {
        let diff = pb::MessageDiff {
            users: 3,
            example: "ana".to_owned(),
            problem: Some(pb::DeliveryReason {
                code: "aborted".to_owned(),
                detail: "no city".to_owned(),
                ..pb::DeliveryReason::default()
            }),
            ..pb::MessageDiff::default()
        };
        assert_eq!(
            difference(&diff, 5, true),
            "3 of 5, such as ana, for whom no message can be made (aborted: no city)"
        );
        let changed = difference(&diff, 5, false);
        assert!(changed.contains("no message any more"), "{changed}");
    }
}
