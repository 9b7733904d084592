//! Generated from `v1.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Colour(pub u16);

impl Colour {
    /// Red.
    pub const RED: Self = Self(0);
    /// Green.
    pub const GREEN: Self = Self(1);

    /// The enum's Cap'n Proto id.
    pub const ID: u64 = 0xb6ab1fd22bbf1a01;

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("red"),
            1 => Some("green"),

            _ => None,
        }
    }
}

impl<'a> isthmus_schema::wire::Element<'a> for Colour {
    fn fits(list: &isthmus_schema::wire::RawList<'a>) -> bool {
        <u16 as isthmus_schema::wire::Element<'a>>::fits(list)
    }

    fn read(
        list: &isthmus_schema::wire::RawList<'a>,
        index: u32,
    ) -> Result<Self, isthmus_schema::wire::Error> {
        <u16 as isthmus_schema::wire::Element<'a>>::read(list, index).map(Self)
    }
}

impl isthmus_schema::wire::Put for Colour {
    const CODE: u8 = <u16 as isthmus_schema::wire::Put>::CODE;
    const BITS: usize = 16;
    type Value<'v> = Self;

    fn put(
        place: isthmus_schema::wire::Place<'_>,
        value: Self,
    ) -> Result<(), isthmus_schema::wire::Error> {
        <u16 as isthmus_schema::wire::Put>::put(place, value.0)
    }
}

/// An element of a list of structs.
pub mod item {
    use isthmus_schema::wire;

    /// `Item` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xb6ab1fd22bbf1a02;
        const DATA_WORDS: u16 = 1;
        const POINTERS: u16 = 1;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `Item`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
    #[derive(Debug, Clone, Copy)]
    pub struct Reader<'a>(wire::StructReader<'a>);

    impl<'a> Reader<'a> {
        /// The struct without its schema.
        #[must_use]
        pub const fn raw(self) -> wire::StructReader<'a> {
            self.0
        }
    }

    impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
        fn from(raw: wire::StructReader<'a>) -> Self {
            Self(raw)
        }
    }

    impl<'a> wire::Element<'a> for Reader<'a> {
        fn fits(list: &wire::RawList<'a>) -> bool {
            <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
        }

        fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
            <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
        }
    }

    /// Writes `Item`. What needs room fails with [`wire::Error::Full`] when there is none.
    #[derive(Debug)]
    pub struct Builder<'b>(wire::StructBuilder<'b>);

    impl Builder<'_> {
        /// The struct without its schema.
        pub fn raw(&mut self) -> wire::StructBuilder<'_> {
            self.0.lend()
        }
    }

    impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
        fn from(raw: wire::StructBuilder<'b>) -> Self {
            Self(raw)
        }
    }

    impl<'a> Reader<'a> {
        /// A name.
        pub fn name(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "")
        }

        /// Whether `name` was set.
        #[must_use]
        pub fn has_name(self) -> bool {
            self.0.has(0)
        }

        /// How many.
        #[must_use]
        pub fn amount(self) -> u16 {
            self.0.u16(0, 3)
        }
    }

    impl Builder<'_> {
        /// A name.
        pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// How many.
        pub fn set_amount(&mut self, value: u16) {
            self.0.set_u16(0, value, 3);
        }
    }
}

/// A struct with every kind of field.
pub mod order {
    use isthmus_schema::wire;

