//! Renders: texts and whole requests on one core, in turn with a plain engine on the same texts in plain Liquid.
//! No server is involved, and processor time is what counts.

use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use super::measure::{self, Report, Took, Watch};
use super::plain::Plain;
use super::texts::{Ours, Work};
use crate::cli::error::Error;
use crate::cli::exit::Exit;

/// Renders before anything is measured.
const WARM_UP: u64 = 10_000;

#[derive(Debug, Args)]
pub(super) struct Render {
    /// Renders of each text by each engine
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    count: u64,
    /// Rounds in which the engines take turns; the figures are medians
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u8).range(1..=100))]
    rounds: u8,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One render, for user `n`.
type Job<'a> = dyn Fn(u64) -> Result<(), Error> + 'a;

// === impl Render ===

impl Render {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let work = Work::read()?;
        let ours = Ours::new(&work)?;
        let plain = Plain::new(&work)?;
        let mut report = Report::default();
        report.add("renders", self.count);
        report.add("rounds", self.rounds);
        for (at, text) in work.texts.iter().enumerate() {
            same(&text.name, &text.expect, &ours.text(at)?)?;
            same(&text.name, &text.expect, &plain.text(at)?)?;
            let figures =
                self.measure(&|_| ours.text(at).map(drop), &|_| plain.text(at).map(drop))?;
            report.add(&text.name, figures);
        }
        let (body, plain_body) = (ours.request(0)?, plain.request(&work, &ours, 0)?);
        let parsed = |body: &[u8]| serde_json::from_slice::<Json>(body).unwrap_or_default();
        let (asked, made) = (parsed(plain_body.as_bytes()), parsed(&body));
        same("request", &asked.to_string(), &made.to_string())?;
        let figures = self.measure(&|n| ours.request(n).map(drop), &|n| {
            plain.request(&work, &ours, n).map(drop)
        })?;
        report.add("request", figures);
        report.print(self.json);
        Ok(Exit::OK)
    }

    fn measure(&self, ours: &Job<'_>, plain: &Job<'_>) -> Result<Json, Error> {
        let each = (self.count / u64::from(self.rounds)).max(1);
        rate(ours, WARM_UP)?;
        rate(plain, WARM_UP)?;
        let (mut rates, mut plain_rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let mut grown = 0;
        for _ in 0..self.rounds {
            let before = measure::rss_bytes();
            let per_sec = rate(ours, each)?;
            grown += measure::rss_bytes().saturating_sub(before);
            let plain_per_sec = rate(plain, each)?;
            rates.push(per_sec);
            plain_rates.push(plain_per_sec);
            ratios.push(per_sec / plain_per_sec);
        }
        let median = |of: Vec<f64>| measure::median(&measure::sorted(of.into_iter()));
        Ok(json!({
            "per_sec": measure::rounded(median(rates)),
            "plain_per_sec": measure::rounded(median(plain_rates)),
            "to_plain": measure::rounded(median(ratios)),
            "grown_bytes": grown,
        }))
    }
}

/// Renders a second of processor time: what else the machine does at the same time counts little.
fn rate(job: &Job<'_>, count: u64) -> Result<f64, Error> {
    let (watch, begun) = (Watch::begin(), measure::thread_secs());
    for n in 0..count {
        job(n)?;
    }
    let spent = measure::thread_secs()
        .zip(begun)
        .map(|(end, begun)| end - begun);
    let took = Took {
        time: Duration::try_from_secs_f64(spent.unwrap_or_default()).unwrap_or_default(),
        cpu_secs: 0.0,
    };
    let is_known = spent.is_some_and(|spent| spent > 0.0);
    Ok(if is_known { took } else { watch.end() }.rate(count))
}

/// What is compared does the same.
fn same(name: &str, expected: &str, found: &str) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::Input(format!("{name}: `{found}`, not `{expected}`")))
}
