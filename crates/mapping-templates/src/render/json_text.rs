//! `$input.path` and `$input.json`.

use std::sync::Arc;

use towergate_expressions::{Budget, DefiniteStep, FindError, JsonPath};

use super::{Fault, Render, Result, throw};
use crate::{
    RenderErrorKind,
    json::{Document, Node, NodeId, Slashes, write_node},
    value::Value,
};

pub(super) use crate::json::write_number;

/// What a path leads to.
enum Found {
    Node(NodeId),
    /// What the path made, as a document of its own.
    Made(Arc<Document>),
    Nothing,
}

impl Render<'_> {
    /// Reads a path whose text is only known now.
    pub(crate) fn json_path(&mut self, path: &str) -> Result<JsonPath> {
        self.spend(64)?;
        JsonPath::parse(path)
            .map_err(|error| RenderErrorKind::InvalidArgument(error.to_string().into()).into())
    }

    /// `$input.json(path)`.
    pub(crate) fn input_json(&mut self, path: &JsonPath) -> Result<Value> {
        let mut out = String::new();
        self.json_path_text(path, Slashes::Plain, &mut out)?;
        self.spend_text(out.len())?;
        Ok(Value::text(out))
    }

    /// `$input.path(path)`.
    pub(crate) fn input_path(&mut self, path: &JsonPath) -> Result<Value> {
        let document = self.body()?;
        Ok(match self.find(&document, path)? {
            Found::Node(node) => Value::of_document(&document, node),
            Found::Made(made) => Value::of_document(&made, made.root()),
            Found::Nothing => Value::Null,
        })
    }

    /// Writes what a path leads to as JSON; a pair of quotes for what is missing or null.
    pub(super) fn json_path_text(
        &mut self,
        path: &JsonPath,
        slashes: Slashes,
        out: &mut String,
    ) -> Result<()> {
        let document = self.body()?;
        let (document, node) = match self.find(&document, path)? {
            Found::Node(node) => (document, node),
            Found::Made(made) => {
                let root = made.root();
                (made, root)
            }
            Found::Nothing => {
                out.push_str("\"\"");
                return Ok(());
            }
        };
        match document.canonical() {
            _ if matches!(document.node(node), Node::Null) => out.push_str("\"\""),
            Some(source) if node == document.root() => out.push_str(source),
            _ => write_node(&document, node, slashes, out),
        }
        Ok(())
    }

    fn body(&mut self) -> Result<Arc<Document>> {
        match self.payload().document() {
            Ok(document) => Ok(Arc::clone(document)),
            Err(error) => throw(error.to_string()),
        }
    }

    fn find(&mut self, document: &Arc<Document>, path: &JsonPath) -> Result<Found> {
        let root = document.root();
        if matches!(document.node(root), Node::Null) {
            return throw("the body is `null`, where no path leads anywhere");
        }
        if let Some(steps) = path.definite_steps() {
            return self.walk(document, steps);
        }
        self.spend_json(document)?;
        let mut budget = Budget::new(self.steps.min(Budget::DEFAULT_STEPS));
        let before = budget.remaining();
        let found =
            path.find_within(document.json(), &mut budget)
                .map_err(|error| match error {
                    FindError::NestTooDeep => {
                        Fault::Error(RenderErrorKind::NestTooDeep { what: "the body" })
                    }
                    _ => Fault::Error(RenderErrorKind::ExceedSteps {
                        limit: self.limits.max_steps.min(Budget::DEFAULT_STEPS),
                    }),
                })?;
        let spent = usize::try_from(before - budget.remaining()).unwrap_or(usize::MAX);
        self.spend(spent)?;
        let found = found.map(|found| Arc::new(Document::from_json(&found)));
        Ok(found.map_or(Found::Nothing, Found::Made))
    }

    /// Pays for what the body takes as values that any path can walk, once.
    fn spend_json(&mut self, document: &Document) -> Result<()> {
        if !self.walks_json {
            self.spend(document.len())?;
            self.walks_json = true;
        }
        Ok(())
    }

    fn walk<'p>(
        &mut self,
        document: &Document,
        steps: impl Iterator<Item = DefiniteStep<'p>>,
    ) -> Result<Found> {
        let mut node = document.root();
        for step in steps {
            let next = match (document.node(node), step) {
                (Node::Map { first, len }, DefiniteStep::Name(name)) => {
                    self.spend(len as usize / 16)?;
                    document.member(first, len, name)
                }
                (Node::List { first, len }, DefiniteStep::Index(index)) => {
                    let index = if index < 0 {
                        index + i64::from(len)
                    } else {
                        index
                    };
                    let index = u32::try_from(index).ok().filter(|index| *index < len);
                    index.map(|index| first + index)
                }
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return Ok(Found::Nothing),
            }
        }
        Ok(Found::Node(node))
    }

    /// `$util.parseJson(text)`.
    pub(crate) fn parse_json(&mut self, text: &str) -> Result<Value> {
        self.spend_text(text.len())?;
        // A document takes up to 32 bytes for each of its text's, and every call makes another.
        self.spend(text.len() / 4)?;
        match Document::parse(&Arc::from(text)) {
            Ok(document) => {
                let document = Arc::new(document);
                let root = document.root();
                Ok(Value::of_document(&document, root))
            }
            Err(error) => throw(error.to_string()),
        }
    }
}
