//! Text from outside, made safe to show in a log, an error or a terminal.

/// One line of at most `limit` characters: control characters and those that turn the direction of writing become
/// spaces or nothing, and what is cut off is marked with an ellipsis.
#[must_use]
pub fn shown(text: &str, limit: usize) -> String {
    let mut clean = text
        .chars()
        .filter(|c| !turns_direction(*c))
        .map(|c| if breaks_line(c) { ' ' } else { c });
    let mut line: String = clean.by_ref().take(limit).collect();
    if clean.next().is_some() {
        line.pop();
        line.push('…');
    }
    line.trim().to_owned()
}

/// Control characters, and the two separators of Unicode that some viewers take for a new line.
#[must_use]
pub fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_the_limit_and_marked() {
        assert_eq!(shown("abcdef", 4), "abc…");
        assert_eq!(shown("abcd", 4), "abcd");
    }

    #[test]
    fn terminal_codes_line_breaks_and_direction_marks_do_not_get_through() {
        assert_eq!(shown("a\r\nb\u{1b}[31mc\u{202e}d\u{2028}e\0", 100), "a  b [31mcd e");
    }
}
