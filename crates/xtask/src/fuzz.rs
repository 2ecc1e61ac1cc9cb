//! `cargo xtask fuzz`: runs the fuzz targets for a while, each from its committed seeds.
//!
//! Each `crates/*/fuzz` is a workspace of its own, with targets in its manifest, seeds in `seeds/TARGET/` and words in
//! `dictionaries/TARGET.dict`. All are built in one folder below the target folder, where what they find is kept too.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Result, cargo};

const RUNNER: &str = "cargo-fuzz";
const RUNNER_VERSION: &str = "0.13.2";

/// What holds for every target: the same inputs in every run, and no input that takes long or much.
const LIBFUZZER: [&str; 6] = [
    "-seed=1",
    "-max_len=4096",
    "-len_control=50",
    "-timeout=10",
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
];

const DEFAULT_SECONDS: u32 = 10;

/// Runs the targets that the arguments name, or all, and fails with all that found something.
pub(crate) fn run(arguments: &[String]) -> Result {
    let options = Options::parse(arguments)?;
    let target = target_folder()?;
    let targets = choose(targets(&cargo::root().join("crates"))?, &options.names)?;
    let runner = install_runner(&target)?;
    if options.only_install {
        return Ok(());
    }
    let folder = target.join("fuzz");
    let failures: Vec<String> = targets
        .iter()
        .filter_map(|target| target.run(&runner, &folder, options.seconds).err())
        .collect();
    if failures.is_empty() {
        println!("{} targets found nothing", targets.len());
        Ok(())
    } else {
        Err(failures.join("\n"))
    }
}

/// How long each target runs, and which do; none is all of them.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    seconds: u32,
    names: Vec<String>,
    /// Whether the runner is installed and nothing is run.
    only_install: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            seconds: DEFAULT_SECONDS,
            names: Vec::new(),
            only_install: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--seconds" => {
                    let seconds = arguments.next().map_or("", String::as_str);
                    // libFuzzer takes no seconds for no limit.
                    let seconds = seconds.parse().ok().filter(|seconds| *seconds > 0);
                    options.seconds = seconds.ok_or("`--seconds` takes a number, 1 at least")?;
                }
                "--install" => options.only_install = true,
                flag if flag.starts_with('-') => {
                    return Err(format!(
                        "`fuzz` takes `--seconds N`, `--install` and targets, and got `{flag}`"
                    ));
                }
                name => options.names.push(name.to_owned()),
            }
        }
        Ok(options)
    }
}

/// A fuzz target and the folder of its workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    name: String,
    workspace: PathBuf,
}

impl Target {
    /// Builds and runs the target, with findings in `folder/artifacts` and everything tried in `folder/corpus`.
    fn run(&self, runner: &Path, folder: &Path, seconds: u32) -> Result {
        let artifacts = folder.join("artifacts").join(&self.name);
        let corpus = folder.join("corpus").join(&self.name);
        for folder in [&artifacts, &corpus] {
            // What an earlier run found would change what this one tries.
            if folder.exists() {
                fs::remove_dir_all(folder).map_err(|error| shown(folder, &error))?;
            }
            fs::create_dir_all(folder).map_err(|error| shown(folder, &error))?;
        }
        let mut command = Command::new(runner);
        command
            .current_dir(&self.workspace)
            // Stable compilers are to take every flag that cargo-fuzz may set.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            // Sanitizers watch unsafe code, which the crates forbid, and cost most of the time.
            .args(["fuzz", "run", "--fuzz-dir", ".", "--sanitizer=none"])
            .arg("--target-dir")
            .arg(folder)
            .arg(&self.name)
            .arg(&corpus);
        let seeds = self.workspace.join("seeds").join(&self.name);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        command.arg("--").args(LIBFUZZER);
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(joined("-artifact_prefix=", &artifacts, "/"));
        let dictionary = self
            .workspace
            .join("dictionaries")
            .join(format!("{}.dict", self.name));
        if dictionary.is_file() {
            command.arg(joined("-dict=", &dictionary, ""));
        }
        cargo::run(&mut command).map_err(|error| match finding(&artifacts) {
            Some(input) => format!("{}: found {}", self.name, input.display()),
            None => format!("{}: {error}", self.name),
        })
    }
}

fn joined(before: &str, path: &Path, after: &str) -> OsString {
    let mut text = OsString::from(before);
    text.push(path);
    text.push(after);
    text
}

