//! Rewrites Java's regular expression syntax into that of the `regex` crate.

use std::{iter::Peekable, str::Chars};

/// Why a Java regular expression cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JavaRegexError {
    /// The pattern uses what only a backtracking engine can match, and the feature `java-regex` is off.
    #[error("`{pattern}` uses {construct}, which needs the feature `java-regex`")]
    NeedsFeature {
        /// The pattern.
        pattern: Box<str>,
        /// What it uses.
        construct: &'static str,
    },
    /// The pattern is not a regular expression.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    Syntax {
        /// The pattern.
        pattern: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The pattern is longer than what is compiled.
    #[error("the regular expression is longer than {limit} bytes")]
    TooLong {
        /// The longest pattern, in bytes.
        limit: usize,
    },
    /// The pattern uses a construct of Java that has no equivalent here.
    #[error("`{pattern}` uses {construct}, which is not supported")]
    Unsupported {
        /// The pattern.
        pattern: Box<str>,
        /// What it uses.
        construct: Box<str>,
    },
}

impl JavaRegexError {
    pub(super) fn syntax(pattern: &str, reason: &dyn std::error::Error) -> Self {
        // The engines draw a picture of the pattern above the last line, which says what is wrong.
        let reason = reason.to_string();
        let reason = reason.lines().last().unwrap_or_default();
        Self::Syntax {
            pattern: pattern.into(),
            reason: reason.trim_start_matches("error: ").into(),
        }
    }
}

/// A pattern in the target syntax.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// The first construct that an automaton cannot match.
    pub(super) needs_backtracking: Option<&'static str>,
}

/// Where Java and the target differ: `\Q…\E`, classes that Java keeps to ASCII, line terminators, POSIX class
/// names, and possessive quantifiers, which the target would read as a repeated repetition.
pub(super) fn translate(pattern: &str) -> Result<Translated, JavaRegexError> {
    let mut translation = Translation {
        source: pattern,
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 16),
        class_depth: 0,
        after_quantifier: false,
        needs_backtracking: None,
        dot: if sets_dot_all(pattern) {
            "."
        } else {
            NOT_LINE_END
        },
    };
    translation.run()?;
    Ok(Translated {
        pattern: translation.out,
        needs_backtracking: translation.needs_backtracking,
    })
}

/// What `.` matches unless the pattern sets the flag `s`.
const NOT_LINE_END: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";

const LINE_BREAK: &str = r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])";

/// The classes that are spelled with one letter: within brackets, and the upper-case letter negates.
const LETTER_CLASSES: [(char, &str); 5] = [
    ('d', "0-9"),
    ('w', "0-9A-Za-z_"),
    ('s', r"\x20\t\n\x0B\f\r"),
    (
        'h',
        r"\x20\t\xA0\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
    ),
    ('v', r"\n\x0B\f\r\x{85}\x{2028}\x{2029}"),
];

/// Java's POSIX classes, which are ASCII only.
const POSIX_CLASSES: [(&str, &str); 13] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7F"),
    ("Alpha", "A-Za-z"),
    ("Digit", "0-9"),
    ("Alnum", "0-9A-Za-z"),
    ("Punct", r"!-/:-@\[-`{-\x7E"),
    ("Graph", "!-~"),
    ("Print", r"\x20-~"),
    ("Blank", r"\x20\t"),
    ("Cntrl", r"\x00-\x1F\x7F"),
    ("XDigit", "0-9A-Fa-f"),
    ("Space", r"\x20\t\n\x0B\f\r"),
];

struct Translation<'s> {
    source: &'s str,
    rest: Peekable<Chars<'s>>,
    out: String,
    class_depth: usize,
    after_quantifier: bool,
    needs_backtracking: Option<&'static str>,
    dot: &'static str,
}

