//! The header fields that tell clients of a limit.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::PolicyName;
use crate::{Rate, token_bucket::State};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The largest integer of a structured field (RFC 9651, section 3.3.1).
const MAX_INTEGER: u64 = 999_999_999_999_999;

/// `RateLimit-Policy` and `RateLimit` of one bucket: its burst and how long it takes to fill, how many tokens are left and
/// after how long there is one more (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4). Neither tells a time where
/// there is never any.
#[derive(Debug)]
pub(crate) struct RateFields {
    policy: Option<HeaderValue>,
    limit: Option<HeaderValue>,
}

impl RateFields {
    pub(super) fn new(name: &PolicyName, rate: &Rate, State { tokens, one_more }: State) -> Self {
        let (policy, limit) = match one_more {
            Some(one_more) => {
                let window = Duration::from_nanos(rate.capacity_nanos());
                let (burst, window) = (integer(rate.tokens()), seconds(window));
                let (tokens, after) = (integer(tokens), seconds(one_more));
                (
                    format!("{name};q={burst};w={window}"),
                    format!("{name};r={tokens};t={after}"),
                )
            }
            None => (format!("{name};q=0"), format!("{name};r=0")),
        };
        Self {
            policy: HeaderValue::try_from(policy).ok(),
            limit: HeaderValue::try_from(limit).ok(),
        }
    }

    pub(crate) fn set(&self, headers: &mut HeaderMap) {
        let fields = [(RATE_LIMIT_POLICY, &self.policy), (RATE_LIMIT, &self.limit)];
        for (name, value) in fields {
            headers.extend(value.clone().map(|value| (name, value)));
        }
    }
}

/// Sets after how long to come again, if there is such a time.
pub(crate) fn set_retry_after(headers: &mut HeaderMap, after: Duration) {
    if after < Duration::MAX {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(after)));
    }
}

fn integer(number: u64) -> u64 {
    number.min(MAX_INTEGER)
}

/// Whole seconds, rounded up: whoever comes after them does not come too early.
fn seconds(time: Duration) -> u64 {
    integer(
        time.as_secs()
            .saturating_add(u64::from(time.subsec_nanos() > 0)),
    )
}
