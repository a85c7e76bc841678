//! Which columns a pane has, and in which order.

/// One column of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// The name; it takes the room that the others leave.
    Name,
    /// The size.
    Size,
    /// When it was changed.
    Time,
    /// Permissions.
    Mode,
    /// Owner and group, by their numbers.
    Owner,
    /// What stands behind the name's last dot.
    Extension,
}

impl Column {
    const ALL: [(&'static str, Self); 6] = [
        ("name", Self::Name),
        ("size", Self::Size),
        ("time", Self::Time),
        ("mode", Self::Mode),
        ("owner", Self::Owner),
        ("extension", Self::Extension),
    ];
}

/// Columns from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<Column>);

impl Default for Columns {
    fn default() -> Self {
        Self(vec![Column::Name, Column::Size, Column::Time, Column::Mode])
    }
}

impl Columns {
    /// Reads their words. An error is a sentence without its full stop.
    pub fn read<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut columns = Vec::new();
        for word in words {
            let Some((_, column)) = Column::ALL.iter().find(|(known, _)| *known == word) else {
                let known: Vec<&str> = Column::ALL.iter().map(|(known, _)| *known).collect();
                let shown = super::display::escape_text(word);
                return Err(format!("{shown} is no column; there are {}", known.join(", ")));
            };
            if columns.contains(column) {
                return Err(format!("{word} stands there twice"));
            }
            columns.push(*column);
        }
        if !columns.contains(&Column::Name) {
            return Err("name is missing".to_owned());
        }
        Ok(Self(columns))
    }

    /// From left to right.
    pub fn in_order(&self) -> &[Column] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_in_their_order_and_mistakes_are_told() {
        let read = |words: &[&str]| Columns::read(words.iter().copied());
        let columns = read(&["time", "name", "owner"]).unwrap();
        assert_eq!(columns.in_order(), [Column::Time, Column::Name, Column::Owner]);
        assert!(
            read(&["name", "colour"]).unwrap_err().starts_with("colour is no column; there are")
        );
        assert_eq!(read(&["name", "size", "size"]).unwrap_err(), "size stands there twice");
        assert_eq!(read(&["size"]).unwrap_err(), "name is missing");
    }
}
