//! Which function an ARN means here.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
};

use crate::{FunctionArn, Lambda};

/// The functions that an API may call, by their ARNs.
///
/// A function is found by its whole ARN, else by the ARN without alias or version, else by its name alone where it was
/// listed by that.
#[derive(Clone, Default)]
pub struct Functions(HashMap<Box<str>, Lambda>);

impl Functions {
    /// Adds a function. Returns whether the ARN was free, or had this function already; another one stays.
    pub fn insert(&mut self, arn: &FunctionArn, function: Lambda) -> bool {
        match self.0.entry(arn.canonical().into()) {
            Entry::Occupied(taken) => taken.get().is_same(&function),
            Entry::Vacant(vacant) => {
                vacant.insert(function);
                true
            }
        }
    }

    /// Returns the function that `arn` means.
    #[must_use]
    pub fn find(&self, arn: &FunctionArn) -> Option<&Lambda> {
        let keys = [
            arn.canonical(),
            arn.unqualified(),
            arn.qualified_name(),
            arn.name(),
        ];
        keys.into_iter().find_map(|key| self.0.get(key))
    }

    /// Returns whether both mean the same by every ARN.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let mut all = self.0.iter();
        self.0.len() == other.0.len()
            && all.all(|(arn, function)| {
                let theirs = other.0.get(arn);
                theirs.is_some_and(|theirs| theirs.is_same(function))
            })
    }

    /// Returns whether both mean the same by an ARN.
    #[must_use]
    pub fn is_same_at(&self, other: &Self, arn: &FunctionArn) -> bool {
        match (self.find(arn), other.find(arn)) {
            (Some(ours), Some(theirs)) => ours.is_same(theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use towergate_core::{BoxFuture, Function, FunctionError, Invocation};

    use super::*;

    struct Named(&'static str);

    impl Function for Named {
        fn invoke<'a>(&'a self, _: Invocation<'a>) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
            Box::pin(async { Ok(Bytes::from_static(self.0.as_bytes())) })
        }
    }

    fn arn(text: &str) -> FunctionArn {
        FunctionArn::parse(text).unwrap()
    }

    async fn answer(functions: &Functions, text: &str) -> Option<Bytes> {
        let context = towergate_core::Context::of(&mut http::Request::new(()));
        let invocation = Invocation::new(&context, text, "");
        let function = functions.find(&arn(text))?;
        Some(function.invoke(invocation).await.unwrap())
    }

    #[tokio::test]
    async fn a_function_is_found_by_its_arn_then_without_qualifier_then_by_name() {
        const PREFIX: &str = "arn:aws:lambda:us-east-1:123456789012:function:";
        const OTHER: &str = "arn:aws:lambda:eu-west-1:210987654321:function:";
        let mut functions = Functions::default();
        for (text, name) in [
            (format!("{PREFIX}work"), "work"),
            (format!("{PREFIX}work:green"), "green"),
            (format!("{PREFIX}latest:$LATEST"), "latest"),
            ("bare".to_owned(), "bare"),
            ("bare:red".to_owned(), "bare red"),
            (format!("{PREFIX}bare"), "whole"),
        ] {
            let function = Lambda::new(Named(name));
            assert!(functions.insert(&arn(&text), function.clone()), "{text}");
            assert!(functions.insert(&arn(&text), function), "{text} again");
        }
        assert!(!functions.insert(&arn("bare"), Lambda::new(Named("another"))));
        let cases = [
            (format!("{PREFIX}work"), Some("work")),
            (format!("{PREFIX}work:$LATEST"), Some("work")),
            (format!("{PREFIX}work:green"), Some("green")),
            (format!("{PREFIX}work:blue"), Some("work")),
            (format!("{PREFIX}latest"), Some("latest")),
            (format!("{OTHER}work"), None),
            ("work".to_owned(), None),
            (format!("{PREFIX}bare:red"), Some("whole")),
            (format!("{OTHER}bare"), Some("bare")),
            (format!("{OTHER}bare:red"), Some("bare red")),
            (format!("{OTHER}bare:blue"), Some("bare")),
            (format!("{PREFIX}other"), None),
        ];
        for (text, expected) in cases {
            let found = answer(&functions, &text).await;
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
