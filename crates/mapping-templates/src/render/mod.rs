//! Renders a compiled template.

mod directive;
mod expression;
mod finish;
mod json_text;
mod print;
mod reference;
mod scoped;

use std::{collections::HashMap, rc::Rc, sync::Arc};

use indexmap::IndexMap;
use towergate_expressions::JavaPattern;

use crate::{
    Limits, RenderError, RenderErrorKind, Scope, Template,
    ast::{Names, Node, Place, Slot},
    scope::{Payload, Variables},
    value::{Key, List, ListCell, ListKind, Map, MapCell, MapKind, Text, Value, View},
};

/// Why rendering does not go on.
#[derive(Debug)]
pub(crate) enum Fault {
    Error(RenderErrorKind),
    Stop(Stop),
}

/// What `#stop` and `#break` leave.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    Template,
    Innermost,
    Loop(Rc<crate::value::Loop>),
}

impl From<RenderErrorKind> for Fault {
    fn from(kind: RenderErrorKind) -> Self {
        Self::Error(kind)
    }
}

impl From<crate::value::TooLarge> for Fault {
    fn from(_: crate::value::TooLarge) -> Self {
        Self::Error(RenderErrorKind::NumberTooLarge)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// The failure that a Java method would throw.
pub(crate) fn throw<T>(message: impl Into<Box<str>>) -> Result<T> {
    Err(Fault::Error(RenderErrorKind::Throw(message.into())))
}

/// How deep blocks may run in each other, by way of `#define`.
const MAX_BLOCKS: usize = 128;

/// How deep values are printed.
const MAX_VALUE_DEPTH: usize = 256;

/// What compiling a pattern costs: it may take a megabyte, and as many steps of its own as this many of a template.
const PATTERN_STEPS: usize = 10_000;

/// How many compiled patterns are kept for when they come again.
const MAX_PATTERNS: usize = 16;

pub(crate) struct Render<'r> {
    payload: &'r Payload,
    facts: &'r dyn Variables,
    overrides: &'r crate::Overrides,
    limits: Limits,
    steps: u64,
    place: Place,
    blocks: usize,
    /// Whether a path has asked for the body as JSON values.
    walks_json: bool,
    variables: Vec<Option<Value>>,
    /// Loop variables that are null for the moment, whatever is assigned to them.
    hidden: Vec<Slot>,
    /// All containers, so that they can be emptied in the end: they may hold each other.
    lists: Vec<Rc<ListCell>>,
    maps: Vec<Rc<MapCell>>,
    /// The parts of `$context`, and the stage variables, that became ordinary maps.
    scoped: HashMap<Box<str>, Rc<MapCell>>,
    names: &'r Names,
    /// The regular expressions that were compiled for this rendering.
    patterns: HashMap<Box<str>, Arc<JavaPattern>>,
}

pub(crate) fn render(
    template: &Template,
    scope: &mut Scope<'_>,
) -> std::result::Result<String, RenderError> {
    let mut variables = vec![None; template.names.variables()];
    for (slot, value) in [
        (Names::INPUT, Value::Input),
        (Names::UTIL, Value::Util),
        (Names::CONTEXT, Value::Map(Map::Context(Text::EMPTY))),
        (Names::STAGE_VARIABLES, Value::Map(Map::StageVariables)),
    ] {
        if let Some(variable) = variables.get_mut(slot) {
            *variable = Some(value);
        }
    }
    let mut render = Render {
        payload: &scope.payload,
        facts: scope.variables,
        overrides: &scope.overrides,
        limits: scope.limits,
        steps: scope.limits.max_steps,
        place: Place::default(),
        blocks: 0,
        walks_json: false,
        variables,
        hidden: Vec::new(),
        lists: Vec::new(),
        maps: Vec::new(),
        scoped: HashMap::new(),
        names: &template.names,
        patterns: HashMap::new(),
    };
    let capacity = template.capacity(scope.payload.as_str().len());
    let mut out = String::with_capacity(capacity.min(scope.limits.max_output_bytes));
    let result = render.block(&template.nodes, &mut out);
    let overrides = match result {
        Ok(()) | Err(Fault::Stop(_)) => render.finish(),
        Err(Fault::Error(kind)) => Err(Fault::Error(kind)),
    };
    let place = render.place;
    render.release();
    match overrides {
        Ok(changed) => {
            if let Some(overrides) = changed {
                scope.overrides = overrides;
            }
            Ok(out)
        }
        Err(Fault::Error(kind)) => Err(RenderError::new(&template.source, place, kind)),
        Err(Fault::Stop(_)) => Ok(out),
    }
}

impl Render<'_> {
    // === bounds ===

    pub(crate) fn spend(&mut self, steps: usize) -> Result<()> {
        let left = u64::try_from(steps)
            .ok()
            .and_then(|steps| self.steps.checked_sub(steps));
        self.steps = left.ok_or(RenderErrorKind::ExceedSteps {
            limit: self.limits.max_steps,
        })?;
        Ok(())
    }

    /// Pays for a text of `bytes`.
    pub(crate) fn spend_text(&mut self, bytes: usize) -> Result<()> {
        self.fits(bytes)?;
        self.spend(1 + bytes / 16)
    }

