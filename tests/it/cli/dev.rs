//! `recado dev`: a server that follows a folder.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::process::program;

/// Longer than it takes on any machine.
const PATIENCE: Duration = Duration::from_mins(1);

struct Dev {
    child: Child,
    lines: Receiver<String>,
}

// === impl Dev ===

impl Dev {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(program())
            .arg("dev")
            .arg(folder)
            .args(["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (told, lines) = channel();
        follow(child.stdout.take().unwrap(), told.clone());
        follow(child.stderr.take().unwrap(), told);
        Self { child, lines }
    }

    /// Everything that is said until a line holds `text`.
    fn until(&self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("`{text}` was not said:\n{seen}");
            };
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(text) {
                return seen;
            }
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn follow(stream: impl Read + Send + 'static, told: Sender<String>) {
    std::thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.for_each(|line| drop(told.send(line)));
    });
}

fn campaign(n: u32, text: &str) -> String {
    format!(
        "kind: Campaign\nname: campaign-{n}\nchannel: page\ntrigger: {{api: {{}}}}\nmessage: {{text: {text}}}\n"
    )
}

/// More campaigns than one apply may begin elsewhere: nobody reviews what stands on one's own machine.
#[test]
fn a_folder_is_applied_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "page.yaml",
        "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: T}\n",
    );
    for n in 0..60 {
        write(&format!("campaign-{n}.yaml"), &campaign(n, "Hello"));
    }
    let dev = Dev::start(folder.path());
    let began = dev.until("watching ");
    assert!(began.contains("revision 1 applied"), "{began}");
    write(
        "campaign-7.yaml",
        "kind: Campaign\nname: campaign-7\nchanel: page\n",
    );
    let broken = dev.until("the last good state stays applied");
    assert!(broken.contains("campaign-7.yaml:3:1"), "{broken}");
    write("campaign-7.yaml", &campaign(7, "Welcome"));
    let mended = dev.until("revision 2 applied");
    assert!(mended.contains("~ Campaign campaign-7"), "{mended}");
}
