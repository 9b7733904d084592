//! A schema as text, one line a member: what the encoding depends on and nothing else. A released schema is kept so, where a
//! person can read it and a difference shows what changed; it is read back to be compared.

use crate::model::{
    Body, Enumerant, Field, FieldKind, Interface, Method, Node, Schema, Struct, Type, Value,
};
use std::fmt::Write;

/// Writes the listing.
#[must_use]
pub fn write(schema: &Schema) -> String {
    let mut out = String::new();
    let mut file = "";
    for node in &schema.nodes {
        if node.file != file {
            file = &node.file;
            out.push_str(&format!("file {file}\n"));
        }
        // Writing to a string does not fail.
        let _ = write_node(&mut out, node);
    }
    out
}

fn write_node(out: &mut String, node: &Node) -> std::fmt::Result {
    let (kind, id, name) = (node.body.kind(), node.id, &node.name);
    write!(out, "{kind} {id:#018x} {name}")?;
    match &node.body {
        Body::Struct(body) => {
            write!(out, " data {} pointers {}", body.data, body.pointers)?;
            if let Some(at) = body.union {
                write!(out, " union {at}")?;
            }
            out.push('\n');
            for field in &body.fields {
                write_field(out, field)?;
            }
        }
        Body::Enum(values) => {
            out.push('\n');
            for (index, value) in values.iter().enumerate() {
                writeln!(out, "  @{index} {}", value.name)?;
            }
        }
        Body::Interface(body) => {
            out.push('\n');
            for id in &body.extends {
                writeln!(out, "  extends {id:#018x}")?;
            }
            for (index, method) in body.methods.iter().enumerate() {
                let (params, results) = (method.params, method.results);
                writeln!(
                    out,
                    "  @{index} {} params {params:#018x} results {results:#018x}",
                    method.name
                )?;
            }
        }
    }
    Ok(())
}

fn write_field(out: &mut String, field: &Field) -> std::fmt::Result {
    match field.ordinal {
        Some(ordinal) => write!(out, "  @{ordinal} {}", field.name)?,
        None => write!(out, "  - {}", field.name)?,
    }
    match &field.kind {
        FieldKind::Group(id) => write!(out, " group {id:#018x}")?,
        FieldKind::Slot {
            of,
            offset,
            default,
        } => {
            write!(out, " {} at {offset}", type_name(of))?;
            if *default != Value::Zero {
                write!(out, " default {}", value_name(default))?;
            }
        }
    }
    if let Some(tag) = field.tag {
        write!(out, " tag {tag}")?;
    }
    out.push('\n');
    Ok(())
}

/// A default as a listing has it.
#[must_use]
pub fn value_name(value: &Value) -> String {
    match value {
        Value::Zero => "0".into(),
        Value::Int(value) => value.to_string(),
        Value::Float(bits) => format!("bits:{bits:#x}"),
        Value::Text(text) => format!("{text:?}"),
    }
}

/// A type as a listing has it.
#[must_use]
pub fn type_name(of: &Type) -> String {
    match of {
        Type::Void => "Void".into(),
        Type::Bool => "Bool".into(),
        Type::Int(bits) => format!("Int{bits}"),
        Type::UInt(bits) => format!("UInt{bits}"),
        Type::Float(bits) => format!("Float{bits}"),
        Type::Text => "Text".into(),
        Type::Data => "Data".into(),
        Type::Capability => "Capability".into(),
        Type::List(of) => format!("List({})", type_name(of)),
        Type::Enum(id) => format!("enum:{id:#018x}"),
        Type::Struct(id) => format!("struct:{id:#018x}"),
        Type::Interface(id) => format!("interface:{id:#018x}"),
    }
}

/// Reads a listing.
///
/// # Errors
/// The line that is none, with its number.
pub fn read(text: &str) -> Result<Schema, String> {
    let mut schema = Schema::default();
    let mut file = "";
    for (index, line) in text.lines().enumerate() {
        let read = match line.strip_prefix("file ") {
            Some(name) => {
                file = name;
                Some(())
            }
            None if line.starts_with("  ") => {
                let node = schema.nodes.last_mut();
                node.and_then(|node| read_member(&mut node.body, Words(line.trim_start())))
            }
            None => read_node(file, Words(line)).map(|node| schema.nodes.push(node)),
        };
        read.ok_or_else(|| format!("line {}: `{line}` is no line of a listing", index + 1))?;
    }
    Ok(schema)
}

