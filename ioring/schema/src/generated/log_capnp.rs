//! Generated from `log.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// How much an entry matters. A level that a reader does not know is to be treated as `info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogLevel(pub u16);

impl LogLevel {
    /// Something failed, and someone has to look.
    pub const ERROR: Self = Self(0);
    /// Something is not as it should be; work goes on.
    pub const WARN: Self = Self(1);
    /// What an operator wants to see.
    pub const INFO: Self = Self(2);
    /// What a developer wants to see.
    pub const DEBUG: Self = Self(3);
    /// Everything.
    pub const TRACE: Self = Self(4);

    /// The enum's Cap'n Proto id.
    pub const ID: u64 = 0xda0b19438aadb62e;

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("error"),
            1 => Some("warn"),
            2 => Some("info"),
            3 => Some("debug"),
            4 => Some("trace"),

            _ => None,
        }
    }
}

impl<'a> isthmus_schema::wire::Element<'a> for LogLevel {
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

impl isthmus_schema::wire::Put for LogLevel {
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

/// A value with a name, for programs that read logs.
pub mod log_field {
    use isthmus_schema::wire;

    /// `LogField` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0x949bae5b86fa69cb;
        const DATA_WORDS: u16 = 2;
        const POINTERS: u16 = 2;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `LogField`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `LogField`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// What the value is called, 1 to 64 bytes; the same name may occur more than once.
        pub fn name(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "")
        }

        /// Whether `name` was set.
        #[must_use]
        pub fn has_name(self) -> bool {
            self.0.has(0)
        }

        /// The value. A reader that does not know the member shows the name alone.
        #[must_use]
        pub fn value(self) -> value::Reader<'a> {
            self.0.into()
        }
    }

    impl Builder<'_> {
        /// What the value is called, 1 to 64 bytes; the same name may occur more than once.
        pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// The value. A reader that does not know the member shows the name alone.
        pub fn init_value(&mut self) -> value::Builder<'_> {
            self.0.lend().into()
        }
    }

    /// The value. A reader that does not know the member shows the name alone.
    pub mod value {
        use isthmus_schema::wire;

        /// `LogField.value` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd0a1f3ed3f677a1f;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 2;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `LogField.value`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `LogField.value`. What needs room fails with [`wire::Error::Full`] when there is none.
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

        /// What is in the union of `LogField.value`.
        #[derive(Debug, Clone, Copy)]
        pub enum Which<'a> {
            /// Text for people.
            Text(&'a str),
            /// A number.
            Unsigned(u64),
            /// A number that may be below zero.
            Signed(i64),
            /// Yes or no.
            Flag(bool),
            /// Bytes that are no text.
            Bytes(&'a [u8]),

            /// A member that this schema does not have, by its number.
            Unknown(u16),
        }

        impl<'a> Reader<'a> {
            /// What is in the union. A member that this schema does not have is [`Which::Unknown`].
            pub fn which(self) -> Result<Which<'a>, wire::Error> {
                Ok(match self.0.u16(0, 0) {
                    0 => Which::Text(self.0.text(1, "")?),
                    1 => Which::Unsigned(self.0.u64(1, 0)),
                    2 => Which::Signed(self.0.i64(1, 0)),
                    3 => Which::Flag(self.0.bool(64, false)),
                    4 => Which::Bytes(self.0.data(1, &[])?),

                    unknown => Which::Unknown(unknown),
                })
            }
        }

        impl Builder<'_> {
            /// Text for people.
            pub fn set_text(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_u16(0, 0, 0);
                self.0.set_text(1, value)
            }

            /// A number.
            pub fn set_unsigned(&mut self, value: u64) {
                self.0.set_u16(0, 1, 0);
                self.0.set_u64(1, value, 0);
            }

            /// A number that may be below zero.
            pub fn set_signed(&mut self, value: i64) {
                self.0.set_u16(0, 2, 0);
                self.0.set_i64(1, value, 0);
            }

            /// Yes or no.
            pub fn set_flag(&mut self, value: bool) {
                self.0.set_u16(0, 3, 0);
                self.0.set_bool(64, value, false);
            }

            /// Bytes that are no text.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_u16(0, 4, 0);
                self.0.set_data(1, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.set_u16(0, 4, 0);
                self.0.init_data(1, length)
            }
        }
    }
}

/// An entry as it was kept. Sequence, instant and source are the log's own words, everything else the writer's.
pub mod log_entry {
    use isthmus_schema::wire;

    /// `LogEntry` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xa8a107b5c6089a89;
        const DATA_WORDS: u16 = 3;
        const POINTERS: u16 = 3;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `LogEntry`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `LogEntry`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// Place in the log: the first entry has 1, and each one more than the one before.
        #[must_use]
        pub fn sequence(self) -> u64 {
            self.0.u64(0, 0)
        }

        /// When it was written, in nanoseconds since the machine booted.
        #[must_use]
        pub fn instant(self) -> u64 {
            self.0.u64(1, 0)
        }

