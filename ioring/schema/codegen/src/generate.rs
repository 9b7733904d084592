//! Rust code for a schema: readers, builders, enums, clients and servers, as thin shells around `isthmus-schema`.
//!
//! One Rust file a Cap'n Proto file; formatting is left to rustfmt. Neighbours: `names` names things,
//! [`crate::house`] has refused what cannot be generated.

mod interface;
mod structure;

pub(crate) use structure::bullet;

use crate::{
    model::{Body, Enumerant, Node, Schema, Type},
    names,
};

/// A file of generated code, not formatted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its module: `console_capnp` for `console.capnp`.
    pub module: String,
    /// Its text.
    pub text: String,
}

/// Generates a file for each file of the schema.
#[must_use]
pub fn files(schema: &Schema) -> Vec<File> {
    let mut names: Vec<&str> = schema.nodes.iter().map(|node| node.file.as_str()).collect();
    names.dedup();
    let file = |name: &&str| {
        let stem = name
            .rsplit('/')
            .next()
            .unwrap_or(name)
            .trim_end_matches(".capnp");
        File {
            module: format!("{stem}_capnp"),
            text: Generator { schema, file: name }.file(),
        }
    };
    names.iter().map(file).collect()
}

/// The module that has the files of [`files`] as its children and shows what is in them.
#[must_use]
pub fn root(files: &[File]) -> String {
    let mut out = String::from(
        "//! The types of the schema. Generated from the files in `capnp/` by `cargo xtask check-schema write`; changes here are lost.\n\n",
    );
    for file in files {
        out.push_str(&format!("mod {};\n", file.module));
    }
    out.push('\n');
    for file in files {
        out.push_str(&format!("pub use {}::*;\n", file.module));
    }
    out
}

struct Generator<'a> {
    schema: &'a Schema,
    file: &'a str,
}

impl<'a> Generator<'a> {
    fn file(&self) -> String {
        let mut body = String::new();
        for node in self.children("") {
            self.item(node, &mut body);
        }
        let imports = if self.has_imports() {
            "use super::*;\n"
        } else {
            ""
        };
        format!(
            "//! Generated from `{}` by `cargo xtask check-schema write`; changes here are lost.\n\n{imports}{body}",
            self.file
        )
    }

    /// The types declared directly in type `parent` of this file, or in the file itself.
    fn children(&self, parent: &str) -> impl Iterator<Item = &'a Node> {
        let file = self.file;
        let parent = parent.to_owned();
        self.schema.nodes.iter().filter(move |node| {
            let outer = node.name.rsplit_once('.').map_or("", |(outer, _)| outer);
            node.file == file && outer == parent
        })
    }

    fn item(&self, node: &Node, out: &mut String) {
        match &node.body {
            Body::Enum(values) => enumeration(node, values, out),
            Body::Struct(body) => self.structure(node, body, out),
            Body::Interface(body) => self.interface(node, body, out),
        }
    }

    /// Whether a type of this file names one of another.
    fn has_imports(&self) -> bool {
        let elsewhere = |id: u64| {
            self.schema
                .node(id)
                .is_some_and(|node| node.file != self.file)
        };
        let own = self
            .schema
            .nodes
            .iter()
            .filter(|node| node.file == self.file);
        own.flat_map(|node| named(&node.body)).any(elsewhere)
    }

    /// The path of item `name` in the module of type `id`, from inside of the module of `from`.
    fn path(&self, from: &Node, id: u64, name: &str) -> String {
        let here = names::modules(from);
        let Some(node) = self.schema.node(id) else {
            return format!("unknown::{name}");
        };
        let mut there = names::modules(node);
        let mut item = name.to_owned();
        if matches!(node.body, Body::Enum(_)) {
            // An enum is a type of the module that it is declared in, and has no module of its own.
            there.pop();
            item = names::pascal(node.name.rsplit('.').next().unwrap_or(&node.name));
        }
        let is_same_file = node.file == self.file;
        let common = here
            .iter()
            .zip(&there)
            .take_while(|(a, b)| is_same_file && a == b)
            .count();
        let up = "super::".repeat(here.len() - common);
        let down: String = there
            .iter()
            .skip(common)
            .map(|module| format!("{module}::"))
            .collect();
        format!("{up}{down}{item}")
    }
}

