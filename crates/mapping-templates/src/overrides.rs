//! What templates write to `$context.requestOverride` and `$context.responseOverride`.

use std::sync::{Arc, LazyLock};

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
pub struct Overrides(Arc<Maps>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Maps {
    request: Map<String, Value>,
    response: Map<String, Value>,
}

impl Default for Overrides {
    /// Creates the maps that are there before a template writes anything, all empty.
    fn default() -> Self {
        static UNWRITTEN: LazyLock<Overrides> = LazyLock::new(|| {
            let group = |names: &[&str]| {
                let groups = names
                    .iter()
                    .map(|name| ((*name).to_owned(), Value::Object(Map::new())));
                groups.collect()
            };
            Overrides(Arc::new(Maps {
                request: group(&["header", "path", "querystring"]),
                response: group(&["header"]),
            }))
        });
        UNWRITTEN.clone()
    }
}

impl Overrides {
    /// Returns `$context.requestOverride`.
    #[must_use]
    pub fn request(&self) -> &Map<String, Value> {
        &self.0.request
    }

    /// Returns `$context.responseOverride`.
    #[must_use]
    pub fn response(&self) -> &Map<String, Value> {
        &self.0.response
    }

    /// Returns both, to be written to.
    pub(crate) fn maps_mut(&mut self) -> [&mut Map<String, Value>; 2] {
        let maps = Arc::make_mut(&mut self.0);
        [&mut maps.request, &mut maps.response]
    }

    /// Returns the entries of `$context.requestOverride.header`, `path` or `querystring`.
    pub fn request_group(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> {
        entries(&self.0.request, name)
    }

    /// Returns the entries of `$context.responseOverride.header`.
    pub fn response_headers(&self) -> impl Iterator<Item = (&str, &Value)> {
        entries(&self.0.response, "header")
    }

    /// Returns `$context.responseOverride.status`, if it is an integer from 100 to 599.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let status = self.0.response.get("status")?.as_u64()?;
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
