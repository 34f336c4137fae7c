//! Plans held against policies.

use jiff::Timestamp;

use super::held;
use super::weigh::{Delta, Effect, Plan};
use crate::campaign::{Campaign, Change, Facts, Policy, Set, placed};
use crate::diagnostic::Diagnostic;
use crate::model::Value;
use crate::model::limits;
use crate::model::resource::{Action, Document, Kind};

/// What one plan is held against.
pub(in crate::engine) struct Judge<'a> {
    sides: [&'a Set; 2],
    policies: Vec<&'a Policy>,
    /// All users there are.
    users: u64,
    now: Timestamp,
}

/// One change, or a campaign that is reached.
struct Subject<'a> {
    kind: Kind,
    name: &'a str,
    path: &'a str,
    action: &'static str,
    change: Option<&'a Change>,
    effect: &'a Effect,
}

// === impl Judge ===

impl<'a> Judge<'a> {
    /// The policies of the files, and those that are applied, of every owner whose files change: no change loosens what
    /// it is held against itself.
    pub(in crate::engine) fn new(
        [before, after]: [&'a Set; 2],
        users: u64,
        now: Timestamp,
    ) -> Self {
        let owners = held::owners(before, after);
        let is_own = |policy: &&Policy| {
            let owners = owners.as_ref();
            owners.is_none_or(|owners| owners.contains(policy.owner.as_str()))
        };
        let wanted = after.policies.iter().filter(is_own);
        let is_gone = |policy: &&Policy| {
            is_own(policy) && !after.policies.iter().any(|it| it.is_same(policy))
        };
        Self {
            sides: [before, after],
            policies: wanted
                .chain(before.policies.iter().filter(is_gone))
                .collect(),
            users,
            now,
        }
    }

    /// Everything that policies say, by change.
    pub(in crate::engine) fn judge(&self, plan: &Plan) -> Vec<Diagnostic> {
        if self.policies.is_empty() {
            return Vec::new();
        }
        let changes = plan.changes.iter().map(|impact| Subject {
            kind: impact.change.kind,
            name: &impact.change.name,
            path: &impact.change.path,
            action: match impact.change.action {
                Action::Create => "create",
                Action::Update => "update",
                Action::Delete => "delete",
            },
            change: Some(&impact.change),
            effect: &impact.effect,
        });
        let reached = plan.reached.iter().map(|reached| Subject {
            kind: Kind::Campaign,
            name: &reached.reach.campaign,
            path: self
                .document(Kind::Campaign, &reached.reach.campaign)
                .map_or("", |it| &it.path),
            action: "reached",
            change: None,
            effect: &reached.effect,
        });
        let n = |action| {
            plan.changes
                .iter()
                .filter(|it| it.change.action == action)
                .count()
        };
        let counts = [
            ("plan.creates", n(Action::Create)),
            ("plan.updates", n(Action::Update)),
            ("plan.deletes", n(Action::Delete)),
            ("plan.reached", plan.reached.len()),
        ];
        let mut told = Vec::new();
        for subject in changes.chain(reached) {
            let counts = counts.map(|(name, n)| (name, int(n as u64)));
            let facts = Facts::new(self.facts(&subject).into_iter().chain(counts));
            let policies = self.policies.iter();
            let found: Vec<_> = policies
                .filter_map(|policy| Some((*policy, policy.judge(&facts, self.now)?)))
                .collect();
            told.extend(self.place(&subject, found));
            if told.len() >= limits::DIAGNOSTICS_MAX {
                break;
            }
        }
        told
    }

    fn facts(&self, subject: &Subject<'_>) -> Vec<(&'static str, Option<Value>)> {
        let fields = subject.change.map_or_else(Vec::new, |change| {
            change
                .fields
                .iter()
                .map(|field| field.path.clone())
                .collect()
        });
        let mut facts = vec![
            ("resource.kind", text(subject.kind.as_str())),
            ("resource.name", text(subject.name)),
            ("resource.path", text(subject.path)),
            ("change.action", text(subject.action)),
            ("change.fields", texts(&fields)),
        ];
        facts.extend(self.of_resource(subject));
        if let Some(delta) = &subject.effect.delta {
            facts.extend(self.of_audience(delta));
        }
        if let Some(outlook) = subject.effect.outlook {
            facts.push(("messages_per_send", int(outlook.per_send)));
            #[expect(clippy::cast_precision_loss, reason = "an average")]
            let per_user = outlook.per_day.map(|n| n / outlook.per_send.max(1) as f64);
            facts.push(("messages_per_user_per_day", per_user.map(Value::Double)));
        }
        facts
    }

    /// What its file says; of what is deleted, what it said.
    fn of_resource(&self, subject: &Subject<'_>) -> Vec<(&'static str, Option<Value>)> {
        let set = self.sides[usize::from(subject.action != "delete")];
        let (team, tags) = match subject.kind {
            Kind::Campaign => set.campaign(subject.name).map(|it| (&it.team, &it.tags)),
            Kind::Segment => set
                .segments
                .get(subject.name)
                .map(|it| (&it.team, &it.tags)),
            _ => None,
        }
        .unzip();
        let mut facts = vec![
            ("resource.team", text(team.map_or("", String::as_str))),
            ("resource.tags", texts(tags.map_or(&[], Vec::as_slice))),
        ];
        if let (Kind::Campaign, Some(campaign)) = (subject.kind, set.campaign(subject.name)) {
            facts.extend(of_campaign(set, campaign));
        }
        facts
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "ratios for people to set bounds on"
    )]
    fn of_audience(&self, delta: &Delta) -> Vec<(&'static str, Option<Value>)> {
        let ratio =
            |part: u64, whole: u64| (whole > 0).then(|| Value::Double(part as f64 / whole as f64));
        vec![
            ("audience.before", int(delta.before)),
            ("audience.after", int(delta.after)),
            ("audience.entered", int(delta.entered)),
            ("audience.left", int(delta.left)),
            ("audience.reachable", delta.reachable.and_then(int)),
            ("audience.growth", ratio(delta.after, delta.before)),
            ("audience.share", ratio(delta.after, self.users)),
        ]
    }

