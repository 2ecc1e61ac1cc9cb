//! Decides every case of the corpora of authorizers and compares with what API Gateway does.
//!
//! The corpora are in the folder `authorizers` of the one that the environment variable `TOWERGATE_CORPORA` names; each
//! module says which files it reads. A corpus prints its failures and one line `NAME: N passed, N failed`.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod cognito;
mod iam_policy;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod jose;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod jwt;
mod lambda_authorizer;
mod resource_policy;
#[path = "../support/stub_function.rs"]
mod stub_function;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::Value;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
use towergate_authorizers::{Authorize, AuthorizeRequest, Authorized, Context, Decision};

/// A corpus: its name, and what gives its cases.
type Corpus = (&'static str, fn(&Path) -> Vec<Case>);

const CORPORA: &[Corpus] = &[
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    ("jose", jose::cases),
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    ("jwt", jwt::cases),
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    ("cognito", cognito::cases),
    ("iam-policy/execute-api", iam_policy::evaluations),
    ("iam-policy/documents", iam_policy::acceptances),
    ("resource-policy", resource_policy::cases),
    ("lambda-authorizer/responses", lambda_authorizer::responses),
    (
        "lambda-authorizer/identity-sources",
        lambda_authorizer::identity_sources,
    ),
    ("lambda-authorizer/cache", lambda_authorizer::cache),
    ("lambda-authorizer/events", lambda_authorizer::events),
];

/// One case, and what tells what is wrong with how it is decided.
struct Case {
    name: String,
    failure: Box<dyn Fn() -> Option<String>>,
}

impl Case {
    fn new(name: impl Into<String>, failure: impl Fn() -> Option<String> + 'static) -> Self {
        Self {
            name: name.into(),
            failure: Box::new(failure),
        }
    }

    /// One case a row, which a function judges.
    fn rows(rows: Vec<Value>, check: fn(&Value) -> Result<(), String>) -> Vec<Self> {
        rows.into_iter()
            .map(|row| Self::new(row["id"].to_string(), move || check(&row).err()))
            .collect()
    }

    fn run(&self) -> Option<String> {
        catch_unwind(AssertUnwindSafe(|| (self.failure)()))
            .unwrap_or_else(|_| Some("it panics".to_owned()))
    }
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
    let folder = PathBuf::from(folder).join("authorizers");
    let failed = CORPORA.iter().filter(|corpus| !passes(corpus, &folder));
    if failed.count() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn passes((name, cases): &Corpus, folder: &Path) -> bool {
    let cases = cases(folder);
    let mut failed = 0;
    for case in &cases {
        if let Some(failure) = case.run() {
            failed += 1;
            println!("{name} {}: {failure}", case.name);
        }
    }
    println!("{name}: {} passed, {failed} failed", cases.len() - failed);
    failed == 0 && !cases.is_empty()
}

/// Reads a JSON document.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn document(file: &Path) -> Value {
    serde_json::from_str(&text(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Reads a file of one JSON case a line.
fn lines(file: &Path) -> Vec<Value> {
    let text = text(file);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A clock that shows when a case takes place.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn clock(case: &Value) -> towergate_testing::FakeClock {
    let millis = case["now"].as_u64().unwrap() * 1_000;
    towergate_testing::FakeClock::at(towergate_core::Timestamp::from_unix_millis(millis))
}

/// Decides about a request with the header `authorization` of a case.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn decide_token(authorizer: &impl Authorize, case: &Value) -> Decision {
    let mut request = http::Request::new(());
    if let Some(value) = case["authorization"].as_str() {
        let headers = request.headers_mut();
        headers.insert("authorization", value.parse().unwrap());
    }
    let context = Context::of(&mut request);
    let request = AuthorizeRequest::new(&context, request.headers());
    authorizer.authorize_now(&request).unwrap()
}

/// The claims that are expected are some of those that are found.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn missing_claim(authorized: &Authorized, expected: &Value) -> Option<String> {
    let identity = authorized.to_identity();
    let mut expected = expected.as_object().into_iter().flatten();
    expected.find_map(|(name, text)| {
        let found = identity.authorizer.get(&format!("claims.{name}"));
        let is_found = found.map(String::as_str) == text.as_str();
        (!is_found).then(|| format!("claim {name} is {found:?} instead of {text}"))
    })
}
