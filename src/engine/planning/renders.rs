//! What becomes of messages: made before and after a change for some of the people who would get them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::load::beside_runtime;
use super::turns::Caller;
use super::weigh::{Effect, Plan};
use crate::campaign::{Set, edits, masked, unified};
use crate::clock::Clock;
use crate::delivery::sampled::{Made, made};
use crate::engine::{Engine, Result};
use crate::model::delivery::ReasonCode;
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::resource::Kind;
use crate::model::user::Profile;
use crate::parallel::each;

/// Messages of one campaign.
#[derive(Debug, Default)]
pub struct Renders {
    /// Users for whom they were made.
    pub sampled: u64,
    /// Those of them whose message differs.
    pub differing: u64,
    /// Those of them whose message needs connected content, so that it was not made.
    pub unasked: u64,
    /// Different differences, the most frequent first.
    pub diffs: Vec<RenderDiff>,
    /// Users whose difference is not among them: there were too many different ones.
    pub not_shown: u64,
}

/// One difference, and for how many.
#[derive(Debug)]
pub struct RenderDiff {
    pub users: u64,
    /// One of them.
    pub example: ExternalId,
    /// Lines with `-` and `+` before them; personal values are masked.
    pub diff: String,
    /// Why there is no message before, and after.
    pub problems: [Option<Problem>; 2],
    /// What differs is or hangs on personal values: there is nothing to show.
    pub is_masked: bool,
}

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub code: &'static str,
    /// Empty where it holds personal values.
    pub detail: String,
}

/// One side as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Side {
    text: String,
    problem: Option<Problem>,
    /// With the masks it cannot be made as it is.
    is_masked: bool,
}

/// The messages that one plan compares.
struct Comparing {
    sides: [Arc<Set>; 2],
    now: Timestamp,
    clock: Arc<dyn Clock>,
    caller: Caller,
}

// === impl Engine ===

impl Engine {
    /// Makes the messages of every campaign that changes or is reached, beside the runtime.
    pub(in crate::engine) async fn render(
        &self,
        plan: Plan,
        sides: [Arc<Set>; 2],
        caller: Caller,
    ) -> Result<Plan> {
        let mut profiles: Vec<Vec<Profile>> = Vec::new();
        for effect in effects(&plan) {
            let witnesses = effect
                .delta
                .as_ref()
                .map_or(&[][..], |delta| &delta.witnesses);
            let found = self.parts.store.profiles(witnesses).await?;
            profiles.push(found.into_iter().flatten().collect());
        }
        let clock = Arc::clone(&self.parts.clock);
        let comparing = Comparing {
            sides,
            now: clock.now(),
            clock,
            caller,
        };
        beside_runtime(move || comparing.fill(plan, &profiles)).await
    }
}

/// In the order of [`Comparing::fill`].
fn effects(plan: &Plan) -> impl Iterator<Item = &Effect> {
    let changes = plan.changes.iter().map(|impact| &impact.effect);
    changes.chain(plan.reached.iter().map(|reached| &reached.effect))
}

// === impl Comparing ===

impl Comparing {
    /// A plan is waited for: it shows what could be made until then.
    fn is_over(&self) -> bool {
        let spent = self.clock.now().duration_since(self.now).unsigned_abs();
        self.caller.is_gone() || spent > limits::RENDERS_TIME
    }

    fn fill(&self, mut plan: Plan, profiles: &[Vec<Profile>]) -> Plan {
        let changes = plan.changes.iter_mut().map(|impact| {
            let change = &impact.change;
            let name = (change.kind == Kind::Campaign).then(|| change.name.clone());
            (name, &mut impact.effect)
        });
        let reached = plan.reached.iter_mut().map(|reached| {
            let reach = &reached.reach;
            let name = reach.is_message_touched.then(|| reach.campaign.clone());
            (name, &mut reached.effect)
        });
        let all = changes.chain(reached).zip(profiles);
        let (effects, asked): (Vec<_>, Vec<_>) = all
            .map(|((name, effect), profiles)| (effect, (name, profiles)))
            .unzip();
        let made = each(&asked, |(name, profiles)| {
            // What is deleted has nobody after.
            let name = name.as_ref()?;
            self.sides[1].campaign(name)?;
            Some(self.renders(name, profiles))
        });
        let mut left = limits::RENDERS_SHOWN_BYTES_MAX;
        for (effect, renders) in effects.into_iter().zip(made) {
            effect.renders = renders.map(|renders| renders.within(&mut left));
        }
        plan
    }

