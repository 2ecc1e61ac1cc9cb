//! A function that does what a test says, for tests.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test takes what it needs, and may fail where it stands"
)]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use towergate_core::{BoxFuture, Function, FunctionError, Invocation};

/// A function that answers with what it was last told to do, and counts its calls.
#[derive(Default)]
pub(crate) struct StubFunction {
    behaviour: Mutex<Value>,
    event: Mutex<Value>,
    calls: AtomicUsize,
}

impl StubFunction {
    /// Does as `behaviour` says: `return`, `throw`, `timeout`, `function_error`, `not_invocable`, `unreachable` or
    /// `panic`.
    pub(crate) fn new(behaviour: Value) -> Arc<Self> {
        let function = Arc::new(Self::default());
        function.behave(behaviour);
        function
    }

    pub(crate) fn behave(&self, behaviour: Value) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn last_event(&self) -> Value {
        self.event.lock().unwrap().clone()
    }
}

impl Function for StubFunction {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        *self.event.lock().unwrap() = serde_json::from_slice(&invocation.payload).unwrap();
        let behaviour = self.behaviour.lock().unwrap().clone();
        let failed = |document: Value| Err(FunctionError::Failed(document.to_string().into()));
        let (kind, value) = behaviour.as_object().unwrap().iter().next().unwrap();
        let result = match kind.as_str() {
            "return" => Ok(value.to_string().into()),
            "text" => Ok(value.as_str().unwrap().to_owned().into()),
            "throw" => failed(json!({"errorMessage": value, "errorType": "Error"})),
            "function_error" => failed(value.clone()),
            "not_invocable" => Err(FunctionError::Refused {
                status: StatusCode::FORBIDDEN,
                message: "no".to_owned(),
            }),
            "unreachable" => Err(FunctionError::Unreachable("down".into())),
            "timeout" => return Box::pin(std::future::pending()),
            "panic" => return Box::pin(async { panic!("the function panics") }),
            other => panic!("unknown behaviour {other}"),
        };
        Box::pin(async move {
            // Let others come in the meantime.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            result
        })
    }
}
