//! The parts of a resource path such as `/pets/{id}/files/{path+}`.

use towergate_core::Params;

use crate::error::RouteError;

/// The longest resource path of a table, in bytes: the longest URL that API Gateway takes.
pub const MAX_PATTERN_BYTES: usize = 10_240;

/// The most segments that a resource path may have.
pub const MAX_SEGMENTS: usize = 128;

/// What one segment of a resource path matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'p> {
    /// `{name+}`: the rest of the path, at least one segment.
    Greedy(&'p str),
    /// The same text.
    Literal(&'p str),
    /// `{name}`: any one segment that is not empty.
    Parameter(&'p str),
}

impl<'p> Part<'p> {
    /// Returns the name of the parameter.
    pub(crate) fn name(self) -> Option<&'p str> {
        match self {
            Self::Greedy(name) | Self::Parameter(name) => Some(name),
            Self::Literal(_) => None,
        }
    }
}

/// Splits `path` into its parts, or adds everything that is wrong with it to `errors` and returns `None`.
pub(crate) fn parse<'p>(path: &'p str, errors: &mut Vec<RouteError>) -> Option<Vec<Part<'p>>> {
    let before = errors.len();
    let owned = || path.to_owned();
    if path.len() > MAX_PATTERN_BYTES {
        errors.push(RouteError::TooLong { path: owned() });
        return None;
    }
    let Some(segments) = path.strip_prefix('/') else {
        errors.push(RouteError::MissingSlash { path: owned() });
        return None;
    };
    if segments.is_empty() {
        return Some(Vec::new());
    }
    if segments.split('/').any(str::is_empty) {
        errors.push(RouteError::EmptySegment { path: owned() });
    }
    let parts: Vec<_> = segments
        .split('/')
        .filter(|segment| !segment.is_empty())
        .filter_map(|segment| parse_segment(path, segment, errors))
        .collect();
    if segments.split('/').count() > MAX_SEGMENTS {
        errors.push(RouteError::TooManySegments { path: owned() });
    }
    check_parameters(path, &parts, errors);
    (errors.len() == before).then_some(parts)
}

fn parse_segment<'p>(
    path: &str,
    segment: &'p str,
    errors: &mut Vec<RouteError>,
) -> Option<Part<'p>> {
    let inner = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let part = match inner {
        None => Part::Literal(segment),
        Some(inner) => match inner.strip_suffix('+') {
            Some(name) => Part::Greedy(name),
            None => Part::Parameter(inner),
        },
    };
    let text = part.name().unwrap_or(segment);
    if text.is_empty() || text.contains(['{', '}']) {
        errors.push(RouteError::PartialParameter {
            path: path.to_owned(),
            segment: segment.to_owned(),
        });
        return None;
    }
    if let Some(character) = text.chars().find(|character| !is_allowed(*character)) {
        errors.push(RouteError::BadCharacter {
            path: path.to_owned(),
            character,
        });
        return None;
    }
    Some(part)
}

fn check_parameters(path: &str, parts: &[Part<'_>], errors: &mut Vec<RouteError>) {
    let names: Vec<_> = parts.iter().filter_map(|part| part.name()).collect();
    if names.len() > Params::MAX {
        errors.push(RouteError::TooManyParameters {
            path: path.to_owned(),
        });
    }
    for (earlier, name) in names.iter().enumerate() {
        let seen = names.iter().take(earlier).filter(|other| *other == name);
        if seen.count() == 1 {
            errors.push(RouteError::DuplicateParameter {
                path: path.to_owned(),
                parameter: (*name).to_owned(),
            });
        }
    }
    for (number, part) in parts.iter().enumerate() {
        if let Part::Greedy(name) = part
            && number + 1 < parts.len()
        {
            errors.push(RouteError::GreedyNotLast {
                path: path.to_owned(),
                parameter: (*name).to_owned(),
            });
        }
    }
}

/// "Letters, digits, `_ - . , :`": what API Gateway takes in a resource's path part.
fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.,:".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_into_literals_parameters_and_a_greedy_end() {
        let cases = [
            ("/", vec![]),
            ("/pets", vec![Part::Literal("pets")]),
            (
                "/v1.0/a,b:c-d_e/{stream-name}",
                vec![
                    Part::Literal("v1.0"),
                    Part::Literal("a,b:c-d_e"),
                    Part::Parameter("stream-name"),
                ],
            ),
            ("/{proxy+}", vec![Part::Greedy("proxy")]),
            ("/{a}/{b+}", vec![Part::Parameter("a"), Part::Greedy("b")]),
        ];
        for (path, expected) in cases {
            let mut errors = Vec::new();
            assert_eq!(parse(path, &mut errors), Some(expected), "{path}");
            assert_eq!(errors, [], "{path}");
        }
    }

    #[test]
    fn a_wrong_path_is_refused_for_each_of_its_faults() {
        let many_segments = "/a".repeat(MAX_SEGMENTS + 1);
        let many_parameters: String = (0..=Params::MAX).map(|n| format!("/{{p{n}}}")).collect();
        let long = format!("/{}", "a".repeat(MAX_PATTERN_BYTES));
        let cases: &[(&str, &[&str])] = &[
            ("", &["does not begin with a slash"]),
            ("pets", &["does not begin with a slash"]),
            ("/pets/", &["empty segment"]),
            ("//pets", &["empty segment"]),
            ("/a b", &["` ` in resource path `/a b`"]),
            ("/a%20b", &["`%` in resource path"]),
            ("/caf\u{e9}", &["`\u{e9}` in resource path"]),
            ("/{a b}", &["` ` in resource path"]),
            ("/{}", &["`{}` in resource path"]),
            ("/{+}", &["`{+}` in resource path"]),
            ("/v{id}", &["`v{id}` in resource path"]),
            ("/{id}.json", &["`{id}.json` in resource path"]),
            ("/{a}{b}", &["`{a}{b}` in resource path"]),
            ("/{{a}}", &["`{{a}}` in resource path"]),
            (
                "/{a/b}",
                &["`{a` in resource path", "`b}` in resource path"],
            ),
            ("/{a+}/b", &["greedy parameter `{a+}` is not at the end"]),
            ("/{a}/{b}/{a}/{a+}", &["two parameters named `a`"]),
            (
                "//{a}/~/{a+}/x",
                &[
                    "empty segment",
                    "`~` in",
                    "two parameters named `a`",
                    "`{a+}` is not at the end",
                ],
            ),
            (&many_segments, &["more than 128 segments"]),
            (&many_parameters, &["more than 16 parameters"]),
            (&long, &["more than 10240 bytes"]),
        ];
        for (path, expected) in cases {
            let mut errors = Vec::new();
            assert_eq!(parse(path, &mut errors), None, "{path}");
            let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(messages.len(), expected.len(), "{path}: {messages:?}");
            for (message, part) in messages.iter().zip(*expected) {
                assert!(message.contains(part), "{path}: {message}");
            }
        }
    }

    #[test]
    fn a_path_at_every_bound_is_taken() {
        let segments = "/a".repeat(MAX_SEGMENTS);
        let parameters: String = (0..Params::MAX).map(|n| format!("/{{p{n}}}")).collect();
        let long = format!("/{}", "a".repeat(MAX_PATTERN_BYTES - 1));
        for path in [segments, parameters, long] {
            assert!(parse(&path, &mut Vec::new()).is_some(), "{path}");
        }
    }
}