/// Ids of structs, enums and superclasses that code for a type names.
fn named(body: &Body) -> Vec<u64> {
    fn of(kind: &Type) -> Option<u64> {
        match kind {
            Type::Enum(id) | Type::Struct(id) => Some(*id),
            Type::List(element) => of(element),
            _ => None,
        }
    }
    match body {
        Body::Enum(_) => Vec::new(),
        Body::Struct(body) => body
            .fields
            .iter()
            .filter_map(|field| of(field.slot()?.0))
            .collect(),
        Body::Interface(body) => {
            let methods = body
                .methods
                .iter()
                .flat_map(|method| [method.params, method.results]);
            body.extends.iter().copied().chain(methods).collect()
        }
    }
}

/// A doc comment, or `otherwise` if there is none.
fn doc(text: &str, otherwise: &str) -> String {
    let text = if text.trim().is_empty() {
        otherwise
    } else {
        text.trim_end()
    };
    text.lines()
        .map(|line| format!("/// {line}").trim_end().to_owned() + "\n")
        .collect()
}

/// An enum of the schema is an open number: what a newer peer says has a value too.
fn enumeration(node: &Node, values: &[Enumerant], out: &mut String) {
    let own = node.name.rsplit('.').next().unwrap_or(&node.name);
    let name = names::pascal(own);
    let mut constants = String::new();
    let mut arms = String::new();
    for (index, value) in values.iter().enumerate() {
        constants.push_str(&doc(&value.doc, &value.name));
        constants.push_str(&format!(
            "pub const {}: Self = Self({index});\n",
            names::constant(&value.name)
        ));
        arms.push_str(&format!("{index} => Some({:?}),\n", value.name));
    }
    out.push_str(&doc(&node.doc, own));
    out.push_str(&format!(
        "#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct {name}(pub u16);

impl {name} {{
    {constants}
    /// The enum's Cap'n Proto id.
    pub const ID: u64 = {:#018x};

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {{
        match self.0 {{
            {arms}
            _ => None,
        }}
    }}
}}

impl<'a> isthmus_schema::wire::Element<'a> for {name} {{
    fn fits(list: &isthmus_schema::wire::RawList<'a>) -> bool {{
        <u16 as isthmus_schema::wire::Element<'a>>::fits(list)
    }}

    fn read(list: &isthmus_schema::wire::RawList<'a>, index: u32) -> Result<Self, isthmus_schema::wire::Error> {{
        <u16 as isthmus_schema::wire::Element<'a>>::read(list, index).map(Self)
    }}
}}

impl isthmus_schema::wire::Put for {name} {{
    const CODE: u8 = <u16 as isthmus_schema::wire::Put>::CODE;
    const BITS: usize = 16;
    type Value<'v> = Self;

    fn put(place: isthmus_schema::wire::Place<'_>, value: Self) -> Result<(), isthmus_schema::wire::Error> {{
        <u16 as isthmus_schema::wire::Put>::put(place, value.0)
    }}
}}

",
        node.id
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{listing, samples::BASE};

    fn generated() -> String {
        let schema = listing::read(BASE).expect("a listing");
        let mut files = files(&schema);
        assert_eq!(files.len(), 1);
        files.remove(0).text
    }

    #[test]
    fn fields_are_read_at_their_place_with_their_default() {
        let text = generated();
        for line in [
            "pub fn litres(self) -> u32 { self.0.u32(0, 0) }",
            "pub fn level(self) -> u16 { self.0.u16(2, 7) }",
            "pub fn label(self) -> Result<&'a str, wire::Error> { self.0.text(0, \"none\") }",
            "pub fn samples(self) -> Result<wire::List<'a, u32>, wire::Error> { self.0.list(2) }",
            "0 => Which::Speed(super::Speed(self.0.u16(4, 0)))",
            "self.0.set_u16(3, 1, 0); self.0.set_text(1, value)",
        ] {
            assert!(text.contains(line), "{line}");
        }
    }

    #[test]
    fn a_server_extends_its_superclasses_and_hands_calls_on_to_them() {
        let text = generated();
        assert!(
            text.contains("pub trait Server<X, E: From<call::Refusal>>: super::part::Server<X, E>")
        );
        assert!(text.contains("return super::part::dispatch::<X, E, S>("));
        assert!(text.contains("pub const EXTENDS: &[u64] = &[0x0000000000000a00];"));
    }

    #[test]
    fn structs_of_other_methods_are_found_by_their_path() {
        assert!(generated().contains("type Params = super::part::name_params::Type;"));
    }

    #[test]
    fn the_module_of_all_files_shows_each() {
        let schema = listing::read(BASE).expect("a listing");
        let root = root(&files(&schema));
        assert!(
            root.ends_with("mod pump_capnp;\n\npub use pump_capnp::*;\n"),
            "{root}"
        );
    }
}
