//! Cases of campaign files, run as `recado test` runs them; the baseline reads and checks the same files only.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use clap::Args;

use super::measure::{Report, Watch};
use crate::campaign;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::files;
use crate::cli::test::Test;

/// Cases of one campaign: more than people write for most.
const PER_CAMPAIGN: u32 = 20;

#[derive(Debug, Args)]
pub(super) struct Cases {
    /// Cases to run, 20 of each campaign
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(20..=20_000))]
    count: u32,
    /// Times that all of them are run
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Cases ===

impl Cases {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let folder = tempfile::tempdir().map_err(anyhow::Error::from)?;
        let campaigns = self.count / PER_CAMPAIGN;
        make(folder.path(), campaigns)?;
        let (mut whole, mut plain) = (Vec::new(), Vec::new());
        let mut ran = 0;
        for _ in 0..self.rounds {
            let watch = Watch::begin();
            let (cases, failed) = Test::measure(folder.path())?;
            whole.push(watch.elapsed());
            if failed > 0 {
                return Err(Error::Input(format!("{failed} cases fail")));
            }
            ran = cases;
            let watch = Watch::begin();
            let read = files::scan(folder.path())?;
            if campaign::load(&read.files).is_err() {
                return Err(Error::Input("the files have errors".to_owned()));
            }
            plain.push(watch.elapsed());
        }
        let mut report = Report::default();
        report.add("cases", ran as u64);
        report.add("campaigns", campaigns);
        for (name, mut spans) in [("secs", whole), ("baseline_secs", plain)] {
            spans.sort();
            let median = spans.get(spans.len() / 2).copied().unwrap_or_default();
            report.add_span(name, median);
        }
        report.print(self.json);
        Ok(Exit::OK)
    }
}

/// Campaigns with a segment, a filter, a template, a carousel and branches, as real ones have.
fn make(folder: &Path, campaigns: u32) -> Result<(), Error> {
    let page = "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: TOKEN}\n";
    let segment =
        "kind: Segment\nname: reachable\nfilter: \"!blank(user.messenger_id) && user.opted_in\"\n";
    write(folder, "page.yaml", page)?;
    write(folder, "reachable.yaml", segment)?;
    for n in 0..campaigns {
        let mut text = format!(
            "kind: Campaign\nname: offer-{n}\nchannel: page\nsegment: reachable\n\
             filter: user.age >= 18 && user.country in [\"BR\", \"PT\"] && count(\"order\", days(30)) < 3\n\
             trigger: {{api: {{}}}}\nmessage:\n  attachment:\n    type: template\n    payload:\n      \
             template_type: generic\n      elements:\n        \
             - title: \"{{{{${{first_name}} | default: 'You'}}}}, offer {n}\"\n          \
             subtitle: \"{{% if ${{plan}} == 'pro' %}}Yours{{% else %}}For members{{% endif %}}\"\n          \
             buttons: [{{type: postback, title: More, payload: MORE}}]\n\
             tests:\n"
        );
        for case in 0..PER_CAMPAIGN {
            let (plan, subtitle) = if case % 2 == 0 {
                ("pro", "Yours")
            } else {
                ("free", "For members")
            };
            let user = format!(
                "{{messenger_id: \"{case}\", opted_in: true, age: {}, country: PT, plan: {plan}, first_name: Ana}}",
                18 + case
            );
            // A text takes all that is written to it.
            let _ = write!(
                text,
                "  - name: case {case}\n    user: {user}\n    events: [{{name: order, ago: {case}d}}]\n    \
                 expect:\n      eligible: true\n      message: {{attachment: {{payload: {{elements: \
                 [{{title: \"Ana, offer {n}\", subtitle: {subtitle}}}]}}}}}}\n"
            );
        }
        write(folder, &format!("offer-{n}.yaml"), &text)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Error::file(path))
}
