//! Structs and groups: a type for the sizes, a reader, a builder, and what is in the union.

use super::{Generator, doc};
use crate::{
    model::{Body, Field, FieldKind, Node, Struct, Type, Value},
    names,
};

impl Field {
    /// Type, place and default, if it is no group.
    pub(super) fn slot(&self) -> Option<(&Type, u32, &Value)> {
        match &self.kind {
            FieldKind::Slot {
                of,
                offset,
                default,
            } => Some((of, *offset, default)),
            FieldKind::Group(_) => None,
        }
    }
}

/// How a value is read and written by `wire`: the name of its accessor and its Rust type.
fn number(of: &Type) -> Option<(String, String)> {
    let name = match of {
        Type::Bool => "bool".to_owned(),
        Type::Int(bits) => format!("i{bits}"),
        Type::UInt(bits) => format!("u{bits}"),
        Type::Float(bits) => format!("f{bits}"),
        _ => return None,
    };
    Some((name.clone(), name))
}

fn default_of(of: &Type, default: &Value) -> String {
    match (of, default) {
        (Type::Bool, Value::Int(_)) => "true".into(),
        (Type::Bool, _) => "false".into(),
        (Type::Float(bits), Value::Float(value)) => format!("f{bits}::from_bits({value:#x})"),
        (Type::Float(_), _) => "0.0".into(),
        (_, Value::Int(value)) => value.to_string(),
        (_, Value::Text(text)) => format!("{text:?}"),
        (Type::Text, _) => "\"\"".into(),
        _ => "0".into(),
    }
}

impl Generator<'_> {
    pub(super) fn structure(&self, node: &Node, body: &Struct, out: &mut String) {
        let modules = names::modules(node);
        let module = modules.last().map_or("", String::as_str);
        out.push_str(&doc(&self.doc_of(node), &format!("`{}`.", node.name)));
        out.push_str(&format!(
            "pub mod {module} {{\n use isthmus_schema::wire;\n\n"
        ));
        self.shell(node, body, out);
        self.reader(node, body, out);
        if body.union.is_some() {
            self.union(node, body, out);
        }
        self.builder(node, body, out);
        for child in self.children(&node.name) {
            self.item(child, out);
        }
        out.push_str("}\n\n");
    }

    fn doc_of(&self, node: &Node) -> String {
        if !node.doc.is_empty() {
            return node.doc.clone();
        }
        match node.of_method() {
            Some((interface, method, "Params")) => {
                format!("What `{interface}.{method}` is called with.")
            }
            Some((interface, method, _)) => format!("What `{interface}.{method}` answers."),
            None => self.group_doc(node),
        }
    }

    /// A group has no comment of its own: its field has.
    fn group_doc(&self, node: &Node) -> String {
        let field = self.schema.nodes.iter().find_map(|parent| match &parent.body {
            Body::Struct(body) => {
                let is_it = |field: &&Field| matches!(field.kind, FieldKind::Group(id) if id == node.id);
                body.fields.iter().find(is_it)
            }
            _ => None,
        });
        field.map(|field| field.doc.clone()).unwrap_or_default()
    }

    fn shell(&self, node: &Node, body: &Struct, out: &mut String) {
        let (name, id, data, pointers) = (&node.name, node.id, body.data, body.pointers);
        out.push_str(&format!(
            "/// `{name}` as a type without values, for what is generic over structs.
#[derive(Debug, Clone, Copy)]
pub enum Type {{}}

impl wire::StructType for Type {{
    const ID: u64 = {id:#018x};
    const DATA_WORDS: u16 = {data};
    const POINTERS: u16 = {pointers};
    type Reader<'a> = Reader<'a>;
    type Builder<'a> = Builder<'a>;
}}

/// Reads `{name}`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(wire::StructReader<'a>);

impl<'a> Reader<'a> {{
    /// The struct without its schema.
    #[must_use]
    pub const fn raw(self) -> wire::StructReader<'a> {{
        self.0
    }}
}}

impl<'a> From<wire::StructReader<'a>> for Reader<'a> {{
    fn from(raw: wire::StructReader<'a>) -> Self {{
        Self(raw)
    }}
}}

impl<'a> wire::Element<'a> for Reader<'a> {{
    fn fits(list: &wire::RawList<'a>) -> bool {{
        <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
    }}

    fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {{
        <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
    }}
}}

/// Writes `{name}`. What needs room fails with [`wire::Error::Full`] when there is none.
#[derive(Debug)]
pub struct Builder<'b>(wire::StructBuilder<'b>);

impl Builder<'_> {{
    /// The struct without its schema.
    pub fn raw(&mut self) -> wire::StructBuilder<'_> {{
        self.0.lend()
    }}
}}

impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {{
    fn from(raw: wire::StructBuilder<'b>) -> Self {{
        Self(raw)
    }}
}}

