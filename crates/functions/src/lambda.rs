//! A function of any kind.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use towergate_core::{BoxFuture, Function, FunctionError, Invocation};

/// A function that integrations and authorizers call by its ARN. Cloning is cheap.
#[derive(Clone)]
pub struct Lambda(Arc<dyn Function>);

impl Lambda {
    /// Wraps a function of any kind.
    #[must_use]
    pub fn new(function: impl Function) -> Self {
        Self(Arc::new(function))
    }

    /// Whether both are clones of one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Function for Lambda {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        self.0.invoke(invocation)
    }
}

impl fmt::Debug for Lambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lambda")
    }
}
