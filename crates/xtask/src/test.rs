//! `cargo xtask test`: every test of the workspace, on a machine that may have nothing but cargo.
//!
//! A program that the tests need beside cargo is installed by a step of [`run`] before them.

use std::process::Command;

use crate::{Result, cargo};

/// The server that the tests of shared limits start.
const REDIS: &str = "redis-server";

/// Runs the tests with `cargo nextest` and then the doctests, or, where nextest is not installed, all with `cargo test`.
///
/// Arguments go to the test runner, where they choose among the tests; nextest, which knows no doctests, leaves them
/// out then.
pub(crate) fn run(arguments: &[String]) -> Result {
    install_redis()?;
    if !cargo::is_installed(cargo::cargo().args(["nextest", "--version"])) {
        return run_with(&["test"], arguments);
    }
    let tests = run_with(&["nextest", "run"], arguments);
    if !arguments.is_empty() {
        return tests;
    }
    let doctests = run_with(&["test", "--doc"], &[]);
    tests.and(doctests)
}

/// Installs the Redis server from Debian's packages where that is possible, and says what to install elsewhere.
fn install_redis() -> Result {
    if cargo::is_installed(Command::new(REDIS).arg("--version")) {
        return Ok(());
    }
    let missing =
        format!("the tests start `{REDIS}`: install Redis or Valkey so that it is on the PATH");
    if !cargo::is_installed(Command::new("apt-get").arg("--version")) || !is_root() {
        return Err(format!("{missing} (on Debian: `apt-get install {REDIS}`)"));
    }
    println!("installing {REDIS}");
    let install = || {
        let mut command = Command::new("apt-get");
        command
            .args(["install", "-y", "--no-install-recommends", REDIS])
            .env("DEBIAN_FRONTEND", "noninteractive");
        cargo::run(&mut command)
    };
    // A machine that has never asked for the list of packages knows of none.
    install()
        .or_else(|_| cargo::run(Command::new("apt-get").arg("update")).and_then(|()| install()))
        .map_err(|error| format!("{missing}: {error}"))
}

fn is_root() -> bool {
    let id = cargo::output(Command::new("id").arg("-u"));
    id.is_ok_and(|id| id.trim() == "0")
}

fn run_with(runner: &[&str], arguments: &[String]) -> Result {
    cargo::run(
        cargo::cargo()
            .args(runner)
            .args(defaults(arguments))
            .args(arguments),
    )
}

/// Returns the flags of a full run that the arguments neither repeat nor narrow.
fn defaults(arguments: &[String]) -> Vec<&'static str> {
    let given = |names: &[&str]| {
        arguments
            .iter()
            .take_while(|argument| *argument != "--")
            .any(|argument| {
                let name = argument
                    .split_once('=')
                    .map_or(argument.as_str(), |(name, _)| name);
                names.contains(&name)
            })
    };
    let mut flags = Vec::new();
    if !given(&["--workspace", "--all", "-p", "--package"]) {
        flags.push("--workspace");
    }
    if !given(&[
        "--all-features",
        "--features",
        "-F",
        "--no-default-features",
    ]) {
        flags.push("--all-features");
    }
    if !given(&["--no-fail-fast", "--fail-fast"]) {
        flags.push("--no-fail-fast");
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_give_way_to_arguments() {
        let cases: &[(&[&str], &[&str])] = &[
            (&[], &["--workspace", "--all-features", "--no-fail-fast"]),
            (
                &["routing"],
                &["--workspace", "--all-features", "--no-fail-fast"],
            ),
            (&["-p", "xtask"], &["--all-features", "--no-fail-fast"]),
            (&["--package=xtask"], &["--all-features", "--no-fail-fast"]),
            (&["--workspace", "--all-features", "--no-fail-fast"], &[]),
            (&["--features=yaml"], &["--workspace", "--no-fail-fast"]),
            (
                &["--", "-p"],
                &["--workspace", "--all-features", "--no-fail-fast"],
            ),
        ];
        for (arguments, expected) in cases {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            assert_eq!(defaults(&arguments), *expected, "{arguments:?}");
        }
    }
}
