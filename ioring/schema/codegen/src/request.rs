//! The compiler's output, a `CodeGeneratorRequest` of `schema.capnp`, read into a [`Schema`].
//!
//! What the house does not use is refused here by name: generics, constants, annotations, streaming, pointers without a type,
//! and defaults of lists and structs.

use crate::model::{
    Body, Enumerant, Field, FieldKind, Interface, Method, Node, Schema, Struct, Type, Value,
};
use capnp::{
    message::ReaderOptions,
    schema_capnp::{code_generator_request, field, node, type_, value},
    serialize,
};
use std::collections::HashMap;

/// Reads what `capnp compile -o-` wrote.
///
/// # Errors
/// What is wrong with it, or what of the language is not used here, with the declaration's name.
pub fn read(bytes: &[u8]) -> Result<Schema, String> {
    let mut options = ReaderOptions::new();
    options.traversal_limit_in_words(None);
    let message = serialize::read_message(bytes, options).map_err(text)?;
    let request: code_generator_request::Reader<'_> = message.get_root().map_err(text)?;
    Reading::new(request)?.schema(request)
}

fn text(error: capnp::Error) -> String {
    format!("the compiler's output cannot be read: {error}")
}

fn words(text: capnp::Result<capnp::text::Reader<'_>>) -> Result<String, String> {
    let text = text.map_err(self::text)?;
    text.to_string()
        .map_err(|error| format!("a name or comment is not UTF-8: {error}"))
}

/// The nodes of a request by id, and their doc comments.
struct Reading<'a> {
    nodes: HashMap<u64, node::Reader<'a>>,
    /// By id: the comment on the node, and those on its members.
    docs: HashMap<u64, (String, Vec<String>)>,
}

impl<'a> Reading<'a> {
    fn new(request: code_generator_request::Reader<'a>) -> Result<Self, String> {
        let mut nodes = HashMap::new();
        for node in request.get_nodes().map_err(text)? {
            nodes.insert(node.get_id(), node);
        }
        let mut docs = HashMap::new();
        for info in request.get_source_info().map_err(text)? {
            let members = info.get_members().map_err(text)?;
            let members: Result<Vec<_>, _> = members
                .iter()
                .map(|member| words(member.get_doc_comment()))
                .collect();
            docs.insert(info.get_id(), (words(info.get_doc_comment())?, members?));
        }
        Ok(Self { nodes, docs })
    }

    fn schema(&self, request: code_generator_request::Reader<'a>) -> Result<Schema, String> {
        let mut files = Vec::new();
        for file in request.get_requested_files().map_err(text)? {
            files.push((words(file.get_filename())?, file.get_id()));
        }
        files.sort();
        let mut schema = Schema::default();
        for (_, id) in files {
            self.nested(self.node(id)?, &mut schema)?;
        }
        Ok(schema)
    }

