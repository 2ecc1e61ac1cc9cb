//! The names of functions.

use std::fmt;

/// The longest name of a function, alias and region.
const MAX_NAME: usize = 64;
const MAX_QUALIFIER: usize = 128;
const MAX_REGION: usize = 32;

/// The ARN of a Lambda function: `arn:aws:lambda:us-east-1:123456789012:function:create-pet:live`.
///
/// What stands behind the name is an alias or a version. The shorter forms that the Invoke API takes are read too:
/// `create-pet`, `create-pet:live` and `123456789012:function:create-pet`. Names have at most 64 letters, digits, `-` and
/// `_`, aliases at most 128.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FunctionArn {
    text: Box<str>,
    /// Where the name begins in the text.
    name: usize,
    /// Where the colon before the qualifier is, or the end of the text.
    colon: usize,
}

/// What was read is not the ARN of a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the ARN of a function, such as `arn:aws:lambda:us-east-1:123456789012:function:create-pet`"
)]
pub struct FunctionArnError(Box<str>);

impl FunctionArn {
    /// Reads an ARN.
    ///
    /// # Errors
    ///
    /// Returns [`FunctionArnError`] if `text` names no function.
    pub fn parse(text: &str) -> Result<Self, FunctionArnError> {
        let error = || FunctionArnError(text.into());
        let rest = match text.split_once(":function:") {
            Some((prefix, rest)) if is_prefix(prefix) => rest,
            _ => text,
        };
        let name = text.len() - rest.len();
        let (function, qualifier) = match rest.split_once(':') {
            Some((function, qualifier)) => (function, Some(qualifier)),
            None => (rest, None),
        };
        let is_valid = is_name(function, MAX_NAME, "-_")
            && qualifier.is_none_or(|name| is_name(name, MAX_QUALIFIER, "-_$"));
        is_valid
            .then(|| Self {
                text: text.into(),
                name,
                colon: name + function.len(),
            })
            .ok_or_else(error)
    }

    /// Returns the ARN as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(self.name..self.colon).unwrap_or_default()
    }

    /// Returns the alias or version, if one is named.
    #[must_use]
    pub fn qualifier(&self) -> Option<&str> {
        self.text.get(self.colon + 1..)
    }

    /// Returns the ARN without an alias or version.
    #[must_use]
    pub fn unqualified(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    /// Returns the name, and the alias or version if one is named.
    pub(crate) fn qualified_name(&self) -> &str {
        self.text.get(self.name..).unwrap_or_default()
    }

    /// Returns the ARN without `:$LATEST`, which means the same as no version.
    pub(crate) fn canonical(&self) -> &str {
        self.text.strip_suffix(":$LATEST").unwrap_or(&self.text)
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether this stands before `:function:` in an ARN: all the parts, or the account alone.
fn is_prefix(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    match &parts[..] {
        ["arn", partition, "lambda", region, account] => {
            is_name(partition, MAX_REGION, "-")
                && is_name(region, MAX_REGION, "-")
                && is_account(account)
        }
        [account] => is_account(account),
        _ => false,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str, longest: usize, signs: &str) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_a_name_and_maybe_a_qualifier() {
        let cases = [
            (
                "arn:aws:lambda:us-east-1:123456789012:function:pets",
                Some(("pets", None)),
            ),
            (
                "arn:aws-cn:lambda:cn-north-1:123456789012:function:pets:7",
                Some(("pets", Some("7"))),
            ),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:a_B-9:$LATEST",
                Some(("a_B-9", Some("$LATEST"))),
            ),
            (
                "123456789012:function:pets:live",
                Some(("pets", Some("live"))),
            ),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:my-function:live",
                Some(("my-function", Some("live"))),
            ),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:function:1",
                Some(("function", Some("1"))),
            ),
            ("my-function:PROD", Some(("my-function", Some("PROD")))),
            ("function:live", Some(("function", Some("live")))),
            ("pets:live", Some(("pets", Some("live")))),
            ("pets", Some(("pets", None))),
            ("", None),
            ("pets:", None),
            ("pets:a:b", None),
            ("pe ts", None),
            ("arn:aws:lambda:us-east-1:1234:function:pets", None),
            ("arn:aws:sqs:us-east-1:123456789012:function:pets", None),
            ("arn:aws:lambda:us-east-1:123456789012:function:", None),
            ("x:function:pets", None),
        ];
        for (text, expected) in cases {
            let arn = FunctionArn::parse(text).ok();
            let found = arn.as_ref().map(|arn| (arn.name(), arn.qualifier()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
