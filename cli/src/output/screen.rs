//! The properties of the screen that a text is for.

/// The screen, or the file or pipe in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    has_colours: bool,
    is_terminal: bool,
}

impl Screen {
    pub(super) fn new(has_colours: bool, is_terminal: bool) -> Self {
        Self {
            has_colours,
            is_terminal,
        }
    }

    /// A file, without colours.
    pub(crate) fn plain() -> Self {
        Self::new(false, false)
    }

    /// A terminal without colours.
    #[cfg(test)]
    pub(crate) fn terminal() -> Self {
        Self::new(false, true)
    }

    pub(super) fn has_colours(self) -> bool {
        self.has_colours
    }

    /// True if a person sees it at once.
    pub(crate) fn is_terminal(self) -> bool {
        self.is_terminal
    }

    /// A text in a colour of the terminal, by its number in ANSI.
    pub(crate) fn coloured(self, number: u8, text: &str) -> String {
        if self.has_colours {
            format!("\u{1b}[{number}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
