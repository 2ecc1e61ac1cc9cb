//! Apache Velocity as a rival, in a process of its own.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Map, Value, json};
use towergate_benches::templates::{SampleRequest, TemplateCase};

/// The program that `run.sh` starts. It ends when its input does.
pub(crate) struct Velocity {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Velocity {
    pub(crate) fn start(program: &OsStr) -> Self {
        let mut command = Command::new(program);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("Velocity starts");
        let answers = process.stdout.take().expect("its output is piped");
        Self {
            requests: process.stdin.take(),
            answers: BufReader::new(answers),
            process,
        }
    }

    /// Hands over a case, waits until it is warmed up and returns what Velocity makes of it.
    pub(crate) fn warm_up(&mut self, name: &str, case: &TemplateCase) -> String {
        let body = str::from_utf8(case.body()).expect("the body is text");
        let facts = facts(name, case.source(), body);
        serde_json::from_str(&self.ask(&facts.to_string())).expect("the output is quoted")
    }

    /// Returns the seconds of that many renders, measured by itself.
    pub(crate) fn seconds_of(&mut self, name: &str, renders: usize) -> f64 {
        let nanoseconds = self.ask(&format!("{renders} {name}"));
        let nanoseconds: f64 = nanoseconds.trim().parse().expect("the answer is a number");
        nanoseconds / 1e9
    }

    fn ask(&mut self, request: &str) -> String {
        let requests = self.requests.as_mut().expect("the input is open");
        writeln!(requests, "{request}").expect("Velocity reads");
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .expect("Velocity answers");
        answer
    }
}

impl Drop for Velocity {
    fn drop(&mut self) {
        self.requests = None;
        // Its failure was noticed when it did not answer.
        let _ = self.process.wait();
    }
}

fn facts(name: &str, template: &str, body: &str) -> Value {
    let mut parameters = json!({"path": {}, "querystring": {}, "header": {}});
    for (place, name, value) in SampleRequest::PARAMETERS {
        parameters[place.name()][name] = value.into();
    }
    let mut context = json!({});
    for (name, value) in SampleRequest::CONTEXT {
        let branches = name.split('.');
        *branches.fold(&mut context, |branch, part| &mut branch[part]) = value.into();
    }
    let variables = SampleRequest::STAGE_VARIABLES.into_iter();
    let variables: Map<_, _> = variables
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    json!({
        "name": name,
        "template": template,
        "body": body,
        "params": parameters,
        "context": context,
        "stageVariables": variables,
    })
}