    /// `Order` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xb6ab1fd22bbf1a03;
        const DATA_WORDS: u16 = 5;
        const POINTERS: u16 = 15;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `Order`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
    #[derive(Debug, Clone, Copy)]
    pub struct Reader<'a>(wire::StructReader<'a>);

    impl<'a> Reader<'a> {
        /// The struct without its schema.
        #[must_use]
        pub const fn raw(self) -> wire::StructReader<'a> {
            self.0
        }
    }

    impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
        fn from(raw: wire::StructReader<'a>) -> Self {
            Self(raw)
        }
    }

    impl<'a> wire::Element<'a> for Reader<'a> {
        fn fits(list: &wire::RawList<'a>) -> bool {
            <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
        }

        fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
            <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
        }
    }

    /// Writes `Order`. What needs room fails with [`wire::Error::Full`] when there is none.
    #[derive(Debug)]
    pub struct Builder<'b>(wire::StructBuilder<'b>);

    impl Builder<'_> {
        /// The struct without its schema.
        pub fn raw(&mut self) -> wire::StructBuilder<'_> {
            self.0.lend()
        }
    }

    impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
        fn from(raw: wire::StructBuilder<'b>) -> Self {
            Self(raw)
        }
    }

    impl<'a> Reader<'a> {
        /// A bit whose default is set.
        #[must_use]
        pub fn flag(self) -> bool {
            self.0.bool(0, true)
        }

        /// A byte.
        #[must_use]
        pub fn small(self) -> i8 {
            self.0.i8(1, -5)
        }

        /// A number.
        #[must_use]
        pub fn number(self) -> u64 {
            self.0.u64(1, 0)
        }

        /// A floating-point number.
        #[must_use]
        pub fn ratio(self) -> f64 {
            self.0.f64(2, f64::from_bits(0x3fe0000000000000))
        }

        /// Text with a default.
        pub fn title(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "untitled")
        }

        /// Whether `title` was set.
        #[must_use]
        pub fn has_title(self) -> bool {
            self.0.has(0)
        }

        /// Bytes.
        pub fn blob(self) -> Result<&'a [u8], wire::Error> {
            self.0.data(1, &[])
        }

        /// Whether `blob` was set.
        #[must_use]
        pub fn has_blob(self) -> bool {
            self.0.has(1)
        }

        /// An enum with a default.
        #[must_use]
        pub fn colour(self) -> super::Colour {
            super::Colour(self.0.u16(1, 1))
        }

        /// Numbers, which become structs.
        pub fn numbers(self) -> Result<wire::List<'a, u32>, wire::Error> {
            self.0.list(2)
        }

        /// Whether `numbers` was set.
        #[must_use]
        pub fn has_numbers(self) -> bool {
            self.0.has(2)
        }

        /// Bits.
        pub fn bits(self) -> Result<wire::List<'a, bool>, wire::Error> {
            self.0.list(3)
        }

        /// Whether `bits` was set.
        #[must_use]
        pub fn has_bits(self) -> bool {
            self.0.has(3)
        }

        /// Texts.
        pub fn words(self) -> Result<wire::List<'a, &'a str>, wire::Error> {
            self.0.list(4)
        }

        /// Whether `words` was set.
        #[must_use]
        pub fn has_words(self) -> bool {
            self.0.has(4)
        }

        /// Enums.
        pub fn colours(self) -> Result<wire::List<'a, super::Colour>, wire::Error> {
            self.0.list(5)
        }

        /// Whether `colours` was set.
        #[must_use]
        pub fn has_colours(self) -> bool {
            self.0.has(5)
        }

        /// Structs.
        pub fn items(self) -> Result<wire::List<'a, super::item::Reader<'a>>, wire::Error> {
            self.0.list(6)
        }

        /// Whether `items` was set.
        #[must_use]
        pub fn has_items(self) -> bool {
            self.0.has(6)
        }

        /// A struct.
        pub fn best(self) -> Result<super::item::Reader<'a>, wire::Error> {
            self.0.structure(7).map(Into::into)
        }

        /// Whether `best` was set.
        #[must_use]
        pub fn has_best(self) -> bool {
            self.0.has(7)
        }

        /// A capability.
        pub fn self_(self) -> Result<Option<wire::CapIndex>, wire::Error> {
            self.0.capability(8)
        }

        /// Whether `self` was set.
        #[must_use]
        pub fn has_self(self) -> bool {
            self.0.has(8)
        }

        /// A number.
        #[must_use]
        pub fn amount(self) -> u32 {
            self.0.u32(1, 0)
        }

        /// A group.
        #[must_use]
        pub fn origin(self) -> origin::Reader<'a> {
            self.0.into()
        }

        /// One of its own.
        pub fn inner(self) -> Result<Reader<'a>, wire::Error> {
            self.0.structure(10).map(Into::into)
        }

        /// Whether `inner` was set.
        #[must_use]
        pub fn has_inner(self) -> bool {
            self.0.has(10)
        }

        /// Capabilities.
        pub fn stores(self) -> Result<wire::List<'a, Option<wire::CapIndex>>, wire::Error> {
            self.0.list(11)
        }

        /// Whether `stores` was set.
        #[must_use]
        pub fn has_stores(self) -> bool {
            self.0.has(11)
        }

        /// Elements without size.
        pub fn nothing(self) -> Result<wire::List<'a, ()>, wire::Error> {
            self.0.list(12)
        }

        /// Whether `nothing` was set.
        #[must_use]
        pub fn has_nothing(self) -> bool {
            self.0.has(12)
        }

        /// Bytes.
        pub fn blobs(self) -> Result<wire::List<'a, &'a [u8]>, wire::Error> {
            self.0.list(13)
        }

        /// Whether `blobs` was set.
        #[must_use]
        pub fn has_blobs(self) -> bool {
            self.0.has(13)
        }

        /// Numbers.
        pub fn signed(self) -> Result<wire::List<'a, i64>, wire::Error> {
            self.0.list(14)
        }

        /// Whether `signed` was set.
        #[must_use]
        pub fn has_signed(self) -> bool {
            self.0.has(14)
        }
    }

    /// What is in the union of `Order`.
    #[derive(Debug, Clone, Copy)]
    pub enum Which<'a> {
        /// Nothing.
        None,
        /// A number.
        Weight(f32),
        /// Text.
        Label(&'a str),
        /// A struct.
        Part(super::item::Reader<'a>),

        /// A member that this schema does not have, by its number.
        Unknown(u16),
    }

    impl<'a> Reader<'a> {
        /// What is in the union. A member that this schema does not have is [`Which::Unknown`].
        pub fn which(self) -> Result<Which<'a>, wire::Error> {
            Ok(match self.0.u16(16, 0) {
                0 => Which::None,
                1 => Which::Weight(self.0.f32(9, 0.0)),
                2 => Which::Label(self.0.text(9, "")?),
                3 => Which::Part(self.0.structure(9).map(Into::into)?),

                unknown => Which::Unknown(unknown),
            })
        }
    }

    impl Builder<'_> {
        /// A bit whose default is set.
        pub fn set_flag(&mut self, value: bool) {
            self.0.set_bool(0, value, true);
        }

        /// A byte.
        pub fn set_small(&mut self, value: i8) {
            self.0.set_i8(1, value, -5);
        }

        /// A number.
        pub fn set_number(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }

        /// A floating-point number.
        pub fn set_ratio(&mut self, value: f64) {
            self.0.set_f64(2, value, f64::from_bits(0x3fe0000000000000));
        }

        /// Text with a default.
        pub fn set_title(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// Bytes.
        pub fn set_blob(&mut self, value: &[u8]) -> Result<(), wire::Error> {
            self.0.set_data(1, value)
        }

        /// As [`Self::set_blob`], to be filled in place with `length` bytes.
        pub fn init_blob(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
            self.0.init_data(1, length)
        }

        /// An enum with a default.
        pub fn set_colour(&mut self, value: super::Colour) {
            self.0.set_u16(1, value.0, 1);
        }

        /// Numbers, which become structs.
        pub fn init_numbers(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, u32>, wire::Error> {
            self.0.init_list(2, count)
        }

        /// Bits.
        pub fn init_bits(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, bool>, wire::Error> {
            self.0.init_list(3, count)
        }

        /// Texts.
        pub fn init_words(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, str>, wire::Error> {
            self.0.init_list(4, count)
        }

        /// Enums.
        pub fn init_colours(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, super::Colour>, wire::Error> {
            self.0.init_list(5, count)
        }

        /// Structs.
        pub fn init_items(
            &mut self,
            count: u32,
        ) -> Result<wire::StructListBuilder<'_, super::item::Type>, wire::Error> {
            self.0.init_structs(6, count)
        }

        /// A struct.
        pub fn init_best(&mut self) -> Result<super::item::Builder<'_>, wire::Error> {
            self.0.init_struct::<super::item::Type>(7)
        }

        /// A capability.
        pub fn set_self(&mut self, value: Option<wire::CapIndex>) {
            self.0.set_capability(8, value);
        }

        /// A number.
        pub fn set_amount(&mut self, value: u32) {
            self.0.set_u32(1, value, 0);
        }

        /// A group.
        pub fn init_origin(&mut self) -> origin::Builder<'_> {
            self.0.lend().into()
        }

        /// Nothing.
        pub fn set_none(&mut self) {
            self.0.set_u16(16, 0, 0);
        }

        /// A number.
        pub fn set_weight(&mut self, value: f32) {
            self.0.set_u16(16, 1, 0);
            self.0.set_f32(9, value, 0.0);
        }

        /// Text.
        pub fn set_label(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_u16(16, 2, 0);
            self.0.set_text(9, value)
        }

        /// A struct.
        pub fn init_part(&mut self) -> Result<super::item::Builder<'_>, wire::Error> {
            self.0.set_u16(16, 3, 0);
            self.0.init_struct::<super::item::Type>(9)
        }

        /// One of its own.
        pub fn init_inner(&mut self) -> Result<Builder<'_>, wire::Error> {
            self.0.init_struct::<Type>(10)
        }

        /// Capabilities.
        pub fn init_stores(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, wire::CapIndex>, wire::Error> {
            self.0.init_list(11, count)
        }

        /// Elements without size.
        pub fn init_nothing(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, ()>, wire::Error> {
            self.0.init_list(12, count)
        }

        /// Bytes.
        pub fn init_blobs(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, [u8]>, wire::Error> {
            self.0.init_list(13, count)
        }

        /// Numbers.
        pub fn init_signed(
            &mut self,
            count: u32,
        ) -> Result<wire::ListBuilder<'_, i64>, wire::Error> {
            self.0.init_list(14, count)
        }
    }

    /// A group.
    pub mod origin {
        use isthmus_schema::wire;

        /// `Order.origin` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xf1c010504e691530;
            const DATA_WORDS: u16 = 5;
            const POINTERS: u16 = 15;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Order.origin`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
        #[derive(Debug, Clone, Copy)]
        pub struct Reader<'a>(wire::StructReader<'a>);

        impl<'a> Reader<'a> {
            /// The struct without its schema.
            #[must_use]
            pub const fn raw(self) -> wire::StructReader<'a> {
                self.0
            }
        }

        impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
            fn from(raw: wire::StructReader<'a>) -> Self {
                Self(raw)
            }
        }

        impl<'a> wire::Element<'a> for Reader<'a> {
            fn fits(list: &wire::RawList<'a>) -> bool {
                <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
            }

            fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
                <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
            }
        }

        /// Writes `Order.origin`. What needs room fails with [`wire::Error::Full`] when there is none.
        #[derive(Debug)]
        pub struct Builder<'b>(wire::StructBuilder<'b>);

        impl Builder<'_> {
            /// The struct without its schema.
            pub fn raw(&mut self) -> wire::StructBuilder<'_> {
                self.0.lend()
            }
        }

        impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
            fn from(raw: wire::StructBuilder<'b>) -> Self {
                Self(raw)
            }
        }

        impl<'a> Reader<'a> {
            /// A number.
            #[must_use]
            pub fn x(self) -> i32 {
                self.0.i32(6, 0)
            }

            /// A number.
            #[must_use]
            pub fn y(self) -> i32 {
                self.0.i32(7, 0)
            }
        }

        impl Builder<'_> {
            /// A number.
            pub fn set_x(&mut self, value: i32) {
                self.0.set_i32(6, value, 0);
            }

            /// A number.
            pub fn set_y(&mut self, value: i32) {
                self.0.set_i32(7, value, 0);
            }
        }
    }
}

/// A struct whose field joins a union.
pub mod choice {
    use isthmus_schema::wire;

    /// `Choice` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xb6ab1fd22bbf1a04;
        const DATA_WORDS: u16 = 1;
        const POINTERS: u16 = 0;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `Choice`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
    #[derive(Debug, Clone, Copy)]
    pub struct Reader<'a>(wire::StructReader<'a>);

    impl<'a> Reader<'a> {
        /// The struct without its schema.
        #[must_use]
        pub const fn raw(self) -> wire::StructReader<'a> {
            self.0
        }
    }

    impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
        fn from(raw: wire::StructReader<'a>) -> Self {
            Self(raw)
        }
    }

    impl<'a> wire::Element<'a> for Reader<'a> {
        fn fits(list: &wire::RawList<'a>) -> bool {
            <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
        }

        fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
            <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
        }
    }

    /// Writes `Choice`. What needs room fails with [`wire::Error::Full`] when there is none.
    #[derive(Debug)]
    pub struct Builder<'b>(wire::StructBuilder<'b>);

    impl Builder<'_> {
        /// The struct without its schema.
        pub fn raw(&mut self) -> wire::StructBuilder<'_> {
            self.0.lend()
        }
    }

    impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
        fn from(raw: wire::StructBuilder<'b>) -> Self {
            Self(raw)
        }
    }

    impl<'a> Reader<'a> {
        /// A number, alone.
        #[must_use]
        pub fn amount(self) -> u32 {
            self.0.u32(0, 0)
        }
    }

    impl Builder<'_> {
        /// A number, alone.
        pub fn set_amount(&mut self, value: u32) {
            self.0.set_u32(0, value, 0);
        }
    }
}

/// An interface.
pub mod store {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Store`.
    pub const ID: u64 = 0xb6ab1fd22bbf1a05;
    /// Its name in the schema.
    pub const NAME: &str = "Store";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "put",
            params: 0xfa8711f8b8627b1c,
            results: 0xfa80e147504732fe,
        },
        call::MethodInfo {
            method: 1,
            name: "flush",
            params: 0x8470a8a475578c97,
            results: 0xe3906ea4cd44923c,
        },
    ];

    /// Method `Store.put`.
    #[derive(Debug, Clone, Copy)]
    pub enum Put {}

    impl call::Method for Put {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Store.put";
        type Params = put_params::Type;
        type Results = put_results::Type;
    }

    /// Method `Store.flush`.
    #[derive(Debug, Clone, Copy)]
    pub enum Flush {}

    impl call::Method for Flush {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "Store.flush";
        type Params = flush_params::Type;
        type Results = flush_results::Type;
    }

    /// A call of one of the methods of `Store`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `put`.
        Put(put_params::Reader<'a>),
        /// A call of `flush`.
        Flush(flush_params::Reader<'a>),
    }

    impl<'a> Request<'a> {
        /// Reads the parameters of a call.
        ///
        /// # Errors
        /// [`call::Refusal::Unimplemented`] and [`call::Refusal::Params`].
        pub fn read(
            method: call::MethodId,
            message: &'a wire::Message<'a>,
        ) -> Result<Self, call::Refusal> {
            if method.interface != ID {
                return Err(call::Refusal::Unimplemented(method));
            }
            Ok(match method.method {
                0 => Self::Put(call::params::<Put>(message)?),
                1 => Self::Flush(call::params::<Flush>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Store`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Keeps an order.
        /// - `order`: the order.
        /// - `into`: where.
        /// - `number`: its number.
        fn put(
            &self,
            context: &mut X,
            params: put_params::Reader<'_>,
            results: put_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Put>().into())
        }

        /// Does nothing.
        fn flush(
            &self,
            context: &mut X,
            params: flush_params::Reader<'_>,
            results: flush_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Flush>().into())
        }
    }

    /// Has `server` answer a call: `params` is what came, `results` the room for what goes back, of which the length is given.
    ///
    /// # Errors
    /// A [`call::Refusal`] as `E`, or the server's own.
    pub fn dispatch<X, E: From<call::Refusal>, S: Server<X, E> + ?Sized>(
        server: &S,
        method: call::MethodId,
        params: &[u8],
        context: &mut X,
        results: &mut [u8],
    ) -> Result<usize, E> {
        if method.interface != ID {
            return Err(call::Refusal::Unimplemented(method).into());
        }
        let message = wire::Message::new(params).map_err(call::Refusal::Params)?;
        let mut answer = wire::MessageBuilder::new(results);
        match method.method {
            0 => server.put(
                context,
                call::params::<Put>(&message)?,
                call::results::<Put>(&mut answer)?,
            )?,
            1 => server.flush(
                context,
                call::params::<Flush>(&message)?,
                call::results::<Flush>(&mut answer)?,
            )?,

            _ => return Err(call::Refusal::Unimplemented(method).into()),
        }
        Ok(answer.len())
    }

    /// A [`Server`] as something that answers calls of any interface.
    #[derive(Debug, Clone, Copy)]
    pub struct Serve<S>(pub S);

    impl<X, E: From<call::Refusal>, S: Server<X, E>> call::Dispatch<X, E> for Serve<S> {
        fn dispatch(
            &self,
            method: call::MethodId,
            params: &[u8],
            context: &mut X,
            results: &mut [u8],
        ) -> Result<usize, E> {
            dispatch(&self.0, method, params, context, results)
        }
    }

    /// Calls an object with the interface `Store` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Keeps an order.
        /// - `order`: the order.
        /// - `into`: where.
        /// - `number`: its number.
        pub fn put(
            &self,
            fill: impl FnOnce(
                put_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Put, T::Pending> {
            call::start::<Put, T>(&self.0, fill)
        }

        /// Does nothing.
        pub fn flush(&self) -> call::Pending<Flush, T::Pending> {
            call::start::<Flush, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `Store.put` is called with.
    pub mod put_params {
        use isthmus_schema::wire;

        /// `Store.put$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfa8711f8b8627b1c;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 2;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Store.put$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
        #[derive(Debug, Clone, Copy)]
        pub struct Reader<'a>(wire::StructReader<'a>);

        impl<'a> Reader<'a> {
            /// The struct without its schema.
            #[must_use]
            pub const fn raw(self) -> wire::StructReader<'a> {
                self.0
            }
        }

        impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
            fn from(raw: wire::StructReader<'a>) -> Self {
                Self(raw)
            }
        }

        impl<'a> wire::Element<'a> for Reader<'a> {
            fn fits(list: &wire::RawList<'a>) -> bool {
                <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
            }

            fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
                <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
            }
        }

        /// Writes `Store.put$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
        #[derive(Debug)]
        pub struct Builder<'b>(wire::StructBuilder<'b>);

        impl Builder<'_> {
            /// The struct without its schema.
            pub fn raw(&mut self) -> wire::StructBuilder<'_> {
                self.0.lend()
            }
        }

        impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
            fn from(raw: wire::StructBuilder<'b>) -> Self {
                Self(raw)
            }
        }

        impl<'a> Reader<'a> {
            /// The order.
            pub fn order(self) -> Result<super::super::order::Reader<'a>, wire::Error> {
                self.0.structure(0).map(Into::into)
            }

            /// Whether `order` was set.
            #[must_use]
            pub fn has_order(self) -> bool {
                self.0.has(0)
            }

            /// Where.
            pub fn into(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(1)
            }

            /// Whether `into` was set.
            #[must_use]
            pub fn has_into(self) -> bool {
                self.0.has(1)
            }
        }

        impl Builder<'_> {
            /// The order.
            pub fn init_order(&mut self) -> Result<super::super::order::Builder<'_>, wire::Error> {
                self.0.init_struct::<super::super::order::Type>(0)
            }

            /// Where.
            pub fn set_into(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(1, value);
            }
        }
    }

    /// What `Store.put` answers.
    pub mod put_results {
        use isthmus_schema::wire;

        /// `Store.put$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfa80e147504732fe;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Store.put$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
        #[derive(Debug, Clone, Copy)]
        pub struct Reader<'a>(wire::StructReader<'a>);

        impl<'a> Reader<'a> {
            /// The struct without its schema.
            #[must_use]
            pub const fn raw(self) -> wire::StructReader<'a> {
                self.0
            }
        }

        impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
            fn from(raw: wire::StructReader<'a>) -> Self {
                Self(raw)
            }
        }

        impl<'a> wire::Element<'a> for Reader<'a> {
            fn fits(list: &wire::RawList<'a>) -> bool {
                <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
            }

            fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
                <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
            }
        }

        /// Writes `Store.put$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
        #[derive(Debug)]
        pub struct Builder<'b>(wire::StructBuilder<'b>);

        impl Builder<'_> {
            /// The struct without its schema.
            pub fn raw(&mut self) -> wire::StructBuilder<'_> {
                self.0.lend()
            }
        }

        impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
            fn from(raw: wire::StructBuilder<'b>) -> Self {
                Self(raw)
            }
        }

        impl<'a> Reader<'a> {
            /// Its number.
            #[must_use]
            pub fn number(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// Its number.
            pub fn set_number(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `Store.flush` is called with.
    pub mod flush_params {
        use isthmus_schema::wire;

        /// `Store.flush$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x8470a8a475578c97;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Store.flush$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
        #[derive(Debug, Clone, Copy)]
        pub struct Reader<'a>(wire::StructReader<'a>);

        impl<'a> Reader<'a> {
            /// The struct without its schema.
            #[must_use]
            pub const fn raw(self) -> wire::StructReader<'a> {
                self.0
            }
        }

        impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
            fn from(raw: wire::StructReader<'a>) -> Self {
                Self(raw)
            }
        }

        impl<'a> wire::Element<'a> for Reader<'a> {
            fn fits(list: &wire::RawList<'a>) -> bool {
                <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
            }

            fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
                <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
            }
        }

        /// Writes `Store.flush$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
        #[derive(Debug)]
        pub struct Builder<'b>(wire::StructBuilder<'b>);

        impl Builder<'_> {
            /// The struct without its schema.
            pub fn raw(&mut self) -> wire::StructBuilder<'_> {
                self.0.lend()
            }
        }

        impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
            fn from(raw: wire::StructBuilder<'b>) -> Self {
                Self(raw)
            }
        }
    }

    /// What `Store.flush` answers.
    pub mod flush_results {
        use isthmus_schema::wire;

        /// `Store.flush$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe3906ea4cd44923c;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Store.flush$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
        #[derive(Debug, Clone, Copy)]
        pub struct Reader<'a>(wire::StructReader<'a>);

        impl<'a> Reader<'a> {
            /// The struct without its schema.
            #[must_use]
            pub const fn raw(self) -> wire::StructReader<'a> {
                self.0
            }
        }

        impl<'a> From<wire::StructReader<'a>> for Reader<'a> {
            fn from(raw: wire::StructReader<'a>) -> Self {
                Self(raw)
            }
        }

        impl<'a> wire::Element<'a> for Reader<'a> {
            fn fits(list: &wire::RawList<'a>) -> bool {
                <wire::StructReader<'a> as wire::Element<'a>>::fits(list)
            }

            fn read(list: &wire::RawList<'a>, index: u32) -> Result<Self, wire::Error> {
                <wire::StructReader<'a> as wire::Element<'a>>::read(list, index).map(Self)
            }
        }

        /// Writes `Store.flush$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
        #[derive(Debug)]
        pub struct Builder<'b>(wire::StructBuilder<'b>);

        impl Builder<'_> {
            /// The struct without its schema.
            pub fn raw(&mut self) -> wire::StructBuilder<'_> {
                self.0.lend()
            }
        }

        impl<'b> From<wire::StructBuilder<'b>> for Builder<'b> {
            fn from(raw: wire::StructBuilder<'b>) -> Self {
                Self(raw)
            }
        }
    }
}
