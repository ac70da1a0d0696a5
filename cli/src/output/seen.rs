//! Text for a terminal. All output of the command passes through here.

use workflow::characters::steers;

/// The replacement of a character that would control the terminal.
const SHOWN: char = '\u{fffd}';

/// The colours and weights that the command itself uses, by their numbers in ANSI. None hides what is written.
const COLOURS: &[u8] = &[0, 1, 2, 3, 4, 31, 32, 33, 34, 35, 36, 37, 90];

/// Makes text that came from outside fit to stand in a line: what would steer the terminal, or begin a line, is shown and not done.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if steers(c) { SHOWN } else { c }).collect()
}

/// Makes whole lines fit to be printed, from whatever source: line breaks and tabs are done, and our colours where there are any.
pub(super) fn lines(text: &str, has_colours: bool) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = if has_colours { colour(rest) } else { None };
        let taken = colour.map_or(c.len_utf8(), str::len);
        match colour {
            Some(colour) => seen.push_str(colour),
            None if steers(c) && !matches!(c, '\n' | '\t') => seen.push(SHOWN),
            None => seen.push(c),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    seen
}

/// The command for a colour of ours that a text begins with.
fn colour(text: &str) -> Option<&str> {
    let (numbers, _) = text.strip_prefix("\u{1b}[")?.split_once('m')?;
    let is_ours = |number: &str| number.parse().is_ok_and(|number| COLOURS.contains(&number));
    numbers
        .split(';')
        .all(is_ours)
        .then(|| text.get(..numbers.len() + 3))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, sample::select};

    #[test]
    fn b28_t4_a_title_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\r\n\u{202e}c"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}\u{fffd}c"
        );
    }

    #[test]
    fn our_colours_are_done_and_others_shown() {
        let text = "\u{1b}[31mred\u{1b}[0m \u{1b}[8mhidden \u{1b}[31;8mhidden \u{1b}[2K \u{9b}31m\r\n\tend";
        assert_eq!(
            lines(text, true),
            "\u{1b}[31mred\u{1b}[0m \u{fffd}[8mhidden \u{fffd}[31;8mhidden \u{fffd}[2K \u{fffd}31m\u{fffd}\n\tend"
        );
        assert!(!lines(text, false).contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn whatever_is_printed_steers_nothing(
            pieces in proptest::collection::vec(prop_oneof![
                any::<String>(),
                (0..0xa0_u32).prop_map(|code| char::from_u32(code).unwrap_or_default().to_string()),
                select(vec!["\u{61c}", "\u{200e}", "\u{200f}", "\u{202a}", "\u{202e}", "\u{2028}", "\u{2029}", "\u{2066}", "\u{2069}"])
                    .prop_map(str::to_owned),
                "\u{1b}\\[[0-9;]{0,4}[mKJH]",
            ], 0..20),
        ) {
            let text = pieces.concat();
            prop_assert!(!printable(&text).chars().any(steers));
            let plain = lines(&text, false);
            prop_assert!(!plain.chars().any(|c| steers(c) && !matches!(c, '\n' | '\t')), "{plain:?}");
            let coloured = lines(&text, true);
            let without = COLOURS.iter().fold(coloured, |text, number| text.replace(&format!("\u{1b}[{number}m"), ""));
            let rest = without.split("\u{1b}[").skip(1).all(|after| after.split_once('m').is_some_and(|(numbers, _)| {
                numbers.split(';').all(|number| number.parse().is_ok_and(|number| COLOURS.contains(&number)))
            }));
            prop_assert!(rest, "{without:?}");
            let steering = without.chars().filter(|c| steers(*c) && !matches!(c, '\n' | '\t' | '\u{1b}')).count();
            prop_assert_eq!(steering, 0);
        }
    }
}
