//! The tables as they grow.

use std::fs;

use crate::measure::Cost;

/// One table: a peer and us.
pub(crate) struct Rows {
    pub(crate) text: String,
}

impl Rows {
    /// A table without rows.
    pub(crate) fn against(peer: &str) -> Self {
        Self {
            text: format!("| work | {peer} | gitseal | ratio | goal | holds |\n|---|---|---|---|---|---|\n"),
        }
    }

    /// CPU time, user and system.
    pub(crate) fn cpu(&mut self, work: &str, peer: Cost, ours: Cost, goal: f64) {
        let ratio = peer.cpu_micros as f64 / ours.cpu_micros.max(1) as f64;
        self.row(
            work,
            &millis(peer.cpu_micros),
            &millis(ours.cpu_micros),
            ratio,
            goal,
        );
    }

    /// Time as a clock shows it.
    pub(crate) fn wall(&mut self, work: &str, peer: Cost, ours: Cost, goal: f64) {
        let ratio = peer.wall_micros as f64 / ours.wall_micros.max(1) as f64;
        self.row(
            work,
            &millis(peer.wall_micros),
            &millis(ours.wall_micros),
            ratio,
            goal,
        );
    }

    /// The most memory that was in use.
    pub(crate) fn memory(&mut self, work: &str, peer: Cost, ours: Cost, goal: f64) {
        let ratio = peer.peak_kib as f64 / ours.peak_kib.max(1) as f64;
        let mib = |cost: Cost| format!("{:.1} MiB", cost.peak_kib as f64 / 1024.0);
        self.row(work, &mib(peer), &mib(ours), ratio, goal);
    }

    fn row(&mut self, work: &str, peer: &str, ours: &str, ratio: f64, goal: f64) {
        let holds = word(ratio >= goal);
        self.text.push_str(&format!(
            "| {work} | {peer} | {ours} | 1/{ratio:.1} | ≤ 1/{goal:.0} | {holds} |\n"
        ));
    }

    /// Our CPU time alone.
    pub(crate) fn absolute(&mut self, work: &str, ours: Cost, goal_millis: i64) {
        let holds = word(ours.cpu_micros <= goal_millis * 1_000);
        let told = millis(ours.cpu_micros);
        self.text.push_str(&format!(
            "| {work} | – | {told} | – | ≤ {goal_millis} ms | {holds} |\n"
        ));
    }

    /// Anything else: figures and goal in words.
    pub(crate) fn words(&mut self, work: &str, ours: &str, figure: &str, goal: &str, holds: bool) {
        let holds = word(holds);
        self.text.push_str(&format!(
            "| {work} | – | {ours} | {figure} | {goal} | {holds} |\n"
        ));
    }

    /// A line below the table.
    pub(crate) fn note(&mut self, text: &str) {
        self.text.push_str(&format!("\n({text})\n"));
    }
}

const fn word(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}

/// Microseconds for people.
pub(crate) fn millis(micros: i64) -> String {
    format!("{:.1} ms", micros as f64 / 1_000.0)
}

/// Where this was measured.
pub(crate) fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .unwrap_or("unknown CPU");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("CPU time (user and system) where nothing else is said, medians, {cores} × {model}")
}
