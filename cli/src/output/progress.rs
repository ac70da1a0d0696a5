//! A line that tells who waits at a terminal what for, and for how long. It is on standard error, and gone at the end.

use super::printable;
use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, interval, sleep},
};

/// A wait that is too short to report.
const PATIENCE: Duration = Duration::from_secs(1);

/// The interval at which the line is drawn.
const REDRAWN: Duration = Duration::from_millis(125);

/// The frames of the spinner.
const FRAMES: [char; 8] = ['⣾', '⣽', '⣻', '⢿', '⡿', '⣟', '⣯', '⣷'];

/// The widest line: terminals are at least as wide, and one that wraps would leave its front behind.
const WIDTH: usize = 79;

/// Back to the front of the line, and away with what stands there.
const CLEAR: &str = "\r\u{1b}[2K";

/// Something that is being done. While this lives, a person at a terminal is told of it.
#[derive(Debug)]
pub(crate) struct Working(Option<JoinHandle<()>>);

impl Working {
    /// Tells of something from now on, if somebody sees it.
    pub(super) fn on(what: String) -> Self {
        Self(io::stderr().is_terminal().then(|| tokio::spawn(draw(what))))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(drawing) = &self.0 {
            drawing.abort();
            show(CLEAR);
        }
    }
}

async fn draw(what: String) {
    let began = Instant::now();
    sleep(PATIENCE).await;
    let mut ticks = interval(REDRAWN);
    loop {
        ticks.tick().await;
        show(&format!("{CLEAR}{}", line(&what, began.elapsed())));
    }
}

/// The line after some time.
fn line(what: &str, elapsed: Duration) -> String {
    let drawn = elapsed.as_millis() / REDRAWN.as_millis();
    let frame = usize::try_from(drawn).unwrap_or_default() % FRAMES.len();
    let frame = FRAMES.get(frame).copied().unwrap_or(' ');
    let line = format!("{frame} {} … {} s", printable(what), elapsed.as_secs());
    line.chars().take(WIDTH).collect()
}

/// The beginning of a line on standard error, which clears a line that is drawn.
pub(super) fn front() -> &'static str {
    if io::stderr().is_terminal() { CLEAR } else { "" }
}

fn show(text: &str) {
    let mut out = io::stderr().lock();
    // If standard error is closed there is nobody left to tell.
    let _closed = write!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_is_done_and_for_how_long_and_fits_every_terminal() {
        assert_eq!(
            line("Listing the services of prod", Duration::from_millis(3_300)),
            "⣻ Listing the services of prod … 3 s"
        );
        assert_eq!(line(&"x".repeat(200), PATIENCE).chars().count(), WIDTH);
    }
}
