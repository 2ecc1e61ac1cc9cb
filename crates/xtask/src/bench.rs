//! `cargo xtask bench`: times by criterion, and instruction counts by gungraun that must not drift.
//!
//! A bench named `*_instructions` counts instructions, every other one measures time. Times are only reported;
//! counts are compared with the baseline.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::baseline::{self, Counts};
use crate::{Result, cargo};

const PACKAGE: &str = "towergate-benches";
const RUNNER: &str = "gungraun-runner";

/// Measures times and compares counts; `--counts` leaves out the times, `--save` writes the baseline instead.
pub(crate) fn run(arguments: &[String]) -> Result {
    let (mut only_counts, mut save) = (false, false);
    for argument in arguments {
        match argument.as_str() {
            "--counts" => only_counts = true,
            "--save" => save = true,
            other => {
                return Err(format!(
                    "`bench` takes `--counts` and `--save`, and got `{other}`"
                ));
            }
        }
    }
    let benches = Benches::of_workspace()?;
    if !only_counts && !save {
        cargo::run(&mut bench(&benches.times))?;
    }
    let counts = count(&benches)?;
    if save {
        baseline::write(&counts)
    } else {
        baseline::compare(&baseline::read()?, &counts)
    }
}

/// The names of the benches, by what they measure, and the folder to build them in.
struct Benches {
    times: Vec<String>,
    counts: Vec<String>,
    target: PathBuf,
}

impl Benches {
    fn of_workspace() -> Result<Self> {
        let metadata = cargo::metadata()?;
        let packages = cargo::elements(&metadata, "packages");
        let targets = packages.iter().filter(|package| package["name"] == PACKAGE);
        let benches = targets
            .flat_map(|package| cargo::elements(package, "targets"))
            .filter(|target| {
                cargo::elements(target, "kind")
                    .iter()
                    .any(|kind| kind == "bench")
            })
            .filter_map(|target| target["name"].as_str().map(str::to_owned));
        let (counts, times) = benches.partition(|name| name.ends_with("_instructions"));
        let target = metadata["target_directory"]
            .as_str()
            .ok_or("`cargo metadata` names no target directory")?;
        Ok(Self {
            times,
            counts,
            target: target.into(),
        })
    }
}

fn bench(names: &[String]) -> Command {
    let mut command = cargo::cargo();
    command.args(["bench", "--package", PACKAGE]);
    for name in names {
        command.args(["--bench", name]);
    }
    command
}

/// Runs the benches that count instructions under valgrind.
fn count(benches: &Benches) -> Result<Counts> {
    if benches.counts.is_empty() {
        return Err(format!("no bench of `{PACKAGE}` is named `*_instructions`"));
    }
    if !cargo::is_installed(Command::new("valgrind").arg("--version")) {
        return Err(
            "instruction counts need valgrind: `apt-get install valgrind`, or the like".to_owned(),
        );
    }
    let runner = install_runner(&benches.target)?;
    println!("counting instructions: {}", benches.counts.join(", "));
    let mut command = bench(&benches.counts);
    command
        .env("GUNGRAUN_RUNNER", runner)
        .args(["--", "--output-format=json"]);
    parse_counts(&cargo::output(&mut command)?)
}

/// Installs gungraun's runner into the target folder, in the version that the lock file has, and returns its path.
fn install_runner(target: &Path) -> Result<PathBuf> {
    let id = cargo::output(cargo::cargo().args(["pkgid", RUNNER]))?;
    let (_, version) = id
        .trim()
        .rsplit_once(['@', '#'])
        .ok_or_else(|| format!("`cargo pkgid {RUNNER}` printed `{id}`"))?;
    let root = target.join("tools");
    let program = root
        .join("bin")
        .join(format!("{RUNNER}{}", env::consts::EXE_SUFFIX));
    let installed = cargo::output(Command::new(&program).arg("--version")).unwrap_or_default();
    if installed.split_whitespace().nth(1) != Some(version) {
        let mut command = cargo::cargo();
        command
            .args(["install", "--quiet", "--locked", "--force", "--root"])
            .arg(&root);
        cargo::run(command.args(["--version", version, RUNNER]))?;
    }
    Ok(program)
}

/// Reads the output of gungraun, which has a JSON object on each line: `{"module_path", "id", "profiles": [..]}`.
fn parse_counts(output: &str) -> Result<Counts> {
    let summaries = output.lines().filter(|line| line.starts_with('{'));
    let counts: Counts = summaries.map(parse_count).collect::<Result<_>>()?;
    if counts.is_empty() {
        Err(format!("gungraun counted nothing:\n{output}"))
    } else {
        Ok(counts)
    }
}

fn parse_count(line: &str) -> Result<(String, u64)> {
    let summary: Value = serde_json::from_str(line)
        .map_err(|error| format!("output of gungraun: {error}: {line}"))?;
    let name = summary["module_path"]
        .as_str()
        .ok_or_else(|| format!("gungraun names no benchmark: {line}"))?;
    let name = summary["id"]
        .as_str()
        .map_or_else(|| name.to_owned(), |id| format!("{name}::{id}"));
    let callgrind = cargo::elements(&summary, "profiles")
        .iter()
        .find(|profile| profile["tool"] == "Callgrind");
    let instructions = callgrind
        .and_then(|profile| profile["data"]["total"]["metrics"]["Ir"]["values"]["new"].as_u64());
    match instructions {
        Some(instructions) => Ok((name, instructions)),
        None => Err(format!(
            "gungraun counted no instructions of `{name}`: {line}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_lines_of_json() {
        let line = |id: &str, ir: &str| {
            format!(
                r#"{{"module_path":"b::g::f",{id}"profiles":[{{"tool":"Callgrind","data":{{"total":{{"metrics":{{"Ir":{{"values":{ir}}}}}}}}}}}]}}"#
            )
        };
        let cases = [
            ("a bench", line("", r#"{"new":7}"#), Ok(("b::g::f", 7))),
            (
                "a case of a bench",
                line(r#""id":"small","#, r#"{"new":7,"old":9}"#),
                Ok(("b::g::f::small", 7)),
            ),
            (
                "other lines around",
                format!("Running\n{}\n", line("", r#"{"new":7}"#)),
                Ok(("b::g::f", 7)),
            ),
            (
                "no count",
                line("", "{}"),
                Err("gungraun counted no instructions of `b::g::f`"),
            ),
            (
                "no name",
                "{}".to_owned(),
                Err("gungraun names no benchmark"),
            ),
            ("not JSON", "{".to_owned(), Err("output of gungraun: ")),
            (
                "nothing",
                "Running\n".to_owned(),
                Err("gungraun counted nothing"),
            ),
        ];
        for (name, output, expected) in cases {
            match (parse_counts(&output), expected) {
                (Ok(counts), Ok((id, count))) => {
                    assert_eq!(counts, Counts::from([(id.to_owned(), count)]), "{name}");
                }
                (Err(error), Err(start)) => assert!(error.starts_with(start), "{name}: {error}"),
                (counts, _) => panic!("{name}: {counts:?}"),
            }
        }
    }
}
