//! Runs every row of the corpora of authorizers and compares what comes out with what the row expects.
//!
//! The corpora are files below `authorizers` in the folder that the environment variable `TOWERGATE_CORPORA` names: one
//! JSON object a line, each with an `id`.

#![allow(clippy::panic, reason = "a test may fail where it stands")]

mod iam_policy;
mod resource_policy;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
};

use serde_json::Value;

/// One file of rows, and what tells why a row fails.
#[derive(Clone, Copy)]
struct Corpus {
    file: &'static str,
    check: fn(&Value) -> Result<(), String>,
}

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
    let folder = Path::new(&folder).join("authorizers");
    let corpora = [iam_policy::CORPORA, resource_policy::CORPORA].concat();
    let failed = corpora.iter().filter(|corpus| !corpus.passes(&folder));
    if failed.count() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Corpus {
    fn passes(&self, folder: &Path) -> bool {
        let path = folder.join(self.file);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut passed, mut failed) = (0, 0);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let row: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{}: {error}: {line}", self.file));
            let result = catch_unwind(AssertUnwindSafe(|| (self.check)(&row)))
                .unwrap_or_else(|_| Err("it panics".to_owned()));
            match result {
                Ok(()) => passed += 1,
                Err(failure) => {
                    failed += 1;
                    println!("{} {}: {failure}", self.file, row["id"]);
                }
            }
        }
        println!("{}: {passed} passed, {failed} failed", self.file);
        failed == 0 && passed > 0
    }
}
