//! Bytes a second as people type them.

use std::{fmt, str::FromStr};

/// A limit on what is carried, in bytes a second; `None` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Limit(pub Option<u64>);

impl Limit {
    /// As it is typed; nothing where there is none.
    pub fn typed(self) -> String {
        match self.0 {
            None => String::new(),
            Some(bytes) if bytes % (1 << 20) == 0 => format!("{}M", bytes >> 20),
            Some(bytes) if bytes % (1 << 10) == 0 => format!("{}K", bytes >> 10),
            Some(bytes) => bytes.to_string(),
        }
    }

    /// The lower of two.
    #[must_use]
    pub fn lower(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Self(Some(one.min(other))),
            (one, other) => Self(one.or(other)),
        }
    }
}

/// Why what was typed is no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither bytes a second (500K, 2M, 1.5G) nor none")]
pub struct BadLimit;

impl FromStr for Limit {
    type Err = BadLimit;

    /// `500K`, `2M`, `1.5G`, or plain bytes; `none`, `0` or nothing lifts it.
    fn from_str(typed: &str) -> Result<Self, BadLimit> {
        let typed = typed.trim();
        if matches!(typed, "" | "0" | "none") {
            return Ok(Self(None));
        }
        let (number, unit) = match typed.char_indices().next_back() {
            Some((at, unit)) if unit.is_ascii_alphabetic() => (&typed[..at], unit),
            _ => (typed, 'B'),
        };
        let unit: f64 = match unit.to_ascii_uppercase() {
            'B' => 1.0,
            'K' => 1024.0,
            'M' => 1024.0 * 1024.0,
            'G' => 1024.0 * 1024.0 * 1024.0,
            _ => return Err(BadLimit),
        };
        let number: f64 = number.parse().map_err(|_| BadLimit)?;
        let bytes = number * unit;
        // Beyond a petabyte a second there is nothing to limit.
        if !bytes.is_finite() || !(1.0..=1e15).contains(&bytes) {
            return Err(BadLimit);
        }
        Ok(Self(Some(bytes as u64)))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(bytes) => {
                f.write_str(&super::figures::size_short(Some(bytes)))?;
                f.write_str("/s")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_as_people_type_them() {
        for (typed, meant) in [
            ("500K", Some(512_000)),
            ("2M", Some(2 << 20)),
            (" 1.5g ", Some(3 << 29)),
            ("4096", Some(4096)),
            ("none", None),
            ("0", None),
            ("", None),
        ] {
            assert_eq!(typed.parse(), Ok(Limit(meant)), "{typed}");
            assert_eq!(Limit(meant).typed().parse(), Ok(Limit(meant)), "{typed}");
        }
        for nonsense in ["fast", "-1M", "1T", "NaN", "infM", "M", "0.1", "1e99"] {
            assert_eq!(nonsense.parse::<Limit>(), Err(BadLimit), "{nonsense}");
        }
    }
}
