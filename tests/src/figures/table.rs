//! Tables of Markdown.

use std::fmt;

/// A table. The first column is text, the others are figures and stand to the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    #[must_use]
    pub fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|&title| title.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// A row by itself, for whoever writes a table while it is measured.
    #[must_use]
    pub fn line(cells: &[String]) -> String {
        // A bar in a cell would end it.
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.head.join(" | "))?;
        let rules = (0..self.head.len()).map(|column| if column == 0 { "---|" } else { "---:|" });
        writeln!(f, "|{}", rules.collect::<String>())?;
        for row in &self.rows {
            f.write_str(&Self::line(row))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_to_the_right_and_a_bar_ends_no_cell() {
        let mut table = Table::new(&["function", "ms"]);
        table.row(["hello", "1.64"]);
        table.row(["a|b", "2"]);
        assert_eq!(
            table.to_string(),
            "| function | ms |\n|---|---:|\n| hello | 1.64 |\n| a\\|b | 2 |\n"
        );
    }
}
