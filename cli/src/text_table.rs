//! Tables for people: columns that stand under each other, whatever script the text is in.

use crate::output::printable;
use unicode_width::UnicodeWidthStr;

/// The gap between two columns.
const GAP: &str = "  ";

/// The rows under their heads, each column as wide as its widest text. A row may have fewer columns than there are heads.
pub(crate) fn aligned(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads = heads.iter().map(|head| (*head).to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(heads)
        .chain(rows.iter().map(|row| row.iter().map(|text| printable(text)).collect()))
        .collect();
    let mut widths: Vec<usize> = Vec::new();
    for line in &lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, text) in widths.iter_mut().zip(line) {
            *width = (*width).max(text.width());
        }
    }
    lines
        .iter()
        .map(|line| padded(line, &widths))
        .collect::<Vec<_>>()
        .join("\n")
}

fn padded(line: &[String], widths: &[usize]) -> String {
    let cells = line.iter().zip(widths).map(|(text, width)| {
        let missing = width.saturating_sub(text.width());
        format!("{text}{}", " ".repeat(missing))
    });
    cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::aligned;

    fn row<const N: usize>(texts: [&str; N]) -> Vec<String> {
        texts.map(str::to_owned).to_vec()
    }

    #[test]
    fn columns_stand_under_each_other_also_with_wide_and_accented_text() {
        let rows = [
            row(["P1", "決済サービス", "disabled"]),
            row(["PABCDEF", "Zahlungsübersicht", "active"]),
            row(["P3", "e\u{301}te\u{301}", "x"]),
            row(["P4"]),
        ];
        insta::assert_snapshot!(aligned(&["ID", "NAME", "STATUS"], &rows), @"
        ID       NAME               STATUS
        P1       決済サービス       disabled
        PABCDEF  Zahlungsübersicht  active
        P3       été                x
        P4
        ");
    }

    #[test]
    fn b28_t4_a_text_can_neither_steer_the_terminal_nor_break_the_table() {
        let rows = [row(["P1", "a\u{1b}[31m\r\nb\u{202e}c"])];
        insta::assert_snapshot!(aligned(&["ID", "NAME"], &rows), @"
        ID  NAME
        P1  a�[31m��b�c
        ");
    }
}
