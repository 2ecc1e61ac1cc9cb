//! Cuts a template into tokens.
//!
//! What a character means depends on what it stands in: text, a reference, a directive's parentheses, a comment. The
//! lexer keeps those in a stack, and matches as far as any rule of the innermost one can. A `$` or `#` is not a token
//! yet: it changes the state and becomes the start of the token that follows. If none can follow, the sign is set
//! aside, and printed before the next text.

mod pattern;
mod rule;

pub(crate) use self::rule::Rule;
use self::rule::State;

/// One token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) rule: Rule,
    /// Where it starts in the template, in bytes.
    pub(crate) start: usize,
    /// Its text as the language sees it, which is not always that of the template.
    pub(crate) image: String,
    /// The signs before it that begin nothing.
    pub(crate) stray: String,
}

impl Token {
    /// Returns the text that stands for this token where it is printed.
    pub(crate) fn literal(&self) -> String {
        if self.rule == Rule::CommentEnd {
            return String::new();
        }
        format!("{}{}", self.stray, self.image)
    }
}

/// Where no rule matches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LexError {
    pub(crate) position: usize,
}

#[derive(Debug)]
pub(crate) struct Lexer<'s> {
    source: &'s str,
    position: usize,
    state: State,
    stack: Vec<Saved>,
    opened: usize,
    closed: usize,
    in_comment: bool,
    in_set: bool,
}

#[derive(Debug, Clone, Copy)]
struct Saved {
    state: State,
    opened: usize,
    closed: usize,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self {
            source,
            position: 0,
            state: State::Text,
            stack: Vec::new(),
            opened: 0,
            closed: 0,
            in_comment: false,
            in_set: false,
        }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.position..).unwrap_or_default()
    }

    /// Returns the next token; the last one is [`Rule::End`].
    pub(crate) fn next_token(&mut self) -> Result<Token, LexError> {
        let mut stray = String::new();
        loop {
            let start = self.position;
            if self.rest().is_empty() {
                return Ok(Token {
                    rule: Rule::End,
                    start,
                    image: String::new(),
                    stray,
                });
            }
            let rule = self.extend()?;
            let image = self.source.get(start..self.position).unwrap_or_default();
            match rule {
                Rule::ReferenceEnd | Rule::DirectiveEnd => {
                    collect_stray(image, &mut stray);
                    // The character that ends it belongs to what follows.
                    self.position -= image.chars().next_back().map_or(0, char::len_utf8);
                    self.pop();
                }
                Rule::CommentCharacter => {}
                _ => {
                    let image = self.accept(rule, image);
                    return Ok(Token {
                        rule,
                        start,
                        image,
                        stray,
                    });
                }
            }
        }
    }

    /// Matches rules until one of them ends a token.
    fn extend(&mut self) -> Result<Rule, LexError> {
        loop {
            let error = LexError {
                position: self.position,
            };
            let (rule, len) = self.state.longest(self.rest()).ok_or(error)?;
            self.position += len;
            match rule {
                Rule::Dollar | Rule::DollarBang => {
                    if !self.in_comment {
                        if self.state == State::Reference {
                            self.pop();
                        }
                        self.push(State::Reference);
                    }
                }
                Rule::Hash => {
                    if !self.in_comment {
                        if matches!(self.state, State::Reference | State::Member) {
                            self.pop();
                        }
                        self.push(State::Word);
                    }
                }
                Rule::TextBlockOpen => self.comment(State::TextBlock),
                Rule::CommentOpen => self.comment(State::Comment),
                Rule::FormalCommentOpen => {
                    if !self.in_comment {
                        self.position -= len - 3;
                    }
                    self.comment(State::FormalComment);
                }
                Rule::BlockCharacter => {}
                _ => return Ok(rule),
            }
        }
    }

    /// Does what a complete token brings about, and returns its image.
    fn accept(&mut self, rule: Rule, image: &str) -> String {
        match rule {
            Rule::IndexOpen => self.push(State::Index),
            Rule::IndexClose | Rule::BraceClose | Rule::EndDirective | Rule::Else => self.pop(),
            Rule::ParenOpen => {
                self.opened += 1;
                if self.state == State::Member {
                    self.state = State::Arguments;
                }
            }
            Rule::ParenClose => self.close_parenthesis(),
            Rule::CallClose => self.state = State::Reference,
            Rule::Set => {
                self.push(State::Directive);
                self.in_set = true;
                self.opened += 1;
            }
            Rule::LineComment => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.in_comment = true;
                self.push(State::LineComment);
            }
            Rule::LineCommentEnd
            | Rule::FormalCommentEnd
            | Rule::CommentEnd
            | Rule::TextBlockEnd => {
                self.in_comment = false;
                self.pop();
            }
            Rule::String if self.state == State::Directive => self.end_bare_argument(),
            Rule::If | Rule::ElseIf => self.state = State::Directive,
            Rule::Integer => {
                if !matches!(self.state, State::Arguments | State::Index) {
                    self.end_bare_argument();
                }
                if let Some(number) = image.strip_suffix("..") {
                    self.position -= 2;
                    return number.to_owned();
                }
            }
            Rule::Float if self.state != State::Arguments => self.end_bare_argument(),
            Rule::Dot => {
                self.position -= 1;
                self.state = State::Member;
                return ".".to_owned();
            }
            _ => {}
        }
        image.to_owned()
    }

    fn end_bare_argument(&mut self) {
        if self.opened == 0 && !self.in_set {
            self.pop();
        }
    }

    fn comment(&mut self, state: State) {
        if !self.in_comment {
            self.in_comment = true;
            self.push(state);
        }
    }

    fn close_parenthesis(&mut self) {
        loop {
            if self.opened > 0 {
                if self.opened == self.closed + 1 {
                    self.pop();
                } else {
                    self.closed += 1;
                }
                return;
            }
            let bottom = self.stack.is_empty();
            self.pop();
            if bottom {
                return;
            }
        }
    }

    fn push(&mut self, state: State) {
        self.stack.push(Saved {
            state: self.state,
            opened: self.opened,
            closed: self.closed,
        });
        self.opened = 0;
        self.state = state;
    }

    fn pop(&mut self) {
        let Some(saved) = self.stack.pop() else {
            self.opened = 0;
            self.state = State::Text;
            return;
        };
        self.state = saved.state;
        self.opened = saved.opened;
        self.closed = saved.closed;
    }

    // === what the parser tells the lexer ===

    /// The word after a `#` was that of a directive which may have parentheses. Returns whether it has.
    pub(crate) fn begin_directive(&mut self) -> bool {
        self.state = State::Directive;
        let blanks = pattern::run(self.rest(), |byte| {
            matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
        });
        let opens = self.rest().as_bytes().get(blanks) == Some(&b'(');
        if !opens {
            self.pop();
        }
        opens
    }

    /// The parentheses of a `#set` are closed.
    pub(crate) fn end_set(&mut self) {
        self.in_set = false;
    }
}

/// Keeps the signs of what turned out to begin nothing, and the backslashes before a `$`.
fn collect_stray(image: &str, stray: &mut String) {
    let mut escapes = 0;
    let mut characters = image.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => escapes += 1,
            '$' => {
                stray.extend(std::iter::repeat_n('\\', escapes));
                stray.push('$');
                if escapes > 0 {
                    // Velocity loses what follows an escaped sign.
                    characters.next();
                }
                escapes = 0;
            }
            '#' => {
                stray.push('#');
                escapes = 0;
            }
            _ => escapes = 0,
        }
    }
}

#[cfg(test)]
mod tests;
