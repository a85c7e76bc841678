//! All jobs in one line, always there while there are jobs.

use std::time::Instant;

use ratatui::buffer::Buffer;

use crate::{
    engine::message::{Counts, Retrying},
    model::{Model, Outcome, layout::Area, share, text, verdict_words},
};

use super::{look::Look, pen::Line};

pub(crate) fn draw(model: &Model, look: &Look, area: Area, buffer: &mut Buffer) {
    let all = model.transfers.overall();
    let mut line = Line::new(buffer, area);
    line.skip(1.min(area.width / 20)).skip_right(1.min(area.width / 20));
    if all.open == 0 {
        let failed = all.counts.failed > 0;
        let (sign, style, word) = match (failed, all.cancelled == all.jobs) {
            (true, _) => ("✗ ", look.bad(), "ended with failures"),
            (_, true) => ("· ", look.soft(), "cancelled"),
            _ => ("✓ ", look.good(), "all done"),
        };
        line.put_right("  w", look.soft());
        line.put(sign, style).put(word, style).put("  ", style);
        line.put(&text::counted(all.jobs as u64, "job", "jobs"), look.soft());
        line.put(&format!(", {}", text::size_words(all.counts.bytes)), look.soft());
        draw_counts(&all.counts, look, &mut line);
        return;
    }
    let part = share(all.carried_bytes, all.planned_bytes, all.plan_complete);
    line.put("» ", look.accent());
    if line.room() >= 30 {
        let jobs = text::counted(all.open as u64, "job", "jobs");
        line.put(&jobs, look.strong()).skip(2);
    }
    let wide = (line.room() / 5).clamp(6, 30) as u16;
    line.bar(wide, part, look.accent(), look.soft());
    line.skip(1).put(&percent(part), look.strong()).skip(2);
    if let Some(retry) = &all.retry {
        line.put(&retry_words(retry, model.now), look.waiting()).skip(2);
    } else if all.asking {
        line.put("waits for an answer", look.waiting()).skip(2);
    }
    if all.only_verifies {
        line.put("verifying", look.accent());
    } else if all.rate >= 1.0 {
        line.put(&format!("{}/s", text::size_words(all.rate as u64)), look.strong());
        if let Some(left) = all.seconds_left {
            line.skip(2).put(&format!("{} left", text::duration(left)), look.soft());
        }
    }
    draw_counts(&all.counts, look, &mut line);
}

fn draw_counts(counts: &Counts, look: &Look, line: &mut Line<'_>) {
    for (outcome, words) in verdict_words(counts) {
        let sign = match outcome {
            Outcome::Good => "  ✓ ",
            Outcome::Plain => "  · ",
            Outcome::Bad => "  ✗ ",
        };
        let style = if outcome == Outcome::Plain { look.soft() } else { look.outcome(outcome) };
        if text::cells(sign) + text::cells(&words) <= line.room() {
            line.put(sign, style).put(&words, style);
        }
    }
}

/// ` 58%`, or what stands for it while the plan is still made.
pub(crate) fn percent(part: Option<f64>) -> String {
    // Only all of it is 100 %.
    part.map_or_else(|| "  …%".to_owned(), |part| format!("{:3.0}%", (part * 100.0).floor()))
}

/// `again in 4 s: connection lost`.
pub(crate) fn retry_words(retry: &Retrying, now: Option<Instant>) -> String {
    let left = now.map(|now| retry.at.saturating_duration_since(now).as_secs_f64());
    match left {
        Some(left) if left > 0.0 => format!("again in {:.0} s: {}", left.ceil(), retry.why.why()),
        _ => format!("trying again: {}", retry.why.why()),
    }
}
