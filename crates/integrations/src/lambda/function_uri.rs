//! The URIs that stand for functions.

/// Returns the function's ARN in the URI of an integration, which may hold stage variables; `None` if the URI is that
/// of another service or action.
///
/// `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`: a second slash after `path` is taken.
#[must_use]
pub fn function_of(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("arn:")?;
    let mut parts = rest.splitn(5, ':');
    let (_partition, service) = (parts.next()?, parts.next()?);
    let (_region, subservice, path) = (parts.next()?, parts.next()?, parts.next()?);
    if (service, subservice) != ("apigateway", "lambda") {
        return None;
    }
    path.strip_prefix("path/")?
        .trim_start_matches('/')
        .strip_prefix("2015-03-31/functions/")?
        .strip_suffix("/invocations")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_of_a_uri() {
        let of = |path: &str| format!("arn:aws:apigateway:us-east-1:{path}");
        let cases = [
            (
                "lambda:path/2015-03-31/functions/arn:aws:lambda:r:a:function:f/invocations",
                Some("arn:aws:lambda:r:a:function:f"),
            ),
            (
                "lambda:path//2015-03-31/functions/${stageVariables.f}/invocations",
                Some("${stageVariables.f}"),
            ),
            (
                "lambda:path/2021-11-15/functions/f/response-streaming-invocations",
                None,
            ),
            ("lambda:action/Invoke", None),
            ("sqs:path/2015-03-31/functions/f/invocations", None),
        ];
        for (path, expected) in cases {
            assert_eq!(function_of(&of(path)), expected, "{path}");
        }
        assert_eq!(
            function_of("http://x/2015-03-31/functions/f/invocations"),
            None
        );
    }
}
