//! The project's own commands: `cargo xtask test`, `bench`, `budget` and `fuzz`.

mod baseline;
mod bench;
mod budget;
mod cargo;
mod fuzz;
mod test;

use std::env;
use std::process::ExitCode;

/// What a command comes to; the error is the text to print.
type Result<T = ()> = std::result::Result<T, String>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [ARGUMENTS]        run every test and doctest of the workspace; ARGUMENTS choose among the tests
  bench                   measure times, then count instructions and compare them with the baseline
  bench --counts          only count instructions and compare them
  bench --save            only count instructions and write them as the new baseline
  budget                  compare the number of packages each crate pulls in with its budget
  fuzz [--seconds N] [TARGET...]
                          run the fuzz targets, or those named, for N seconds each, 10 unless given
  fuzz --install          only install the program that runs them";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(format!("a command is missing\n\n{USAGE}"));
    };
    match command.as_str() {
        "test" => test::run(rest),
        "bench" => bench::run(rest),
        "budget" => budget::run(rest),
        "fuzz" => fuzz::run(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`\n\n{USAGE}")),
    }
}
