//! Generated from `key_value.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// A value with its key.
pub mod key_value_entry {
    use isthmus_schema::wire;

    /// `KeyValueEntry` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0x8100ed63aeaccb21;
        const DATA_WORDS: u16 = 1;
        const POINTERS: u16 = 2;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `KeyValueEntry`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `KeyValueEntry`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// The key, as seen through the capability that was asked.
        pub fn key(self) -> Result<&'a [u8], wire::Error> {
            self.0.data(0, &[])
        }

        /// Whether `key` was set.
        #[must_use]
        pub fn has_key(self) -> bool {
            self.0.has(0)
        }

        /// The value; empty where only keys were asked for.
        pub fn value(self) -> Result<&'a [u8], wire::Error> {
            self.0.data(1, &[])
        }

        /// Whether `value` was set.
        #[must_use]
        pub fn has_value(self) -> bool {
            self.0.has(1)
        }

        /// Changes with each write of this key and never returns to an earlier value while the store lives; at least 1.
        #[must_use]
        pub fn version(self) -> u64 {
            self.0.u64(0, 0)
        }
    }

    impl Builder<'_> {
        /// The key, as seen through the capability that was asked.
        pub fn set_key(&mut self, value: &[u8]) -> Result<(), wire::Error> {
            self.0.set_data(0, value)
        }

        /// As [`Self::set_key`], to be filled in place with `length` bytes.
        pub fn init_key(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
            self.0.init_data(0, length)
        }

        /// The value; empty where only keys were asked for.
        pub fn set_value(&mut self, value: &[u8]) -> Result<(), wire::Error> {
            self.0.set_data(1, value)
        }

        /// As [`Self::set_value`], to be filled in place with `length` bytes.
        pub fn init_value(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
            self.0.init_data(1, length)
        }

        /// Changes with each write of this key and never returns to an earlier value while the store lives; at least 1.
        pub fn set_version(&mut self, value: u64) {
            self.0.set_u64(0, value, 0);
        }
    }
}

/// When a write is to happen.
pub mod put_condition {
    use isthmus_schema::wire;

    /// `PutCondition` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xa93c1b0e71a524c5;
        const DATA_WORDS: u16 = 2;
        const POINTERS: u16 = 0;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `PutCondition`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `PutCondition`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What is in the union of `PutCondition`.
    #[derive(Debug, Clone, Copy)]
    pub enum Which {
        /// Whatever is there.
        Always,
        /// Only if the key has no value.
        Absent,
        /// Only if the key has a value of this version.
        Version(u64),

        /// A member that this schema does not have, by its number.
        Unknown(u16),
    }

    impl<'a> Reader<'a> {
        /// What is in the union. A member that this schema does not have is [`Which::Unknown`].
        pub fn which(self) -> Result<Which, wire::Error> {
            Ok(match self.0.u16(0, 0) {
                0 => Which::Always,
                1 => Which::Absent,
                2 => Which::Version(self.0.u64(1, 0)),

                unknown => Which::Unknown(unknown),
            })
        }
    }

    impl Builder<'_> {
        /// Whatever is there.
        pub fn set_always(&mut self) {
            self.0.set_u16(0, 0, 0);
        }

        /// Only if the key has no value.
        pub fn set_absent(&mut self) {
            self.0.set_u16(0, 1, 0);
        }

        /// Only if the key has a value of this version.
        pub fn set_version(&mut self, value: u64) {
            self.0.set_u16(0, 2, 0);
            self.0.set_u64(1, value, 0);
        }
    }
}

