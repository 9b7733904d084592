//! Generated from `byte_stream.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// Two streams of bytes, one to the object and one from it, in order and without loss: a connection, a pipe, a file being
/// read. The two directions end on their own. Dropping the last capability aborts what has not ended.
pub mod byte_stream {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `ByteStream`.
    pub const ID: u64 = 0x93b11c8ce14bddb2;
    /// Its name in the schema.
    pub const NAME: &str = "ByteStream";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "read",
            params: 0xc32bb2484bc5d229,
            results: 0xb39846ada329f450,
        },
        call::MethodInfo {
            method: 1,
            name: "write",
            params: 0xcf00dd3521525990,
            results: 0xa1bdd5447a8450d3,
        },
        call::MethodInfo {
            method: 2,
            name: "finish",
            params: 0xa5459373f40e889d,
            results: 0xd6d44f541b337950,
        },
        call::MethodInfo {
            method: 3,
            name: "abort",
            params: 0xcb91fb3a17b9696c,
            results: 0xc20bd755ca3f21b1,
        },
    ];

    /// Method `ByteStream.read`.
    #[derive(Debug, Clone, Copy)]
    pub enum Read {}

    impl call::Method for Read {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "ByteStream.read";
        type Params = read_params::Type;
        type Results = read_results::Type;
    }

    /// Method `ByteStream.write`.
    #[derive(Debug, Clone, Copy)]
    pub enum Write {}

    impl call::Method for Write {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "ByteStream.write";
        type Params = write_params::Type;
        type Results = write_results::Type;
    }

    /// Method `ByteStream.finish`.
    #[derive(Debug, Clone, Copy)]
    pub enum Finish {}

    impl call::Method for Finish {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "ByteStream.finish";
        type Params = finish_params::Type;
        type Results = finish_results::Type;
    }

    /// Method `ByteStream.abort`.
    #[derive(Debug, Clone, Copy)]
    pub enum Abort {}

    impl call::Method for Abort {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 3,
        };
        const NAME: &'static str = "ByteStream.abort";
        type Params = abort_params::Type;
        type Results = abort_results::Type;
    }

    /// A call of one of the methods of `ByteStream`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `read`.
        Read(read_params::Reader<'a>),
        /// A call of `write`.
        Write(write_params::Reader<'a>),
        /// A call of `finish`.
        Finish(finish_params::Reader<'a>),
        /// A call of `abort`.
        Abort(abort_params::Reader<'a>),
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
                1 => Self::Write(call::params::<Write>(message)?),
                2 => Self::Finish(call::params::<Finish>(message)?),
                3 => Self::Abort(call::params::<Abort>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `ByteStream`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Waits for at least one byte or the end.
        /// - `most`: how many bytes to take at most; 0 waits for nothing and tells only whether the end was reached.
        /// - `bytes`: 0 to `most` bytes; empty only at the end, or if `most` is 0.
        /// - `end`: whether nothing comes after `bytes`. It stays true from then on.
        fn read(
            &self,
            context: &mut X,
            params: read_params::Reader<'_>,
            results: read_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Read>().into())
        }

        /// Writes, and waits until at least one byte is taken. Writing after `finish` fails.
        /// - `bytes`: what to write; may be empty.
        /// - `written`: how many bytes were taken, from the first; 0 only if `bytes` is empty.
        fn write(
            &self,
            context: &mut X,
            params: write_params::Reader<'_>,
            results: write_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Write>().into())
        }

        /// Ends the stream to the object; answers when everything before it was handed on. Doing it again does nothing.
        fn finish(
            &self,
            context: &mut X,
            params: finish_params::Reader<'_>,
            results: finish_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Finish>().into())
        }

        /// Ends both directions now. Calls that wait on the stream fail.
        /// - `reason`: words for the other end's log, at most 200 bytes; may be empty.
        fn abort(
            &self,
            context: &mut X,
            params: abort_params::Reader<'_>,
            results: abort_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Abort>().into())
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
            1 => server.write(
                context,
                call::params::<Write>(&message)?,
                call::results::<Write>(&mut answer)?,
            )?,
            2 => server.finish(
                context,
                call::params::<Finish>(&message)?,
                call::results::<Finish>(&mut answer)?,
            )?,
            3 => server.abort(
                context,
                call::params::<Abort>(&message)?,
                call::results::<Abort>(&mut answer)?,
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

    /// Calls an object with the interface `ByteStream` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Waits for at least one byte or the end.
        /// - `most`: how many bytes to take at most; 0 waits for nothing and tells only whether the end was reached.
        /// - `bytes`: 0 to `most` bytes; empty only at the end, or if `most` is 0.
        /// - `end`: whether nothing comes after `bytes`. It stays true from then on.
        pub fn read(
            &self,
            fill: impl FnOnce(
                read_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Read, T::Pending> {
            call::start::<Read, T>(&self.0, fill)
        }

        /// Writes, and waits until at least one byte is taken. Writing after `finish` fails.
        /// - `bytes`: what to write; may be empty.
        /// - `written`: how many bytes were taken, from the first; 0 only if `bytes` is empty.
        pub fn write(
            &self,
            fill: impl FnOnce(
                write_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Write, T::Pending> {
            call::start::<Write, T>(&self.0, fill)
        }

        /// Ends the stream to the object; answers when everything before it was handed on. Doing it again does nothing.
        pub fn finish(&self) -> call::Pending<Finish, T::Pending> {
            call::start::<Finish, T>(&self.0, |_, _| Ok(()))
        }

        /// Ends both directions now. Calls that wait on the stream fail.
        /// - `reason`: words for the other end's log, at most 200 bytes; may be empty.
        pub fn abort(
            &self,
            fill: impl FnOnce(
                abort_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Abort, T::Pending> {
            call::start::<Abort, T>(&self.0, fill)
        }
    }

    /// What `ByteStream.read` is called with.
    pub mod read_params {
        use isthmus_schema::wire;

        /// `ByteStream.read$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xc32bb2484bc5d229;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.read$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.read$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How many bytes to take at most; 0 waits for nothing and tells only whether the end was reached.
            #[must_use]
            pub fn most(self) -> u32 {
                self.0.u32(0, 0)
            }
        }

        impl Builder<'_> {
            /// How many bytes to take at most; 0 waits for nothing and tells only whether the end was reached.
            pub fn set_most(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `ByteStream.read` answers.
    pub mod read_results {
        use isthmus_schema::wire;

        /// `ByteStream.read$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb39846ada329f450;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.read$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.read$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// 0 to `most` bytes; empty only at the end, or if `most` is 0.
            pub fn bytes(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `bytes` was set.
            #[must_use]
            pub fn has_bytes(self) -> bool {
                self.0.has(0)
            }

            /// Whether nothing comes after `bytes`. It stays true from then on.
            #[must_use]
            pub fn end(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// 0 to `most` bytes; empty only at the end, or if `most` is 0.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// Whether nothing comes after `bytes`. It stays true from then on.
            pub fn set_end(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `ByteStream.write` is called with.
    pub mod write_params {
        use isthmus_schema::wire;

        /// `ByteStream.write$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xcf00dd3521525990;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.write$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.write$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// What to write; may be empty.
            pub fn bytes(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `bytes` was set.
            #[must_use]
            pub fn has_bytes(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// What to write; may be empty.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }
        }
    }

    /// What `ByteStream.write` answers.
    pub mod write_results {
        use isthmus_schema::wire;

        /// `ByteStream.write$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa1bdd5447a8450d3;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.write$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.write$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How many bytes were taken, from the first; 0 only if `bytes` is empty.
            #[must_use]
            pub fn written(self) -> u32 {
                self.0.u32(0, 0)
            }
        }

        impl Builder<'_> {
            /// How many bytes were taken, from the first; 0 only if `bytes` is empty.
            pub fn set_written(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `ByteStream.finish` is called with.
    pub mod finish_params {
        use isthmus_schema::wire;

        /// `ByteStream.finish$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa5459373f40e889d;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.finish$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.finish$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `ByteStream.finish` answers.
    pub mod finish_results {
        use isthmus_schema::wire;

        /// `ByteStream.finish$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd6d44f541b337950;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.finish$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.finish$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `ByteStream.abort` is called with.
    pub mod abort_params {
        use isthmus_schema::wire;

        /// `ByteStream.abort$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xcb91fb3a17b9696c;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.abort$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.abort$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Words for the other end's log, at most 200 bytes; may be empty.
            pub fn reason(self) -> Result<&'a str, wire::Error> {
                self.0.text(0, "")
            }

            /// Whether `reason` was set.
            #[must_use]
            pub fn has_reason(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// Words for the other end's log, at most 200 bytes; may be empty.
            pub fn set_reason(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
        }
    }

    /// What `ByteStream.abort` answers.
    pub mod abort_results {
        use isthmus_schema::wire;

        /// `ByteStream.abort$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xc20bd755ca3f21b1;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `ByteStream.abort$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `ByteStream.abort$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
