//! The steps of one job: a line a step.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    domain::{display, path::StoragePath},
    engine::message::{JobProgress, StepKind, StepProgress, StepState},
    model::{Model, job_words, layout::Area, queue::StepList, share, text},
};

use super::{
    look::Look,
    pen::{self, Line},
    queue,
    transfers::{percent, retry_words},
};

pub(crate) fn draw(
    model: &Model,
    list: &StepList,
    look: &Look,
    area: Area,
    has_keys: bool,
    buffer: &mut Buffer,
) {
    let job = model.transfers.job(list.job);
    let title = job.map_or_else(|| "Job".to_owned(), |job| job_words(&job.request));
    let steps = list.steps(&model.transfers);
    let note = job.map_or_else(String::new, |job| {
        format!(" {} ", text::counted(job.planned, "step", "steps"))
    });
    let parts = queue::panel(&title, &note, look, area, buffer);
    let columns = Columns::for_width(parts.rows.width);
    if let Some(header) = parts.header {
        let mut line = Line::new(buffer, header);
        line.skip(2);
        line.column(columns.name).put("Step", look.soft());
        line.column(columns.size).put_right("Size", look.soft());
        line.skip(2).put("State", look.soft());
    }
    if steps.is_empty() {
        let row = parts.rows.row(parts.rows.height / 3);
        Line::new(buffer, row).skip(2).put("No steps yet.", look.soft());
        return;
    }
    let current = list.line(&model.transfers);
    for row in 0..parts.rows.height {
        let number = list.top + usize::from(row);
        let Some(step) = steps.get(number) else { break };
        let place = parts.rows.row(row);
        let mut line = Line::new(buffer, place);
        draw_step(model, list, job, step, &columns, look, &mut line);
        if number == current && has_keys {
            pen::tint(buffer, place, look.cursor());
        }
    }
}

struct Columns {
    name: u16,
    size: u16,
}

impl Columns {
    fn for_width(width: u16) -> Self {
        match width {
            0..40 => Self { name: width / 2, size: 0 },
            _ => Self { name: (width * 2 / 5).min(60), size: 7 },
        }
    }
}

fn draw_step(
    model: &Model,
    list: &StepList,
    job: Option<&JobProgress>,
    step: &StepProgress,
    columns: &Columns,
    look: &Look,
    line: &mut Line<'_>,
) {
    let (sign, style) = match &step.state {
        StepState::Waiting => ("·", look.soft()),
        StepState::Copying | StepState::Verifying | StepState::Committing => ("»", look.accent()),
        StepState::Asking => ("?", look.waiting()),
        StepState::Paused => ("=", look.waiting()),
        StepState::Retrying(_) => ("↻", look.waiting()),
        StepState::Done(_) => ("✓", look.good()),
        StepState::Failed(_) => ("✗", look.bad()),
        StepState::Skipped | StepState::Cancelled => ("-", look.soft()),
    };
    line.column(2).put(sign, style);
    let name = match step.what {
        StepKind::Directory => format!("{}/", short_path(&step.from, job)),
        _ => short_path(&step.from, job),
    };
    let width = usize::from(columns.name);
    line.column(columns.name).put(&text::cut_name(&name, width), Style::new());
    let size = match step.what {
        StepKind::File => text::size_short(step.source.size),
        _ => String::new(),
    };
    line.column(columns.size).put_right(&size, look.soft());
    line.skip(2);
    match &step.state {
        StepState::Waiting => line.put("waiting", look.soft()),
        StepState::Copying => {
            let planned = step.source.size.unwrap_or(0);
            let part = share(step.carried_bytes, planned, true);
            let wide = (line.room() / 3).clamp(4, 24) as u16;
            line.bar(wide, part, look.accent(), look.soft());
            line.skip(1).put(&percent(part), Style::new())
        }
        StepState::Verifying => line.put("verifying", look.accent()),
        StepState::Committing => line.put("committing", look.accent()),
        StepState::Asking => line.put("asks you; a answers", look.waiting()),
        StepState::Paused => line.put("paused; p goes on", look.waiting()),
        StepState::Retrying(retry) => line.put(&retry_words(retry, model.now), look.waiting()),
        StepState::Done(verdict) => {
            line.put("done", look.good());
            if let Some(verdict) = verdict {
                line.put(" · ", look.soft()).put(verdict.word(), look.good());
            }
            if let Some(digest) = model.transfers.digest(list.job, step.id) {
                line.skip(1).put(&text::cut_end(&digest.to_string(), 17), look.soft());
            }
            line
        }
        StepState::Failed(error) => line.put(&error.to_string(), look.bad()),
        StepState::Skipped => line.put("skipped", look.soft()),
        StepState::Cancelled => line.put("cancelled", look.soft()),
    };
}

/// A path seen from the directory the job's sources lie in.
fn short_path(path: &StoragePath, job: Option<&JobProgress>) -> String {
    let base = job
        .and_then(|job| job.request.sources.iter().find(|source| path.is_within(source)))
        .and_then(|source| source.parent());
    let bytes = match &base {
        Some(base) if !base.is_root() => {
            path.as_bytes().get(base.as_bytes().len() + 1..).unwrap_or(path.as_bytes())
        }
        _ => path.as_bytes(),
    };
    display::escape(bytes)
}