/// What is left of a line, word by word.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    fn number<T: std::str::FromStr>(&mut self) -> Option<T> {
        self.next()?.parse().ok()
    }

    fn id(&mut self) -> Option<u64> {
        id(self.next()?)
    }

    /// The next word, if it is this one.
    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.0.strip_prefix(word)?;
        let rest = if rest.is_empty() {
            rest
        } else {
            rest.strip_prefix(' ')?
        };
        self.0 = rest;
        Some(())
    }

    /// A text in quotes, as `{:?}` writes it.
    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.0.strip_prefix('"')?.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = self.0.get(at + 2..)?.trim_start();
                    return Some(text);
                }
                '\\' => text.push(match chars.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    c @ ('"' | '\\' | '\'') => c,
                    _ => return None,
                }),
                c => text.push(c),
            }
        }
        None
    }

    fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn id(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

fn read_node(file: &str, mut words: Words<'_>) -> Option<Node> {
    let kind = words.next()?;
    let id = words.id()?;
    let name = words.next()?.to_owned();
    let body = match kind {
        "struct" | "group" => {
            words.word("data")?;
            let data = words.number()?;
            words.word("pointers")?;
            let pointers = words.number()?;
            let union = match words.word("union") {
                Some(()) => Some(words.number()?),
                None => None,
            };
            Body::Struct(Struct {
                data,
                pointers,
                is_group: kind == "group",
                union,
                fields: Vec::new(),
            })
        }
        "enum" => Body::Enum(Vec::new()),
        "interface" => Body::Interface(Interface::default()),
        _ => return None,
    };
    words.end()?;
    Some(Node {
        id,
        file: file.to_owned(),
        name,
        doc: String::new(),
        body,
    })
}

fn read_member(body: &mut Body, mut words: Words<'_>) -> Option<()> {
    match body {
        Body::Struct(body) => body.fields.push(read_field(words)?),
        Body::Enum(values) => {
            let ordinal: usize = words.next()?.strip_prefix('@')?.parse().ok()?;
            let name = words.next()?.to_owned();
            let doc = String::new();
            (ordinal == values.len()).then(|| values.push(Enumerant { name, doc }))?;
            words.end()?;
        }
        Body::Interface(body) => match words.next()? {
            "extends" => {
                body.extends.push(words.id()?);
                words.end()?;
            }
            ordinal => {
                let ordinal: usize = ordinal.strip_prefix('@')?.parse().ok()?;
                (ordinal == body.methods.len()).then_some(())?;
                body.methods.push(read_method(words)?);
            }
        },
    }
    Some(())
}

fn read_method(mut words: Words<'_>) -> Option<Method> {
    let name = words.next()?.to_owned();
    words.word("params")?;
    let params = words.id()?;
    words.word("results")?;
    let results = words.id()?;
    words.end()?;
    Some(Method {
        name,
        doc: String::new(),
        params,
        results,
    })
}

fn read_field(mut words: Words<'_>) -> Option<Field> {
    let ordinal = match words.next()? {
        "-" => None,
        word => Some(word.strip_prefix('@')?.parse().ok()?),
    };
    let name = words.next()?.to_owned();
    let kind = match words.word("group") {
        Some(()) => FieldKind::Group(words.id()?),
        None => {
            let of = read_type(words.next()?)?;
            words.word("at")?;
            let offset = words.number()?;
            let default = match words.word("default") {
                Some(()) => read_default(&mut words)?,
                None => Value::Zero,
            };
            FieldKind::Slot {
                of,
                offset,
                default,
            }
        }
    };
    let tag = match words.word("tag") {
        Some(()) => Some(words.number()?),
        None => None,
    };
    words.end()?;
    Some(Field {
        name,
        ordinal,
        tag,
        doc: String::new(),
        kind,
    })
}

fn read_default(words: &mut Words<'_>) -> Option<Value> {
    if words.0.starts_with('"') {
        return words.quoted().map(Value::Text);
    }
    let word = words.next()?;
    match word.strip_prefix("bits:") {
        Some(bits) => id(bits).map(Value::Float),
        None => word.parse().ok().map(Value::Int),
    }
}

fn read_type(word: &str) -> Option<Type> {
    if let Some(of) = word.strip_prefix("List(") {
        return Some(Type::List(Box::new(read_type(of.strip_suffix(')')?)?)));
    }
    let numbered = |prefix: &str| -> Option<u8> { word.strip_prefix(prefix)?.parse().ok() };
    let typed = |prefix: &str| id(word.strip_prefix(prefix)?);
    Some(match word {
        "Void" => Type::Void,
        "Bool" => Type::Bool,
        "Text" => Type::Text,
        "Data" => Type::Data,
        "Capability" => Type::Capability,
        _ => numbered("Int")
            .map(Type::Int)
            .or_else(|| numbered("UInt").map(Type::UInt))
            .or_else(|| numbered("Float").map(Type::Float))
            .or_else(|| typed("enum:").map(Type::Enum))
            .or_else(|| typed("struct:").map(Type::Struct))
            .or_else(|| typed("interface:").map(Type::Interface))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::BASE;

    #[test]
    fn a_listing_reads_back_as_it_was_written() {
        let schema = read(BASE).expect("a listing");
        assert_eq!(write(&schema), BASE);
    }

    #[test]
    fn text_defaults_keep_their_quotes() {
        let line = "struct 0x0000000000000001 S data 0 pointers 1\n  @0 a Text at 0 default \"x \\\"y\\\" \\\\ z\" tag 3\n";
        let schema = read(&format!("file a\n{line}")).expect("a listing");
        assert_eq!(write(&schema), format!("file a\n{line}"));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let broken = BASE.replace("@1 sync", "@2 sync");
        assert!(read(&broken).unwrap_err().contains("@2 sync"));
        assert!(read("  @0 orphan\n").unwrap_err().starts_with("line 1:"));
    }
}
