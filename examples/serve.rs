//! Serve everything a `gateway.yaml` names:
//! `cargo run -p towergate-examples --example serve -- examples/gateway.yaml`, then
//! `curl localhost:8080/prod/health`.
//!
//! With `--check` in front of the file it is only checked.
fn main() -> std::process::ExitCode {
    towergate::serve::main(std::env::args_os())
}
