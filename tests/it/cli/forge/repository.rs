//! A repository with a bare remote beside it, a server, and the scripts that stand for a forge.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::{recado, stderr, stdout};
use super::Env;
use crate::process::{Options, Server, program};

pub(super) const FILES: [(&str, &str); 4] = [
    (
        "settings.yaml",
        "kind: Settings\nname: growth\nowner: growth\n",
    ),
    (
        "page.yaml",
        "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n",
    ),
    (
        "adults.yaml",
        "kind: Segment\nname: adults\nfilter: \"!blank(user.messenger_id) && user.age >= 18\"\n",
    ),
    (
        "sale.yaml",
        "kind: Campaign\nname: sale\nchannel: page\nsegment: adults\ntrigger: {api: {}}\nmessage: {text: The sale begins.}\n\
         tests:\n  - name: adults are told\n    user: {messenger_id: \"7\", age: 30}\n    \
         expect: {text: The sale begins.}\n",
    ),
];

/// Tokens are named after what they may do.
const SCOPES: [&str; 3] = ["read", "write", "apply"];

/// The variable of a forge that says which version jobs install; $FORGE has it in a file.
const VERSION: &str = "version";

pub(super) struct Repository {
    folder: tempfile::TempDir,
    pub(super) server: Server,
}

/// What a forge keeps for the next job that names the same key.
pub(super) struct Cache {
    kept: PathBuf,
    path: PathBuf,
}

// === impl Cache ===

impl Cache {
    /// With what was kept under this key, put back in its place.
    pub(super) fn restored(repository: &Repository, key: &str, path: PathBuf) -> Self {
        let kept = repository.forge("caches").join(key);
        let cache = Self { kept, path };
        copy(repository, &cache.kept, &cache.path);
        cache
    }

    /// One that was kept stays as it is, as forges have it.
    pub(super) fn save(&self, repository: &Repository) {
        if !self.kept.exists() {
            copy(repository, &self.path, &self.kept);
        }
    }
}

/// With its links, where it is there.
fn copy(repository: &Repository, from: &Path, to: &Path) {
    if from.exists() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let script = format!("cp -RP {} {}", from.display(), to.display());
        repository.bash(repository.folder.path(), &script);
    }
}

// === impl Repository ===

