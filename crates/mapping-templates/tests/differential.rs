//! Compares the engine with Apache Velocity on generated templates.
//!
//! The environment variable `TOWERGATE_VELOCITY` names a program that reads a JSON case a line, as the corpus has
//! them, and answers each with `output` or `error` and the `overrides`. Without it nothing is compared.
//! `TOWERGATE_VELOCITY_CASES` is the number of random templates (20 000 unless set), `TOWERGATE_VELOCITY_SEED` where
//! they begin. `TOWERGATE_VELOCITY_RECORD` names a file to which every 53rd case is added with Velocity's answer, as
//! `tests/fixtures` holds them. Each disagreement is printed, and the rate of agreement at the end.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail where it stands"
)]

#[path = "support/generate.rs"]
mod generate;
#[path = "support/grammar.rs"]
mod grammar;
#[path = "support/oddities.rs"]
mod oddities;
mod support;

use std::{
    env, fs,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Command, ExitCode, Stdio},
};

use serde_json::Value;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--list") {
        if !has("--ignored") {
            println!("differential: test");
        }
        return ExitCode::SUCCESS;
    }
    let Some(program) = env::var_os("TOWERGATE_VELOCITY") else {
        println!("TOWERGATE_VELOCITY is not set: nothing to compare with");
        return ExitCode::SUCCESS;
    };
    let number = |name: &str, default| {
        env::var(name)
            .ok()
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    let seed = number("TOWERGATE_VELOCITY_SEED", 1);
    let count = number("TOWERGATE_VELOCITY_CASES", 20_000);
    let random = (seed..seed + count).map(grammar::random).collect();
    let groups: [(&str, Vec<Value>); 4] = [
        ("operators", generate::operators()),
        ("methods", generate::methods()),
        ("whitespace", generate::whitespace()),
        ("random", random),
    ];
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let mut agreed = true;
    for (name, cases) in groups {
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        let disagreements = compare(&program, &cases);
        agreed &= disagreements == 0;
        println!(
            "{name}: {} agree, {disagreements} do not",
            cases.len() - disagreements
        );
    }
    if agreed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn compare(program: &std::ffi::OsStr, cases: &[Value]) -> usize {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers = String::from_utf8_lossy(&output.stdout).into_owned();
    let answers = support::cases(&answers);
    assert_eq!(answers.len(), cases.len(), "one answer for each case");
    let mut disagreements = 0;
    for (index, (case, answer)) in cases.iter().zip(&answers).enumerate() {
        if index % 53 == 0 {
            record(case, answer);
        }
        if let Some(difference) = difference(case, answer) {
            disagreements += 1;
            println!("{}\n  {}\n  {difference}", case["id"], case["template"]);
        }
    }
    disagreements
}

/// Adds a case to the recorded ones, if they are asked for.
fn record(case: &Value, answer: &Value) {
    let Some(file) = env::var_os("TOWERGATE_VELOCITY_RECORD") else {
        return;
    };
    let mut case = case.clone();
    if is_unstable(answer["output"].as_str().unwrap_or_default()) {
        return;
    }
    match answer.get("output") {
        Some(output) => {
            case["expected"] = output.clone();
            case["expected_overrides"] = answer["overrides"].clone();
        }
        None => case["expected_error"] = true.into(),
    }
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .unwrap();
    writeln!(file, "{case}").unwrap();
}

/// Java prints an array and an iterator as an address, and the variable `$input` as that of what stands for it here.
fn is_unstable(output: &str) -> bool {
    [
        "[Ljava.lang",
        "[C@",
        "[B@",
        "Itr@",
        "Iterator@",
        "SubList$1@",
        "Oracle$",
    ]
    .iter()
    .any(|address| output.contains(address))
}

fn difference(case: &Value, answer: &Value) -> Option<String> {
    let rendered = catch_unwind(AssertUnwindSafe(|| support::render(case)))
        .unwrap_or_else(|_| Err("it panics".to_owned()));
    let expected = answer["output"].as_str();
    // Of JSONPath the other side knows only `$`.
    let error = answer["error"].as_str().unwrap_or_default();
    if error.contains("only the path $ is known") {
        return None;
    }
    match (rendered, expected) {
        (Err(error), None) if error == "it panics" => Some(error),
        (Err(_), None) => None,
        (Err(error), Some(expected)) => Some(format!("fails: {error}\n  expected {expected:?}")),
        (Ok((output, _)), None) => Some(format!(
            "renders {output:?}\n  expected {}",
            answer["error"]
        )),
        (Ok((output, overrides)), Some(expected)) => {
            if is_unstable(expected) {
                return None;
            }
            if output != expected {
                return Some(format!("found    {output:?}\n  expected {expected:?}"));
            }
            let found = support::overrides(&overrides);
            (!support::same(&found, &answer["overrides"]))
                .then(|| format!("overrides {found}\n  expected {}", answer["overrides"]))
        }
    }
}
