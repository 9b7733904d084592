//! Generated from `console.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// A terminal: bytes to a screen, bytes from a keyboard. What they mean (UTF-8, escape sequences) is between whoever writes
/// and whoever looks; the console passes them on unchanged. Holders of the same console may interleave at any byte.
pub mod console {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Console`.
    pub const ID: u64 = 0xf3a872b7b8e3d35c;
    /// Its name in the schema.
    pub const NAME: &str = "Console";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "write",
            params: 0x84aff0b17a3f8dd5,
            results: 0xa113fe5f533ca68d,
        },
        call::MethodInfo {
            method: 1,
            name: "read",
            params: 0xf44fd6b99ca597e1,
            results: 0xea5c4b7db568603f,
        },
    ];

    /// Method `Console.write`.
    #[derive(Debug, Clone, Copy)]
    pub enum Write {}

    impl call::Method for Write {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Console.write";
        type Params = write_params::Type;
        type Results = write_results::Type;
    }

    /// Method `Console.read`.
    #[derive(Debug, Clone, Copy)]
    pub enum Read {}

    impl call::Method for Read {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "Console.read";
        type Params = read_params::Type;
        type Results = read_results::Type;
    }

    /// A call of one of the methods of `Console`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `write`.
        Write(write_params::Reader<'a>),
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
                0 => Self::Write(call::params::<Write>(message)?),
                1 => Self::Read(call::params::<Read>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Console`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Writes, in order with earlier writes through the same capability.
        /// - `bytes`: what to write; may be empty.
        /// - `written`: how many bytes were taken, from the first; 0 to the length of `bytes`, less than that when the console is
        ///   slower than its writers. What was taken is not lost unless the console is.
        fn write(
            &self,
            context: &mut X,
            params: write_params::Reader<'_>,
            results: write_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Write>().into())
        }

        /// Waits for at least one byte of input and takes what is there.
        /// - `most`: how many bytes to take at most; 0 asks for none and returns at once. The console may take fewer.
        /// - `bytes`: 0 to `most` bytes, in the order of their arrival; empty if `most` is 0, or if there will be no more input.
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
            0 => server.write(
                context,
                call::params::<Write>(&message)?,
                call::results::<Write>(&mut answer)?,
            )?,
            1 => server.read(
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

    /// Calls an object with the interface `Console` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Writes, in order with earlier writes through the same capability.
        /// - `bytes`: what to write; may be empty.
        /// - `written`: how many bytes were taken, from the first; 0 to the length of `bytes`, less than that when the console is
        ///   slower than its writers. What was taken is not lost unless the console is.
        pub fn write(
            &self,
            fill: impl FnOnce(
                write_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Write, T::Pending> {
            call::start::<Write, T>(&self.0, fill)
        }

        /// Waits for at least one byte of input and takes what is there.
        /// - `most`: how many bytes to take at most; 0 asks for none and returns at once. The console may take fewer.
        /// - `bytes`: 0 to `most` bytes, in the order of their arrival; empty if `most` is 0, or if there will be no more input.
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

    /// What `Console.write` is called with.
    pub mod write_params {
        use isthmus_schema::wire;

        /// `Console.write$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x84aff0b17a3f8dd5;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Console.write$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Console.write$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Console.write` answers.
    pub mod write_results {
        use isthmus_schema::wire;

        /// `Console.write$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa113fe5f533ca68d;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Console.write$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Console.write$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How many bytes were taken, from the first; 0 to the length of `bytes`, less than that when the console is
            /// slower than its writers. What was taken is not lost unless the console is.
            #[must_use]
            pub fn written(self) -> u32 {
                self.0.u32(0, 0)
            }
        }

        impl Builder<'_> {
            /// How many bytes were taken, from the first; 0 to the length of `bytes`, less than that when the console is
            /// slower than its writers. What was taken is not lost unless the console is.
            pub fn set_written(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `Console.read` is called with.
    pub mod read_params {
        use isthmus_schema::wire;

        /// `Console.read$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xf44fd6b99ca597e1;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Console.read$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Console.read$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How many bytes to take at most; 0 asks for none and returns at once. The console may take fewer.
            #[must_use]
            pub fn most(self) -> u32 {
                self.0.u32(0, 0)
            }
        }

        impl Builder<'_> {
            /// How many bytes to take at most; 0 asks for none and returns at once. The console may take fewer.
            pub fn set_most(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `Console.read` answers.
    pub mod read_results {
        use isthmus_schema::wire;

        /// `Console.read$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xea5c4b7db568603f;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Console.read$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Console.read$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// 0 to `most` bytes, in the order of their arrival; empty if `most` is 0, or if there will be no more input.
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
            /// 0 to `most` bytes, in the order of their arrival; empty if `most` is 0, or if there will be no more input.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }
        }
    }
}