    /// In the file that changes; of what is not there any more, at the policy.
    fn place(&self, subject: &Subject<'_>, found: Vec<(&Policy, Diagnostic)>) -> Vec<Diagnostic> {
        if found.is_empty() {
            return Vec::new();
        }
        let own = self
            .document(subject.kind, subject.name)
            .filter(|it| it.kind.is_written());
        if let Some(document) = own {
            let problems = found.into_iter().map(|(_, problem)| problem);
            return placed(&document.into(), "name", problems.collect());
        }
        let at_policy = |(policy, problem): (&Policy, Diagnostic)| {
            let mut files = self.sides.iter().rev().flat_map(|set| &set.documents);
            let is_it = |it: &&Document| {
                it.kind == Kind::Settings && it.path == policy.path && it.owner == policy.owner
            };
            match files.find(is_it) {
                Some(document) => placed(&document.into(), &policy.at, vec![problem]),
                None => vec![problem],
            }
        };
        found.into_iter().flat_map(at_policy).collect()
    }

    fn document(&self, kind: Kind, name: &str) -> Option<&Document> {
        let mut documents = self.sides[1].documents.iter();
        documents.find(|it| it.kind == kind && it.name == name)
    }
}

fn of_campaign(set: &Set, campaign: &Campaign) -> Vec<(&'static str, Option<Value>)> {
    let attribute = set
        .channel(&campaign.channel)
        .and_then(|channel| channel.psid_attribute());
    let requires = attribute.map(|attribute| {
        let path = [attribute.to_owned()];
        campaign
            .audience
            .as_ref()
            .is_some_and(|audience| audience.requires(&path))
    });
    vec![
        ("resource.channel", text(&campaign.channel)),
        (
            "resource.channel_type",
            text(if attribute.is_some() {
                "messenger"
            } else {
                "webhook"
            }),
        ),
        (
            "resource.segment",
            text(campaign.segment.as_deref().unwrap_or("")),
        ),
        (
            "resource.filter",
            text(campaign.filter.as_deref().unwrap_or("")),
        ),
        ("audience.requires_psid", requires.map(Value::Bool)),
    ]
}

fn text(text: &str) -> Option<Value> {
    Some(Value::String(text.to_owned()))
}

fn texts(texts: &[String]) -> Option<Value> {
    Some(Value::List(
        texts.iter().cloned().map(Value::String).collect(),
    ))
}

fn int(n: u64) -> Option<Value> {
    i64::try_from(n).ok().map(Value::Int)
}
