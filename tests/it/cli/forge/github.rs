//! As much of GitHub Actions as `examples/ci/github.yml` needs.

use std::fs;
use std::path::Path;

use serde_yaml::Value;

use super::super::{stderr, stdout};
use super::repository::{Cache, Repository};
use super::{Env, Forge, Pull, Ran, entries, text, workflow};

pub(super) struct GitHub;

/// What happened, for the expressions of a workflow.
struct Event<'a> {
    repository: &'a Repository,
    pull: Option<Pull<'a>>,
    /// The pull request's head, and what is checked out.
    head: String,
    sha: String,
    run: usize,
}

// === impl GitHub ===

impl Forge for GitHub {
    fn pull_request(&self, repository: &Repository, pull: Pull<'_>) -> Vec<Ran> {
        let (head, main) = (repository.head(pull.branch), repository.head("main"));
        // What GitHub makes of both branches is checked out.
        let made = repository.clone(None, "main", &main);
        let script = format!(
            "git merge -q --no-ff --no-edit {head}; git push -q origin HEAD:refs/heads/merge-{0}; git rev-parse HEAD",
            pull.number
        );
        let fetched = format!("git fetch -q origin {head}; {script}");
        let event = Event {
            sha: repository.bash(&made, &fetched),
            run: next_run(repository),
            repository,
            pull: Some(pull),
            head,
        };
        let listed = format!("runs/pull_request/{}", event.head);
        repository.put(&listed, &event.run.to_string());
        let ran = event.jobs(&format!("merge-{}", pull.number));
        repository.bash(
            &repository.path("origin.git"),
            &format!("git branch -q -D merge-{}", pull.number),
        );
        ran
    }

    fn push(&self, repository: &Repository, sha: &str, through: Option<Pull<'_>>) -> Vec<Ran> {
        if let Some(pull) = through {
            let head = repository.head(pull.branch);
            repository.put(&format!("merged/{sha}"), &format!("{head}\n"));
        }
        let event = Event {
            repository,
            pull: None,
            head: String::new(),
            sha: sha.to_owned(),
            run: next_run(repository),
        };
        repository.put(&format!("runs/push/{sha}"), &event.run.to_string());
        event.jobs("main")
    }
}

/// Runs are numbered from 1.
fn next_run(repository: &Repository) -> usize {
    let path = repository.forge("last-run");
    let last = fs::read_to_string(path).unwrap_or_default();
    let run = last.parse::<usize>().unwrap_or_default() + 1;
    repository.put("last-run", &run.to_string());
    run
}

// === impl Event ===

impl Event<'_> {
    /// The jobs that this is for, each after those that it needs.
    fn jobs(&self, branch: &str) -> Vec<Ran> {
        let workflow = workflow("github.yml");
        let mut ran: Vec<Ran> = Vec::new();
        for (name, job) in entries(&workflow["jobs"]) {
            let needs = job.get("needs").map(text);
            let is_fine = |needed: &String| ran.iter().any(|it| it.job == *needed && it.code == 0);
            let may = needs.as_ref().is_none_or(is_fine);
            if may && job.get("if").is_none_or(|when| self.holds(&text(when))) {
                ran.push(self.job(name, &workflow, job, branch));
            }
        }
        ran
    }

    fn job(&self, job: String, workflow: &Value, steps: &Value, branch: &str) -> Ran {
        let (home, mut env) = self.repository.machine();
        env.insert("GITHUB_SHA".into(), self.sha.clone());
        env.insert("GITHUB_ACTOR".into(), "ben".into());
        for (key, value) in [workflow, steps]
            .into_iter()
            .flat_map(|it| entries(&it["env"]))
        {
            env.insert(key, self.filled(&text(value)));
        }
        let folder = self.repository.clone(Some("1"), branch, &self.sha);
        let (mut code, mut told, mut caches) = (0, String::new(), Vec::new());
        for step in steps["steps"].as_sequence().unwrap() {
            let runs_always = step.get("if").map(text).as_deref() == Some("${{ !cancelled() }}");
            if code != 0 && !runs_always {
                continue;
            }
            if step
                .get("uses")
                .is_some_and(|it| text(it).starts_with("actions/cache@"))
            {
                let path = text(&step["with"]["path"]);
                let path = home.join(path.strip_prefix("~/").expect("a path in the home"));
                let cache = Cache::restored(
                    self.repository,
                    &self.filled(&text(&step["with"]["key"])),
                    path,
                );
                caches.push(cache);
            }
            let (step_code, step_told) = self.step(step, &folder, &env);
            code = if code == 0 { step_code } else { code };
            told += &step_told;
        }
        // What failed is not kept.
        for cache in caches.iter().filter(|_| code == 0) {
            cache.save(self.repository);
        }
        Ran { job, code, told }
    }

    fn step(&self, step: &Value, folder: &Path, env: &Env) -> (i32, String) {
        if let Some(run) = step.get("run") {
            // Where a workflow names no shell there is no `pipefail`.
            let script = self.filled(&text(run));
            let output = self.repository.shell(&["-e"], folder, env, &script);
            return (
                output.status.code().unwrap(),
                stdout(&output) + &stderr(&output),
            );
        }
        let with = |key: &str| self.filled(&text(&step["with"][key]));
        match text(&step["uses"]).split('@').next().unwrap() {
            "actions/checkout" => assert!(step.get("with").is_none(), "another commit than ours"),
            "actions/cache" => {}
            "actions/upload-artifact" => {
                let file = fs::read_to_string(folder.join(with("path"))).unwrap();
                let name = format!("artifacts/{}/{}/{}", self.run, with("name"), with("path"));
                self.repository.put(&name, &file);
            }
            other => panic!("what is {other}?"),
        }
        (0, String::new())
    }

    /// A condition, of comparisons that must all hold.
    fn holds(&self, condition: &str) -> bool {
        condition.split(" && ").all(|part| {
            let (left, right) = part.split_once(" == ").expect("a comparison");
            self.value(left) == self.value(right)
        })
    }

    /// With the values of its expressions.
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").expect("an end");
            filled += &self.value(expression);
            filled += rest;
        }
        filled
    }

    fn value(&self, expression: &str) -> String {
        let expression = expression.trim();
        if let Some(text) = expression.strip_prefix('\'') {
            return text.trim_end_matches('\'').to_owned();
        }
        let is_fork = self.pull.is_some_and(|pull| pull.is_fork);
        let owner = if is_fork { "stranger" } else { "acme" };
        match expression {
            "github.event_name" if self.pull.is_some() => "pull_request".into(),
            "github.event_name" => "push".into(),
            "github.repository" => "acme/campaigns".into(),
            "github.sha" => self.sha.clone(),
            "github.event.pull_request.head.repo.full_name" => format!("{owner}/campaigns"),
            "github.event.pull_request.head.sha" => self.head.clone(),
            "github.event.pull_request.number" => self
                .pull
                .map(|pull| pull.number.to_string())
                .unwrap_or_default(),
            "runner.os" => "Linux".into(),
            "vars.RECADO_VERSION" => self.repository.version(),
            "vars.RECADO_SOURCE" => "https://git.example.com/recado".into(),
            "github.token" => "forge".into(),
            // A fork's runs have no secrets.
            _ if expression.starts_with("secrets.") && is_fork => String::new(),
            "secrets.RECADO_SERVER" => self.repository.server.grpc.clone(),
            "secrets.RECADO_PLAN_TOKEN" => "read".into(),
            "secrets.RECADO_APPLY_TOKEN" => "apply".into(),
            other => panic!("what is {other}?"),
        }
    }
}
