//! Pictures: decoded within bounds, brought to the size of their place, drawn as the terminal can.

use std::{fmt, io::Cursor, sync::Arc};

use image::{DynamicImage, ImageReader, Limits, imageops::FilterType};
use ratatui::{buffer::Buffer, layout::Size, widgets::Widget as _};
use ratatui_image::{
    Image,
    protocol::{Protocol, halfblocks::Halfblocks, iterm2::Iterm2, kitty::Kitty, sixel::Sixel},
};

use super::pen;
use crate::{
    domain::picture::{Canvas, Graphics, PictureOrder},
    engine::message::Ticket,
    model::layout::Area,
};

/// The longest side that is decoded, in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// The most memory that decoding one may take.
const MOST_MEMORY: u64 = 192 << 20;
/// The most pixels that are decoded.
const MOST_PIXELS: u64 = 40_000_000;

/// A picture as it is drawn.
#[derive(Clone)]
pub struct Picture {
    shown: Arc<Protocol>,
    /// What is told of it: `640 × 480`.
    facts: String,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// The picture that was made last, and for whom.
pub type Shown = Option<(Ticket, Picture)>;

impl Picture {
    /// Makes one of a file's bytes. An error is a sentence.
    pub fn make(order: &PictureOrder, canvas: Canvas) -> Result<Self, String> {
        let image = decode(&order.bytes)?;
        let facts = format!("{} × {}", image.width(), image.height());
        let (cell_width, cell_height) = canvas.cell;
        let room_width = u32::from(order.width.max(1)) * u32::from(cell_width.max(1));
        let room_height = u32::from(order.height.max(1)) * u32::from(cell_height.max(1));
        // Small ones stay as they are, large ones are brought to the place there is.
        let image = if image.width() > room_width || image.height() > room_height {
            image.resize(room_width, room_height, FilterType::Triangle)
        } else {
            image
        };
        let cells = |pixels: u32, cell: u16, most: u16| {
            let cells = pixels.div_ceil(u32::from(cell.max(1))).max(1);
            u16::try_from(cells).unwrap_or(most).min(most.max(1))
        };
        let size = Size {
            width: cells(image.width(), cell_width, order.width),
            height: cells(image.height(), cell_height, order.height),
        };
        let shown = draw_as(image, size, canvas.graphics)
            .map_err(|error| format!("The picture cannot be drawn: {error}."))?;
        Ok(Self { shown: Arc::new(shown), facts })
    }

    /// Its size in pixels, in words.
    pub fn facts(&self) -> &str {
        &self.facts
    }

    pub(crate) fn draw(&self, area: Area, buffer: &mut Buffer) {
        Image::new(&self.shown).allow_clipping(true).render(pen::rect(area), buffer);
    }
}

fn draw_as(
    image: DynamicImage,
    size: Size,
    graphics: Graphics,
) -> Result<Protocol, ratatui_image::errors::Errors> {
    Ok(match graphics {
        Graphics::Halves => Protocol::Halfblocks(Halfblocks::new(image, size)?),
        Graphics::Kitty => {
            Protocol::Kitty(Kitty::new(image, size, fastrand::u32(1..), false, false)?)
        }
        Graphics::Iterm => Protocol::ITerm2(Iterm2::new(image, size, false)?),
        Graphics::Sixel => Protocol::Sixel(Sixel::new(image, size, false)?),
    })
}

/// Decodes within the bounds. What a header promises is looked at before anything is made room for.
fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let refused = |error: &dyn fmt::Display| {
        let why = crate::domain::display::escape_text(&error.to_string());
        format!("This is no picture that can be shown: {why}. x shows its bytes.")
    };
    let reader = || {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        reader.map_err(|error| refused(&error))
    };
    let (width, height) = reader()?.into_dimensions().map_err(|error| refused(&error))?;
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!(
            "This picture has {width} × {height} pixels, which is too many to be shown. x shows its bytes."
        ));
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    reader.decode().map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbImage};

    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let image = RgbImage::from_fn(width, height, |x, _| {
            image::Rgb(if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] })
        });
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(image).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn order(bytes: Vec<u8>) -> PictureOrder {
        PictureOrder { bytes, width: 40, height: 10 }
    }

    #[test]
    fn a_picture_fits_its_place_and_keeps_its_form() {
        let picture = |width, height| {
            let bytes = file(width, height, ImageFormat::Png);
            Picture::make(&order(bytes), Canvas::default()).unwrap()
        };
        let size = |picture: &Picture| (picture.shown.size().width, picture.shown.size().height);
        assert_eq!(size(&picture(4_000, 1_000)), (40, 5));
        assert_eq!(size(&picture(100, 4_000)), (1, 10));
        assert_eq!(size(&picture(50, 50)), (5, 3), "a small one is not blown up");
        assert_eq!(picture(50, 50).facts(), "50 × 50");
    }

    #[test]
    fn every_kind_of_graphics_draws_it() {
        for graphics in [Graphics::Halves, Graphics::Kitty, Graphics::Iterm, Graphics::Sixel] {
            let canvas = Canvas { graphics, ..Canvas::default() };
            let picture = Picture::make(&order(file(200, 100, ImageFormat::Png)), canvas);
            let area = ratatui::layout::Rect::new(0, 0, 40, 10);
            let mut buffer = Buffer::empty(area);
            picture.unwrap().draw(Area::new(0, 0, 40, 10), &mut buffer);
            assert_ne!(buffer, Buffer::empty(area), "{graphics:?}");
        }
    }

    #[test]
    fn what_is_broken_or_promises_too_much_is_refused_before_it_takes_memory() {
        let refused =
            |bytes: &[u8]| Picture::make(&order(bytes.to_vec()), Canvas::default()).unwrap_err();
        assert!(refused(b"no picture").contains("x shows its bytes"));
        let whole = file(300, 300, ImageFormat::Png);
        assert!(refused(&whole[..whole.len() / 2]).contains("no picture that can be shown"));
        // A header that promises 60,000 × 60,000 pixels, its checksum put right.
        let mut lies = whole;
        lies[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        lies[20..24].copy_from_slice(&60_000u32.to_be_bytes());
        let sum = crc32fast::hash(&lies[12..29]);
        lies[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(refused(&lies).contains("too many"), "{}", refused(&lies));
    }
}
