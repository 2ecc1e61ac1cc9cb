//! A function that records what it is asked.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::Value;
use towergate::{BoxFuture, Function, FunctionError, Invocation, InvocationType};

/// A function that keeps its calls, and returns the same to each.
#[derive(Debug, Clone)]
pub struct Recorder {
    calls: Arc<Mutex<Vec<(String, InvocationType, Value)>>>,
    answer: &'static str,
}

impl Recorder {
    /// Creates a function that returns `answer`.
    #[must_use]
    pub fn new(answer: &'static str) -> Self {
        let calls = Arc::default();
        Self { calls, answer }
    }

    /// Takes the calls so far: the ARN, the kind of the call and the payload.
    ///
    /// # Panics
    ///
    /// Panics if a call panicked.
    #[must_use]
    pub fn take(&self) -> Vec<(String, InvocationType, Value)> {
        std::mem::take(&mut self.calls.lock().expect("no call panicked"))
    }

    /// Takes the calls so far, and returns the payload of the last.
    ///
    /// # Panics
    ///
    /// Panics if there was none.
    #[must_use]
    pub fn event(&self) -> Value {
        let (_, _, event) = self.take().pop().expect("the function was called");
        event
    }
}

impl Function for Recorder {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        let payload = serde_json::from_slice(&invocation.payload).expect("a payload is JSON");
        let call = (
            invocation.arn.to_owned(),
            invocation.invocation_type,
            payload,
        );
        self.calls.lock().expect("no call panicked").push(call);
        Box::pin(async { Ok(Bytes::from_static(self.answer.as_bytes())) })
    }
}
