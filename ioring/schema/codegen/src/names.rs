//! Names of the schema as Rust has them.

use crate::model::Node;

const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while",
];

/// `sleepUntil` as `sleep_until`, without regard for keywords.
fn words(name: &str) -> String {
    let mut out = String::new();
    for (index, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// A function, field or module: `sleepUntil` as `sleep_until`, `move` as `move_`.
pub fn snake(name: &str) -> String {
    let mut out = words(name);
    if KEYWORDS.contains(&out.as_str()) || out == "yield" {
        out.push('_');
    }
    out
}

/// What a setter of a field is called behind its `set_`.
pub fn setter(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", words(name))
}

/// A type or variant: `sleepUntil` as `SleepUntil`.
pub fn pascal(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// A constant: `poweredOff` as `POWERED_OFF`.
pub fn constant(name: &str) -> String {
    words(name).to_ascii_uppercase()
}

/// Where a type's module lies in the module of its file: `Console.write$Params` as `console`, `write_params`.
pub fn modules(node: &Node) -> Vec<String> {
    let parts = node.name.split('.');
    parts
        .map(|part| match part.split_once('$') {
            Some((method, which)) => format!("{}_{}", words(method), words(which)),
            None => snake(part),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_turned_into_rusts() {
        assert_eq!(snake("sleepUntil"), "sleep_until");
        assert_eq!(
            (snake("move"), setter("set", "move")),
            ("move_".into(), "set_move".into())
        );
        assert_eq!(
            (pascal("poweredOff"), constant("poweredOff")),
            ("PoweredOff".into(), "POWERED_OFF".into())
        );
    }
}