impl Repository {
    /// Main is applied, as revision 1.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let entry = |scope: &str| {
            let digest = hex::encode(Sha256::digest(scope.as_bytes()));
            format!("- {{name: {scope}, sha256: {digest}, scopes: [{scope}]}}\n")
        };
        let tokens = path("tokens.yaml");
        fs::write(&tokens, format!("tokens:\n{}", SCOPES.map(entry).concat())).unwrap();
        let options = Options {
            store: &path("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        };
        let server = Server::start_with(&options, &["--tokens", tokens.to_str().unwrap()]);
        for name in ["bin", "forge/tags", "home/.cargo/bin", "homes", "jobs"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        // People have it; jobs have to install it.
        symlink(program(), path("home/.cargo/bin/recado")).unwrap();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/forge");
        for script in fs::read_dir(scripts).unwrap() {
            let script = script.unwrap();
            symlink(script.path(), path("bin").join(script.file_name())).unwrap();
        }
        let people = (0..40).map(|n| {
            let attributes = json!({"age": 16 + n % 8, "messenger_id": format!("1{n}")});
            json!({"external_id": format!("u{n:02}"), "attributes": attributes}).to_string() + "\n"
        });
        fs::write(path("people.jsonl"), people.collect::<String>()).unwrap();
        let repository = Self { folder, server };
        repository.release(env!("CARGO_PKG_VERSION"), &program());
        repository.init();
        let people = repository.path("people.jsonl");
        repository.fine("write", &["users", "import", people.to_str().unwrap()]);
        repository.fine("apply", &["apply", "campaigns"]);
        repository
    }

    /// Another version to install, and jobs are to install it from now on.
    pub(super) fn release(&self, version: &str, program: &Path) {
        symlink(program, self.forge("tags").join(format!("v{version}"))).unwrap();
        self.put(VERSION, version);
    }

    pub(super) fn version(&self) -> String {
        fs::read_to_string(self.forge(VERSION)).unwrap()
    }

    /// A machine that runs one job: a home with nothing in it, and its variables.
    pub(super) fn machine(&self) -> (PathBuf, Env) {
        let n = fs::read_dir(self.path("homes")).unwrap().count();
        let home = self.path("homes").join(n.to_string());
        fs::create_dir(&home).unwrap();
        let env = self.env(&home);
        (home, env)
    }

    fn init(&self) {
        let work = self.path("work");
        fs::create_dir_all(work.join("campaigns")).unwrap();
        for (name, text) in FILES {
            fs::write(work.join("campaigns").join(name), text).unwrap();
        }
        self.bash(
            self.folder.path(),
            "git init -q --bare -b main origin.git; git init -q -b main work; cd work
             git remote add origin ../origin.git; git add .; git commit -q -m first; git push -q -u origin main",
        );
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the scripts of the forge read and write.
    pub(super) fn forge(&self, name: &str) -> PathBuf {
        self.path("forge").join(name)
    }

    pub(super) fn put(&self, name: &str, text: &str) {
        let path = self.forge(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What every shell has, and nothing else of who runs the tests.
    #[expect(
        clippy::disallowed_methods,
        reason = "`bash` and `git` are found as for the tests themselves"
    )]
    fn env(&self, home: &Path) -> Env {
        // Whoever runs the tests may have another `recado`.
        let path = std::env::var("PATH").unwrap();
        let theirs = path.split(':').map(PathBuf::from);
        let theirs = theirs.filter(|folder| !folder.join("recado").exists());
        let own = [self.path("bin"), home.join(".cargo/bin")];
        let path = std::env::join_paths(own.into_iter().chain(theirs)).unwrap();
        let own = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut env = Env::from([
            own("PATH", path.to_str().unwrap()),
            own("HOME", home.to_str().unwrap()),
            own("FORGE", self.path("forge").to_str().unwrap()),
            own("GIT_CONFIG_NOSYSTEM", "1"),
        ]);
        for who in ["AUTHOR", "COMMITTER"] {
            env.extend([
                own(&format!("GIT_{who}_NAME"), "ana"),
                own(&format!("GIT_{who}_EMAIL"), "ana@localhost"),
            ]);
        }
        env
    }

    /// Runs a script as `bash` with these options and variables, in a folder.
    pub(super) fn shell(&self, options: &[&str], folder: &Path, env: &Env, script: &str) -> Output {
        Command::new("bash")
            .args(options)
            .args(["-c", script])
            .current_dir(folder)
            .env_clear()
            .envs(self.env(&self.path("home")))
            .envs(env)
            .stdin(Stdio::null())
            .output()
            .expect("`bash` runs")
    }

    /// What somebody types, and what it prints; it must work.
    pub(super) fn bash(&self, folder: &Path, script: &str) -> String {
        let output = self.shell(&["-eu"], folder, &Env::new(), script);
        assert!(output.status.success(), "{script}: {}", stderr(&output));
        stdout(&output).trim().to_owned()
    }

    /// A branch off `from`, with one change in one file.
    pub(super) fn branch(&self, name: &str, from: &str, file: &str, old: &str, new: &str) {
        let work = self.path("work");
        self.bash(&work, &format!("git checkout -q -b {name} {from}"));
        self.change(name, file, old, new);
    }

    /// One more change in a branch.
    pub(super) fn change(&self, branch: &str, file: &str, old: &str, new: &str) {
        let work = self.path("work");
        self.bash(&work, &format!("git checkout -q {branch}"));
        let path = work.join("campaigns").join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(old), "{file}: {text}");
        fs::write(path, text.replace(old, new)).unwrap();
        let script = format!("git add .; git commit -q -m {branch}; git push -q origin {branch}");
        self.bash(&work, &script);
    }

    /// Merges a branch into main, and returns where that is.
    pub(super) fn merge(&self, branch: &str) -> String {
        let script = format!(
            "git checkout -q main; git merge -q --no-ff --no-edit {branch}; git push -q origin main; git rev-parse HEAD"
        );
        self.bash(&self.path("work"), &script)
    }

    /// Merges a branch into main as one commit that has none of the branch's.
    pub(super) fn squash(&self, branch: &str) -> String {
        let script = format!(
            "git checkout -q main; git merge -q --squash {branch} > /dev/null; git commit -q -m {branch}; git push -q origin main; git rev-parse HEAD"
        );
        self.bash(&self.path("work"), &script)
    }

    /// Comments of people, each below those that are there.
    pub(super) fn say(&self, number: u32, comments: u32) {
        let folder = self.forge("comments").join(number.to_string());
        let n = fs::read_dir(folder).into_iter().flatten().count();
        for n in u32::try_from(n).unwrap()..u32::try_from(n).unwrap() + comments {
            let said = format!("Looks \"good\" to me: \\o/\n\n> <!-- recado plan {n} -->\n");
            self.put(&format!("comments/{number}/{}", number * 1_000 + n), &said);
        }
    }

    pub(super) fn head(&self, branch: &str) -> String {
        self.bash(&self.path("work"), &format!("git rev-parse {branch}"))
    }

    /// A new clone for a job, at a commit. As forges do, it holds `depth` commits, or all.
    pub(super) fn clone(&self, depth: Option<&str>, branch: &str, sha: &str) -> PathBuf {
        let n = fs::read_dir(self.path("jobs")).unwrap().count();
        let job = self.path("jobs").join(n.to_string());
        let depth = depth.map(|depth| format!("--depth {depth}"));
        let origin = self.path("origin.git");
        let script = format!(
            "git clone -q {} --branch {branch} file://{} {}; cd {}; git checkout -q --detach {sha}",
            depth.unwrap_or_default(),
            origin.display(),
            job.display(),
            job.display(),
        );
        self.bash(self.folder.path(), &script);
        job
    }

    pub(super) fn run(&self, token: &str, arguments: &[&str]) -> Output {
        let mut command = recado(arguments);
        command.args(["--server", &self.server.grpc]);
        command.env("RECADO_TOKEN", token);
        command.current_dir(self.path("work")).output().unwrap()
    }

    fn fine(&self, token: &str, arguments: &[&str]) {
        let done = self.run(token, arguments);
        assert!(done.status.success(), "{arguments:?}: {}", stderr(&done));
    }

    /// The newest revision, as `recado show` tells it.
    pub(super) fn newest(&self) -> String {
        let listed = self.run("read", &["revisions"]);
        let n = stdout(&listed).lines().count() - 1;
        stdout(&self.run("read", &["show", &n.to_string()]))
    }

    /// The comments of a pull request that tell a plan, and those that do not.
    pub(super) fn comments(&self, number: u32) -> (Vec<String>, usize) {
        let folder = self.forge("comments").join(number.to_string());
        let comments = fs::read_dir(folder).into_iter().flatten();
        let comments = comments.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        let is_plan = |text: &String| text.starts_with("<!-- recado plan");
        let (plans, others): (Vec<_>, Vec<_>) = comments.partition(is_plan);
        (plans, others.len())
    }
}
