//! Lexical rules that are more than a fixed text. Each returns how many bytes of its argument it matches.

/// The length of the longest run of bytes that `accepts`.
pub(super) fn run(text: &str, accepts: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| accepts(*byte)).count()
}

fn after(text: &str, len: usize) -> &str {
    text.get(len..).unwrap_or_default()
}

fn blanks(text: &str) -> usize {
    run(text, |byte| matches!(byte, b' ' | b'\t'))
}

fn digits(text: &str) -> usize {
    run(text, |byte| byte.is_ascii_digit())
}

/// Extends a match by the rest of its line if nothing but blanks is left on it.
pub(super) fn line_rest(text: &str, len: usize) -> usize {
    let rest = after(text, len);
    let blanks = blanks(rest);
    let end = match after(rest, blanks).as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => return len,
    };
    len + blanks + end
}

pub(super) fn dollar(text: &str) -> Option<usize> {
    let escapes = run(text, |byte| byte == b'\\');
    after(text, escapes).starts_with('$').then_some(escapes + 1)
}

pub(super) fn dollar_bang(text: &str) -> Option<usize> {
    let dollar = dollar(text)?;
    let escapes = run(after(text, dollar), |byte| byte == b'\\');
    let len = dollar + escapes;
    after(text, len).starts_with('!').then_some(len + 1)
}

/// `\#word` or `\#{word}` after any number of backslash pairs.
pub(super) fn escaped_directive(text: &str) -> Option<usize> {
    let escapes = run(text, |byte| byte == b'\\');
    let word = after(text, escapes).strip_prefix('#')?;
    let len = self::word(word).or_else(|| braced_word(word))?;
    (escapes % 2 == 1).then_some(escapes + 1 + len)
}

pub(super) fn set(text: &str) -> Option<usize> {
    let indent = blanks(text);
    let rest = after(text, indent);
    let word = ["#set", "#{set}"]
        .into_iter()
        .find(|word| rest.starts_with(word))?;
    let len = word.len() + blanks(after(rest, word.len()));
    after(rest, len)
        .starts_with('(')
        .then_some(indent + len + 1)
}

/// `#**` and one character more, which does not belong to it.
pub(super) fn formal_comment(text: &str) -> Option<usize> {
    let next = text.strip_prefix("#**")?.chars().next()?;
    (next != '#').then_some(3 + next.len_utf8())
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'@'
}

pub(super) fn word(text: &str) -> Option<usize> {
    is_word_start(*text.as_bytes().first()?)
        .then(|| run(text, |byte| is_word_start(byte) || byte.is_ascii_digit()))
}

pub(super) fn braced_word(text: &str) -> Option<usize> {
    let inner = text
        .strip_prefix('{')
        .filter(|inner| !inner.starts_with('@'))?;
    let len = word(inner)?;
    after(text, len + 1).starts_with('}').then_some(len + 2)
}

pub(super) fn identifier(text: &str) -> Option<usize> {
    let first = *text.as_bytes().first()?;
    (first.is_ascii_alphabetic() || first == b'_').then(|| {
        run(text, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
        })
    })
}

/// A dot, with the letter that must follow it.
pub(super) fn dot(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [b'.', letter, ..] if letter.is_ascii_alphabetic() => Some(2),
        _ => None,
    }
}

/// An integer, with the two dots of a range if they follow.
pub(super) fn integer(text: &str) -> Option<usize> {
    let sign = usize::from(text.starts_with('-'));
    let digits = digits(after(text, sign));
    let len = sign + digits;
    let range = if after(text, len).starts_with("..") {
        2
    } else {
        0
    };
    (digits > 0).then_some(len + range)
}

pub(super) fn float(text: &str) -> Option<usize> {
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(after(text, sign));
    let mut len = sign + whole;
    let mut is_float = false;
    if after(text, len).starts_with('.') {
        let fraction = digits(after(text, len + 1));
        if whole > 0 || fraction > 0 {
            len += 1 + fraction;
            is_float = true;
        }
    }
    if whole > 0 || is_float {
        let exponent = exponent(after(text, len));
        len += exponent;
        is_float |= exponent > 0;
    }
    is_float.then_some(len)
}

fn exponent(text: &str) -> usize {
    if !text.starts_with(['e', 'E']) {
        return 0;
    }
    let sign = usize::from(after(text, 1).starts_with(['+', '-']));
    match digits(after(text, 1 + sign)) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

/// A text in quotes of either kind. A doubled quote does not end it, unless no quote is left that could.
pub(super) fn string(text: &str) -> Option<usize> {
    let quote = *text.as_bytes().first()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let mut accepted = None;
    let mut from = 1;
    loop {
        let found = after(text, from).bytes().position(|byte| byte == quote);
        let Some(end) = found.map(|offset| from + offset) else {
            return accepted;
        };
        accepted = Some(end + 1);
        if text.as_bytes().get(end + 1) != Some(&quote) {
            return accepted;
        }
        from = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pattern = fn(&str) -> Option<usize>;

    #[test]
    fn each_pattern_matches_as_far_as_it_can() {
        let cases: [(&str, Pattern, &str, Option<usize>); 30] = [
            ("dollar", dollar, "\\\\$a", Some(3)),
            ("dollar", dollar, "\\a", None),
            ("dollar_bang", dollar_bang, "$!a", Some(2)),
            ("dollar_bang", dollar_bang, "$\\!a", Some(3)),
            ("dollar_bang", dollar_bang, "$a", None),
            ("escaped", escaped_directive, "\\#if(", Some(4)),
            ("escaped", escaped_directive, "\\#{if}", Some(6)),
            ("escaped", escaped_directive, "\\\\#if", None),
            ("escaped", escaped_directive, "\\\\\\#if", Some(6)),
            ("set", set, "#set(", Some(5)),
            ("set", set, " \t#{set} (", Some(10)),
            ("set", set, "#set\n(", None),
            ("set", set, "#sets(", None),
            ("formal", formal_comment, "#** ", Some(4)),
            ("formal", formal_comment, "#**#", None),
            ("word", word, "a1_b-c", Some(4)),
            ("word", word, "1a", None),
            ("braced", braced_word, "{if}x", Some(4)),
            ("braced", braced_word, "{if x", None),
            ("identifier", identifier, "a-b_1.c", Some(5)),
            ("identifier", identifier, "-a", None),
            ("integer", integer, "-12..3", Some(5)),
            ("integer", integer, "1.5", Some(1)),
            ("float", float, "1.", Some(2)),
            ("float", float, "-.5e+3x", Some(6)),
            ("float", float, "1e", None),
            ("float", float, ".", None),
            ("string", string, "'a''b'c", Some(6)),
            ("string", string, "\"a\"\"b", Some(3)),
            ("string", string, "'a", None),
        ];
        for (name, pattern, text, expected) in cases {
            assert_eq!(pattern(text), expected, "{name} {text:?}");
        }
    }

    #[test]
    fn the_rest_of_a_line_is_taken_only_if_it_is_blank() {
        for (text, expected) in [
            (")x", 1),
            (") ", 1),
            (")\n", 2),
            (") \t\r\n\n", 5),
            (")\r", 2),
            (") x\n", 1),
        ] {
            assert_eq!(line_rest(text, 1), expected, "{text:?}");
        }
    }
}
