//! A compiled template.

use crate::{
    ParseError, RenderError, Scope,
    ast::{Block, Names, Node},
    parser, render,
};

/// A mapping template, parsed once and rendered for each request.
///
/// ```
/// use towergate_mapping_templates::{Payload, Scope, Template};
///
/// let template = Template::parse(
///     r##"{"names": [#foreach($pet in $input.path('$.pets'))"$pet.name"#if($foreach.hasNext), #end#end]}"##,
/// )?;
/// let body = Payload::new(r#"{"pets": [{"name": "Rex"}, {"name": "Tom"}]}"#);
/// let output = template.render(&mut Scope::new(body, &()))?;
/// assert_eq!(output, r#"{"names": ["Rex", "Tom"]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) nodes: Block,
    pub(crate) names: Names,
    pub(crate) source: Box<str>,
}

impl Template {
    /// The longest template, in bytes: API Gateway's 300 KB.
    pub const MAX_BYTES: usize = 300 * 1024;

    /// Parses a template.
    ///
    /// # Errors
    ///
    /// Returns where and why `source` is not a template: API Gateway would accept it and answer 500 to every request.
    /// So it does here if `source` is longer than [`Template::MAX_BYTES`] or nests deeper than 64 levels.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if source.len() > Self::MAX_BYTES {
            let hint = format!("the template is longer than {} bytes", Self::MAX_BYTES);
            return Err(ParseError::new(source, 0, source, hint));
        }
        let mut names = Names::new();
        let nodes = parser::parse(source, &mut names)?;
        Ok(Self {
            nodes,
            names,
            source: source.into(),
        })
    }

    /// Returns what the template makes of every request, if it holds no references and directives.
    ///
    /// ```
    /// use towergate_mapping_templates::Template;
    ///
    /// assert_eq!(Template::parse(r#"{"statusCode": 200}"#)?.is_static(), Some(r#"{"statusCode": 200}"#));
    /// assert_eq!(Template::parse("$context.stage")?.is_static(), None);
    /// # Ok::<(), towergate_mapping_templates::ParseError>(())
    /// ```
    #[must_use]
    pub fn is_static(&self) -> Option<&str> {
        match &*self.nodes {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Renders the template. What it writes to the overrides is kept in `scope`.
    ///
    /// # Errors
    ///
    /// Returns an error where API Gateway answers 500: a method throws, such as an index out of range, or the body of
    /// `$input.path` cannot be read even leniently. Rendering also fails where it exceeds the scope's [`Limits`](crate::Limits). The
    /// overrides are then as before.
    pub fn render(&self, scope: &mut Scope<'_>) -> Result<String, RenderError> {
        if let Some(text) = self.is_static()
            && text.len() <= scope.limits.max_output_bytes
        {
            return Ok(text.to_owned());
        }
        render::render(self, scope)
    }

    /// A guess at the length of the output.
    pub(crate) fn capacity(&self, body: usize) -> usize {
        self.source.len() + body / 2
    }
}
