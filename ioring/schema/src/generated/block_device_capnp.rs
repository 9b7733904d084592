//! Generated from `block_device.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// Blocks of one size, numbered from 0. Calls that do not touch the same blocks may be done in any order; calls that do are done
/// in the order in which they arrived. A range that is not wholly on the device fails the call, and nothing is done.
pub mod block_device {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `BlockDevice`.
    pub const ID: u64 = 0xccb99fb6e7f5d43f;
    /// Its name in the schema.
    pub const NAME: &str = "BlockDevice";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "geometry",
            params: 0x88b3f16d85e1bb54,
            results: 0xee0a3bdcb3107434,
        },
        call::MethodInfo {
            method: 1,
            name: "read",
            params: 0x82adb9c7ee9ee410,
            results: 0xc5418f4d70131074,
        },
        call::MethodInfo {
            method: 2,
            name: "write",
            params: 0xae684312d8456608,
            results: 0xa44480ae392ffbac,
        },
        call::MethodInfo {
            method: 3,
            name: "flush",
            params: 0xe072f5a8998e0c24,
            results: 0xd9a96a333359e866,
        },
        call::MethodInfo {
            method: 4,
            name: "discard",
            params: 0xd3638bf4d923f84a,
            results: 0xfb1a31ddbcf8f811,
        },
    ];

    /// Method `BlockDevice.geometry`.
    #[derive(Debug, Clone, Copy)]
    pub enum Geometry {}

    impl call::Method for Geometry {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "BlockDevice.geometry";
        type Params = geometry_params::Type;
        type Results = geometry_results::Type;
    }

    /// Method `BlockDevice.read`.
    #[derive(Debug, Clone, Copy)]
    pub enum Read {}

    impl call::Method for Read {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "BlockDevice.read";
        type Params = read_params::Type;
        type Results = read_results::Type;
    }

    /// Method `BlockDevice.write`.
    #[derive(Debug, Clone, Copy)]
    pub enum Write {}

    impl call::Method for Write {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "BlockDevice.write";
        type Params = write_params::Type;
        type Results = write_results::Type;
    }

    /// Method `BlockDevice.flush`.
    #[derive(Debug, Clone, Copy)]
    pub enum Flush {}

    impl call::Method for Flush {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 3,
        };
        const NAME: &'static str = "BlockDevice.flush";
        type Params = flush_params::Type;
        type Results = flush_results::Type;
    }

    /// Method `BlockDevice.discard`.
    #[derive(Debug, Clone, Copy)]
    pub enum Discard {}

    impl call::Method for Discard {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 4,
        };
        const NAME: &'static str = "BlockDevice.discard";
        type Params = discard_params::Type;
        type Results = discard_results::Type;
    }

    /// A call of one of the methods of `BlockDevice`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `geometry`.
        Geometry(geometry_params::Reader<'a>),
        /// A call of `read`.
        Read(read_params::Reader<'a>),
        /// A call of `write`.
        Write(write_params::Reader<'a>),
        /// A call of `flush`.
        Flush(flush_params::Reader<'a>),
        /// A call of `discard`.
        Discard(discard_params::Reader<'a>),
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
                0 => Self::Geometry(call::params::<Geometry>(message)?),
                1 => Self::Read(call::params::<Read>(message)?),
                2 => Self::Write(call::params::<Write>(message)?),
                3 => Self::Flush(call::params::<Flush>(message)?),
                4 => Self::Discard(call::params::<Discard>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `BlockDevice`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Tells what the device is. The answer does not change while the capability lives.
        /// - `blockSize`: bytes of a block, a power of two from 512 to 65,536.
        /// - `blocks`: number of blocks.
        /// - `readOnly`: whether `write` and `discard` fail.
        /// - `mostBlocks`: most blocks of one call, at least 1.
        /// - `discardGranularity`: blocks that are discarded together, at least 1; 0 if `discard` fails.
        fn geometry(
            &self,
            context: &mut X,
            params: geometry_params::Reader<'_>,
            results: geometry_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Geometry>().into())
        }

        /// Reads blocks.
        /// - `block`: the first.
        /// - `count`: how many, 1 to `mostBlocks`.
        /// - `bytes`: what is in them, `count` times `blockSize` bytes.
        fn read(
            &self,
            context: &mut X,
            params: read_params::Reader<'_>,
            results: read_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Read>().into())
        }

        /// Writes blocks. If the machine crashes meanwhile, each block has its old or its new contents.
        /// - `block`: the first.
        /// - `bytes`: 1 to `mostBlocks` whole blocks.
        /// - `durable`: whether to answer only when they survive a crash of the machine.
        fn write(
            &self,
            context: &mut X,
            params: write_params::Reader<'_>,
            results: write_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Write>().into())
        }

        /// Answers when every write that was answered before survives a crash of the machine.
        fn flush(
            &self,
            context: &mut X,
            params: flush_params::Reader<'_>,
            results: flush_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Flush>().into())
        }

        /// Says that blocks are not needed any more. They read as zeros or as before until they are written.
        /// - `block`: the first, a multiple of `discardGranularity`.
        /// - `count`: how many, a multiple of `discardGranularity`.
        fn discard(
            &self,
            context: &mut X,
            params: discard_params::Reader<'_>,
            results: discard_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Discard>().into())
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
            0 => server.geometry(
                context,
                call::params::<Geometry>(&message)?,
                call::results::<Geometry>(&mut answer)?,
            )?,
            1 => server.read(
                context,
                call::params::<Read>(&message)?,
                call::results::<Read>(&mut answer)?,
            )?,
            2 => server.write(
                context,
                call::params::<Write>(&message)?,
                call::results::<Write>(&mut answer)?,
            )?,
            3 => server.flush(
                context,
                call::params::<Flush>(&message)?,
                call::results::<Flush>(&mut answer)?,
            )?,
            4 => server.discard(
                context,
                call::params::<Discard>(&message)?,
                call::results::<Discard>(&mut answer)?,
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

    /// Calls an object with the interface `BlockDevice` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Tells what the device is. The answer does not change while the capability lives.
        /// - `blockSize`: bytes of a block, a power of two from 512 to 65,536.
        /// - `blocks`: number of blocks.
        /// - `readOnly`: whether `write` and `discard` fail.
        /// - `mostBlocks`: most blocks of one call, at least 1.
        /// - `discardGranularity`: blocks that are discarded together, at least 1; 0 if `discard` fails.
        pub fn geometry(&self) -> call::Pending<Geometry, T::Pending> {
            call::start::<Geometry, T>(&self.0, |_, _| Ok(()))
        }

        /// Reads blocks.
        /// - `block`: the first.
        /// - `count`: how many, 1 to `mostBlocks`.
        /// - `bytes`: what is in them, `count` times `blockSize` bytes.
        pub fn read(
            &self,
            fill: impl FnOnce(
                read_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Read, T::Pending> {
            call::start::<Read, T>(&self.0, fill)
        }

        /// Writes blocks. If the machine crashes meanwhile, each block has its old or its new contents.
        /// - `block`: the first.
        /// - `bytes`: 1 to `mostBlocks` whole blocks.
        /// - `durable`: whether to answer only when they survive a crash of the machine.
        pub fn write(
            &self,
            fill: impl FnOnce(
                write_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Write, T::Pending> {
            call::start::<Write, T>(&self.0, fill)
        }

        /// Answers when every write that was answered before survives a crash of the machine.
        pub fn flush(&self) -> call::Pending<Flush, T::Pending> {
            call::start::<Flush, T>(&self.0, |_, _| Ok(()))
        }

        /// Says that blocks are not needed any more. They read as zeros or as before until they are written.
        /// - `block`: the first, a multiple of `discardGranularity`.
        /// - `count`: how many, a multiple of `discardGranularity`.
        pub fn discard(
            &self,
            fill: impl FnOnce(
                discard_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Discard, T::Pending> {
            call::start::<Discard, T>(&self.0, fill)
        }
    }

    /// What `BlockDevice.geometry` is called with.
    pub mod geometry_params {
        use isthmus_schema::wire;

        /// `BlockDevice.geometry$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x88b3f16d85e1bb54;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.geometry$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.geometry$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `BlockDevice.geometry` answers.
    pub mod geometry_results {
        use isthmus_schema::wire;

        /// `BlockDevice.geometry$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xee0a3bdcb3107434;
            const DATA_WORDS: u16 = 3;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.geometry$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.geometry$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Bytes of a block, a power of two from 512 to 65,536.
            #[must_use]
            pub fn block_size(self) -> u32 {
                self.0.u32(0, 0)
            }

            /// Number of blocks.
            #[must_use]
            pub fn blocks(self) -> u64 {
                self.0.u64(1, 0)
            }

            /// Whether `write` and `discard` fail.
            #[must_use]
            pub fn read_only(self) -> bool {
                self.0.bool(32, false)
            }

            /// Most blocks of one call, at least 1.
            #[must_use]
            pub fn most_blocks(self) -> u32 {
                self.0.u32(4, 0)
            }

            /// Blocks that are discarded together, at least 1; 0 if `discard` fails.
            #[must_use]
            pub fn discard_granularity(self) -> u32 {
                self.0.u32(5, 0)
            }
        }

        impl Builder<'_> {
            /// Bytes of a block, a power of two from 512 to 65,536.
            pub fn set_block_size(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }

            /// Number of blocks.
            pub fn set_blocks(&mut self, value: u64) {
                self.0.set_u64(1, value, 0);
            }

            /// Whether `write` and `discard` fail.
            pub fn set_read_only(&mut self, value: bool) {
                self.0.set_bool(32, value, false);
            }

            /// Most blocks of one call, at least 1.
            pub fn set_most_blocks(&mut self, value: u32) {
                self.0.set_u32(4, value, 0);
            }

            /// Blocks that are discarded together, at least 1; 0 if `discard` fails.
            pub fn set_discard_granularity(&mut self, value: u32) {
                self.0.set_u32(5, value, 0);
            }
        }
    }

    /// What `BlockDevice.read` is called with.
    pub mod read_params {
        use isthmus_schema::wire;

        /// `BlockDevice.read$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x82adb9c7ee9ee410;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.read$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.read$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The first.
            #[must_use]
            pub fn block(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// How many, 1 to `mostBlocks`.
            #[must_use]
            pub fn count(self) -> u32 {
                self.0.u32(2, 0)
            }
        }

        impl Builder<'_> {
            /// The first.
            pub fn set_block(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// How many, 1 to `mostBlocks`.
            pub fn set_count(&mut self, value: u32) {
                self.0.set_u32(2, value, 0);
            }
        }
    }

    /// What `BlockDevice.read` answers.
    pub mod read_results {
        use isthmus_schema::wire;

        /// `BlockDevice.read$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xc5418f4d70131074;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.read$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.read$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// What is in them, `count` times `blockSize` bytes.
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
            /// What is in them, `count` times `blockSize` bytes.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }
        }
    }

    /// What `BlockDevice.write` is called with.
    pub mod write_params {
        use isthmus_schema::wire;

        /// `BlockDevice.write$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xae684312d8456608;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.write$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.write$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The first.
            #[must_use]
            pub fn block(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// 1 to `mostBlocks` whole blocks.
            pub fn bytes(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `bytes` was set.
            #[must_use]
            pub fn has_bytes(self) -> bool {
                self.0.has(0)
            }

            /// Whether to answer only when they survive a crash of the machine.
            #[must_use]
            pub fn durable(self) -> bool {
                self.0.bool(64, false)
            }
        }

        impl Builder<'_> {
            /// The first.
            pub fn set_block(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// 1 to `mostBlocks` whole blocks.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// Whether to answer only when they survive a crash of the machine.
            pub fn set_durable(&mut self, value: bool) {
                self.0.set_bool(64, value, false);
            }
        }
    }

    /// What `BlockDevice.write` answers.
    pub mod write_results {
        use isthmus_schema::wire;

        /// `BlockDevice.write$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa44480ae392ffbac;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.write$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.write$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `BlockDevice.flush` is called with.
    pub mod flush_params {
        use isthmus_schema::wire;

        /// `BlockDevice.flush$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe072f5a8998e0c24;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.flush$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.flush$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `BlockDevice.flush` answers.
    pub mod flush_results {
        use isthmus_schema::wire;

        /// `BlockDevice.flush$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd9a96a333359e866;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.flush$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.flush$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `BlockDevice.discard` is called with.
    pub mod discard_params {
        use isthmus_schema::wire;

        /// `BlockDevice.discard$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd3638bf4d923f84a;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.discard$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.discard$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The first, a multiple of `discardGranularity`.
            #[must_use]
            pub fn block(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// How many, a multiple of `discardGranularity`.
            #[must_use]
            pub fn count(self) -> u64 {
                self.0.u64(1, 0)
            }
        }

        impl Builder<'_> {
            /// The first, a multiple of `discardGranularity`.
            pub fn set_block(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// How many, a multiple of `discardGranularity`.
            pub fn set_count(&mut self, value: u64) {
                self.0.set_u64(1, value, 0);
            }
        }
    }

    /// What `BlockDevice.discard` answers.
    pub mod discard_results {
        use isthmus_schema::wire;

        /// `BlockDevice.discard$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfb1a31ddbcf8f811;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `BlockDevice.discard$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `BlockDevice.discard$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
