//! What the language takes of memory and time, as an allocator counts it.
//!
//! It counts for the whole process. So each test has to run in a process of its own, as `cargo nextest` has it; where tests share one,
//! what they take together is held against the limits.

mod definition;
mod template;

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;