    fn node(&self, id: u64) -> Result<node::Reader<'a>, String> {
        let found = self.nodes.get(&id).copied();
        found.ok_or_else(|| format!("the compiler's output lacks node {id:#x}"))
    }

    fn nested(&self, parent: node::Reader<'a>, schema: &mut Schema) -> Result<(), String> {
        for nested in parent.get_nested_nodes().map_err(text)? {
            self.declare(nested.get_id(), schema)?;
        }
        Ok(())
    }

    /// Adds a node, and those that belong to it.
    fn declare(&self, id: u64, schema: &mut Schema) -> Result<(), String> {
        let node = self.node(id)?;
        let full = words(node.get_display_name())?;
        let (file, name) = full
            .split_once(':')
            .ok_or_else(|| format!("{full}: not a declaration"))?;
        if node.get_is_generic() {
            return Err(format!("{full}: generics are not used here"));
        }
        let said = |error: String| format!("{full}: {error}");
        let mut inner = Vec::new();
        let body = match node
            .which()
            .map_err(|_| said("of an unknown kind".into()))?
        {
            node::Struct(body) => Body::Struct(self.structure(id, body, &mut inner).map_err(said)?),
            node::Enum(body) => Body::Enum(self.enumerants(id, body).map_err(said)?),
            node::Interface(body) => {
                Body::Interface(self.interface(id, body, &mut inner).map_err(said)?)
            }
            node::File(()) | node::Const(_) | node::Annotation(_) => {
                return Err(said(
                    "only structs, enums and interfaces are declared here".into(),
                ));
            }
        };
        schema.nodes.push(Node {
            id,
            file: file.to_owned(),
            name: name.to_owned(),
            doc: self
                .docs
                .get(&id)
                .map(|(doc, _)| doc.clone())
                .unwrap_or_default(),
            body,
        });
        for id in inner {
            self.declare(id, schema)?;
        }
        self.nested(node, schema)
    }

    fn member_doc(&self, id: u64, index: usize) -> String {
        let members = self.docs.get(&id).map(|(_, members)| members);
        members
            .and_then(|members| members.get(index))
            .cloned()
            .unwrap_or_default()
    }

    fn structure(
        &self,
        id: u64,
        body: node::struct_::Reader<'a>,
        inner: &mut Vec<u64>,
    ) -> Result<Struct, String> {
        let mut fields = Vec::new();
        for (index, field) in body.get_fields().map_err(text)?.iter().enumerate() {
            let read = self.field(field, self.member_doc(id, index))?;
            if let FieldKind::Group(group) = read.kind {
                inner.push(group);
            }
            fields.push(read);
        }
        Ok(Struct {
            data: body.get_data_word_count(),
            pointers: body.get_pointer_count(),
            is_group: body.get_is_group(),
            union: (body.get_discriminant_count() > 0).then(|| body.get_discriminant_offset()),
            fields,
        })
    }

    fn field(&self, field: field::Reader<'a>, doc: String) -> Result<Field, String> {
        let name = words(field.get_name())?;
        let ordinal = match field.get_ordinal().which() {
            Ok(field::ordinal::Explicit(ordinal)) => Some(ordinal),
            _ => None,
        };
        let tag = field.get_discriminant_value();
        let kind = match field
            .which()
            .map_err(|_| format!("{name}: of an unknown kind"))?
        {
            field::Group(group) => FieldKind::Group(group.get_type_id()),
            field::Slot(slot) => {
                let said = |error: String| format!("{name}: {error}");
                let of = self.of(slot.get_type().map_err(text)?).map_err(said)?;
                let default = default(slot.get_default_value().map_err(text)?).map_err(said)?;
                FieldKind::Slot {
                    of,
                    offset: slot.get_offset(),
                    default,
                }
            }
        };
        Ok(Field {
            name,
            ordinal,
            tag: (tag != field::NO_DISCRIMINANT).then_some(tag),
            doc,
            kind,
        })
    }

    fn of(&self, of: type_::Reader<'a>) -> Result<Type, String> {
        Ok(
            match of.which().map_err(|_| "of an unknown type".to_owned())? {
                type_::Void(()) => Type::Void,
                type_::Bool(()) => Type::Bool,
                type_::Int8(()) => Type::Int(8),
                type_::Int16(()) => Type::Int(16),
                type_::Int32(()) => Type::Int(32),
                type_::Int64(()) => Type::Int(64),
                type_::Uint8(()) => Type::UInt(8),
                type_::Uint16(()) => Type::UInt(16),
                type_::Uint32(()) => Type::UInt(32),
                type_::Uint64(()) => Type::UInt(64),
                type_::Float32(()) => Type::Float(32),
                type_::Float64(()) => Type::Float(64),
                type_::Text(()) => Type::Text,
                type_::Data(()) => Type::Data,
                type_::List(list) => {
                    let element = self.of(list.get_element_type().map_err(text)?)?;
                    if matches!(element, Type::List(_)) {
                        return Err("lists of lists are not used here".to_owned());
                    }
                    Type::List(Box::new(element))
                }
                type_::Enum(of) => Type::Enum(of.get_type_id()),
                type_::Struct(of) => Type::Struct(of.get_type_id()),
                type_::Interface(of) => Type::Interface(of.get_type_id()),
                type_::AnyPointer(any) => match any.which() {
                    Ok(type_::any_pointer::Unconstrained(any))
                        if matches!(
                            any.which(),
                            Ok(type_::any_pointer::unconstrained::Capability(()))
                        ) =>
                    {
                        Type::Capability
                    }
                    _ => return Err("pointers without a type are not used here".to_owned()),
                },
            },
        )
    }

    fn enumerants(&self, id: u64, body: node::enum_::Reader<'a>) -> Result<Vec<Enumerant>, String> {
        let mut values = Vec::new();
        for (index, value) in body.get_enumerants().map_err(text)?.iter().enumerate() {
            values.push(Enumerant {
                name: words(value.get_name())?,
                doc: self.member_doc(id, index),
            });
        }
        Ok(values)
    }

    fn interface(
        &self,
        id: u64,
        body: node::interface::Reader<'a>,
        inner: &mut Vec<u64>,
    ) -> Result<Interface, String> {
        let mut interface = Interface::default();
        for superclass in body.get_superclasses().map_err(text)? {
            interface.extends.push(superclass.get_id());
        }
        for (index, method) in body.get_methods().map_err(text)?.iter().enumerate() {
            let (params, results) = (
                method.get_param_struct_type(),
                method.get_result_struct_type(),
            );
            for id in [params, results] {
                // Structs of parameters in place belong to no scope; others are declared where they are written.
                if self.node(id)?.get_scope_id() == 0 {
                    inner.push(id);
                }
            }
            interface.methods.push(Method {
                name: words(method.get_name())?,
                doc: self.member_doc(id, index),
                params,
                results,
            });
        }
        Ok(interface)
    }
}

fn default(value: value::Reader<'_>) -> Result<Value, String> {
    let number = |number: i128| {
        if number == 0 {
            Value::Zero
        } else {
            Value::Int(number)
        }
    };
    let float = |bits: u64| {
        if bits == 0 {
            Value::Zero
        } else {
            Value::Float(bits)
        }
    };
    Ok(
        match value
            .which()
            .map_err(|_| "a default of an unknown type".to_owned())?
        {
            value::Void(()) | value::Interface(()) => Value::Zero,
            value::Bool(value) => number(value.into()),
            value::Int8(value) => number(value.into()),
            value::Int16(value) => number(value.into()),
            value::Int32(value) => number(value.into()),
            value::Int64(value) => number(value.into()),
            value::Uint8(value) => number(value.into()),
            value::Uint16(value) => number(value.into()),
            value::Uint32(value) => number(value.into()),
            value::Uint64(value) => number(value.into()),
            value::Enum(value) => number(value.into()),
            value::Float32(value) => float(value.to_bits().into()),
            value::Float64(value) => float(value.to_bits()),
            value::Text(value) => match words(value)? {
                value if value.is_empty() => Value::Zero,
                value => Value::Text(value),
            },
            value::Data(value) if value.as_ref().is_ok_and(|value| value.is_empty()) => Value::Zero,
            value::List(value) | value::AnyPointer(value) | value::Struct(value)
                if value.is_null() =>
            {
                Value::Zero
            }
            // The compiler writes an empty list or struct where nothing was said.
            value::List(value) | value::Struct(value)
                if value.target_size().is_ok_and(|size| size.word_count <= 1) =>
            {
                Value::Zero
            }
            _ => return Err("defaults of data, lists and structs are not used here".to_owned()),
        },
    )
}

#[cfg(test)]
mod tests;
