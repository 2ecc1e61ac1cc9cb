//! The API's own policy as an authorizer, for an API that has no other, or behind one that takes tokens.

use towergate_core::BoxFuture;

use super::{ResourcePolicy, Wording};
use crate::{Authorize, AuthorizeRequest, Authorized, Decision, policy::PolicyRequest};

impl Authorize for ResourcePolicy {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        Some(decide(self, request))
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(std::future::ready(decide(self, request)))
    }
}

/// Asks the policy alone, about an anonymous caller.
fn decide(policy: &ResourcePolicy, request: &AuthorizeRequest<'_>) -> Decision {
    let keys = request.condition_keys();
    let asked = PolicyRequest::invoke(request.resource(), &keys);
    match policy.alone(&asked) {
        Ok(_) => Ok(Authorized::nothing_found()),
        Err(denial) => Err(denial.into_rejection(&asked, Wording::Current).into()),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use towergate_core::{Context, PeerAddress};

    use super::*;
    use crate::policy::ApiArn;

    #[test]
    fn a_policy_lets_in_whom_it_allows() {
        let api = ApiArn::new("us-east-1", "123456789012", "pets");
        let document = r#"{"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/GET/*",
            "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}}"#;
        let policy = ResourcePolicy::parse(document, &api).unwrap();
        let cases = [
            ("GET", [192, 0, 2, 7], true),
            ("GET", [203, 0, 113, 9], false),
            ("POST", [192, 0, 2, 7], false),
        ];
        for (method, address, expected) in cases {
            let mut request = Request::new(());
            let peer = PeerAddress((address, 1).into());
            request.extensions_mut().insert(peer);
            let context = Context::of(&mut request);
            let arn = || api.method("prod", method, "/dogs");
            let request = AuthorizeRequest::new(&context, request.headers()).with_resource(&arn);
            let decision = policy.authorize_now(&request).unwrap();
            assert_eq!(decision.is_ok(), expected, "{method} {address:?}");
        }
    }
}
