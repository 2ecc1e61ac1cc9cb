//! The headers of a request as functions see them (rest-api.md, section 4.4).

use std::{borrow::Cow, fmt};

use http::{HeaderName, HeaderValue, header::GetAll};
use serde::{Serialize, Serializer};
use towergate_core::{
    Context, TRACE_ID, X_FORWARDED_FOR, X_FORWARDED_PORT, X_FORWARDED_PROTO, is_dropped_header,
};

use crate::pairs::Pairs;

/// The client's headers but for those of one hop, and what the gateway adds to them.
pub struct EventHeaders<'a>(Vec<(Cow<'a, str>, Values<'a>)>);

enum Values<'a> {
    Client(GetAll<'a, HeaderValue>),
    Added(Cow<'a, str>),
}

impl<'a> EventHeaders<'a> {
    /// Collects the headers of a request with the trace header `trace`.
    #[must_use]
    pub fn new(context: &'a Context, trace: &'a str) -> Self {
        let client = context.headers();
        let kept = client.keys().filter(|name| !is_left_out(name));
        let kept = kept.map(|name| {
            let values = Values::Client(client.get_all(name));
            (context.header_spelling(name), values)
        });
        let added = [
            ("X-Amzn-Trace-Id", Some(trace.into())),
            ("X-Forwarded-For", forwarded_for(context).map(Cow::Owned)),
            ("X-Forwarded-Port", Some(context.port().to_string().into())),
            ("X-Forwarded-Proto", Some(context.scheme().as_str().into())),
        ];
        let added = added.into_iter();
        let added = added.filter_map(|(name, value)| Some((name.into(), Values::Added(value?))));
        Self(kept.chain(added).collect())
    }

    /// Returns a map with the last value of each header.
    pub fn last(&self) -> impl Serialize {
        Pairs(|| self.0.iter().map(|(name, values)| (name, values.last())))
    }

    /// Returns a map with all values of each header.
    pub fn all(&self) -> impl Serialize {
        Pairs(|| self.0.iter().map(|(name, values)| (name, values)))
    }
}

/// Shows no values: headers hold secrets.
impl fmt::Debug for EventHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

fn is_left_out(name: &HeaderName) -> bool {
    let added = [
        TRACE_ID,
        X_FORWARDED_FOR,
        X_FORWARDED_PORT,
        X_FORWARDED_PROTO,
    ];
    is_dropped_header(name) || added.contains(name)
}

/// What proxies wrote, and unless these are believed the address that the request came from.
fn forwarded_for(context: &Context) -> Option<String> {
    let written = context.headers().get_all(X_FORWARDED_FOR);
    let stands = context.headers().contains_key(X_FORWARDED_FOR)
        && context.trusted_hops().believes_x_forwarded_for();
    let address = context.source_ip().filter(|_| !stands);
    let address = address.map(|address| address.to_string().into());
    let entries: Vec<_> = written.iter().map(text).chain(address).collect();
    (!entries.is_empty()).then(|| entries.join(", "))
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

impl Values<'_> {
    fn last(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Client(values) => values.iter().next_back().map(text),
            Self::Added(value) => Some(Cow::Borrowed(value)),
        }
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Client(values) => serializer.collect_seq(values.iter().map(text)),
            Self::Added(value) => [value].serialize(serializer),
        }
    }
}
