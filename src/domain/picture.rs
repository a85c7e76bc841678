//! Pictures that are looked into: which files are some, and what a terminal can show of them.

use super::path::Name;

/// How a terminal shows pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Graphics {
    /// Two coloured halves in each cell: every terminal with colours.
    #[default]
    Halves,
    /// The kitty graphics protocol.
    Kitty,
    /// iTerm2's inline images.
    Iterm,
    /// Sixels.
    Sixel,
}

/// What there is to draw on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// How.
    pub graphics: Graphics,
    /// Pixels of a cell: wide, high.
    pub cell: (u16, u16),
}

impl Default for Canvas {
    fn default() -> Self {
        Self { graphics: Graphics::Halves, cell: (10, 20) }
    }
}

/// A picture's file, and the cells there are for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureOrder {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// Whether a name promises a picture of a kind that can be shown.
pub fn is_promised(name: &Name) -> bool {
    const ENDS: [&[u8]; 5] = [b"png", b"jpg", b"jpeg", b"gif", b"webp"];
    let end = name.as_bytes().rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    end.len() < name.as_bytes().len() && ENDS.iter().any(|known| known.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_promised_by_the_end_of_its_name() {
        let promises = |name: &str| is_promised(&Name::new(name).unwrap());
        assert!(promises("a.png") && promises("b.c.JPG") && promises(".webp"));
        assert!(!promises("png") && !promises("a.png.txt") && !promises("a."));
    }
}
