//! The rules by which a schema may change: what breaks a peer that was built from the one before, and why.
//!
//! Everything that is not refused here is allowed: new types, fields, members of unions, enumerants, methods and
//! superclasses, new names of types, and the retirement of a member by the name `obsolete...`. `docs/schema.md` has the table.

use crate::{
    listing::{type_name, value_name},
    model::{Body, Enumerant, Field, FieldKind, Interface, Node, Schema, Struct, Type, Value},
    names,
};
use std::fmt;

/// A rule that a change breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A type keeps its id.
    IdChanged,
    /// A type stays.
    TypeRemoved,
    /// A struct stays a struct, an enum an enum, an interface an interface.
    KindChanged,
    /// A struct never gets shorter.
    StructShrunk,
    /// A field stays.
    FieldRemoved,
    /// A number (of a field, method or enumerant) is given once.
    OrdinalReused,
    /// A field keeps its type.
    FieldTypeChanged,
    /// A field keeps its place, and does not move into or out of a group.
    FieldMoved,
    /// A field keeps its default.
    DefaultChanged,
    /// A union keeps the place of its discriminant and its members; a field joins a union only as the new union's first member.
    UnionChanged,
    /// An enumerant stays.
    EnumerantRemoved,
    /// An enumerant keeps its number.
    EnumerantReordered,
    /// A method stays.
    MethodRemoved,
    /// A method keeps the structs of its parameters and results.
    MethodSignatureChanged,
    /// An interface keeps its superclasses.
    SuperclassLost,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::IdChanged,
        Self::TypeRemoved,
        Self::KindChanged,
        Self::StructShrunk,
        Self::FieldRemoved,
        Self::OrdinalReused,
        Self::FieldTypeChanged,
        Self::FieldMoved,
        Self::DefaultChanged,
        Self::UnionChanged,
        Self::EnumerantRemoved,
        Self::EnumerantReordered,
        Self::MethodRemoved,
        Self::MethodSignatureChanged,
        Self::SuperclassLost,
    ];

    /// Its name in messages and in `docs/schema.md`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdChanged => "id-changed",
            Self::TypeRemoved => "type-removed",
            Self::KindChanged => "kind-changed",
            Self::StructShrunk => "struct-shrunk",
            Self::FieldRemoved => "field-removed",
            Self::OrdinalReused => "ordinal-reused",
            Self::FieldTypeChanged => "field-type-changed",
            Self::FieldMoved => "field-moved",
            Self::DefaultChanged => "default-changed",
            Self::UnionChanged => "union-changed",
            Self::EnumerantRemoved => "enumerant-removed",
            Self::EnumerantReordered => "enumerant-reordered",
            Self::MethodRemoved => "method-removed",
            Self::MethodSignatureChanged => "method-signature-changed",
            Self::SuperclassLost => "superclass-lost",
        }
    }
}

/// A change that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The rule it breaks.
    pub rule: Rule,
    /// The file in which to look: the new one's, or the old one's if the type is gone.
    pub file: String,
    /// The type, as in `Console` or `Console.write$Params`.
    pub node: String,
    /// Its member; empty if it is about the type itself.
    pub member: String,
    /// What was changed into what, and what to do instead.
    pub what: String,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.member.is_empty() { "" } else { "." };
        write!(
            f,
            "{}{dot}{}: [{}] {}",
            self.node,
            self.member,
            self.rule.name(),
            self.what
        )
    }
}

/// What of `new` breaks peers built from `old`.
#[must_use]
pub fn breaks(old: &Schema, new: &Schema) -> Vec<Break> {
    let mut comparison = Comparison {
        old,
        new,
        found: Vec::new(),
    };
    for node in &old.nodes {
        comparison.node(node);
    }
    comparison.found
}

struct Comparison<'a> {
    old: &'a Schema,
    new: &'a Schema,
    found: Vec<Break>,
}

