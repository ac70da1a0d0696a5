//! Requests of Slack about buttons.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::slack_button(data));

#[cfg(not(fuzzing))]
fn main() {
    use std::io::Read;
    let mut data = Vec::new();
    // A crash that was found can be looked at without the fuzzer.
    if std::io::stdin().read_to_end(&mut data).is_ok() {
        fuzz::slack_button(&data);
    }
}
