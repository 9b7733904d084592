//! Generated from `v2.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Colour(pub u16);

impl Colour {
    /// Red.
    pub const RED: Self = Self(0);
    /// Green.
    pub const GREEN: Self = Self(1);
    /// Blue, which is new.
    pub const BLUE: Self = Self(2);

    /// The enum's Cap'n Proto id.
    pub const ID: u64 = 0xb6ab1fd22bbf1a01;

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("red"),
            1 => Some("green"),
            2 => Some("blue"),

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
        const DATA_WORDS: u16 = 2;
        const POINTERS: u16 = 2;
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

        /// A number, which is new.
        #[must_use]
        pub fn price(self) -> u64 {
            self.0.u64(1, 100)
        }

        /// Texts, which are new.
        pub fn tags(self) -> Result<wire::List<'a, &'a str>, wire::Error> {
            self.0.list(1)
        }

        /// Whether `tags` was set.
        #[must_use]
        pub fn has_tags(self) -> bool {
            self.0.has(1)
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

        /// A number, which is new.
        pub fn set_price(&mut self, value: u64) {
            self.0.set_u64(1, value, 100);
        }

        /// Texts, which are new.
        pub fn init_tags(&mut self, count: u32) -> Result<wire::ListBuilder<'_, str>, wire::Error> {
            self.0.init_list(1, count)
        }
    }
}

/// What a number in a list became.
pub mod number {
    use isthmus_schema::wire;

    /// `Number` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xb6ab1fd22bbf1a06;
        const DATA_WORDS: u16 = 1;
        const POINTERS: u16 = 1;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `Number`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `Number`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// The number it was.
        #[must_use]
        pub fn value(self) -> u32 {
            self.0.u32(0, 0)
        }