    /// Pays for looking up a key among `entries`. Containers all hash alike, and are compared with each other.
    pub(crate) fn spend_key(&mut self, key: &Value, entries: usize) -> Result<()> {
        match key {
            Value::Text(text) if text.len() >= 16 => self.spend(text.len() / 16),
            key if key.is_container() => self.spend(entries.saturating_mul(16)),
            _ => Ok(()),
        }
    }

    fn fits(&self, bytes: usize) -> Result<()> {
        let limit = self.limits.max_output_bytes;
        if bytes > limit {
            return Err(RenderErrorKind::ExceedOutput { limit }.into());
        }
        Ok(())
    }

    fn write(&mut self, text: &str, out: &mut String) -> Result<()> {
        self.fits(out.len() + text.len())?;
        if text.len() >= 16 {
            self.spend(text.len() / 16)?;
        }
        out.push_str(text);
        Ok(())
    }

    // === containers ===

    pub(crate) fn list(&mut self, kind: ListKind, items: Vec<Value>) -> Result<Value> {
        self.list_of(kind, items, None)
    }

    pub(crate) fn list_of(
        &mut self,
        kind: ListKind,
        items: Vec<Value>,
        view: Option<View>,
    ) -> Result<Value> {
        self.spend(1 + items.len())?;
        let cell = ListCell::new(kind, items);
        let view = view.map(Box::new);
        let cell = Rc::new(ListCell { view, ..cell });
        self.lists.push(Rc::clone(&cell));
        Ok(Value::List(List::Cell(cell)))
    }

    pub(crate) fn map(&mut self, entries: IndexMap<Key, Value>) -> Result<Value> {
        self.map_cell_of(MapKind::Plain, entries)
            .map(|cell| Value::Map(Map::Cell(cell)))
    }

    fn map_cell_of(&mut self, kind: MapKind, entries: IndexMap<Key, Value>) -> Result<Rc<MapCell>> {
        self.spend(1 + entries.len())?;
        let cell = Rc::new(MapCell::new(kind, entries));
        self.maps.push(Rc::clone(&cell));
        Ok(cell)
    }

    /// Returns a list's cell, which can be changed.
    pub(crate) fn own_list(&mut self, list: &List) -> Result<Rc<ListCell>> {
        if list.is_borrowed() {
            self.spend(list.len())?;
        }
        let (cell, is_new) = list.own();
        if is_new {
            self.lists.push(Rc::clone(&cell));
        }
        Ok(cell)
    }

    /// Empties all containers, so that those which hold each other are freed, and none of them deep in another.
    fn release(&mut self) {
        self.variables.clear();
        self.scoped.clear();
        for cell in &self.lists {
            cell.items.borrow_mut().clear();
        }
        for cell in &self.maps {
            cell.entries.borrow_mut().clear();
        }
    }

    // === variables ===

    fn variable(&self, slot: Slot) -> Option<&Value> {
        if self.hidden.contains(&slot) {
            return None;
        }
        self.variables.get(slot)?.as_ref()
    }

    fn assign(&mut self, slot: Slot, value: Option<Value>) {
        if let Some(variable) = self.variables.get_mut(slot) {
            *variable = value;
        }
    }

    /// Compiles a pattern, unless the template or this rendering has done so.
    pub(crate) fn pattern(&mut self, pattern: &str) -> Result<Arc<JavaPattern>> {
        let known = self.names.pattern(pattern);
        if let Some(known) = known.or_else(|| self.patterns.get(pattern)) {
            return Ok(Arc::clone(known));
        }
        self.spend(PATTERN_STEPS)?;
        if self.patterns.len() >= MAX_PATTERNS {
            self.patterns.clear();
        }
        match JavaPattern::parse(pattern) {
            Ok(compiled) => {
                let compiled = Arc::new(compiled);
                self.patterns.insert(pattern.into(), Arc::clone(&compiled));
                Ok(compiled)
            }
            Err(error) => Err(RenderErrorKind::InvalidArgument(error.to_string().into()).into()),
        }
    }

    pub(crate) fn payload(&self) -> &Payload {
        self.payload
    }

    pub(crate) fn facts(&self) -> &dyn Variables {
        self.facts
    }

    // === blocks ===

    fn block(&mut self, nodes: &[Node], out: &mut String) -> Result<()> {
        if self.blocks >= MAX_BLOCKS {
            return Err(RenderErrorKind::NestTooDeep { what: "a block" }.into());
        }
        self.blocks += 1;
        let result = nodes.iter().try_for_each(|node| self.node(node, out));
        self.blocks -= 1;
        result
    }

    fn node(&mut self, node: &Node, out: &mut String) -> Result<()> {
        match node {
            Node::Text(text) => self.write(text, out),
            Node::Reference(reference) => self.print_reference(reference, out),
            Node::Set(set) => self.set(set),
            Node::If(branches) => self.branches(branches, out),
            Node::Foreach(foreach) => self.foreach(foreach, out),
            Node::Define { slot, block } => {
                let block = crate::value::Block {
                    define: Arc::clone(block),
                    depth: 0.into(),
                };
                self.assign(*slot, Some(Value::Block(Rc::new(block))));
                Ok(())
            }
            Node::Break { place, scope } => self.leave(*place, scope.as_deref()),
            Node::Stop { place, message } => {
                self.place = *place;
                if let Some(message) = message {
                    let message = self.value(message)?;
                    self.printed(&message)?;
                }
                Err(Fault::Stop(Stop::Template))
            }
            Node::Fail { place, why } => {
                self.place = *place;
                throw(*why)
            }
        }
    }
}
