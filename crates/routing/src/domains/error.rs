//! Why a domain table cannot be built, and what in one API Gateway would not take.

use std::{fmt, slice, vec};

use super::{
    base_path::MAX_BASE_PATH_BYTES,
    builder::{MAX_DOMAINS, MAX_MAPPINGS, MAX_ROUTING_RULES},
    host::{MAX_HOST_BYTES, MAX_LABEL_BYTES},
    routing_rule::{
        MAX_ALTERNATIVES, MAX_HEADER_NAME_BYTES, MAX_MATCH_BASE_PATHS, MAX_MATCH_HEADERS,
        MAX_PRIORITY,
    },
    value_glob::MAX_VALUE_GLOB_CHARS,
};

/// One thing that is wrong with a domain, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainError {
    /// The position of the domain in the table, from 0.
    pub domain: usize,
    /// Its name, as it was given.
    pub name: String,
    /// The part of it that is at fault.
    pub part: DomainPart,
    /// What is wrong.
    pub fault: DomainFault,
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, &self.name, &self.part)?;
        write!(f, "{}", self.fault)
    }
}

impl std::error::Error for DomainError {}

/// One thing that works here and that API Gateway refuses or treats otherwise, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainWarning {
    /// The position of the domain in the table, from 0.
    pub domain: usize,
    /// Its name, as it was given.
    pub name: String,
    /// The part of it that is meant.
    pub part: DomainPart,
    /// What is to be known about it.
    pub caveat: DomainCaveat,
}

impl fmt::Display for DomainWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, &self.name, &self.part)?;
        write!(f, "{}", self.caveat)
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, name: &str, part: &DomainPart) -> fmt::Result {
    write!(f, "domain `{}`: ", Excerpt(name))?;
    match part {
        DomainPart::RoutingRule { priority, .. } => {
            write!(f, "routing rule of priority {priority}: ")
        }
        _ => Ok(()),
    }
}

/// A part of a domain. Positions count what is of one kind, in the order it was given, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DomainPart {
    /// The API mapping at this position.
    ApiMapping(usize),
    /// The base path mapping at this position.
    BasePathMapping(usize),
    /// The name, or the domain as a whole.
    Domain,
    /// A routing rule.
    RoutingRule {
        /// Its position.
        rule: usize,
        /// Its priority.
        priority: u32,
        /// The condition in it, unless the whole rule is meant.
        condition: Option<ConditionPart>,
    },
}

/// A part of the conditions of a routing rule. Positions count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConditionPart {
    /// In `matchBasePaths`.
    MatchBasePaths {
        /// The position among the conditions of this kind.
        condition: usize,
        /// The position of the base path in it, unless the whole condition is meant.
        path: Option<usize>,
    },
    /// In `matchHeaders`.
    MatchHeaders {
        /// The position among the conditions of this kind.
        condition: usize,
        /// The position of the header and its value glob in it, unless the whole condition is meant.
        pair: Option<usize>,
    },
}