fn shown(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Returns an input on which a target failed.
fn finding(artifacts: &Path) -> Option<PathBuf> {
    let entry = fs::read_dir(artifacts).ok()?.next()?.ok()?;
    Some(entry.path())
}

fn target_folder() -> Result<PathBuf> {
    let metadata = cargo::metadata()?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "`cargo metadata` names no target directory".to_owned())
}

/// Returns all targets of the crates, by workspace and name.
fn targets(crates: &Path) -> Result<Vec<Target>> {
    let entries = fs::read_dir(crates).map_err(|error| shown(crates, &error))?;
    let mut workspaces: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path().join("fuzz")))
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .collect();
    workspaces.sort();
    let mut targets = Vec::new();
    for workspace in workspaces {
        let mut command = cargo::cargo();
        command
            .args(["metadata", "--format-version=1", "--no-deps"])
            .current_dir(&workspace);
        let metadata: Value = serde_json::from_str(&cargo::output(&mut command)?)
            .map_err(|error| format!("output of `cargo metadata`: {error}"))?;
        let packages = cargo::elements(&metadata, "packages");
        let names = packages
            .iter()
            .flat_map(|package| cargo::elements(package, "targets"))
            .filter_map(|target| target["name"].as_str());
        targets.extend(names.map(|name| Target {
            name: name.to_owned(),
            workspace: workspace.clone(),
        }));
    }
    Ok(targets)
}

/// Returns the targets of these names, or all if there are no names.
fn choose(targets: Vec<Target>, names: &[String]) -> Result<Vec<Target>> {
    let known: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "there is no fuzz target `{name}`, only {}",
            known.join(", ")
        ));
    }
    Ok(targets
        .into_iter()
        .filter(|target| names.is_empty() || names.contains(&target.name))
        .collect())
}

/// Installs cargo-fuzz into the target folder, and returns its path.
fn install_runner(target: &Path) -> Result<PathBuf> {
    let root = target.join("tools");
    let program = root
        .join("bin")
        .join(format!("{RUNNER}{}", env::consts::EXE_SUFFIX));
    let installed = cargo::is_installed(Command::new(&program).args(["fuzz", "--version"]))
        && cargo::output(Command::new(&program).args(["fuzz", "--version"]))?
            .split_whitespace()
            .nth(1)
            == Some(RUNNER_VERSION);
    if !installed {
        let mut command = cargo::cargo();
        // It only starts other programs: unoptimised, it is built in half the time.
        command
            .args(["install", "--quiet", "--locked", "--force", "--debug"])
            .arg("--root")
            .arg(&root);
        cargo::run(command.args(["--version", RUNNER_VERSION, RUNNER]))?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_seconds_and_targets() {
        type Case<'a> = (
            &'a [&'a str],
            std::result::Result<(u32, &'a [&'a str]), &'a str>,
        );
        let cases: [Case<'_>; 6] = [
            (&[], Ok((10, &[]))),
            (&["a", "--seconds", "60", "b"], Ok((60, &["a", "b"]))),
            (&["--seconds"], Err("takes a number")),
            (&["--seconds", "x"], Err("takes a number")),
            (&["--seconds", "0"], Err("takes a number")),
            (&["--jobs"], Err("got `--jobs`")),
        ];
        for (arguments, expected) in cases {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            match (Options::parse(&arguments), expected) {
                (Ok(options), Ok((seconds, names))) => {
                    assert_eq!(options.seconds, seconds, "{arguments:?}");
                    assert_eq!(options.names, names, "{arguments:?}");
                }
                (Err(error), Err(expected)) => {
                    assert!(error.contains(expected), "{arguments:?}: {error}");
                }
                (parsed, _) => panic!("{arguments:?}: {parsed:?}"),
            }
        }
    }

    #[test]
    fn a_target_that_is_not_there_is_named() {
        let target = |name: &str| Target {
            name: name.to_owned(),
            workspace: PathBuf::new(),
        };
        let all = vec![target("a"), target("b")];
        assert_eq!(choose(all.clone(), &[]), Ok(all.clone()));
        assert_eq!(
            choose(all.clone(), &["b".to_owned()]),
            Ok(vec![target("b")])
        );
        let error = choose(all, &["c".to_owned()]).expect_err("there is no such target");
        assert_eq!(error, "there is no fuzz target `c`, only a, b");
    }

    #[test]
    fn every_target_has_seeds() {
        for target in targets(&cargo::root().join("crates")).expect("readable workspaces") {
            let seeds = target.workspace.join("seeds").join(&target.name);
            let count = fs::read_dir(&seeds).map_or(0, Iterator::count);
            assert!(
                (1..=100).contains(&count),
                "{}: {count} seeds",
                seeds.display()
            );
        }
    }
}
