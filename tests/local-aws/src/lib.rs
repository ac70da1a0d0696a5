//! A local AWS to try Pagerflow on: its tools, the emulator, the build and the deployment.
//!
//! The template, the state machine and the functions are the ones that go to AWS, and `sam deploy` puts them into ministack
//! as it would put them into an account. The functions are built with the workspace, or by `sam build`.
//!
//! ```no_run
//! use local_aws::{Emulator, Functions, LambdaBuilder, Listening, Project, Silent, Stack, Tools};
//!
//! # fn main() -> Result<(), local_aws::Error> {
//! local_aws::stop_all_on_signals()?;
//! let project = Project::find()?;
//! let tools = Tools::ensure(&project, &Silent)?;
//! let builder = LambdaBuilder::ensure(&project, &Silent)?;
//! let functions = Functions::build(&project, &tools, &builder, &Silent)?;
//! let workspace = project.workspace("example")?;
//! let port = local_aws::free_port()?;
//! let url_of_functions = &format!("http://127.0.0.1:{port}");
//! let listening = Listening { port, url_of_functions, concurrency: None };
//! let emulator = Emulator::start(&tools, &workspace, listening)?;
//! let (pagerduty, connectors) = ("http://127.0.0.1:9", "http://127.0.0.1:10");
//! let stack = Stack::deploy(&project, &tools, &functions, &emulator, pagerduty, connectors)?;
//! println!("{}/webhooks/my-workflow", stack.webhook_url);
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//! - `project`: where things are in this checkout
//! - `tools`: the Python environments with the SAM CLI, ministack, cargo-lambda and Zig; Rust programs that are built here
//! - `functions`: the functions as `sam deploy` takes them
//! - `emulator`: ministack as a process
//! - `template`: the SAM template as a file, from which all lists of functions come
//! - `stack`: `sam deploy`, and what the tests and the command-line tool need to know of the result
//! - `checks`: of the template and of the state machine
//! - `service`, `process`: programs that are started here, and never outlive this one
//!
//! Nothing here uses an AWS SDK, and nothing here can reach a real account: every tool gets made-up credentials and no
//! AWS configuration of the user.

mod checks;
mod emulator;
mod environment;
mod error;
mod fingerprint;
mod functions;
mod process;
mod progress;
mod project;
mod service;
mod stack;
mod template;
mod tools;

pub use checks::{check_state_machine, check_template};
pub use emulator::{Emulator, Listening};
pub use environment::without_own_package;
pub use error::Error;
pub use functions::Functions;
pub use process::{each_line, is_stopping, output, run, stop_all, stop_all_on_signals};
pub use progress::{Progress, Silent};
pub use project::{Project, Workspace};
pub use service::{Service, free_port};
pub use stack::{Stack, StackInfo};
pub use template::{Function, Template};
pub use tools::{Auditors, BotoCore, LambdaBuilder, PagerDutyClient, Tools};