/// What is wrong with a part of a domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainFault {
    /// A base path holds a character that mapping keys may not have.
    #[error(
        "`{character}` in base path `{}` is none of the letters, digits and `$-_.+!*'()/`",
        Excerpt(base_path)
    )]
    BadBasePathCharacter {
        /// The base path.
        base_path: String,
        /// The first such character.
        character: char,
    },
    /// The name of a header is no token (RFC 9110 section 5.1).
    #[error("`{header}` is no name of a header")]
    BadHeaderName {
        /// The name.
        header: String,
    },
    /// The name holds a character that host names do not have.
    #[error(
        "`{character}` is none of the letters, digits, hyphens and dots of a host name; write names in other \
         scripts as `xn--` labels"
    )]
    BadHostCharacter {
        /// The first such character.
        character: char,
    },
    /// A label of the name is empty, too long, or begins or ends with a hyphen.
    #[error(
        "label `{}` of the host name is not 1 to {MAX_LABEL_BYTES} characters with letters or digits at both ends",
        Excerpt(label)
    )]
    BadHostLabel {
        /// The first such label.
        label: String,
    },
    /// The priority is 0 or more than [`MAX_PRIORITY`].
    #[error("the priority is not between 1 and {MAX_PRIORITY}")]
    BadPriority,
    /// A value glob holds a character that value globs may not have.
    #[error(
        "`{character}` in value glob `{}` is none of the letters, digits and ``*?-!#$%&'.^_`|~``",
        Excerpt(value_glob)
    )]
    BadValueGlobCharacter {
        /// The value glob.
        value_glob: String,
        /// The first such character.
        character: char,
    },
    /// A base path is longer than mapping keys may be.
    #[error(
        "base path `{}` has more than {MAX_BASE_PATH_BYTES} characters",
        Excerpt(base_path)
    )]
    BasePathTooLong {
        /// The base path.
        base_path: String,
    },
    /// Two mappings of the domain have the same base path.
    #[error("{} is mapped twice", Named(base_path))]
    DuplicateBasePath {
        /// The base path: empty for `(none)`.
        base_path: String,
        /// The mapping that came first.
        first: DomainPart,
    },
    /// Two domains have the same name, apart from case and the dot of the root.
    #[error("there are two domains of this name")]
    DuplicateDomain {
        /// The position of the domain that came first.
        first: usize,
    },
    /// Two rules of the domain have the same priority.
    #[error("there are two rules of this priority")]
    DuplicatePriority {
        /// The position of the rule that came first.
        first: usize,
    },
    /// A base path begins or ends with a slash, or two slashes stand side by side in it.
    #[error(
        "base path `{base_path}` has an empty segment; write it without slashes at its ends, and with single ones \
         between segments"
    )]
    EmptyBasePathSegment {
        /// The base path.
        base_path: String,
    },
    /// A condition lists nothing, so that it would never hold.
    #[error("a condition lists nothing and would never hold; leave it out to match every request")]
    EmptyCondition,
    /// A value glob is empty.
    #[error("a value glob is empty; `*` matches every value")]
    EmptyValueGlob,
    /// The name of a header is longer than conditions may have.
    #[error(
        "header name `{}` has more than {MAX_HEADER_NAME_BYTES} characters",
        Excerpt(header)
    )]
    HeaderNameTooLong {
        /// The name.
        header: String,
    },
    /// The name has a port, or what a colon makes look like one.
    #[error("the name of a domain has no port")]
    HostPort,
    /// The name is longer than a host name can be.
    #[error("the host name has more than {MAX_HOST_BYTES} characters")]
    HostTooLong,
    /// A `*` in the name is not its whole first label.
    #[error("`*` stands only for the whole first label of a name, as in `*.example.com`")]
    MisplacedHostWildcard,
    /// A `*` of a value glob stands elsewhere than at its ends.
    #[error(
        "value glob `{value_glob}` is none of the forms `abc`, `abc*`, `*abc`, `*abc*` and `*`"
    )]
    MisplacedValueWildcard {
        /// The value glob.
        value_glob: String,
    },
    /// A base path mapping has more than one segment.
    #[error(
        "base path `{base_path}` of a base path mapping has several segments; write it as an API mapping"
    )]
    SeveralSegments {
        /// The base path.
        base_path: String,
    },
    /// A condition lists more than [`MAX_ALTERNATIVES`] headers or base paths.
    #[error("a condition lists more than {MAX_ALTERNATIVES} headers or base paths")]
    TooManyAlternatives,
    /// A rule has more than one base path condition.
    #[error("the rule has more than {MAX_MATCH_BASE_PATHS} `matchBasePaths` condition")]
    TooManyBasePathConditions,
    /// The table has more than [`MAX_DOMAINS`] domains. This is the first too many.
    #[error("a table has no more than {MAX_DOMAINS} domains")]
    TooManyDomains,
    /// A rule has more than two header conditions.
    #[error("the rule has more than {MAX_MATCH_HEADERS} `matchHeaders` conditions")]
    TooManyHeaderConditions,
    /// The domain has more than [`MAX_MAPPINGS`] mappings. This is the first too many.
    #[error("a domain has no more than {MAX_MAPPINGS} mappings")]
    TooManyMappings,
    /// The domain has more than [`MAX_ROUTING_RULES`] rules. This is the first too many.
    #[error("a domain has no more than {MAX_ROUTING_RULES} routing rules")]
    TooManyRoutingRules,
    /// A value glob is longer than value globs may be.
    #[error(
        "value glob `{}` has more than {MAX_VALUE_GLOB_CHARS} characters",
        Excerpt(value_glob)
    )]
    ValueGlobTooLong {
        /// The value glob.
        value_glob: String,
    },
}

/// What API Gateway would not take or would treat otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainCaveat {
    /// API Gateway takes no conditions on this header.
    #[error("API Gateway takes no conditions on header `{header}`")]
    ForbiddenHeader {
        /// The header, as it was given.
        header: String,
    },
    /// The path of this mapping alone is kept for health checks: only paths beneath it reach the mapping.
    #[error("`/{base_path}` is kept for health checks; only paths beneath it reach the mapping")]
    ReservedBasePath {
        /// The base path: `ping` or `sping`.
        base_path: String,
    },
    /// There are more mappings of several segments than the quota of 200 for a domain.
    #[error("{count} mappings of several segments are more than the {quota} of API Gateway")]
    SeveralSegmentsOverQuota {
        /// How many there are.
        count: usize,
        /// The quota.
        quota: usize,
    },
    /// There are more rules than the quota of 50 for a domain, which AWS raises on request.
    #[error("{count} routing rules are more than the {quota} that API Gateway takes at first")]
    RoutingRulesOverQuota {
        /// How many there are.
        count: usize,
        /// The quota.
        quota: usize,
    },
}

/// Everything that is wrong with the domains of a table, in the order the domains were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainErrors(pub(crate) Vec<DomainError>);

impl DomainErrors {
    /// Returns the errors, at least one.
    pub fn iter(&self) -> slice::Iter<'_, DomainError> {
        self.0.iter()
    }
}

impl fmt::Display for DomainErrors {
    /// Writes one error a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DomainErrors {}

impl IntoIterator for DomainErrors {
    type Item = DomainError;
    type IntoIter = vec::IntoIter<DomainError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'e> IntoIterator for &'e DomainErrors {
    type Item = &'e DomainError;
    type IntoIter = slice::Iter<'e, DomainError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The start of a text that may be long.
struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        write!(f, "{:.SHOWN$}", self.0)?;
        match self.0.chars().nth(SHOWN) {
            Some(_) => f.write_str("..."),
            None => Ok(()),
        }
    }
}

/// A base path, which may be empty.
struct Named<'a>(&'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("the empty base path"),
            base_path => write!(f, "base path `{base_path}`"),
        }
    }
}