        /// How much it matters.
        #[must_use]
        pub fn level(self) -> super::LogLevel {
            super::LogLevel(self.0.u16(8, 2))
        }

        /// Who wrote it: the name by which the log's owner knows the capability it came through.
        pub fn source(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "")
        }

        /// Whether `source` was set.
        #[must_use]
        pub fn has_source(self) -> bool {
            self.0.has(0)
        }

        /// What happened, one line without its end.
        pub fn text(self) -> Result<&'a str, wire::Error> {
            self.0.text(1, "")
        }

        /// Whether `text` was set.
        #[must_use]
        pub fn has_text(self) -> bool {
            self.0.has(1)
        }

        /// Values that belong to it.
        pub fn fields(self) -> Result<wire::List<'a, super::log_field::Reader<'a>>, wire::Error> {
            self.0.list(2)
        }

        /// Whether `fields` was set.
        #[must_use]
        pub fn has_fields(self) -> bool {
            self.0.has(2)
        }
    }

    impl Builder<'_> {
        /// Place in the log: the first entry has 1, and each one more than the one before.
        pub fn set_sequence(&mut self, value: u64) {
            self.0.set_u64(0, value, 0);
        }

        /// When it was written, in nanoseconds since the machine booted.
        pub fn set_instant(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }

        /// How much it matters.
        pub fn set_level(&mut self, value: super::LogLevel) {
            self.0.set_u16(8, value.0, 2);
        }

        /// Who wrote it: the name by which the log's owner knows the capability it came through.
        pub fn set_source(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// What happened, one line without its end.
        pub fn set_text(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(1, value)
        }

        /// Values that belong to it.
        pub fn init_fields(
            &mut self,
            count: u32,
        ) -> Result<wire::StructListBuilder<'_, super::log_field::Type>, wire::Error> {
            self.0.init_structs(2, count)
        }
    }
}

