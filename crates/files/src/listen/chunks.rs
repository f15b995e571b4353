//! A body in chunks (RFC 9112, 7.1), however it is cut.

use std::io;

use super::broken;

/// The most digits of a chunk's size, and the most bytes of any other line.
const SIZE_MAX_DIGITS: u32 = 15;
const LINE_MAX_BYTES: usize = 8 * 1_024;

/// How far a body has come.
#[derive(Default)]
pub struct Chunks(Place);

#[derive(Default)]
enum Place {
    /// Before the digits of a size, or among them.
    #[default]
    Size0,
    Size {
        size: u64,
        digits: u32,
    },
    /// Behind them, up to the end of the line.
    Extension {
        size: u64,
        skipped: usize,
    },
    Data {
        left: u64,
    },
    /// The end of the line behind the data.
    Behind,
    /// Lines behind the last chunk; an empty one ends them.
    Trailer {
        length: usize,
        skipped: usize,
    },
    Over,
}

impl Chunks {
    /// What of these bytes is the body's.
    ///
    /// # Errors
    /// They are no chunks.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        let mut rest = bytes;
        while let Some((first, others)) = rest.split_first() {
            if let Place::Data { left } = &mut self.0 {
                let fits = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                data.extend_from_slice(&rest[..fits]);
                *left -= fits as u64;
                if *left == 0 {
                    self.0 = Place::Behind;
                }
                rest = &rest[fits..];
                continue;
            }
            self.0 = self.0.after(*first)?;
            rest = others;
        }
        Ok(data)
    }

    /// The last chunk has come.
    pub fn is_over(&self) -> bool {
        matches!(self.0, Place::Over)
    }
}

impl Place {
    /// The place behind one byte that is not data.
    fn after(&self, byte: u8) -> io::Result<Self> {
        match *self {
            Self::Size0 => match digit(byte) {
                Some(size) => Ok(Self::Size { size, digits: 1 }),
                None => Err(broken("a chunk has no size")),
            },
            Self::Size { size, digits } => match (digit(byte), byte) {
                (Some(_), _) if digits >= SIZE_MAX_DIGITS => Err(broken("a chunk is too large")),
                (Some(digit), _) => Ok(Self::Size { size: size << 4 | digit, digits: digits + 1 }),
                (None, b'\r' | b';' | b' ' | b'\t') => Ok(Self::Extension { size, skipped: 0 }),
                (None, b'\n') => Ok(Self::begin(size)),
                _ => Err(broken("a chunk's size is no number")),
            },
            Self::Extension { size, .. } if byte == b'\n' => Ok(Self::begin(size)),
            Self::Extension { size, skipped } => {
                bounded(skipped).map(|skipped| Self::Extension { size, skipped })
            }
            Self::Behind if byte == b'\r' => Ok(Self::Behind),
            Self::Behind if byte == b'\n' => Ok(Self::Size0),
            Self::Behind => Err(broken("a chunk is longer than its size")),
            Self::Trailer { length: 0, .. } if byte == b'\n' => Ok(Self::Over),
            Self::Trailer { length, skipped } => {
                let length = if byte == b'\n' { 0 } else { length + usize::from(byte != b'\r') };
                bounded(skipped).map(|skipped| Self::Trailer { length, skipped })
            }
            Self::Data { left } => Ok(Self::Data { left }),
            // What comes behind the end concerns nobody.
            Self::Over => Ok(Self::Over),
        }
    }

    fn begin(size: u64) -> Self {
        match size {
            0 => Self::Trailer { length: 0, skipped: 0 },
            left => Self::Data { left },
        }
    }
}

fn digit(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}

fn bounded(skipped: usize) -> io::Result<usize> {
    if skipped >= LINE_MAX_BYTES {
        return Err(broken("a line among the chunks is too long"));
    }
    Ok(skipped + 1)
}
