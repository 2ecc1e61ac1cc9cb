//! What templates write to `$context.requestOverride` and `$context.responseOverride`.

use serde_json::{Map, Value};

/// The overrides of one request, as JSON values: texts, numbers and lists keep their kind.
///
/// ```
/// use towergate_mapping_templates::{Payload, Scope, Template};
///
/// let template = Template::parse("#set($context.responseOverride.status = 201)")?;
/// let mut scope = Scope::new(Payload::default(), &());
/// template.render(&mut scope)?;
/// assert_eq!(scope.overrides().status(), Some(201));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overrides {
    pub(crate) request: Map<String, Value>,
    pub(crate) response: Map<String, Value>,
}

impl Default for Overrides {
    /// Creates the maps that are there before a template writes anything, all empty.
    fn default() -> Self {
        let group = |names: &[&str]| {
            let groups = names
                .iter()
                .map(|name| ((*name).to_owned(), Value::Object(Map::new())));
            groups.collect()
        };
        Self {
            request: group(&["header", "path", "querystring"]),
            response: group(&["header"]),
        }
    }
}

impl Overrides {
    /// Returns `$context.requestOverride`.
    #[must_use]
    pub fn request(&self) -> &Map<String, Value> {
        &self.request
    }

    /// Returns `$context.responseOverride`.
    #[must_use]
    pub fn response(&self) -> &Map<String, Value> {
        &self.response
    }

    /// Returns the entries of `$context.requestOverride.header`, `path` or `querystring`.
    pub fn request_group(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> {
        entries(&self.request, name)
    }

    /// Returns the entries of `$context.responseOverride.header`.
    pub fn response_headers(&self) -> impl Iterator<Item = (&str, &Value)> {
        entries(&self.response, "header")
    }

    /// Returns `$context.responseOverride.status`, if it is an integer from 100 to 599.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let status = self.response.get("status")?.as_u64()?;
        u16::try_from(status)
            .ok()
            .filter(|status| (100..600).contains(status))
    }
}

fn entries<'m>(
    groups: &'m Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = (&'m str, &'m Value)> {
    let group = groups.get(name).and_then(Value::as_object);
    group
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}
