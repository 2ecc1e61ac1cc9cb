//! The headers of a request as functions see them (rest-api.md, section 4.4).

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, header::GetAll};
use serde::{Serialize, Serializer};
use towergate_core::{Context, TRACE_ID};
use towergate_mapping_templates::RequestVariables;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The client's headers but for those of one hop, and what the gateway adds to them.
#[derive(Debug)]
pub(super) struct EventHeaders<'a> {
    context: &'a Context,
    added: [(&'static str, Cow<'a, str>); 4],
}

impl<'a> EventHeaders<'a> {
    pub(super) fn new(context: &'a Context, trace: &'a str) -> Self {
        let added = [
            ("X-Amzn-Trace-Id", trace.into()),
            ("X-Forwarded-For", forwarded_for(context).into()),
            ("X-Forwarded-Port", context.port().to_string().into()),
            ("X-Forwarded-Proto", context.scheme().into()),
        ];
        Self { context, added }
    }

    /// Returns a map with the last value of each header.
    pub(super) fn last(&self) -> impl Serialize {
        LastValues(self)
    }

    /// Returns a map with all values of each header.
    pub(super) fn all(&self) -> impl Serialize {
        AllValues(self)
    }

    fn of_client(&self) -> impl Iterator<Item = (Cow<'a, str>, GetAll<'a, HeaderValue>)> {
        let (context, headers) = (self.context, self.context.headers());
        let names = headers.keys().filter(|name| !is_left_out(name));
        names.map(|name| (context.header_spelling(name), headers.get_all(name)))
    }
}

fn is_left_out(name: &HeaderName) -> bool {
    let added = [
        TRACE_ID,
        X_FORWARDED_FOR,
        X_FORWARDED_PORT,
        X_FORWARDED_PROTO,
    ];
    RequestVariables::drops_header(name) || added.contains(name)
}

/// What proxies wrote, and unless these are believed the address that the request came from.
fn forwarded_for(context: &Context) -> String {
    let proxies = context.headers().get_all(X_FORWARDED_FOR).iter().map(text);
    let address = context
        .source_ip()
        .map(|address| address.to_string().into());
    let address = match context.headers().contains_key(X_FORWARDED_FOR) {
        true => address.filter(|_| !context.believes_proxies()),
        false => address,
    };
    let entries: Vec<Cow<'_, str>> = proxies.chain(address).collect();
    entries.join(", ")
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

struct LastValues<'a>(&'a EventHeaders<'a>);

impl Serialize for LastValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(headers) = self;
        let client = headers
            .of_client()
            .filter_map(|(name, values)| Some((name, last(&values)?)));
        let added = headers
            .added
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(&**value)));
        serializer.collect_map(client.chain(added))
    }
}

struct AllValues<'a>(&'a EventHeaders<'a>);

impl Serialize for AllValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(headers) = self;
        let client = headers
            .of_client()
            .map(|(name, values)| (name, Values::Client(values)));
        let added = headers
            .added
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), Values::Added(value)));
        serializer.collect_map(client.chain(added))
    }
}

enum Values<'a> {
    Client(GetAll<'a, HeaderValue>),
    Added(&'a str),
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Client(values) => serializer.collect_seq(values.iter().map(text)),
            Self::Added(value) => [value].serialize(serializer),
        }
    }
}

fn last<'a>(values: &GetAll<'a, HeaderValue>) -> Option<Cow<'a, str>> {
    values.iter().next_back().map(text)
}