/// The end of a log that is written to.
pub mod log {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Log`.
    pub const ID: u64 = 0xf6c418a9c2b456f6;
    /// Its name in the schema.
    pub const NAME: &str = "Log";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[call::MethodInfo {
        method: 0,
        name: "write",
        params: 0x85cb2e186d8200dd,
        results: 0xa09be29d5097623f,
    }];

    /// Method `Log.write`.
    #[derive(Debug, Clone, Copy)]
    pub enum Write {}

    impl call::Method for Write {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Log.write";
        type Params = write_params::Type;
        type Results = write_results::Type;
    }

    /// A call of one of the methods of `Log`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `write`.
        Write(write_params::Reader<'a>),
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
                0 => Self::Write(call::params::<Write>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Log`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Appends an entry.
        /// - `level`: how much it matters.
        /// - `text`: what happened, one line without its end. The log may cut it at a character's end.
        /// - `fields`: values that belong to it. The log may leave out the last ones.
        /// - `sequence`: the entry's place in the log; 0 if the log does not keep entries of this level.
        fn write(
            &self,
            context: &mut X,
            params: write_params::Reader<'_>,
            results: write_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Write>().into())
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
            0 => server.write(
                context,
                call::params::<Write>(&message)?,
                call::results::<Write>(&mut answer)?,
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

    /// Calls an object with the interface `Log` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Appends an entry.
        /// - `level`: how much it matters.
        /// - `text`: what happened, one line without its end. The log may cut it at a character's end.
        /// - `fields`: values that belong to it. The log may leave out the last ones.
        /// - `sequence`: the entry's place in the log; 0 if the log does not keep entries of this level.
        pub fn write(
            &self,
            fill: impl FnOnce(
                write_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Write, T::Pending> {
            call::start::<Write, T>(&self.0, fill)
        }
    }

    /// What `Log.write` is called with.
    pub mod write_params {
        use isthmus_schema::wire;

        /// `Log.write$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x85cb2e186d8200dd;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 2;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Log.write$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Log.write$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How much it matters.
            #[must_use]
            pub fn level(self) -> super::super::LogLevel {
                super::super::LogLevel(self.0.u16(0, 2))
            }

            /// What happened, one line without its end. The log may cut it at a character's end.
            pub fn text(self) -> Result<&'a str, wire::Error> {
                self.0.text(0, "")
            }

            /// Whether `text` was set.
            #[must_use]
            pub fn has_text(self) -> bool {
                self.0.has(0)
            }

            /// Values that belong to it. The log may leave out the last ones.
            pub fn fields(
                self,
            ) -> Result<wire::List<'a, super::super::log_field::Reader<'a>>, wire::Error>
            {
                self.0.list(1)
            }

            /// Whether `fields` was set.
            #[must_use]
            pub fn has_fields(self) -> bool {
                self.0.has(1)
            }
        }

        impl Builder<'_> {
            /// How much it matters.
            pub fn set_level(&mut self, value: super::super::LogLevel) {
                self.0.set_u16(0, value.0, 2);
            }

            /// What happened, one line without its end. The log may cut it at a character's end.
            pub fn set_text(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }

            /// Values that belong to it. The log may leave out the last ones.
            pub fn init_fields(
                &mut self,
                count: u32,
            ) -> Result<wire::StructListBuilder<'_, super::super::log_field::Type>, wire::Error>
            {
                self.0.init_structs(1, count)
            }
        }
    }

    /// What `Log.write` answers.
    pub mod write_results {
        use isthmus_schema::wire;

        /// `Log.write$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa09be29d5097623f;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Log.write$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Log.write$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The entry's place in the log; 0 if the log does not keep entries of this level.
            #[must_use]
            pub fn sequence(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// The entry's place in the log; 0 if the log does not keep entries of this level.
            pub fn set_sequence(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }
}

/// The end of a log that is read.
pub mod log_reader {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `LogReader`.
    pub const ID: u64 = 0x985c9fd8471da9f3;
    /// Its name in the schema.
    pub const NAME: &str = "LogReader";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[call::MethodInfo {
        method: 0,
        name: "read",
        params: 0xe62ad908d141751f,
        results: 0xa70927fbc8a671da,
    }];

    /// Method `LogReader.read`.
    #[derive(Debug, Clone, Copy)]
    pub enum Read {}

    impl call::Method for Read {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "LogReader.read";
        type Params = read_params::Type;
        type Results = read_results::Type;
    }

    /// A call of one of the methods of `LogReader`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `read`.
        Read(read_params::Reader<'a>),
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
                0 => Self::Read(call::params::<Read>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `LogReader`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Reads entries in the order of their sequence.
        /// - `after`: the sequence of the last entry that the caller has seen; 0 to start with the oldest that is kept.
        /// - `most`: how many entries to give at most; the log may give fewer, and gives what fits the buffer.
        /// - `wait`: whether to wait for an entry if there is none.
        /// - `entries`: the entries; empty if there are none and `wait` is false.
        /// - `lost`: how many entries between `after` and the first one here were written and are no longer kept.
        fn read(
            &self,
            context: &mut X,
            params: read_params::Reader<'_>,
            results: read_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Read>().into())
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
            0 => server.read(
                context,
                call::params::<Read>(&message)?,
                call::results::<Read>(&mut answer)?,
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

    /// Calls an object with the interface `LogReader` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Reads entries in the order of their sequence.
        /// - `after`: the sequence of the last entry that the caller has seen; 0 to start with the oldest that is kept.
        /// - `most`: how many entries to give at most; the log may give fewer, and gives what fits the buffer.
        /// - `wait`: whether to wait for an entry if there is none.
        /// - `entries`: the entries; empty if there are none and `wait` is false.
        /// - `lost`: how many entries between `after` and the first one here were written and are no longer kept.
        pub fn read(
            &self,
            fill: impl FnOnce(
                read_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Read, T::Pending> {
            call::start::<Read, T>(&self.0, fill)
        }
    }

    /// What `LogReader.read` is called with.
    pub mod read_params {
        use isthmus_schema::wire;

        /// `LogReader.read$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe62ad908d141751f;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `LogReader.read$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `LogReader.read$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The sequence of the last entry that the caller has seen; 0 to start with the oldest that is kept.
            #[must_use]
            pub fn after(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// How many entries to give at most; the log may give fewer, and gives what fits the buffer.
            #[must_use]
            pub fn most(self) -> u32 {
                self.0.u32(2, 0)
            }

            /// Whether to wait for an entry if there is none.
            #[must_use]
            pub fn wait(self) -> bool {
                self.0.bool(96, false)
            }
        }

        impl Builder<'_> {
            /// The sequence of the last entry that the caller has seen; 0 to start with the oldest that is kept.
            pub fn set_after(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// How many entries to give at most; the log may give fewer, and gives what fits the buffer.
            pub fn set_most(&mut self, value: u32) {
                self.0.set_u32(2, value, 0);
            }

            /// Whether to wait for an entry if there is none.
            pub fn set_wait(&mut self, value: bool) {
                self.0.set_bool(96, value, false);
            }
        }
    }

    /// What `LogReader.read` answers.
    pub mod read_results {
        use isthmus_schema::wire;

        /// `LogReader.read$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa70927fbc8a671da;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `LogReader.read$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `LogReader.read$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The entries; empty if there are none and `wait` is false.
            pub fn entries(
                self,
            ) -> Result<wire::List<'a, super::super::log_entry::Reader<'a>>, wire::Error>
            {
                self.0.list(0)
            }

            /// Whether `entries` was set.
            #[must_use]
            pub fn has_entries(self) -> bool {
                self.0.has(0)
            }

            /// How many entries between `after` and the first one here were written and are no longer kept.
            #[must_use]
            pub fn lost(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// The entries; empty if there are none and `wait` is false.
            pub fn init_entries(
                &mut self,
                count: u32,
            ) -> Result<wire::StructListBuilder<'_, super::super::log_entry::Type>, wire::Error>
            {
                self.0.init_structs(0, count)
            }

            /// How many entries between `after` and the first one here were written and are no longer kept.
            pub fn set_lost(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }
}
