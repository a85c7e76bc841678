//! The queue panel: a line a job, in groups, with what is asked.

use ratatui::buffer::Buffer;

use crate::{
    domain::rate::Limit,
    engine::message::{JobProgress, JobState},
    model::{
        Model, Outcome, job_words, layout, layout::Area, queue::QueuePanel, queue_lines::QueueLine,
        share_of_job, text, verdict_words,
    },
};

use super::{
    flow,
    look::Look,
    pen::{self, Line},
    transfers::{percent, retry_words},
};

/// The frame of the panel with its title; the area of its rows.
pub(crate) fn panel(
    title: &str,
    note: &str,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) -> layout::PaneParts {
    let parts = layout::pane_parts(area);
    if parts.boxed {
        pen::frame(buffer, area, look.accent());
    }
    let mut line = Line::new(buffer, area.row(0));
    if parts.boxed {
        line.skip(1).skip_right(1);
    }
    if line.room() > 40 {
        line.put_right(note, look.soft());
    }
    let title = text::cut_middle(title, line.room().saturating_sub(2), line.room() / 2);
    line.put(&format!(" {title} "), look.title());
    parts
}

/// Widths of the columns.
struct Columns {
    words: u16,
    bar: u16,
    bytes: u16,
}

impl Columns {
    fn for_width(width: u16) -> Self {
        match width {
            0..40 => Self { words: width.saturating_sub(8), bar: 0, bytes: 0 },
            40..70 => Self { words: width / 2, bar: 0, bytes: 0 },
            70..100 => Self { words: width / 3, bar: 10, bytes: 0 },
            _ => Self { words: width / 3, bar: 16, bytes: 12 },
        }
    }
}

pub(crate) fn draw(
    model: &Model,
    panel_state: &QueuePanel,
    look: &Look,
    area: Area,
    has_keys: bool,
    buffer: &mut Buffer,
) {
    let jobs = model.transfers.jobs();
    let count = text::counted(jobs.len() as u64, "job", "jobs");
    let note = match model.transfers.snapshot().limit {
        Limit(None) => format!(" {count} "),
        limit => format!(" at most {limit} · {count} "),
    };
    let parts = panel("Queue", &note, look, area, buffer);
    let columns = Columns::for_width(parts.rows.width);
    if let Some(header) = parts.header {
        let mut line = Line::new(buffer, header);
        line.skip(2);
        line.column(columns.words).put("Job", look.soft());
        line.skip(2).column(columns.bar + 5).put("Carried", look.soft());
        line.column(columns.bytes);
        line.skip(2).put("State", look.soft());
    }
    let lines = panel_state.lines(&model.transfers, &model.questions);
    if lines.is_empty() {
        let row = parts.rows.row(parts.rows.height / 3);
        Line::new(buffer, row)
            .skip(2)
            .put("No jobs. F5 in a pane copies what is marked there.", look.soft());
        return;
    }
    let current = panel_state.line(&lines);
    for row in 0..parts.rows.height {
        let number = panel_state.top + usize::from(row);
        let Some(shown) = lines.get(number) else { break };
        let place = parts.rows.row(row);
        let mut line = Line::new(buffer, place);
        match shown {
            QueueLine::Heading(group, count) => {
                line.skip(2).put(group.word(), look.strong());
                if *count > 0 {
                    line.put(&format!("  {count}"), look.soft());
                }
            }
            QueueLine::Job(job) => draw_job(model, job, &columns, look, &mut line),
            QueueLine::Question(question) => {
                line.skip(4).put("? ", look.waiting());
                let room = line.room();
                line.put(&text::cut_middle(&question.words(), room, room / 2), look.waiting());
            }
        }
        if number == current && has_keys {
            pen::tint(buffer, place, look.cursor());
        }
    }
    if parts.boxed {
        flow::draw(model, look, area.row(area.height - 1), buffer);
    }
}