impl Translation<'_> {
    fn run(&mut self) -> Result<(), JavaRegexError> {
        while let Some(c) = self.rest.next() {
            let after_quantifier = std::mem::take(&mut self.after_quantifier);
            match c {
                '\\' => self.escape()?,
                _ if self.class_depth > 0 => self.in_class(c),
                '[' => {
                    self.out.push('[');
                    self.open_class();
                }
                '.' => self.out.push_str(self.dot),
                '(' => {
                    self.out.push('(');
                    self.group()?;
                }
                '+' if after_quantifier => {
                    self.backtracks("a possessive quantifier");
                    self.out.push('+');
                }
                '?' if after_quantifier => self.out.push('?'),
                '*' | '+' | '?' => {
                    self.out.push(c);
                    self.after_quantifier = true;
                }
                '{' => {
                    self.braces();
                    self.after_quantifier = true;
                }
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    /// Copies `{…}`, whose opening brace is already read.
    fn braces(&mut self) {
        self.out.push('{');
        while let Some(c) = self
            .rest
            .next_if(|c| c.is_ascii_alphanumeric() || *c == ',')
        {
            self.out.push(c);
        }
        self.out.extend(self.rest.next_if_eq(&'}'));
    }

    fn backtracks(&mut self, construct: &'static str) {
        self.needs_backtracking.get_or_insert(construct);
    }

    fn unsupported(&self, construct: String) -> JavaRegexError {
        JavaRegexError::Unsupported {
            pattern: self.source.into(),
            construct: construct.into(),
        }
    }

    fn open_class(&mut self) {
        self.class_depth += 1;
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
    }

    /// Inside brackets `--`, `~~` and `[:` mean nothing to Java, but do to the target.
    fn in_class(&mut self, c: char) {
        self.out.push(c);
        match c {
            '[' if self.rest.peek() == Some(&':') => {
                self.open_class();
                self.rest.next();
                self.out.push_str(r"\:");
            }
            '[' => self.open_class(),
            ']' => self.class_depth -= 1,
            '-' | '~' => {
                let doubled = self.rest.next_if_eq(&c);
                self.out.extend(doubled.into_iter().flat_map(|c| ['\\', c]));
            }
            _ => {}
        }
    }

    fn group(&mut self) -> Result<(), JavaRegexError> {
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        match self.rest.peek() {
            Some('=' | '!') => self.backtracks("look-around"),
            Some('>') => self.backtracks("an atomic group"),
            Some('<') => {
                self.rest.next();
                self.out.push('<');
                if matches!(self.rest.peek(), Some('=' | '!')) {
                    self.backtracks("look-around");
                }
            }
            _ => {
                while let Some(flag) = self.rest.next_if(|c| c.is_ascii_alphabetic() || *c == '-') {
                    if !matches!(flag, 'i' | 'm' | 's' | 'u' | 'x' | '-') {
                        return Err(self.unsupported(format!("the flag `{flag}`")));
                    }
                    self.out.push(flag);
                }
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JavaRegexError> {
        let Some(c) = self.rest.next() else {
            self.out.push('\\');
            return Ok(());
        };
        let class = LETTER_CLASSES
            .iter()
            .find(|(letter, _)| *letter == c.to_ascii_lowercase());
        match c {
            _ if class.is_some() => {
                let members = class.map_or("", |(_, members)| members);
                self.class(c.is_ascii_uppercase(), members);
            }
            'Q' => self.quotation(),
            'E' => {}
            'R' if self.class_depth == 0 => self.out.push_str(LINE_BREAK),
            'e' => self.out.push_str(r"\x1B"),
            'p' | 'P' => self.property(c)?,
            'k' | '1'..='9' if self.class_depth == 0 => {
                self.backtracks("a back-reference");
                self.out.push('\\');
                self.out.push(c);
            }
            'Z' => {
                self.backtracks("look-around");
                self.out.push_str(r"(?=\n?\z)");
            }
            'c' | 'G' | 'N' | 'R' | 'X' | '0' => return Err(self.unsupported(format!(r"`\{c}`"))),
            '<' | '>' => self.out.push(c),
            'x' => {
                self.out.push_str(r"\x");
                if self.rest.next_if_eq(&'{').is_some() {
                    self.braces();
                }
            }
            _ => {
                self.out.push('\\');
                self.out.push(c);
            }
        }
        Ok(())
    }

    fn class(&mut self, negated: bool, members: &str) {
        self.out.push_str(if negated { "[^" } else { "[" });
        self.out.push_str(members);
        self.out.push(']');
    }

    /// `\Q…\E`: all of it literal, up to the end of the pattern if `\E` is missing.
    fn quotation(&mut self) {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            regex_escape(c, &mut self.out);
        }
    }

    fn property(&mut self, letter: char) -> Result<(), JavaRegexError> {
        let mut name = String::new();
        if self.rest.next_if_eq(&'{').is_some() {
            while let Some(c) = self.rest.next_if(|c| *c != '}') {
                name.push(c);
            }
            self.rest.next();
        } else {
            name.extend(self.rest.next());
        }
        if let Some((_, members)) = POSIX_CLASSES.iter().find(|(posix, _)| *posix == name) {
            self.class(letter == 'P', members);
            return Ok(());
        }
        if name.starts_with("java") {
            return Err(self.unsupported(format!(r"`\{letter}{{{name}}}`")));
        }
        // Java writes scripts and categories with an optional `Is`.
        let name = name.strip_prefix("Is").unwrap_or(&name);
        self.out.push('\\');
        self.out.push(letter);
        self.out.push('{');
        self.out.push_str(name);
        self.out.push('}');
        Ok(())
    }
}

fn regex_escape(c: char, out: &mut String) {
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

/// Whether a group such as `(?s)` or `(?is:…)` sets the flag `s`.
fn sets_dot_all(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|group| {
        let flags = group.find(|c: char| !c.is_ascii_alphabetic());
        flags
            .and_then(|end| group.get(..end))
            .is_some_and(|flags| flags.contains('s'))
    })
}
