//! Which function an ARN means here.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
};

use crate::lambda::{FunctionArn, Lambda};

/// The functions that integrations call, by their ARNs.
///
/// A function is found by its whole ARN, else by the ARN without alias or version, else by its name alone where only
/// one function of that name is known.
#[derive(Clone, Default)]
pub(crate) struct Functions {
    by_arn: HashMap<Box<str>, Lambda>,
    /// By name, and by name and qualifier. `None` where several ARNs have the name.
    by_name: HashMap<Box<str>, Option<Lambda>>,
}

impl Functions {
    /// Adds a function. Returns whether the ARN was free.
    pub(crate) fn insert(&mut self, arn: &FunctionArn, function: Lambda) -> bool {
        let Entry::Vacant(vacant) = self.by_arn.entry(arn.as_str().into()) else {
            return false;
        };
        vacant.insert(function.clone());
        self.by_name
            .entry(arn.qualified_name().into())
            .and_modify(|known| *known = None)
            .or_insert(Some(function));
        true
    }

    pub(crate) fn find(&self, arn: &FunctionArn) -> Option<&Lambda> {
        let by_name = |name: &str| self.by_name.get(name)?.as_ref();
        self.by_arn
            .get(arn.as_str())
            .or_else(|| self.by_arn.get(arn.unqualified()))
            .or_else(|| by_name(arn.qualified_name()))
            .or_else(|| by_name(arn.name()))
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_arn.keys()).finish()
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
        let mut functions = Functions::default();
        for (text, name) in [
            (format!("{PREFIX}work"), "work"),
            (format!("{PREFIX}work:green"), "green"),
            ("bare".to_owned(), "bare"),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:twice".to_owned(),
                "west",
            ),
            (
                "arn:aws:lambda:eu-east-1:123456789012:function:twice".to_owned(),
                "east",
            ),
        ] {
            assert!(
                functions.insert(&arn(&text), Lambda::new(Named(name))),
                "{text}"
            );
        }
        assert!(!functions.insert(&arn("bare"), Lambda::new(Named("again"))));
        let cases = [
            (format!("{PREFIX}work"), Some("work")),
            (format!("{PREFIX}work:green"), Some("green")),
            (format!("{PREFIX}work:blue"), Some("work")),
            (
                "arn:aws:lambda:eu-west-1:210987654321:function:work:green".to_owned(),
                Some("green"),
            ),
            ("work:blue".to_owned(), Some("work")),
            (format!("{PREFIX}bare"), Some("bare")),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:twice".to_owned(),
                Some("west"),
            ),
            (format!("{PREFIX}twice"), None),
            (format!("{PREFIX}other"), None),
        ];
        for (text, expected) in cases {
            let found = answer(&functions, &text).await;
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