fn draw_job(model: &Model, job: &JobProgress, columns: &Columns, look: &Look, line: &mut Line<'_>) {
    let (sign, style) = match job.state {
        JobState::Waiting => ("·", look.soft()),
        JobState::Running => ("»", look.accent()),
        JobState::Paused => ("=", look.waiting()),
        JobState::Asking => ("?", look.waiting()),
        JobState::Retrying => ("↻", look.waiting()),
        JobState::Done => ("✓", look.good()),
        JobState::Failed => ("✗", look.bad()),
        JobState::Cancelled => ("-", look.soft()),
    };
    line.column(2).put(sign, style);
    let words = text::cut_middle(
        &job_words(&job.request),
        usize::from(columns.words),
        usize::from(columns.words) / 2,
    );
    line.column(columns.words).put(&words, ratatui::style::Style::new());
    line.skip(2);
    let part = share_of_job(job);
    if columns.bar > 0 {
        let filled = if job.state.has_ended() { style } else { look.accent() };
        line.bar(columns.bar, part, filled, look.soft());
    }
    line.column(5).put_right(&percent(part), ratatui::style::Style::new());
    let bytes = format!(
        "{}/{}",
        text::size_short(Some(job.carried_bytes)),
        text::size_short(Some(job.planned_bytes))
    );
    line.column(columns.bytes).put_right(&bytes, look.soft());
    line.skip(2);
    draw_state(model, job, look, line);
}

/// Cells of when it is tried again, without the reason: `again in 60 s…`.
const WAIT: usize = 14;

fn draw_state(model: &Model, job: &JobProgress, look: &Look, line: &mut Line<'_>) {
    match (&job.retry, job.state) {
        (_, JobState::Paused) => {
            line.put("paused; p goes on", look.waiting());
        }
        (_, JobState::Waiting) => {
            line.put("waiting", look.soft());
        }
        (Some(retry), state) if !state.has_ended() => {
            // What is known of the job already stays in sight beside the reason.
            let verdicts = verdict_words(&job.counts);
            let wide: usize = verdicts.iter().map(|(_, words)| text::cells(words) + 2).sum();
            let room = line.room().saturating_sub(wide).max(WAIT);
            line.put(&text::cut_end(&retry_words(retry, model.now), room), look.waiting());
        }
        (_, JobState::Asking) => {
            let asked = model.questions.of_job(job.id).max(1) as u64;
            let words = text::counted(asked, "question", "questions");
            line.put(&format!("{words}; a answers"), look.waiting());
        }
        (_, JobState::Cancelled) => {
            line.put("cancelled", look.soft());
        }
        (_, JobState::Done) if job.counts.done == 0 => {
            line.put("done", look.good());
        }
        (_, state) if !state.has_ended() => {
            if job.only_verifies() {
                line.put("verifying", look.accent());
            } else if job.rate >= 1.0 {
                line.put(&format!("{}/s", text::size_words(job.rate as u64)), look.strong());
            } else {
                line.put(if job.plan_complete { "working" } else { "counting" }, look.soft());
            }
            if let Some(left) = job.seconds_left.filter(|_| !job.only_verifies()) {
                line.skip(2).put(&format!("{} left", text::duration(left)), look.soft());
            }
        }
        _ => {
            line.put("", look.soft());
            draw_verdicts(job, look, line, "");
            draw_failure(job, look, line);
            return;
        }
    }
    draw_verdicts(job, look, line, "  ");
    draw_failure(job, look, line);
}

fn draw_verdicts(job: &JobProgress, look: &Look, line: &mut Line<'_>, before: &str) {
    let mut before = before;
    for (outcome, words) in verdict_words(&job.counts) {
        let style = match outcome {
            Outcome::Plain => look.soft(),
            other => look.outcome(other),
        };
        line.put(before, style).put(&words, style);
        before = "  ";
    }
}

fn draw_failure(job: &JobProgress, look: &Look, line: &mut Line<'_>) {
    if let Some(failure) = &job.last_failure
        && line.room() > 12
    {
        line.put(&format!(": {}", failure.why()), look.bad());
    }
}