        /// Text, which is new.
        pub fn unit(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "litres")
        }

        /// Whether `unit` was set.
        #[must_use]
        pub fn has_unit(self) -> bool {
            self.0.has(0)
        }
    }

    impl Builder<'_> {
        /// The number it was.
        pub fn set_value(&mut self, value: u32) {
            self.0.set_u32(0, value, 0);
        }

        /// Text, which is new.
        pub fn set_unit(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
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
        const DATA_WORDS: u16 = 6;
        const POINTERS: u16 = 16;
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

        /// Structs, which were numbers.
        pub fn numbers(self) -> Result<wire::List<'a, super::number::Reader<'a>>, wire::Error> {
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

        /// A number, which is new.
        #[must_use]
        pub fn added(self) -> u32 {
            self.0.u32(10, 42)
        }

        /// Text, which is new.
        pub fn note(self) -> Result<&'a str, wire::Error> {
            self.0.text(15, "none")
        }

        /// Whether `note` was set.
        #[must_use]
        pub fn has_note(self) -> bool {
            self.0.has(15)
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
        /// Structs, a member that is new.
        Many(wire::List<'a, super::item::Reader<'a>>),

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
                4 => Which::Many(self.0.list(9)?),

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

        /// Structs, which were numbers.
        pub fn init_numbers(
            &mut self,
            count: u32,
        ) -> Result<wire::StructListBuilder<'_, super::number::Type>, wire::Error> {
            self.0.init_structs(2, count)
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

        /// Structs, a member that is new.
        pub fn init_many(
            &mut self,
            count: u32,
        ) -> Result<wire::StructListBuilder<'_, super::item::Type>, wire::Error> {
            self.0.set_u16(16, 4, 0);
            self.0.init_structs(9, count)
        }

        /// A number, which is new.
        pub fn set_added(&mut self, value: u32) {
            self.0.set_u32(10, value, 42);
        }

        /// Text, which is new.
        pub fn set_note(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(15, value)
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
            const DATA_WORDS: u16 = 6;
            const POINTERS: u16 = 16;
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

            /// A number, which is new.
            #[must_use]
            pub fn z(self) -> i32 {
                self.0.i32(11, -1)
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

            /// A number, which is new.
            pub fn set_z(&mut self, value: i32) {
                self.0.set_i32(11, value, -1);
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

    /// What is in the union of `Choice`.
    #[derive(Debug, Clone, Copy)]
    pub enum Which {
        /// A number, which was alone.
        Amount(u32),
        /// A member, which is new.
        All,

        /// A member that this schema does not have, by its number.
        Unknown(u16),
    }

    impl<'a> Reader<'a> {
        /// What is in the union. A member that this schema does not have is [`Which::Unknown`].
        pub fn which(self) -> Result<Which, wire::Error> {
            Ok(match self.0.u16(2, 0) {
                0 => Which::Amount(self.0.u32(0, 0)),
                1 => Which::All,

                unknown => Which::Unknown(unknown),
            })
        }
    }

    impl Builder<'_> {
        /// A number, which was alone.
        pub fn set_amount(&mut self, value: u32) {
            self.0.set_u16(2, 0, 0);
            self.0.set_u32(0, value, 0);
        }

        /// A member, which is new.
        pub fn set_all(&mut self) {
            self.0.set_u16(2, 1, 0);
        }
    }
}

/// An interface, which is new.
pub mod base {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Base`.
    pub const ID: u64 = 0xb6ab1fd22bbf1a07;
    /// Its name in the schema.
    pub const NAME: &str = "Base";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[call::MethodInfo {
        method: 0,
        name: "name",
        params: 0xfb381f95bf2d0f46,
        results: 0xe12e1fff9d3f700f,
    }];

    /// Method `Base.name`.
    #[derive(Debug, Clone, Copy)]
    pub enum Name {}

    impl call::Method for Name {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Base.name";
        type Params = name_params::Type;
        type Results = name_results::Type;
    }

    /// A call of one of the methods of `Base`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `name`.
        Name(name_params::Reader<'a>),
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
                0 => Self::Name(call::params::<Name>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Base`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Tells its name.
        /// - `name`: the name.
        fn name(
            &self,
            context: &mut X,
            params: name_params::Reader<'_>,
            results: name_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Name>().into())
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
            0 => server.name(
                context,
                call::params::<Name>(&message)?,
                call::results::<Name>(&mut answer)?,
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

    /// Calls an object with the interface `Base` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Tells its name.
        /// - `name`: the name.
        pub fn name(&self) -> call::Pending<Name, T::Pending> {
            call::start::<Name, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `Base.name` is called with.
    pub mod name_params {
        use isthmus_schema::wire;

        /// `Base.name$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfb381f95bf2d0f46;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Base.name$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Base.name$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Base.name` answers.
    pub mod name_results {
        use isthmus_schema::wire;

        /// `Base.name$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe12e1fff9d3f700f;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Base.name$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Base.name$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The name.
            pub fn name(self) -> Result<&'a str, wire::Error> {
                self.0.text(0, "")
            }

            /// Whether `name` was set.
            #[must_use]
            pub fn has_name(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// The name.
            pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
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
    pub const EXTENDS: &[u64] = &[0xb6ab1fd22bbf1a07];
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
        call::MethodInfo {
            method: 2,
            name: "take",
            params: 0xa2721c26589692aa,
            results: 0xe2267bf0473969a1,
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

    /// Method `Store.take`.
    #[derive(Debug, Clone, Copy)]
    pub enum Take {}

    impl call::Method for Take {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "Store.take";
        type Params = take_params::Type;
        type Results = take_results::Type;
    }

    /// A call of one of the methods of `Store`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `put`.
        Put(put_params::Reader<'a>),
        /// A call of `flush`.
        Flush(flush_params::Reader<'a>),
        /// A call of `take`.
        Take(take_params::Reader<'a>),
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
                2 => Self::Take(call::params::<Take>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Store`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>>: super::base::Server<X, E> {
        /// Keeps an order.
        /// - `order`: the order.
        /// - `into`: where.
        /// - `hurry`: a bit, which is new.
        /// - `number`: its number.
        /// - `late`: a bit, which is new.
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

        /// Gives an order back, which is new.
        /// - `number`: its number.
        /// - `order`: the order.
        fn take(
            &self,
            context: &mut X,
            params: take_params::Reader<'_>,
            results: take_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Take>().into())
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
        if method.interface == super::base::ID || super::base::EXTENDS.contains(&method.interface) {
            return super::base::dispatch::<X, E, S>(server, method, params, context, results);
        }
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
            2 => server.take(
                context,
                call::params::<Take>(&message)?,
                call::results::<Take>(&mut answer)?,
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
        /// - `hurry`: a bit, which is new.
        /// - `number`: its number.
        /// - `late`: a bit, which is new.
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

        /// Gives an order back, which is new.
        /// - `number`: its number.
        /// - `order`: the order.
        pub fn take(
            &self,
            fill: impl FnOnce(
                take_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Take, T::Pending> {
            call::start::<Take, T>(&self.0, fill)
        }

        /// The methods of `Base`.
        pub const fn as_base(&self) -> super::base::Client<&T> {
            super::base::Client(&self.0)
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
            const DATA_WORDS: u16 = 1;
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

            /// A bit, which is new.
            #[must_use]
            pub fn hurry(self) -> bool {
                self.0.bool(0, false)
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

            /// A bit, which is new.
            pub fn set_hurry(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
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
            const DATA_WORDS: u16 = 2;
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

            /// A bit, which is new.
            #[must_use]
            pub fn late(self) -> bool {
                self.0.bool(64, false)
            }
        }

        impl Builder<'_> {
            /// Its number.
            pub fn set_number(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// A bit, which is new.
            pub fn set_late(&mut self, value: bool) {
                self.0.set_bool(64, value, false);
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

    /// What `Store.take` is called with.
    pub mod take_params {
        use isthmus_schema::wire;

        /// `Store.take$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa2721c26589692aa;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Store.take$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Store.take$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Store.take` answers.
    pub mod take_results {
        use isthmus_schema::wire;

        /// `Store.take$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe2267bf0473969a1;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Store.take$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Store.take$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        }

        impl Builder<'_> {
            /// The order.
            pub fn init_order(&mut self) -> Result<super::super::order::Builder<'_>, wire::Error> {
                self.0.init_struct::<super::super::order::Type>(0)
            }
        }
    }
}