/// A store, or the part of one whose keys start with a prefix that the holder does not see. Keys are 1 to 512 bytes and are
/// ordered byte by byte; values are 0 bytes to what fits the buffer. Calls through one capability are done in order, and each
/// is done wholly or not at all.
pub mod key_value {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `KeyValue`.
    pub const ID: u64 = 0xd3454b2f74bc8652;
    /// Its name in the schema.
    pub const NAME: &str = "KeyValue";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "get",
            params: 0xb33371724430b86f,
            results: 0xda15099763a4f08c,
        },
        call::MethodInfo {
            method: 1,
            name: "put",
            params: 0x995d360025822b89,
            results: 0xb3543efe791c1bee,
        },
        call::MethodInfo {
            method: 2,
            name: "delete",
            params: 0x99b7794498251a12,
            results: 0x9064b1f3ea5581ac,
        },
        call::MethodInfo {
            method: 3,
            name: "scan",
            params: 0x811f47a98569bfb1,
            results: 0x83bfda09de63d071,
        },
        call::MethodInfo {
            method: 4,
            name: "subtree",
            params: 0xd212a12aa06e1ad6,
            results: 0xbb8a724158215e4b,
        },
        call::MethodInfo {
            method: 5,
            name: "flush",
            params: 0x9545955db47f5542,
            results: 0xe7bf1cc1bb87e80e,
        },
    ];

    /// Method `KeyValue.get`.
    #[derive(Debug, Clone, Copy)]
    pub enum Get {}

    impl call::Method for Get {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "KeyValue.get";
        type Params = get_params::Type;
        type Results = get_results::Type;
    }

    /// Method `KeyValue.put`.
    #[derive(Debug, Clone, Copy)]
    pub enum Put {}

    impl call::Method for Put {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "KeyValue.put";
        type Params = put_params::Type;
        type Results = put_results::Type;
    }

    /// Method `KeyValue.delete`.
    #[derive(Debug, Clone, Copy)]
    pub enum Delete {}

    impl call::Method for Delete {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "KeyValue.delete";
        type Params = delete_params::Type;
        type Results = delete_results::Type;
    }

    /// Method `KeyValue.scan`.
    #[derive(Debug, Clone, Copy)]
    pub enum Scan {}

    impl call::Method for Scan {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 3,
        };
        const NAME: &'static str = "KeyValue.scan";
        type Params = scan_params::Type;
        type Results = scan_results::Type;
    }

    /// Method `KeyValue.subtree`.
    #[derive(Debug, Clone, Copy)]
    pub enum Subtree {}

    impl call::Method for Subtree {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 4,
        };
        const NAME: &'static str = "KeyValue.subtree";
        type Params = subtree_params::Type;
        type Results = subtree_results::Type;
    }

    /// Method `KeyValue.flush`.
    #[derive(Debug, Clone, Copy)]
    pub enum Flush {}

    impl call::Method for Flush {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 5,
        };
        const NAME: &'static str = "KeyValue.flush";
        type Params = flush_params::Type;
        type Results = flush_results::Type;
    }

    /// A call of one of the methods of `KeyValue`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `get`.
        Get(get_params::Reader<'a>),
        /// A call of `put`.
        Put(put_params::Reader<'a>),
        /// A call of `delete`.
        Delete(delete_params::Reader<'a>),
        /// A call of `scan`.
        Scan(scan_params::Reader<'a>),
        /// A call of `subtree`.
        Subtree(subtree_params::Reader<'a>),
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
                0 => Self::Get(call::params::<Get>(message)?),
                1 => Self::Put(call::params::<Put>(message)?),
                2 => Self::Delete(call::params::<Delete>(message)?),
                3 => Self::Scan(call::params::<Scan>(message)?),
                4 => Self::Subtree(call::params::<Subtree>(message)?),
                5 => Self::Flush(call::params::<Flush>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `KeyValue`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Reads a value.
        /// - `key`: whose.
        /// - `found`: whether the key has one.
        /// - `value`: the value; empty if there is none.
        /// - `version`: its version; 0 if there is none.
        fn get(
            &self,
            context: &mut X,
            params: get_params::Reader<'_>,
            results: get_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Get>().into())
        }

        /// Writes a value. It survives a crash of the machine only after `flush`.
        /// - `key`: whose.
        /// - `value`: the value.
        /// - `condition`: when to write; `always` if left out.
        /// - `written`: whether the condition held and the value was written.
        /// - `version`: the version that the key has now; 0 if it has no value.
        fn put(
            &self,
            context: &mut X,
            params: put_params::Reader<'_>,
            results: put_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Put>().into())
        }

        /// Takes a value away.
        /// - `key`: whose.
        /// - `condition`: when to do so; `always` if left out. With `absent` nothing is ever deleted.
        /// - `deleted`: whether there was one, the condition held, and it is gone.
        fn delete(
            &self,
            context: &mut X,
            params: delete_params::Reader<'_>,
            results: delete_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Delete>().into())
        }

        /// Reads entries in the order of their keys. An entry that changes meanwhile is seen as it was before or after.
        /// - `prefix`: only keys that start so; empty for all.
        /// - `after`: only keys behind this one; empty to start with the first.
        /// - `most`: how many entries to give at most; the store may give fewer, and gives what fits the buffer.
        /// - `keysOnly`: whether to leave the values out.
        /// - `entries`: the entries.
        /// - `more`: whether there are entries behind the last one here. If it is true and `entries` is empty, the next one is too large
        ///   for the buffer.
        fn scan(
            &self,
            context: &mut X,
            params: scan_params::Reader<'_>,
            results: scan_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Scan>().into())
        }

        /// Makes a capability to a part of the store.
        /// - `prefix`: what the keys of that part start with, 0 to 512 bytes; its holder sees them without it.
        /// - `readOnly`: whether writes through it fail.
        /// - `store`: the part.
        fn subtree(
            &self,
            context: &mut X,
            params: subtree_params::Reader<'_>,
            results: subtree_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Subtree>().into())
        }

        /// Answers when everything that was written through this capability before survives a crash of the machine.
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
            0 => server.get(
                context,
                call::params::<Get>(&message)?,
                call::results::<Get>(&mut answer)?,
            )?,
            1 => server.put(
                context,
                call::params::<Put>(&message)?,
                call::results::<Put>(&mut answer)?,
            )?,
            2 => server.delete(
                context,
                call::params::<Delete>(&message)?,
                call::results::<Delete>(&mut answer)?,
            )?,
            3 => server.scan(
                context,
                call::params::<Scan>(&message)?,
                call::results::<Scan>(&mut answer)?,
            )?,
            4 => server.subtree(
                context,
                call::params::<Subtree>(&message)?,
                call::results::<Subtree>(&mut answer)?,
            )?,
            5 => server.flush(
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

    /// Calls an object with the interface `KeyValue` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Reads a value.
        /// - `key`: whose.
        /// - `found`: whether the key has one.
        /// - `value`: the value; empty if there is none.
        /// - `version`: its version; 0 if there is none.
        pub fn get(
            &self,
            fill: impl FnOnce(
                get_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Get, T::Pending> {
            call::start::<Get, T>(&self.0, fill)
        }

        /// Writes a value. It survives a crash of the machine only after `flush`.
        /// - `key`: whose.
        /// - `value`: the value.
        /// - `condition`: when to write; `always` if left out.
        /// - `written`: whether the condition held and the value was written.
        /// - `version`: the version that the key has now; 0 if it has no value.
        pub fn put(
            &self,
            fill: impl FnOnce(
                put_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Put, T::Pending> {
            call::start::<Put, T>(&self.0, fill)
        }

        /// Takes a value away.
        /// - `key`: whose.
        /// - `condition`: when to do so; `always` if left out. With `absent` nothing is ever deleted.
        /// - `deleted`: whether there was one, the condition held, and it is gone.
        pub fn delete(
            &self,
            fill: impl FnOnce(
                delete_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Delete, T::Pending> {
            call::start::<Delete, T>(&self.0, fill)
        }

        /// Reads entries in the order of their keys. An entry that changes meanwhile is seen as it was before or after.
        /// - `prefix`: only keys that start so; empty for all.
        /// - `after`: only keys behind this one; empty to start with the first.
        /// - `most`: how many entries to give at most; the store may give fewer, and gives what fits the buffer.
        /// - `keysOnly`: whether to leave the values out.
        /// - `entries`: the entries.
        /// - `more`: whether there are entries behind the last one here. If it is true and `entries` is empty, the next one is too large
        ///   for the buffer.
        pub fn scan(
            &self,
            fill: impl FnOnce(
                scan_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Scan, T::Pending> {
            call::start::<Scan, T>(&self.0, fill)
        }

        /// Makes a capability to a part of the store.
        /// - `prefix`: what the keys of that part start with, 0 to 512 bytes; its holder sees them without it.
        /// - `readOnly`: whether writes through it fail.
        /// - `store`: the part.
        pub fn subtree(
            &self,
            fill: impl FnOnce(
                subtree_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Subtree, T::Pending> {
            call::start::<Subtree, T>(&self.0, fill)
        }

        /// Answers when everything that was written through this capability before survives a crash of the machine.
        pub fn flush(&self) -> call::Pending<Flush, T::Pending> {
            call::start::<Flush, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `KeyValue.get` is called with.
    pub mod get_params {
        use isthmus_schema::wire;

        /// `KeyValue.get$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb33371724430b86f;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.get$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.get$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whose.
            pub fn key(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `key` was set.
            #[must_use]
            pub fn has_key(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// Whose.
            pub fn set_key(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_key`], to be filled in place with `length` bytes.
            pub fn init_key(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }
        }
    }

    /// What `KeyValue.get` answers.
    pub mod get_results {
        use isthmus_schema::wire;

        /// `KeyValue.get$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xda15099763a4f08c;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.get$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.get$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whether the key has one.
            #[must_use]
            pub fn found(self) -> bool {
                self.0.bool(0, false)
            }

            /// The value; empty if there is none.
            pub fn value(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `value` was set.
            #[must_use]
            pub fn has_value(self) -> bool {
                self.0.has(0)
            }

            /// Its version; 0 if there is none.
            #[must_use]
            pub fn version(self) -> u64 {
                self.0.u64(1, 0)
            }
        }

        impl Builder<'_> {
            /// Whether the key has one.
            pub fn set_found(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }

            /// The value; empty if there is none.
            pub fn set_value(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_value`], to be filled in place with `length` bytes.
            pub fn init_value(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// Its version; 0 if there is none.
            pub fn set_version(&mut self, value: u64) {
                self.0.set_u64(1, value, 0);
            }
        }
    }

    /// What `KeyValue.put` is called with.
    pub mod put_params {
        use isthmus_schema::wire;

        /// `KeyValue.put$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x995d360025822b89;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 3;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.put$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.put$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whose.
            pub fn key(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `key` was set.
            #[must_use]
            pub fn has_key(self) -> bool {
                self.0.has(0)
            }

            /// The value.
            pub fn value(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(1, &[])
            }

            /// Whether `value` was set.
            #[must_use]
            pub fn has_value(self) -> bool {
                self.0.has(1)
            }

            /// When to write; `always` if left out.
            pub fn condition(self) -> Result<super::super::put_condition::Reader<'a>, wire::Error> {
                self.0.structure(2).map(Into::into)
            }

            /// Whether `condition` was set.
            #[must_use]
            pub fn has_condition(self) -> bool {
                self.0.has(2)
            }
        }

        impl Builder<'_> {
            /// Whose.
            pub fn set_key(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_key`], to be filled in place with `length` bytes.
            pub fn init_key(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// The value.
            pub fn set_value(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(1, value)
            }

            /// As [`Self::set_value`], to be filled in place with `length` bytes.
            pub fn init_value(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(1, length)
            }

            /// When to write; `always` if left out.
            pub fn init_condition(
                &mut self,
            ) -> Result<super::super::put_condition::Builder<'_>, wire::Error> {
                self.0.init_struct::<super::super::put_condition::Type>(2)
            }
        }
    }

    /// What `KeyValue.put` answers.
    pub mod put_results {
        use isthmus_schema::wire;

        /// `KeyValue.put$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb3543efe791c1bee;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.put$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.put$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whether the condition held and the value was written.
            #[must_use]
            pub fn written(self) -> bool {
                self.0.bool(0, false)
            }

            /// The version that the key has now; 0 if it has no value.
            #[must_use]
            pub fn version(self) -> u64 {
                self.0.u64(1, 0)
            }
        }

        impl Builder<'_> {
            /// Whether the condition held and the value was written.
            pub fn set_written(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }

            /// The version that the key has now; 0 if it has no value.
            pub fn set_version(&mut self, value: u64) {
                self.0.set_u64(1, value, 0);
            }
        }
    }

    /// What `KeyValue.delete` is called with.
    pub mod delete_params {
        use isthmus_schema::wire;

        /// `KeyValue.delete$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x99b7794498251a12;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 2;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.delete$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.delete$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whose.
            pub fn key(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `key` was set.
            #[must_use]
            pub fn has_key(self) -> bool {
                self.0.has(0)
            }

            /// When to do so; `always` if left out. With `absent` nothing is ever deleted.
            pub fn condition(self) -> Result<super::super::put_condition::Reader<'a>, wire::Error> {
                self.0.structure(1).map(Into::into)
            }

            /// Whether `condition` was set.
            #[must_use]
            pub fn has_condition(self) -> bool {
                self.0.has(1)
            }
        }

        impl Builder<'_> {
            /// Whose.
            pub fn set_key(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_key`], to be filled in place with `length` bytes.
            pub fn init_key(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// When to do so; `always` if left out. With `absent` nothing is ever deleted.
            pub fn init_condition(
                &mut self,
            ) -> Result<super::super::put_condition::Builder<'_>, wire::Error> {
                self.0.init_struct::<super::super::put_condition::Type>(1)
            }
        }
    }

    /// What `KeyValue.delete` answers.
    pub mod delete_results {
        use isthmus_schema::wire;

        /// `KeyValue.delete$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9064b1f3ea5581ac;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.delete$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.delete$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whether there was one, the condition held, and it is gone.
            #[must_use]
            pub fn deleted(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// Whether there was one, the condition held, and it is gone.
            pub fn set_deleted(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `KeyValue.scan` is called with.
    pub mod scan_params {
        use isthmus_schema::wire;

        /// `KeyValue.scan$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x811f47a98569bfb1;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 2;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.scan$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.scan$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Only keys that start so; empty for all.
            pub fn prefix(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `prefix` was set.
            #[must_use]
            pub fn has_prefix(self) -> bool {
                self.0.has(0)
            }

            /// Only keys behind this one; empty to start with the first.
            pub fn after(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(1, &[])
            }

            /// Whether `after` was set.
            #[must_use]
            pub fn has_after(self) -> bool {
                self.0.has(1)
            }

            /// How many entries to give at most; the store may give fewer, and gives what fits the buffer.
            #[must_use]
            pub fn most(self) -> u32 {
                self.0.u32(0, 0)
            }

            /// Whether to leave the values out.
            #[must_use]
            pub fn keys_only(self) -> bool {
                self.0.bool(32, false)
            }
        }

        impl Builder<'_> {
            /// Only keys that start so; empty for all.
            pub fn set_prefix(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_prefix`], to be filled in place with `length` bytes.
            pub fn init_prefix(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// Only keys behind this one; empty to start with the first.
            pub fn set_after(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(1, value)
            }

            /// As [`Self::set_after`], to be filled in place with `length` bytes.
            pub fn init_after(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(1, length)
            }

            /// How many entries to give at most; the store may give fewer, and gives what fits the buffer.
            pub fn set_most(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }

            /// Whether to leave the values out.
            pub fn set_keys_only(&mut self, value: bool) {
                self.0.set_bool(32, value, false);
            }
        }
    }

    /// What `KeyValue.scan` answers.
    pub mod scan_results {
        use isthmus_schema::wire;

        /// `KeyValue.scan$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x83bfda09de63d071;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.scan$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.scan$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The entries.
            pub fn entries(
                self,
            ) -> Result<wire::List<'a, super::super::key_value_entry::Reader<'a>>, wire::Error>
            {
                self.0.list(0)
            }

            /// Whether `entries` was set.
            #[must_use]
            pub fn has_entries(self) -> bool {
                self.0.has(0)
            }

            /// Whether there are entries behind the last one here. If it is true and `entries` is empty, the next one is too large
            /// for the buffer.
            #[must_use]
            pub fn more(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// The entries.
            pub fn init_entries(
                &mut self,
                count: u32,
            ) -> Result<wire::StructListBuilder<'_, super::super::key_value_entry::Type>, wire::Error>
            {
                self.0.init_structs(0, count)
            }

            /// Whether there are entries behind the last one here. If it is true and `entries` is empty, the next one is too large
            /// for the buffer.
            pub fn set_more(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `KeyValue.subtree` is called with.
    pub mod subtree_params {
        use isthmus_schema::wire;

        /// `KeyValue.subtree$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd212a12aa06e1ad6;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.subtree$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.subtree$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// What the keys of that part start with, 0 to 512 bytes; its holder sees them without it.
            pub fn prefix(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `prefix` was set.
            #[must_use]
            pub fn has_prefix(self) -> bool {
                self.0.has(0)
            }

            /// Whether writes through it fail.
            #[must_use]
            pub fn read_only(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// What the keys of that part start with, 0 to 512 bytes; its holder sees them without it.
            pub fn set_prefix(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_prefix`], to be filled in place with `length` bytes.
            pub fn init_prefix(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// Whether writes through it fail.
            pub fn set_read_only(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `KeyValue.subtree` answers.
    pub mod subtree_results {
        use isthmus_schema::wire;

        /// `KeyValue.subtree$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xbb8a724158215e4b;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.subtree$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.subtree$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The part.
            pub fn store(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(0)
            }

            /// Whether `store` was set.
            #[must_use]
            pub fn has_store(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// The part.
            pub fn set_store(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(0, value);
            }
        }
    }

    /// What `KeyValue.flush` is called with.
    pub mod flush_params {
        use isthmus_schema::wire;

        /// `KeyValue.flush$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9545955db47f5542;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.flush$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.flush$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `KeyValue.flush` answers.
    pub mod flush_results {
        use isthmus_schema::wire;

        /// `KeyValue.flush$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe7bf1cc1bb87e80e;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `KeyValue.flush$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `KeyValue.flush$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