    fn renders(&self, campaign: &str, profiles: &[Profile]) -> Renders {
        let mut renders = Renders {
            sampled: profiles.len() as u64,
            ..Renders::default()
        };
        let mut groups: BTreeMap<[Side; 2], (u64, &ExternalId)> = BTreeMap::new();
        for (made, profile) in profiles.iter().enumerate() {
            if self.is_over() {
                renders.sampled = made as u64;
                break;
            }
            let real = self.make(campaign, profile);
            if real.contains(&Some(Made::NeedsContent)) {
                renders.unasked += 1;
            } else if real[0] != real[1] {
                renders.differing += 1;
                let shown = self.make(campaign, &masked(profile, [&self.sides[0], &self.sides[1]]));
                let [before, after] =
                    [0, 1].map(|side| Side::of(real[side].as_ref(), shown[side].as_ref()));
                groups
                    .entry([before, after])
                    .or_insert((0, &profile.external_id))
                    .0 += 1;
            }
        }
        for (at, (sides, (users, example))) in alike(groups).into_iter().enumerate() {
            if at < limits::RENDER_DIFFS_MAX {
                renders.diffs.push(RenderDiff::new(sides, users, example));
            } else {
                renders.not_shown += users;
            }
        }
        renders
    }

    fn make(&self, campaign: &str, profile: &Profile) -> [Option<Made>; 2] {
        [0, 1].map(|side| made(&self.sides[side], campaign, profile, self.now))
    }
}

// === impl Renders ===

impl Renders {
    /// With the differences that there is room for, and the others counted.
    fn within(mut self, left: &mut usize) -> Self {
        self.diffs.retain(|diff| {
            let rest = left.checked_sub(diff.diff.len());
            *left = rest.unwrap_or(*left);
            self.not_shown += if rest.is_none() { diff.users } else { 0 };
            rest.is_some()
        });
        self
    }
}

// === impl Side ===

impl Side {
    /// What really becomes of the message, told with the words of the masked one.
    fn of(real: Option<&Made>, shown: Option<&Made>) -> Self {
        let is_mask_alike =
            |code: ReasonCode| matches!(shown, Some(Made::Unmade(shown)) if shown.code == code);
        match (real, shown) {
            (None | Some(Made::NeedsContent), _) => Self::default(),
            (Some(Made::Message(_)), Some(Made::Message(text))) => Self {
                text: text.clone(),
                ..Self::default()
            },
            (Some(Made::Message(_)), _) => Self {
                is_masked: true,
                ..Self::default()
            },
            (Some(Made::Unmade(real)), shown) => {
                let detail = match shown {
                    Some(Made::Unmade(shown)) if is_mask_alike(real.code) => shown.detail.clone(),
                    _ => String::new(),
                };
                let problem = Problem {
                    code: real.code.as_str(),
                    detail,
                };
                Self {
                    problem: Some(problem),
                    ..Self::default()
                }
            }
        }
    }
}

// === impl RenderDiff ===

impl RenderDiff {
    fn new([before, after]: [Side; 2], users: u64, example: &ExternalId) -> Self {
        let is_masked = before.is_masked || after.is_masked || before == after;
        // Of what cannot be made any more, or could not before, the reason tells more than the text.
        let has_problem = before.problem.is_some() && after.problem.is_some();
        let diff = if is_masked || has_problem {
            String::new()
        } else {
            lines(&before.text, &after.text)
        };
        Self {
            users,
            example: example.clone(),
            diff: cut(diff),
            problems: [before.problem, after.problem],
            is_masked,
        }
    }
}

/// Sides before and after, for how many users, and one of them.
type Group<'a> = ([Side; 2], (u64, &'a ExternalId));

/// Puts together where the same words changed in different surroundings, the most frequent first.
fn alike<'a>(groups: BTreeMap<[Side; 2], (u64, &'a ExternalId)>) -> Vec<Group<'a>> {
    let mut alike: BTreeMap<_, (u64, Group<'a>)> = BTreeMap::new();
    for (sides, (users, example)) in groups {
        let [before, after] = &sides;
        let why = [before, after].map(|side| (side.problem.clone(), side.is_masked));
        let key = (edits(&before.text, &after.text), why);
        // The most frequent surroundings stand for all.
        match alike.get_mut(&key) {
            None => drop(alike.insert(key, (users, (sides, (users, example))))),
            Some((most, (shown, (all, of)))) => {
                *all += users;
                if users > *most {
                    (*most, *shown, *of) = (users, sides, example);
                }
            }
        }
    }
    let mut alike: Vec<_> = alike.into_values().map(|(_, group)| group).collect();
    // Stable: equals stay in the order of what changed.
    alike.sort_by_key(|(_, (users, _))| std::cmp::Reverse(*users));
    alike
}

/// The lines that differ, and of texts of several lines those beside them: what stands elsewhere says nothing.
fn lines(before: &str, after: &str) -> String {
    let diff = unified(before, after);
    let is_telling = |line: &&str| match line.strip_prefix(' ') {
        None => !line.starts_with('…'),
        Some(rest) => rest.starts_with(' ') || rest.ends_with(':'),
    };
    let kept: Vec<&str> = diff.lines().filter(is_telling).collect();
    kept.iter()
        .map(|line| [line, "\n"].concat())
        .collect::<Vec<_>>()
        .concat()
}

fn cut(mut text: String) -> String {
    if text.len() > limits::RENDER_SHOWN_BYTES_MAX {
        let mut end = limits::RENDER_SHOWN_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("\n… (cut)\n");
    }
    text
}
