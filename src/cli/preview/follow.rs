//! A preview that is shown again with every change of a file.

use super::Preview;
use crate::api::client::Client;
use crate::api::pb;
use crate::api::pb::preview_message_request::Subject;
use crate::cli::command;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::stop::Signals;
use crate::cli::watch::Watch;
use crate::clock::SystemClock;

/// Between one time and the next.
const AGAIN: &str = "────────────────";

// === impl Preview ===

impl Preview {
    /// Shows it until a signal comes. Whatever is wrong is said, and mended by the next change.
    pub(super) async fn follow(
        &self,
        mut client: Client,
        mut request: pb::PreviewMessageRequest,
    ) -> Result<Exit, Error> {
        let Some(folder) = &self.dir else {
            return Err(Error::Usage("`--watch` needs `--dir DIR`".to_owned()));
        };
        let mut signals = Signals::catch()?;
        let clock = SystemClock::shared();
        let mut watch = Watch::start(folder)?;
        let mut is_first = true;
        loop {
            let asked = self.ask(&mut client, request.clone());
            let answer = tokio::select! {
                answer = asked => answer,
                () = signals.next() => return Ok(Exit::OK),
            };
            // What was shown before stays to compare with, its warnings too.
            if !std::mem::take(&mut is_first) {
                output::note(format_args!("{AGAIN} again, with what changed"));
            }
            let shown = answer.and_then(|preview| {
                keep(&mut request, preview.seed);
                self.show(&preview)
            });
            if let Err(error) = shown {
                command::report(&error);
            }
            output::note(format_args!("watching {}", folder.display()));
            tokio::select! {
                () = watch.changed() => watch.settled(clock.as_ref()).await,
                () = signals.next() => return Ok(Exit::OK),
            }
        }
    }
}

/// Another member each time would hide what the change did.
fn keep(request: &mut pb::PreviewMessageRequest, seed: Option<u32>) {
    if let (Some(Subject::RandomMember(random)), Some(seed)) = (&mut request.subject, seed) {
        random.seed = Some(seed);
    }
}
