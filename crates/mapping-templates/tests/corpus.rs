//! Renders every case of a corpus and compares it with what API Gateway, or its engine, was recorded making of it.
//!
//! The corpus is the file `mapping-templates.jsonl` in the folder that the environment variable `TOWERGATE_CORPORA`
//! names: one JSON object a line, with `template`, `body`, `params`, `context`, `stageVariables` and `expected`, or
//! `expected_error`; `expected_overrides` if they are recorded.

#![allow(clippy::panic, reason = "a test may fail where it stands")]

mod support;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--list") {
        if !has("--ignored") {
            println!("corpus: test");
        }
        return ExitCode::SUCCESS;
    }
    let Some(folder) = env::var_os("TOWERGATE_CORPORA") else {
        println!("TOWERGATE_CORPORA is not set: no corpus to read");
        return ExitCode::SUCCESS;
    };
    let file = PathBuf::from(folder).join("mapping-templates.jsonl");
    let text =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let cases = support::cases(&text);
    let mut failed = 0;
    for case in &cases {
        let failure = catch_unwind(AssertUnwindSafe(|| support::failure(case)))
            .unwrap_or_else(|_| Some("it panics".to_owned()));
        if let Some(failure) = failure {
            failed += 1;
            println!("{} {}: {failure}", case["id"], case["template"]);
        }
    }
    println!("{} passed, {failed} failed", cases.len() - failed);
    if failed == 0 && !cases.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
