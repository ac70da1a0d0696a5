//! The pages on which people decide about approvals, and the buttons in Slack.
//!
//! A message about an approval has a link to its page. Reading the page decides nothing, because scanners of mail and previews of chats
//! read every link; only its form decides. The link is all that a person needs, so it is in no log, and no header sends it elsewhere.
//!
//! # Layout
//! - `handler`: a request to the link of an approval, and what becomes of it
//! - `form`: the form that a browser sends
//! - `page`: the pages as HTML
//! - `http`: requests and answers, their headers, and the log
//! - `slack`: buttons of messages in Slack

mod error;
#[cfg(test)]
mod fakes;
mod form;
mod handler;
pub mod http;
mod page;
pub mod slack;

pub use handler::Approvals;
