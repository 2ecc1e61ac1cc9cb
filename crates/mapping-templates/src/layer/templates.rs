//! Templates by content type: which one is taken.

use std::sync::Arc;

use http::{HeaderMap, header};
use towergate_core::first_media_type;

use crate::Template;

/// The content type of what says nothing about itself.
const JSON: &str = "application/json";

/// The key of the template for all other content types.
const DEFAULT: &str = "$default";

/// What becomes of a request whose content type has no template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PassthroughBehavior {
    /// It passes as it is.
    #[default]
    WhenNoMatch,
    /// It passes if there are no request templates at all, and is refused with 415 otherwise.
    WhenNoTemplates,
    /// It is refused with 415.
    Never,
}

/// A template with the content type that it is for.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) content_type: Arc<str>,
    pub(super) template: Arc<Template>,
}

/// The templates of one direction, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub(super) struct Templates(Vec<Entry>);

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum RequestChoice {
    Template(Arc<Template>),
    Passthrough,
    Unsupported,
}

impl Templates {
    pub(super) fn insert(&mut self, content_type: &str, template: Template) {
        let template = Arc::new(template);
        let mut entries = self.0.iter_mut();
        match entries.find(|entry| entry.content_type.eq_ignore_ascii_case(content_type)) {
            Some(entry) => entry.template = template,
            None => self.0.push(Entry {
                content_type: content_type.into(),
                template,
            }),
        }
    }

    pub(super) fn for_request(
        &self,
        headers: &HeaderMap,
        behavior: PassthroughBehavior,
    ) -> RequestChoice {
        let content_type = first_media_type(headers, &header::CONTENT_TYPE).unwrap_or(JSON);
        match self.get(content_type).or_else(|| self.get(DEFAULT)) {
            Some(entry) => RequestChoice::Template(Arc::clone(&entry.template)),
            None => match behavior {
                PassthroughBehavior::WhenNoMatch => RequestChoice::Passthrough,
                PassthroughBehavior::WhenNoTemplates if self.0.is_empty() => {
                    RequestChoice::Passthrough
                }
                _ => RequestChoice::Unsupported,
            },
        }
    }

    pub(super) fn for_response(&self, headers: &HeaderMap) -> Option<Entry> {
        let accepted = first_media_type(headers, &header::ACCEPT).unwrap_or(JSON);
        let found = self.get(accepted).or_else(|| self.get(JSON));
        let found = found.or_else(|| self.0.first())?;
        let passes = &*found.content_type == JSON && found.template.is_static() == Some("");
        (!passes).then(|| found.clone())
    }

    fn get(&self, content_type: &str) -> Option<&Entry> {
        let mut entries = self.0.iter();
        entries.find(|entry| entry.content_type.eq_ignore_ascii_case(content_type))
    }
}
