//! A configuration text, and the places in it.

use std::sync::Arc;

use crate::config::origin::{Origin, Position};

/// A text that was read from a file or compiled in.
pub(crate) struct Document<'a> {
    pub(crate) path: Arc<str>,
    pub(crate) text: &'a str,
    compiled: bool,
    /// The byte at which each line begins.
    lines: Vec<usize>,
}

impl<'a> Document<'a> {
    /// The text of a file.
    pub(crate) fn file(path: &str, text: &'a str) -> Self {
        // Editors on Windows put a byte order mark there, which neither format knows.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { path: path.into(), text, compiled: false, lines }
    }

    /// The application's own defaults.
    pub(crate) fn compiled(path: &str, text: &'a str) -> Self {
        Self { compiled: true, ..Self::file(path, text) }
    }

    /// The place of a line and column, both from 1.
    pub(crate) fn at(&self, line: usize, column: usize) -> Origin {
        let position = Position { path: Arc::clone(&self.path), line, column };
        if self.compiled { Origin::Defaults(position) } else { Origin::File(position) }
    }

    /// The place of a byte.
    pub(crate) fn at_byte(&self, byte: usize) -> Origin {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let column = self.text.get(start..byte).map_or(0, |before| before.chars().count());
        self.at(line, column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let document = Document::file("f", "\u{feff}a = 1\nü = 2\n");
        assert_eq!(document.at_byte(0).to_string(), "f:1:1");
        assert_eq!(document.at_byte(5).to_string(), "f:1:6");
        assert_eq!(document.at_byte(9).to_string(), "f:2:3");
        assert_eq!(document.at_byte(12).to_string(), "f:2:6");
        assert_eq!(Document::compiled("f", "").at_byte(0).to_string(), "f:1:1 (compiled in)");
    }
}
