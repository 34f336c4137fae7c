//! What is read off a run: time, latencies, processor time, memory.

use std::fs;
use std::time::Duration;

use hdrhistogram::Histogram;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::cli::output;
use crate::clock::{Clock, SystemClock};

/// Ticks a second in /proc/self/stat: fixed by Linux for every program, whatever the kernel runs at.
const TICKS_PER_SEC: f64 = 100.0;
/// Longest latency that is told apart.
const LATENCY_MAX_US: u64 = 60_000_000;

/// A span being measured.
#[derive(Debug)]
pub(super) struct Watch {
    begun_at: Timestamp,
    cpu_secs: f64,
}

/// How long it took, and how much processor time the whole process used meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    pub(super) time: Duration,
    pub(super) cpu_secs: f64,
}

/// Latencies in microseconds.
#[derive(Debug)]
pub(super) struct Latencies(Histogram<u64>);

/// Figures by name, in the order in which they were measured.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<(String, Value)>);

// === impl Watch ===

impl Watch {
    pub(super) fn begin() -> Self {
        Self {
            begun_at: SystemClock.now(),
            cpu_secs: cpu_secs(),
        }
    }

    pub(super) fn end(&self) -> Took {
        Took {
            time: self.elapsed(),
            cpu_secs: cpu_secs() - self.cpu_secs,
        }
    }

    /// As [`Watch::end`], for what ended at an instant that somebody else wrote down.
    pub(super) fn ended_at(&self, at: Timestamp) -> Took {
        let span = at.duration_since(self.begun_at);
        Took {
            time: Duration::try_from(span).unwrap_or_default(),
            ..self.end()
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        let span = SystemClock.now().duration_since(self.begun_at);
        Duration::try_from(span).unwrap_or_default()
    }
}

// === impl Took ===

impl Took {
    pub(super) fn none() -> Self {
        Self {
            time: Duration::ZERO,
            cpu_secs: 0.0,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.time += other.time;
        self.cpu_secs += other.cpu_secs;
    }

    pub(super) fn rate(self, n: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a figure that people read")]
        let n = n as f64;
        n / self.time.as_secs_f64().max(1e-9)
    }
}

// === impl Latencies ===

impl Latencies {
    pub(super) fn new() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "three digits and these bounds are what a histogram takes"
        )]
        let histogram = Histogram::new_with_bounds(1, LATENCY_MAX_US, 3).expect("valid bounds");
        Self(histogram)
    }

    pub(super) fn record(&mut self, span: Duration) {
        self.record_us(u64::try_from(span.as_micros()).unwrap_or(LATENCY_MAX_US));
    }

    pub(super) fn record_us(&mut self, us: u64) {
        self.0.saturating_record(us.max(1));
    }

    fn to_json(&self) -> Value {
        json!({
            "p50_us": self.0.value_at_quantile(0.5),
            "p90_us": self.0.value_at_quantile(0.9),
            "p99_us": self.0.value_at_quantile(0.99),
            "max_us": self.0.max(),
        })
    }
}

// === impl Report ===

impl Report {
    pub(super) fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// A rate or a ratio, without digits that mean nothing.
    pub(super) fn add_figure(&mut self, name: &str, figure: f64) {
        self.add(name, rounded(figure));
    }

    pub(super) fn add_span(&mut self, name: &str, span: Duration) {
        self.add_figure(name, span.as_secs_f64());
    }

    pub(super) fn add_latencies(&mut self, name: &str, latencies: &Latencies) {
        self.add(name, latencies.to_json());
    }

    /// A filter's members and how long it took.
    pub(super) fn add_evaluated(&mut self, name: &str, members: i64, took: &Latencies) {
        let mut figures = took.to_json();
        figures["members"] = members.into();
        self.add(name, figures);
    }

    pub(super) fn print(self, as_json: bool) {
        if as_json {
            let fields = self.0.into_iter();
            let object: Map<_, _> = fields.collect();
            output::json(&object.into());
            return;
        }
        for (name, value) in self.0 {
            output::line(format_args!(
                "{:<28}{}",
                name.replace('_', " "),
                text(&value)
            ));
        }
    }
}

/// Without digits that mean nothing.
pub(super) fn rounded(figure: f64) -> f64 {
    let scale = if figure.abs() >= 100.0 { 1.0 } else { 1_000.0 };
    (figure * scale).round() / scale
}

pub(super) fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// Of sorted figures; the lower one of two in the middle.
pub(super) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len().saturating_sub(1) / 2;
    sorted.get(middle).copied().unwrap_or_default()
}

/// Bytes of memory the process holds now; 0 where there is no /proc.
pub(super) fn rss_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// Processor seconds of this thread so far, to the nanosecond; none where there is no /proc.
pub(super) fn thread_secs() -> Option<f64> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let ns: u64 = stat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(ns).as_secs_f64())
}

/// Processor seconds of all threads so far; 0 where there is no /proc.
fn cpu_secs() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at| -> Option<f64> { after.split_whitespace().nth(at)?.parse().ok() };
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / TICKS_PER_SEC
}

fn text(value: &Value) -> String {
    match value {
        Value::Object(latencies) => latencies
            .iter()
            .map(|(name, us)| {
                if !name.ends_with("_us") {
                    return format!("{} {}", name.replace('_', " "), number(us));
                }
                let span = Duration::from_micros(us.as_u64().unwrap_or_default());
                format!("{} {}", name.trim_end_matches("_us"), output::span(span))
            })
            .collect::<Vec<_>>()
            .join(", "),
        Value::Number(_) => number(value),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Large ones in groups of three digits.
fn number(value: &Value) -> String {
    match (value.as_u64(), value.as_f64()) {
        (Some(n), _) => output::count(n),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole by now, and far below 2^53"
        )]
        (None, Some(n)) if n >= 100.0 => output::count(n.round() as i64),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_processor_time_and_memory() {
        let watch = Watch::begin();
        let mut sum = 0_u64;
        while watch.end().cpu_secs < 0.03 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(rss_bytes() > 100_000);
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert!((median(&sorted([9.0, 1.0, 5.0].into_iter())) - 5.0).abs() < f64::EPSILON);
        assert!((median(&sorted([4.0, 1.0].into_iter())) - 1.0).abs() < f64::EPSILON);
        assert!(median(&[]).abs() < f64::EPSILON);
    }

    #[test]
    fn latencies_are_read_by_share() {
        let mut latencies = Latencies::new();
        for us in 1..=100 {
            latencies.record_us(us);
        }
        let read = latencies.to_json();
        assert_eq!(
            (&read["p50_us"], &read["max_us"]),
            (&json!(50), &json!(100))
        );
    }
}
