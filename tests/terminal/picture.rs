//! A terminal's screen as an SVG picture: what a person sees, for the README and for looking at.

use std::fmt::Write as _;

use vt100::{Color, Screen};

const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: f64 = 18.0;
const MARGIN: f64 = 12.0;
const FOREGROUND: &str = "#d8dee9";
const BACKGROUND: &str = "#1d2129";

/// The screen as a self-contained SVG.
pub(crate) fn svg(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f64::from(columns) * CELL_WIDTH + 2.0 * MARGIN;
    let height = f64::from(rows) * CELL_HEIGHT + 2.0 * MARGIN;
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" \
         height=\"{height:.0}\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n<g \
         font-family=\"'DejaVu Sans Mono','Menlo','Consolas',monospace\" font-size=\"14\" xml:space=\"preserve\">\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let run = Run::at(screen, row, column, columns);
            run.draw(&mut picture, row, column);
            column += run.width.max(1);
        }
    }
    picture.push_str("</g>\n</svg>\n");
    picture
}

/// Neighbouring cells that look alike.
struct Run {
    text: String,
    width: u16,
    look: Look,
}

#[derive(PartialEq, Eq, Clone)]
struct Look {
    foreground: String,
    background: String,
    bold: bool,
    dim: bool,
    underline: bool,
    italic: bool,
}

impl Run {
    fn at(screen: &Screen, row: u16, start: u16, columns: u16) -> Self {
        let look = look_of(screen, row, start);
        let mut run = Self { text: String::new(), width: 0, look };
        while start + run.width < columns {
            let column = start + run.width;
            let Some(cell) = screen.cell(row, column) else { break };
            if look_of(screen, row, column) != run.look {
                break;
            }
            let wide = cell.is_wide();
            // What is not one plain column wide is placed by itself: no font keeps the grid for it.
            let alone = wide || !cell.contents().is_ascii() && !is_line(cell.contents());
            if alone && run.width > 0 {
                break;
            }
            run.text.push_str(if cell.has_contents() { cell.contents() } else { " " });
            run.width += if wide { 2 } else { 1 };
            if alone {
                break;
            }
        }
        run
    }

    fn draw(&self, picture: &mut String, row: u16, column: u16) {
        let x = MARGIN + f64::from(column) * CELL_WIDTH;
        let y = MARGIN + f64::from(row) * CELL_HEIGHT;
        let width = f64::from(self.width) * CELL_WIDTH;
        let look = &self.look;
        // Writing to a String cannot fail.
        if look.background != BACKGROUND {
            let _ = writeln!(
                picture,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                width + 0.3,
                CELL_HEIGHT + 0.3,
                look.background
            );
        }
        if self.text.trim().is_empty() && !look.underline {
            return;
        }
        let mut style = String::new();
        if look.bold {
            style.push_str(" font-weight=\"bold\"");
        }
        if look.dim {
            style.push_str(" opacity=\"0.6\"");
        }
        if look.italic {
            style.push_str(" font-style=\"italic\"");
        }
        if look.underline {
            style.push_str(" text-decoration=\"underline\"");
        }
        let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let baseline = y + CELL_HEIGHT * 0.76;
        let _ = writeln!(
            picture,
            "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
             fill=\"{}\"{style}>{text}</text>",
            look.foreground
        );
    }
}

fn is_line(contents: &str) -> bool {
    contents.chars().all(|c| ('\u{2500}'..='\u{259f}').contains(&c))
}

fn look_of(screen: &Screen, row: u16, column: u16) -> Look {
    let Some(cell) = screen.cell(row, column) else {
        return Look {
            foreground: FOREGROUND.into(),
            background: BACKGROUND.into(),
            bold: false,
            dim: false,
            underline: false,
            italic: false,
        };
    };
    let mut foreground = colour(cell.fgcolor(), FOREGROUND);
    let mut background = colour(cell.bgcolor(), BACKGROUND);
    if cell.inverse() {
        std::mem::swap(&mut foreground, &mut background);
    }
    Look {
        foreground,
        background,
        bold: cell.bold(),
        dim: cell.dim(),
        underline: cell.underline(),
        italic: cell.italic(),
    }
}

fn colour(colour: Color, default: &str) -> String {
    const ANSI: [&str; 16] = [
        "#2e3440", "#bf616a", "#a3be8c", "#ebcb8b", "#81a1c1", "#b48ead", "#88c0d0", "#e5e9f0",
        "#6b7689", "#d57780", "#b6d19c", "#f5dda0", "#94b5d6", "#c7a2c1", "#9bd3e3", "#ffffff",
    ];
    match colour {
        Color::Default => default.to_owned(),
        Color::Idx(index @ 0..16) => ANSI[usize::from(index)].to_owned(),
        Color::Idx(index @ 16..232) => {
            let index = index - 16;
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            format!(
                "#{:02x}{:02x}{:02x}",
                level(index / 36),
                level(index / 6 % 6),
                level(index % 6)
            )
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}
