//! As much of GitLab CI as `examples/ci/gitlab-ci.yml` needs.

use std::fs;

use serde_yaml::Value;

use super::super::{stderr, stdout};
use super::repository::{Cache, Repository};
use super::{Env, Forge, Pull, Ran, entries, text, workflow};

/// The ids of our project and of a fork of it.
const OURS: &str = "1";
const FORK: &str = "99";
/// How many commits a job's clone has where the workflow does not say.
const DEPTH: &str = "20";

pub(super) struct GitLab;

struct Pipeline<'a> {
    repository: &'a Repository,
    id: usize,
    branch: &'a str,
    sha: String,
    variables: Env,
}

// === impl GitLab ===

impl Forge for GitLab {
    fn pull_request(&self, repository: &Repository, pull: Pull<'_>) -> Vec<Ran> {
        // A fork's pipelines run in the fork, with what its owner keeps there.
        let project = if pull.is_fork { FORK } else { OURS };
        let mut variables = vec![
            ("CI_PIPELINE_SOURCE", "merge_request_event".to_owned()),
            ("CI_PROJECT_ID", project.to_owned()),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", project.to_owned()),
            ("CI_MERGE_REQUEST_PROJECT_ID", OURS.to_owned()),
            ("CI_MERGE_REQUEST_IID", pull.number.to_string()),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main".to_owned()),
        ];
        if !pull.is_fork {
            variables.extend(masked(repository));
        }
        let id = next_pipeline(repository);
        // The newest first.
        let listed = format!("pipelines/{}", pull.number);
        let older = fs::read_to_string(repository.forge(&listed)).unwrap_or_default();
        repository.put(&listed, &format!("{id}\n{older}"));
        Pipeline::new(
            repository,
            id,
            pull.branch,
            &repository.head(pull.branch),
            variables,
        )
        .run()
    }

    fn push(&self, repository: &Repository, sha: &str, through: Option<Pull<'_>>) -> Vec<Ran> {
        if let Some(pull) = through {
            repository.put(&format!("merged/{sha}"), &format!("{}\n", pull.number));
        }
        let mut variables = masked(repository);
        variables.extend([
            ("CI_PIPELINE_SOURCE", "push".to_owned()),
            ("CI_PROJECT_ID", OURS.to_owned()),
            ("CI_COMMIT_BRANCH", "main".to_owned()),
            ("RECADO_APPLY_TOKEN", "apply".to_owned()),
        ]);
        let id = next_pipeline(repository);
        Pipeline::new(repository, id, "main", sha, variables).run()
    }
}

/// What every pipeline of our project is given; what is protected only those of main.
fn masked(repository: &Repository) -> Vec<(&'static str, String)> {
    vec![
        ("RECADO_SERVER", repository.server.grpc.clone()),
        ("RECADO_PLAN_TOKEN", "read".to_owned()),
        ("GITLAB_COMMENT_TOKEN", "notes".to_owned()),
    ]
}

fn next_pipeline(repository: &Repository) -> usize {
    let last = fs::read_to_string(repository.forge("last-run")).unwrap_or_default();
    let id = last.parse::<usize>().unwrap_or_default() + 1;
    repository.put("last-run", &id.to_string());
    id
}

// === impl Pipeline ===

impl<'a> Pipeline<'a> {
    fn new(
        repository: &'a Repository,
        id: usize,
        branch: &'a str,
        sha: &str,
        variables: Vec<(&str, String)>,
    ) -> Self {
        let always = [
            (
                "CI_API_V4_URL",
                "https://gitlab.example.com/api/v4".to_owned(),
            ),
            ("CI_DEFAULT_BRANCH", "main".to_owned()),
            ("CI_COMMIT_SHA", sha.to_owned()),
            ("GITLAB_USER_LOGIN", "ben".to_owned()),
            ("RECADO_SOURCE", "https://git.example.com/recado".to_owned()),
            ("RECADO_VERSION", repository.version()),
        ];
        let all = variables.into_iter().chain(always);
        let all = all.map(|(key, value)| (key.to_owned(), value));
        Self {
            repository,
            id,
            branch,
            sha: sha.to_owned(),
            variables: all.collect(),
        }
    }

    /// Stage by stage, until a job fails.
    fn run(&self) -> Vec<Ran> {
        let workflow = workflow("gitlab-ci.yml");
        let mut ran: Vec<Ran> = Vec::new();
        for stage in workflow["stages"].as_sequence().unwrap() {
            for (name, job) in entries(&workflow) {
                let is_here = job.get("stage") == Some(stage) && !name.starts_with('.');
                if is_here && self.is_wanted(job) && ran.iter().all(|it| it.code == 0) {
                    let base = &workflow[text(&job["extends"]).as_str()];
                    ran.push(self.job(name, &workflow["default"]["cache"], job, base));
                }
            }
        }
        ran
    }

    fn is_wanted(&self, job: &Value) -> bool {
        let rules = job["rules"].as_sequence().unwrap();
        rules.iter().any(|rule| {
            let condition = text(&rule["if"]);
            condition.split(" && ").all(|part| {
                let (left, right) = part.split_once(" == ").expect("a comparison");
                self.value(left) == self.value(right)
            })
        })
    }

    /// What is not set equals nothing that is.
    fn value(&self, operand: &str) -> Option<String> {
        match operand.strip_prefix('$') {
            Some(name) => self.variables.get(name).cloned(),
            None => Some(operand.trim_matches('"').to_owned()),
        }
    }

    fn job(&self, name: String, cache: &Value, job: &Value, base: &Value) -> Ran {
        let (_, mut env) = self.repository.machine();
        env.extend(self.variables.clone());
        let depth = base["variables"].get("GIT_DEPTH").map(text);
        let depth = depth.unwrap_or_else(|| DEPTH.to_owned());
        let depth = Some(depth.as_str()).filter(|depth| *depth != "0");
        let folder = self.repository.clone(depth, self.branch, &self.sha);
        let project = folder.display().to_string();
        for (key, value) in entries(&base["variables"]) {
            env.insert(key, text(value).replace("$CI_PROJECT_DIR", &project));
        }
        let [path] = cache["paths"].as_sequence().unwrap().as_slice() else {
            panic!("one path: {cache:?}")
        };
        let key = self.variables.iter();
        let key = key.fold(text(&cache["key"]), |key, (name, value)| {
            key.replace(&format!("${name}"), value)
        });
        assert!(!key.contains('$'), "what is {key}?");
        let cache = Cache::restored(self.repository, &key, folder.join(text(path)));
        let lines = [&base["before_script"], &job["script"]].into_iter();
        let lines = lines.flat_map(|lines| lines.as_sequence().unwrap());
        let script: Vec<_> = lines.map(text).collect();
        let options = ["-e", "-o", "pipefail"];
        let output = self
            .repository
            .shell(&options, &folder, &env, &script.join("\n"));
        let code = output.status.code().unwrap();
        if code == 0 {
            cache.save(self.repository);
        }
        if code == 0
            && let Some(paths) = job["artifacts"].get("paths")
        {
            for path in paths.as_sequence().unwrap() {
                let file = fs::read_to_string(folder.join(text(path))).unwrap();
                // The script that stands for the forge numbers jobs so.
                let kept = format!("artifacts/2{}/{}", self.id, text(path));
                self.repository.put(&kept, &file);
            }
        }
        Ran {
            job: name,
            code,
            told: stdout(&output) + &stderr(&output),
        }
    }
}