impl Comparison<'_> {
    fn say(&mut self, rule: Rule, node: &Node, member: &str, what: String) {
        self.found.push(Break {
            rule,
            file: node.file.clone(),
            node: node.name.clone(),
            member: member.to_owned(),
            what,
        });
    }

    fn node(&mut self, old: &Node) {
        // Groups are compared with the struct that they are in.
        if old.body.kind() == "group" {
            return;
        }
        let Some(new) = self.new.node(old.id) else {
            self.gone(old);
            return;
        };
        match (&old.body, &new.body) {
            (Body::Struct(before), Body::Struct(after)) if before.is_group == after.is_group => {
                let already = self.found.len();
                self.structure(new, before, after);
                if self.found.len() == already
                    && (after.data < before.data || after.pointers < before.pointers)
                {
                    let what = format!(
                        "had {} words and {} pointers, has {} and {}; older peers read what is missing",
                        before.data, before.pointers, after.data, after.pointers
                    );
                    self.say(Rule::StructShrunk, new, "", what);
                }
            }
            (Body::Enum(before), Body::Enum(after)) => self.enumeration(new, before, after),
            (Body::Interface(before), Body::Interface(after)) => self.interface(new, before, after),
            (before, after) => {
                let what = format!(
                    "was a {}, is a {}; give the new one an id of its own",
                    before.kind(),
                    after.kind()
                );
                self.say(Rule::KindChanged, new, "", what);
            }
        }
    }

    fn gone(&mut self, old: &Node) {
        // Structs of parameters go with their method, of which is told there.
        if old.of_method().is_some() {
            return;
        }
        let same_name = self.new.nodes.iter().find(|node| node.name == old.name);
        match same_name.cloned() {
            Some(new) => {
                let what = format!(
                    "had id {:#018x}, has {:#018x}; peers know it by its id",
                    old.id, new.id
                );
                self.say(Rule::IdChanged, &new, "", what);
            }
            None => {
                let what = format!(
                    "{} {:#018x} is gone; leave it in, as obsolete",
                    old.body.kind(),
                    old.id
                );
                self.say(Rule::TypeRemoved, old, "", what);
            }
        }
    }

    fn structure(&mut self, node: &Node, old: &Struct, new: &Struct) {
        if let (Some(before), after) = (old.union, new.union)
            && after != Some(before)
        {
            let after = after.map_or("is gone".into(), |at| format!("is at {at}"));
            let what = format!("the discriminant of its union was at {before}, and {after}");
            self.say(Rule::UnionChanged, node, "", what);
        }
        for field in &old.fields {
            self.field(node, old, new, field);
        }
    }

    fn field(&mut self, node: &Node, old_struct: &Struct, new_struct: &Struct, old: &Field) {
        let same = |field: &&Field| match old.ordinal {
            Some(ordinal) => field.ordinal == Some(ordinal),
            None => field.ordinal.is_none() && is_successor(&old.name, &field.name),
        };
        let Some(new) = new_struct.fields.iter().find(same).cloned() else {
            self.field_gone(node, new_struct, old);
            return;
        };
        if !is_successor(&old.name, &new.name) {
            let ordinal = old.ordinal.unwrap_or_default();
            let what = format!(
                "@{ordinal} was `{}`; give the new field the next free ordinal, or call it `{}` if it is the old one retired",
                old.name,
                obsolete(&old.name)
            );
            self.say(Rule::OrdinalReused, node, &new.name, what);
            return;
        }
        // A field outside may become the first member of a new union: older writers leave the discriminant zero.
        let may_join = old_struct.union.is_none() && old.tag.is_none() && new.tag == Some(0);
        if old.tag != new.tag && !may_join {
            let place = |tag: Option<u16>| {
                tag.map_or("no member of a union".into(), |tag| {
                    format!("member {tag} of the union")
                })
            };
            let what = format!("was {}, is {}", place(old.tag), place(new.tag));
            self.say(Rule::UnionChanged, node, &new.name, what);
        }
        match (&old.kind, &new.kind) {
            (FieldKind::Group(before), FieldKind::Group(after)) => self.group(*before, *after),
            (
                FieldKind::Slot {
                    of,
                    offset,
                    default,
                },
                FieldKind::Slot {
                    of: new_of,
                    offset: new_offset,
                    default: new_default,
                },
            ) => self.slot(
                node,
                &new.name,
                (of, *offset, default),
                (new_of, *new_offset, new_default),
            ),
            (FieldKind::Slot { .. }, FieldKind::Group(_))
            | (FieldKind::Group(_), FieldKind::Slot { .. }) => {
                let what = "was a field and is a group, or the other way round".to_owned();
                self.say(Rule::FieldTypeChanged, node, &new.name, what);
            }
        }
    }

    fn group(&mut self, old: u64, new: u64) {
        let (Some(old), Some(new)) = (self.old.node(old), self.new.node(new)) else {
            return;
        };
        if let (Body::Struct(before), Body::Struct(after)) = (&old.body, &new.body) {
            self.structure(new, before, after);
        }
    }

    fn slot(
        &mut self,
        node: &Node,
        name: &str,
        old: (&Type, u32, &Value),
        new: (&Type, u32, &Value),
    ) {
        let (old_type, old_offset, old_default) = old;
        let (new_type, new_offset, new_default) = new;
        if old_type != new_type && !self.may_become(old_type, new_type) {
            let what = format!(
                "was {}, is {}; add a new field instead",
                type_name(old_type),
                type_name(new_type)
            );
            self.say(Rule::FieldTypeChanged, node, name, what);
            return;
        }
        if old_offset != new_offset {
            let what = format!("was at place {old_offset}, is at {new_offset}");
            self.say(Rule::FieldMoved, node, name, what);
        }
        if old_default != new_default {
            let what = format!(
                "was {}, is {}; both sides have to agree, for a default is not sent",
                value_name(old_default),
                value_name(new_default)
            );
            self.say(Rule::DefaultChanged, node, name, what);
        }
    }

    /// Whether the encoding lets `old` be read as `new`, and back: a list of numbers or pointers as one of structs that start with
    /// such a one.
    fn may_become(&self, old: &Type, new: &Type) -> bool {
        let (Type::List(old), Type::List(new)) = (old, new) else {
            return false;
        };
        let Type::Struct(id) = **new else {
            return false;
        };
        let Some(Body::Struct(body)) = self.new.node(id).map(|node| &node.body) else {
            return false;
        };
        let first = body
            .fields
            .iter()
            .find(|field| field.ordinal == Some(0) && field.tag.is_none());
        // Bits are packed closer than any struct.
        **old != Type::Bool
            && first.is_some_and(|first| {
                matches!(&first.kind, FieldKind::Slot { of, offset: 0, default: Value::Zero } if *of == **old)
            })
    }

    fn field_gone(&mut self, node: &Node, new_struct: &Struct, old: &Field) {
        let in_group = |field: &&Field| match field.kind {
            FieldKind::Group(id) => match self.new.node(id).map(|node| &node.body) {
                Some(Body::Struct(body)) => {
                    old.ordinal.is_some()
                        && body.fields.iter().any(|field| field.ordinal == old.ordinal)
                }
                _ => false,
            },
            FieldKind::Slot { .. } => false,
        };
        if let Some(group) = new_struct.fields.iter().find(in_group) {
            let what = format!("moved into group `{}`", group.name);
            self.say(Rule::FieldMoved, node, &old.name, what);
            return;
        }
        let what = format!(
            "is gone; leave it in as `{}`, or its number will mean something else to older peers",
            obsolete(&old.name)
        );
        self.say(Rule::FieldRemoved, node, &old.name, what);
    }

    fn enumeration(&mut self, node: &Node, old: &[Enumerant], new: &[Enumerant]) {
        for (index, value) in old.iter().enumerate() {
            let name = &value.name;
            match new.get(index) {
                Some(after) if is_successor(name, &after.name) => {}
                after => {
                    let elsewhere = new.iter().position(|other| other.name == *name);
                    let (rule, what) = match (after, elsewhere) {
                        (_, Some(at)) => (
                            Rule::EnumerantReordered,
                            format!("was number {index}, is {at}"),
                        ),
                        (None, None) => (
                            Rule::EnumerantRemoved,
                            format!(
                                "number {index} is gone; leave it in as `{}`",
                                obsolete(name)
                            ),
                        ),
                        (Some(after), None) => {
                            let advice = "give the new enumerant the next free number";
                            (
                                Rule::OrdinalReused,
                                format!("number {index} is `{}` now; {advice}", after.name),
                            )
                        }
                    };
                    self.say(rule, node, name, what);
                }
            }
        }
    }

    fn interface(&mut self, node: &Node, old: &Interface, new: &Interface) {
        for id in &old.extends {
            if !self.inherits(new, *id, 0) {
                let name = self
                    .old
                    .node(*id)
                    .map_or_else(|| format!("{id:#018x}"), |node| node.name.clone());
                let what = format!("does not extend `{name}` any more; older peers call it as one");
                self.say(Rule::SuperclassLost, node, "", what);
            }
        }
        for (index, method) in old.methods.iter().enumerate() {
            let Some(after) = new.methods.get(index) else {
                let what = format!(
                    "@{index} is gone; leave it in as `{}`, to be refused by its servers",
                    obsolete(&method.name)
                );
                self.say(Rule::MethodRemoved, node, &method.name, what);
                continue;
            };
            if !is_successor(&method.name, &after.name) {
                let what = format!(
                    "@{index} was `{}`; give the new method the next free ordinal",
                    method.name
                );
                self.say(Rule::OrdinalReused, node, &after.name, what);
            } else if (method.params, method.results) != (after.params, after.results) {
                let what = "takes or gives another struct; add a method instead".to_owned();
                self.say(Rule::MethodSignatureChanged, node, &after.name, what);
            }
        }
    }

    /// Whether an interface of the new schema extends `id`, itself or through others.
    fn inherits(&self, interface: &Interface, id: u64, depth: usize) -> bool {
        const DEEPEST: usize = 32;
        interface.extends.iter().any(|base| {
            *base == id
                || match self.new.node(*base).map(|node| &node.body) {
                    Some(Body::Interface(base)) if depth < DEEPEST => {
                        self.inherits(base, id, depth + 1)
                    }
                    _ => false,
                }
        })
    }
}

/// What a member is called when it is retired.
fn obsolete(name: &str) -> String {
    format!("obsolete{}", names::pascal(name))
}

/// Whether a member called `new` is the one that was called `old`: by the same name, or retired.
fn is_successor(old: &str, new: &str) -> bool {
    old == new || new == obsolete(old)
}

#[cfg(test)]
mod tests;
