//! A schema as this crate sees it: every type with its place in the encoding, without what the encoding does not keep.
//!
//! Neighbours: [`crate::request`] makes it from the compiler's output, [`crate::listing`] from a listing.

/// All types of a set of files, in the order of the files and of the declarations in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// The types.
    pub nodes: Vec<Node>,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: u64,
    /// The file that declares it.
    pub file: String,
    /// Its name in that file, with those it is declared in: `Console.write$Params`.
    pub name: String,
    /// Its doc comment; not part of a listing.
    pub doc: String,
    /// What it is.
    pub body: Body,
}

/// What a type is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A struct, or a group of one.
    Struct(Struct),
    /// An enum: its enumerants by number.
    Enum(Vec<Enumerant>),
    /// An interface.
    Interface(Interface),
}

impl Body {
    /// What it is, as the language calls it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Struct(body) if body.is_group => "group",
            Self::Struct(_) => "struct",
            Self::Enum(_) => "enum",
            Self::Interface(_) => "interface",
        }
    }
}

/// A struct's places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Struct {
    /// Words of data.
    pub data: u16,
    /// Pointers.
    pub pointers: u16,
    /// Whether it is a group, which lies inside of its parent.
    pub is_group: bool,
    /// If it has a union: the place of the discriminant, in multiples of 16 bits.
    pub union: Option<u32>,
    /// Its fields in the order of their ordinals; groups by the first ordinal in them.
    pub fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its ordinal; a group has none.
    pub ordinal: Option<u16>,
    /// If it is a member of the union: its discriminant.
    pub tag: Option<u16>,
    /// Its doc comment; not part of a listing.
    pub doc: String,
    /// What it is.
    pub kind: FieldKind,
}

/// What a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// A value.
    Slot {
        /// Its type.
        of: Type,
        /// Its place, in multiples of its size.
        offset: u32,
        /// Its default; [`Value::Zero`] if that is all zeros.
        default: Value,
    },
    /// A group: the id of its node.
    Group(u64),
}

/// A type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Nothing.
    Void,
    /// A bit.
    Bool,
    /// A signed number of so many bits.
    Int(u8),
    /// A number of so many bits.
    UInt(u8),
    /// A floating-point number of so many bits.
    Float(u8),
    /// Text.
    Text,
    /// Bytes.
    Data,
    /// A list.
    List(Box<Type>),
    /// An enum.
    Enum(u64),
    /// A struct.
    Struct(u64),
    /// A capability of an interface.
    Interface(u64),
    /// A capability of any interface.
    Capability,
}

impl Type {
    /// Whether values of it are pointers.
    #[must_use]
    pub const fn is_pointer(&self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::Data
                | Self::List(_)
                | Self::Struct(_)
                | Self::Interface(_)
                | Self::Capability
        )
    }
}

/// A default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// All zeros, null.
    Zero,
    /// A number that is not zero, an enumerant's or `true`'s 1 included.
    Int(i128),
    /// A floating-point number's bits.
    Float(u64),
    /// Text that is not empty.
    Text(String),
}

/// A value of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enumerant {
    /// Its name.
    pub name: String,
    /// Its doc comment; not part of a listing.
    pub doc: String,
}

/// An interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Ids of its superclasses.
    pub extends: Vec<u64>,
    /// Its methods by ordinal.
    pub methods: Vec<Method>,
}

/// A method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its doc comment; not part of a listing.
    pub doc: String,
    /// Id of the struct of its parameters.
    pub params: u64,
    /// Id of the struct of its results.
    pub results: u64,
}

impl Schema {
    /// The type of that id.
    #[must_use]
    pub fn node(&self, id: u64) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The schema without doc comments, which is what a listing keeps.
    #[must_use]
    pub fn without_docs(mut self) -> Self {
        for node in &mut self.nodes {
            node.doc.clear();
            match &mut node.body {
                Body::Struct(body) => body.fields.iter_mut().for_each(|field| field.doc.clear()),
                Body::Enum(values) => values.iter_mut().for_each(|value| value.doc.clear()),
                Body::Interface(body) => body
                    .methods
                    .iter_mut()
                    .for_each(|method| method.doc.clear()),
            }
        }
        self
    }
}

impl Node {
    /// The method and `Params` or `Results`, if it is the struct of a method that was declared with its parameters in place:
    /// `Console.write$Params` gives `Console`, `write` and `Params`.
    #[must_use]
    pub fn of_method(&self) -> Option<(&str, &str, &str)> {
        let (path, which) = self.name.split_once('$')?;
        let (interface, method) = path.rsplit_once('.')?;
        Some((interface, method, which))
    }
}