"
        ));
    }

    fn field_doc(&self, node: &Node, field: &Field) -> String {
        if !field.doc.is_empty() {
            return field.doc.clone();
        }
        let of_method = node.of_method().and_then(|(interface, method, _)| {
            let found = self
                .schema
                .nodes
                .iter()
                .find(|other| other.file == node.file && other.name == interface);
            let Body::Interface(body) = &found?.body else {
                return None;
            };
            let method = body.methods.iter().find(|other| other.name == method)?;
            bullet(&method.doc, &field.name)
        });
        of_method.unwrap_or_default()
    }

    fn reader(&self, node: &Node, body: &Struct, out: &mut String) {
        let mut methods = String::new();
        for field in body.fields.iter().filter(|field| field.tag.is_none()) {
            let (of, expression) = self.read(node, field);
            methods.push_str(&doc(
                &self.field_doc(node, field),
                &format!("Field `{}`.", field.name),
            ));
            let name = names::snake(&field.name);
            // A `Result` is one that must be used already.
            let must_use = if of.starts_with("Result") {
                ""
            } else {
                "#[must_use]\n"
            };
            methods.push_str(&format!(
                "{must_use}pub fn {name}(self) -> {of} {{ {expression} }}\n\n"
            ));
            if field.slot().is_some_and(|(of, ..)| of.is_pointer()) {
                let (_, at, _) = field.slot().unwrap_or((&Type::Void, 0, &Value::Zero));
                methods.push_str(&format!(
                    "/// Whether `{}` was set.\n#[must_use]\npub fn {}(self) -> bool {{ self.0.has({at}) }}\n\n",
                    field.name,
                    names::setter("has", &field.name)
                ));
            }
        }
        if !methods.is_empty() {
            out.push_str(&format!("impl<'a> Reader<'a> {{\n{methods}}}\n\n"));
        }
    }

    /// The Rust type of a field as it is read, and the expression that reads it.
    fn read(&self, node: &Node, field: &Field) -> (String, String) {
        let Some((of, at, default)) = field.slot() else {
            let FieldKind::Group(id) = field.kind else {
                return ("()".into(), String::new());
            };
            return (self.path(node, id, "Reader<'a>"), "self.0.into()".into());
        };
        let failing = |of: String| format!("Result<{of}, wire::Error>");
        let default = default_of(of, default);
        match of {
            Type::Void => ("()".into(), String::new()),
            Type::Text => (
                failing("&'a str".into()),
                format!("self.0.text({at}, {default})"),
            ),
            Type::Data => (
                failing("&'a [u8]".into()),
                format!("self.0.data({at}, &[])"),
            ),
            Type::List(element) => {
                let element = self.element(node, element);
                (
                    failing(format!("wire::List<'a, {element}>")),
                    format!("self.0.list({at})"),
                )
            }
            Type::Struct(id) => {
                let of = self.path(node, *id, "Reader<'a>");
                (
                    failing(of),
                    format!("self.0.structure({at}).map(Into::into)"),
                )
            }
            Type::Interface(_) | Type::Capability => (
                failing("Option<wire::CapIndex>".into()),
                format!("self.0.capability({at})"),
            ),
            Type::Enum(id) => {
                let of = self.path(node, *id, "");
                (of.clone(), format!("{of}(self.0.u16({at}, {default}))"))
            }
            Type::Bool | Type::Int(_) | Type::UInt(_) | Type::Float(_) => {
                let (accessor, of) = number(of).unwrap_or_default();
                (of, format!("self.0.{accessor}({at}, {default})"))
            }
        }
    }

    /// The Rust type of an element of a list that is read.
    fn element(&self, node: &Node, of: &Type) -> String {
        match of {
            Type::Text => "&'a str".into(),
            Type::Data => "&'a [u8]".into(),
            Type::Struct(id) => self.path(node, *id, "Reader<'a>"),
            Type::Enum(id) => self.path(node, *id, ""),
            Type::Interface(_) | Type::Capability => "Option<wire::CapIndex>".into(),
            of => number(of).map_or("()".into(), |(_, of)| of),
        }
    }

    fn union(&self, node: &Node, body: &Struct, out: &mut String) {
        let at = body.union.unwrap_or_default();
        let (mut variants, mut arms) = (String::new(), String::new());
        for field in &body.fields {
            let Some(tag) = field.tag else { continue };
            let (of, expression) = self.read(node, field);
            let of = of
                .strip_prefix("Result<")
                .and_then(|of| of.strip_suffix(", wire::Error>"))
                .map_or(of.clone(), str::to_owned);
            let name = names::pascal(&field.name);
            variants.push_str(&doc(
                &self.field_doc(node, field),
                &format!("Member `{}`.", field.name),
            ));
            if expression.is_empty() {
                variants.push_str(&format!("{name},\n"));
                arms.push_str(&format!("{tag} => Which::{name},\n"));
            } else {
                let is_failing = self.read(node, field).0.starts_with("Result<");
                let question = if is_failing { "?" } else { "" };
                variants.push_str(&format!("{name}({of}),\n"));
                // `?` cannot tell the type that `map(Into::into)` makes; the variant can.
                arms.push_str(&format!(
                    "{tag} => Which::{name}({expression}{question}),\n"
                ));
            }
        }
        let lifetime = if variants.contains("'a") { "<'a>" } else { "" };
        out.push_str(&format!(
            "/// What is in the union of `{name}`.
#[derive(Debug, Clone, Copy)]
pub enum Which{lifetime} {{
    {variants}
    /// A member that this schema does not have, by its number.
    Unknown(u16),
}}

impl<'a> Reader<'a> {{
    /// What is in the union. A member that this schema does not have is [`Which::Unknown`].
    pub fn which(self) -> Result<Which{lifetime}, wire::Error> {{
        Ok(match self.0.u16({at}, 0) {{
            {arms}
            unknown => Which::Unknown(unknown),
        }})
    }}
}}

",
            name = node.name
        ));
    }

    fn builder(&self, node: &Node, body: &Struct, out: &mut String) {
        let mut methods = String::new();
        for field in &body.fields {
            let select = match (field.tag, body.union) {
                (Some(tag), Some(at)) => format!("self.0.set_u16({at}, {tag}, 0); "),
                _ => String::new(),
            };
            methods.push_str(&doc(
                &self.field_doc(node, field),
                &format!("Field `{}`.", field.name),
            ));
            methods.push_str(&self.write(node, field, &select));
            methods.push('\n');
        }
        if !methods.is_empty() {
            out.push_str(&format!("impl Builder<'_> {{\n{methods}}}\n\n"));
        }
    }

    /// The method that writes a field.
    fn write(&self, node: &Node, field: &Field, select: &str) -> String {
        let set = names::setter("set", &field.name);
        let init = names::setter("init", &field.name);
        let Some((of, at, default)) = field.slot() else {
            let FieldKind::Group(id) = field.kind else {
                return String::new();
            };
            let group = self.path(node, id, "Builder<'_>");
            return format!(
                "pub fn {init}(&mut self) -> {group} {{ {select}self.0.lend().into() }}\n"
            );
        };
        let default = default_of(of, default);
        match of {
            Type::Void if select.is_empty() => format!("pub const fn {set}(&mut self) {{}}\n"),
            Type::Void => format!("pub fn {set}(&mut self) {{ {select}}}\n"),
            Type::Text => format!(
                "pub fn {set}(&mut self, value: &str) -> Result<(), wire::Error> {{ {select}self.0.set_text({at}, value) }}\n"
            ),
            Type::Data => format!(
                "pub fn {set}(&mut self, value: &[u8]) -> Result<(), wire::Error> {{ {select}self.0.set_data({at}, value) }}\n\n\
                 /// As [`Self::{set}`], to be filled in place with `length` bytes.\n\
                 pub fn {init}(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {{ {select}self.0.init_data({at}, length) }}\n"
            ),
            Type::List(element) => {
                self.write_list(node, element, &format!("{select}self.0"), at, &init)
            }
            Type::Struct(id) => {
                let (built, of) = (
                    self.path(node, *id, "Builder<'_>"),
                    self.path(node, *id, "Type"),
                );
                format!(
                    "pub fn {init}(&mut self) -> Result<{built}, wire::Error> {{ {select}self.0.init_struct::<{of}>({at}) }}\n"
                )
            }
            Type::Interface(_) | Type::Capability => format!(
                "pub fn {set}(&mut self, value: Option<wire::CapIndex>) {{ {select}self.0.set_capability({at}, value); }}\n"
            ),
            Type::Enum(id) => {
                let of = self.path(node, *id, "");
                format!(
                    "pub fn {set}(&mut self, value: {of}) {{ {select}self.0.set_u16({at}, value.0, {default}); }}\n"
                )
            }
            Type::Bool | Type::Int(_) | Type::UInt(_) | Type::Float(_) => {
                let (accessor, of) = number(of).unwrap_or_default();
                format!(
                    "pub fn {set}(&mut self, value: {of}) {{ {select}self.0.set_{accessor}({at}, value, {default}); }}\n"
                )
            }
        }
    }

    fn write_list(&self, node: &Node, element: &Type, this: &str, at: u32, init: &str) -> String {
        let (list, call) = match element {
            Type::Struct(id) => {
                let of = self.path(node, *id, "Type");
                (format!("wire::StructListBuilder<'_, {of}>"), "init_structs")
            }
            element => {
                let of = match element {
                    Type::Text => "str".into(),
                    Type::Data => "[u8]".into(),
                    Type::Interface(_) | Type::Capability => "wire::CapIndex".into(),
                    element => self.element(node, element),
                };
                (format!("wire::ListBuilder<'_, {of}>"), "init_list")
            }
        };
        format!(
            "pub fn {init}(&mut self, count: u32) -> Result<{list}, wire::Error> {{ {this}.{call}({at}, count) }}\n"
        )
    }
}

/// What a method's comment says of a parameter or result: its item "- `name`: text", with the lines that belong to it.
pub(crate) fn bullet(doc: &str, name: &str) -> Option<String> {
    let start = format!("- `{name}`: ");
    let mut lines = doc.lines().skip_while(|line| !line.starts_with(&start));
    let mut text = lines.next()?.strip_prefix(&start)?.to_owned();
    for line in lines.take_while(|line| line.starts_with("  ")) {
        text.push('\n');
        text.push_str(line.trim());
    }
    let mut chars = text.chars();
    let first = chars.next()?.to_uppercase();
    Some(first.chain(chars).collect())
}
