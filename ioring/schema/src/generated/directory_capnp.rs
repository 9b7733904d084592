//! Generated from `directory.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// What a name in a directory stands for. A kind that a reader does not know cannot be opened by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeKind(pub u16);

impl NodeKind {
    /// A directory.
    pub const DIRECTORY: Self = Self(0);
    /// A file.
    pub const FILE: Self = Self(1);

    /// The enum's Cap'n Proto id.
    pub const ID: u64 = 0xebccfcc2f799d437;

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("directory"),
            1 => Some("file"),

            _ => None,
        }
    }
}

impl<'a> isthmus_schema::wire::Element<'a> for NodeKind {
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

impl isthmus_schema::wire::Put for NodeKind {
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

/// A name in a directory.
pub mod directory_entry {
    use isthmus_schema::wire;

    /// `DirectoryEntry` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xeda3974054c9d14f;
        const DATA_WORDS: u16 = 2;
        const POINTERS: u16 = 1;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `DirectoryEntry`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `DirectoryEntry`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// The name: 1 to 255 bytes, without `/` and zero bytes, neither `.` nor `..`.
        pub fn name(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "")
        }

        /// Whether `name` was set.
        #[must_use]
        pub fn has_name(self) -> bool {
            self.0.has(0)
        }

        /// What it stands for.
        #[must_use]
        pub fn kind(self) -> super::NodeKind {
            super::NodeKind(self.0.u16(0, 0))
        }

        /// Bytes of a file; 0 for a directory.
        #[must_use]
        pub fn size(self) -> u64 {
            self.0.u64(1, 0)
        }
    }

    impl Builder<'_> {
        /// The name: 1 to 255 bytes, without `/` and zero bytes, neither `.` nor `..`.
        pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// What it stands for.
        pub fn set_kind(&mut self, value: super::NodeKind) {
            self.0.set_u16(0, value.0, 0);
        }

        /// Bytes of a file; 0 for a directory.
        pub fn set_size(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }
    }
}

/// What was found at a path.
pub mod node {
    use isthmus_schema::wire;

    /// `Node` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xe2396867978f6989;
        const DATA_WORDS: u16 = 1;
        const POINTERS: u16 = 1;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `Node`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `Node`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What is in the union of `Node`.
    #[derive(Debug, Clone, Copy)]
    pub enum Which {
        /// Nothing.
        Absent,
        /// A directory.
        Directory(Option<wire::CapIndex>),
        /// A file.
        File(Option<wire::CapIndex>),

        /// A member that this schema does not have, by its number.
        Unknown(u16),
    }

    impl<'a> Reader<'a> {
        /// What is in the union. A member that this schema does not have is [`Which::Unknown`].
        pub fn which(self) -> Result<Which, wire::Error> {
            Ok(match self.0.u16(0, 0) {
                0 => Which::Absent,
                1 => Which::Directory(self.0.capability(0)?),
                2 => Which::File(self.0.capability(0)?),

                unknown => Which::Unknown(unknown),
            })
        }
    }

    impl Builder<'_> {
        /// Nothing.
        pub fn set_absent(&mut self) {
            self.0.set_u16(0, 0, 0);
        }

        /// A directory.
        pub fn set_directory(&mut self, value: Option<wire::CapIndex>) {
            self.0.set_u16(0, 1, 0);
            self.0.set_capability(0, value);
        }

        /// A file.
        pub fn set_file(&mut self, value: Option<wire::CapIndex>) {
            self.0.set_u16(0, 2, 0);
            self.0.set_capability(0, value);
        }
    }
}

/// A directory and everything below it: there is no way up from the capability. Names as in `DirectoryEntry`; a path is names
/// with `/` between them, at most 1,024 bytes.
pub mod directory {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Directory`.
    pub const ID: u64 = 0xd99ccacbb65561c2;
    /// Its name in the schema.
    pub const NAME: &str = "Directory";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "list",
            params: 0x81c40b9b20879813,
            results: 0xece98943ffb41acf,
        },
        call::MethodInfo {
            method: 1,
            name: "open",
            params: 0x93cda96109b0bcca,
            results: 0xeff8e701be9d6bd0,
        },
        call::MethodInfo {
            method: 2,
            name: "createFile",
            params: 0xae7262ccbd75212a,
            results: 0xaa9f5be0ed554ffc,
        },
        call::MethodInfo {
            method: 3,
            name: "createDirectory",
            params: 0xfa204ce432e0953e,
            results: 0xb7d0da59ab8f0e57,
        },
        call::MethodInfo {
            method: 4,
            name: "remove",
            params: 0xa76e8b493eceb1e8,
            results: 0x848cfd356f30939a,
        },
        call::MethodInfo {
            method: 5,
            name: "rename",
            params: 0x92988240be675cd8,
            results: 0xed05f7ce5b3d5cd9,
        },
    ];

    /// Method `Directory.list`.
    #[derive(Debug, Clone, Copy)]
    pub enum List {}

    impl call::Method for List {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Directory.list";
        type Params = list_params::Type;
        type Results = list_results::Type;
    }

    /// Method `Directory.open`.
    #[derive(Debug, Clone, Copy)]
    pub enum Open {}

    impl call::Method for Open {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "Directory.open";
        type Params = open_params::Type;
        type Results = open_results::Type;
    }

    /// Method `Directory.createFile`.
    #[derive(Debug, Clone, Copy)]
    pub enum CreateFile {}

    impl call::Method for CreateFile {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "Directory.createFile";
        type Params = create_file_params::Type;
        type Results = create_file_results::Type;
    }

    /// Method `Directory.createDirectory`.
    #[derive(Debug, Clone, Copy)]
    pub enum CreateDirectory {}

    impl call::Method for CreateDirectory {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 3,
        };
        const NAME: &'static str = "Directory.createDirectory";
        type Params = create_directory_params::Type;
        type Results = create_directory_results::Type;
    }

    /// Method `Directory.remove`.
    #[derive(Debug, Clone, Copy)]
    pub enum Remove {}

    impl call::Method for Remove {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 4,
        };
        const NAME: &'static str = "Directory.remove";
        type Params = remove_params::Type;
        type Results = remove_results::Type;
    }

    /// Method `Directory.rename`.
    #[derive(Debug, Clone, Copy)]
    pub enum Rename {}

    impl call::Method for Rename {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 5,
        };
        const NAME: &'static str = "Directory.rename";
        type Params = rename_params::Type;
        type Results = rename_results::Type;
    }

    /// A call of one of the methods of `Directory`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `list`.
        List(list_params::Reader<'a>),
        /// A call of `open`.
        Open(open_params::Reader<'a>),
        /// A call of `createFile`.
        CreateFile(create_file_params::Reader<'a>),
        /// A call of `createDirectory`.
        CreateDirectory(create_directory_params::Reader<'a>),
        /// A call of `remove`.
        Remove(remove_params::Reader<'a>),
        /// A call of `rename`.
        Rename(rename_params::Reader<'a>),
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
                0 => Self::List(call::params::<List>(message)?),
                1 => Self::Open(call::params::<Open>(message)?),
                2 => Self::CreateFile(call::params::<CreateFile>(message)?),
                3 => Self::CreateDirectory(call::params::<CreateDirectory>(message)?),
                4 => Self::Remove(call::params::<Remove>(message)?),
                5 => Self::Rename(call::params::<Rename>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Directory`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Lists entries in the order of their names, byte by byte.
        /// - `after`: only names behind this one; empty to start with the first.
        /// - `most`: how many entries to give at most; the directory may give fewer, and gives what fits the buffer.
        /// - `entries`: the entries.
        /// - `more`: whether there are entries behind the last one here.
        fn list(
            &self,
            context: &mut X,
            params: list_params::Reader<'_>,
            results: list_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<List>().into())
        }

        /// Opens what is at a path.
        /// - `path`: where; empty for this directory itself.
        /// - `node`: what is there.
        fn open(
            &self,
            context: &mut X,
            params: open_params::Reader<'_>,
            results: open_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Open>().into())
        }

        /// Opens a file, and makes an empty one first if there is none. Fails if the name stands for a directory.
        /// - `name`: its name in this directory.
        /// - `file`: the file.
        /// - `created`: whether it was made by this call.
        fn create_file(
            &self,
            context: &mut X,
            params: create_file_params::Reader<'_>,
            results: create_file_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<CreateFile>().into())
        }

        /// Opens a directory, and makes an empty one first if there is none. Fails if the name stands for a file.
        /// - `name`: its name in this directory.
        /// - `directory`: the directory.
        /// - `created`: whether it was made by this call.
        fn create_directory(
            &self,
            context: &mut X,
            params: create_directory_params::Reader<'_>,
            results: create_directory_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<CreateDirectory>().into())
        }

        /// Takes a name away. Fails for a directory that is not empty. Capabilities to the file stay good until they are dropped.
        /// - `name`: the name in this directory.
        /// - `removed`: whether it was there.
        fn remove(
            &self,
            context: &mut X,
            params: remove_params::Reader<'_>,
            results: remove_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Remove>().into())
        }

        /// Moves a name, in one step. Fails if there is no such name, if `to` stands for a directory, or if both are not of the same
        /// tree of files.
        /// - `from`: the name in this directory.
        /// - `into`: the directory to move it to; none for this one.
        /// - `to`: its name there.
        /// - `replaced`: whether a file stood there and is gone.
        fn rename(
            &self,
            context: &mut X,
            params: rename_params::Reader<'_>,
            results: rename_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Rename>().into())
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
            0 => server.list(
                context,
                call::params::<List>(&message)?,
                call::results::<List>(&mut answer)?,
            )?,
            1 => server.open(
                context,
                call::params::<Open>(&message)?,
                call::results::<Open>(&mut answer)?,
            )?,
            2 => server.create_file(
                context,
                call::params::<CreateFile>(&message)?,
                call::results::<CreateFile>(&mut answer)?,
            )?,
            3 => server.create_directory(
                context,
                call::params::<CreateDirectory>(&message)?,
                call::results::<CreateDirectory>(&mut answer)?,
            )?,
            4 => server.remove(
                context,
                call::params::<Remove>(&message)?,
                call::results::<Remove>(&mut answer)?,
            )?,
            5 => server.rename(
                context,
                call::params::<Rename>(&message)?,
                call::results::<Rename>(&mut answer)?,
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

    /// Calls an object with the interface `Directory` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Lists entries in the order of their names, byte by byte.
        /// - `after`: only names behind this one; empty to start with the first.
        /// - `most`: how many entries to give at most; the directory may give fewer, and gives what fits the buffer.
        /// - `entries`: the entries.
        /// - `more`: whether there are entries behind the last one here.
        pub fn list(
            &self,
            fill: impl FnOnce(
                list_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<List, T::Pending> {
            call::start::<List, T>(&self.0, fill)
        }

        /// Opens what is at a path.
        /// - `path`: where; empty for this directory itself.
        /// - `node`: what is there.
        pub fn open(
            &self,
            fill: impl FnOnce(
                open_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Open, T::Pending> {
            call::start::<Open, T>(&self.0, fill)
        }

        /// Opens a file, and makes an empty one first if there is none. Fails if the name stands for a directory.
        /// - `name`: its name in this directory.
        /// - `file`: the file.
        /// - `created`: whether it was made by this call.
        pub fn create_file(
            &self,
            fill: impl FnOnce(
                create_file_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<CreateFile, T::Pending> {
            call::start::<CreateFile, T>(&self.0, fill)
        }

        /// Opens a directory, and makes an empty one first if there is none. Fails if the name stands for a file.
        /// - `name`: its name in this directory.
        /// - `directory`: the directory.
        /// - `created`: whether it was made by this call.
        pub fn create_directory(
            &self,
            fill: impl FnOnce(
                create_directory_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<CreateDirectory, T::Pending> {
            call::start::<CreateDirectory, T>(&self.0, fill)
        }

        /// Takes a name away. Fails for a directory that is not empty. Capabilities to the file stay good until they are dropped.
        /// - `name`: the name in this directory.
        /// - `removed`: whether it was there.
        pub fn remove(
            &self,
            fill: impl FnOnce(
                remove_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Remove, T::Pending> {
            call::start::<Remove, T>(&self.0, fill)
        }

        /// Moves a name, in one step. Fails if there is no such name, if `to` stands for a directory, or if both are not of the same
        /// tree of files.
        /// - `from`: the name in this directory.
        /// - `into`: the directory to move it to; none for this one.
        /// - `to`: its name there.
        /// - `replaced`: whether a file stood there and is gone.
        pub fn rename(
            &self,
            fill: impl FnOnce(
                rename_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Rename, T::Pending> {
            call::start::<Rename, T>(&self.0, fill)
        }
    }

    /// What `Directory.list` is called with.
    pub mod list_params {
        use isthmus_schema::wire;

        /// `Directory.list$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x81c40b9b20879813;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.list$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.list$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Only names behind this one; empty to start with the first.
            pub fn after(self) -> Result<&'a str, wire::Error> {
                self.0.text(0, "")
            }

            /// Whether `after` was set.
            #[must_use]
            pub fn has_after(self) -> bool {
                self.0.has(0)
            }

            /// How many entries to give at most; the directory may give fewer, and gives what fits the buffer.
            #[must_use]
            pub fn most(self) -> u32 {
                self.0.u32(0, 0)
            }
        }

        impl Builder<'_> {
            /// Only names behind this one; empty to start with the first.
            pub fn set_after(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }

            /// How many entries to give at most; the directory may give fewer, and gives what fits the buffer.
            pub fn set_most(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `Directory.list` answers.
    pub mod list_results {
        use isthmus_schema::wire;

        /// `Directory.list$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xece98943ffb41acf;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.list$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.list$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            ) -> Result<wire::List<'a, super::super::directory_entry::Reader<'a>>, wire::Error>
            {
                self.0.list(0)
            }

            /// Whether `entries` was set.
            #[must_use]
            pub fn has_entries(self) -> bool {
                self.0.has(0)
            }

            /// Whether there are entries behind the last one here.
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
            ) -> Result<wire::StructListBuilder<'_, super::super::directory_entry::Type>, wire::Error>
            {
                self.0.init_structs(0, count)
            }

            /// Whether there are entries behind the last one here.
            pub fn set_more(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `Directory.open` is called with.
    pub mod open_params {
        use isthmus_schema::wire;

        /// `Directory.open$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x93cda96109b0bcca;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.open$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.open$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Where; empty for this directory itself.
            pub fn path(self) -> Result<&'a str, wire::Error> {
                self.0.text(0, "")
            }

            /// Whether `path` was set.
            #[must_use]
            pub fn has_path(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// Where; empty for this directory itself.
            pub fn set_path(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
        }
    }

    /// What `Directory.open` answers.
    pub mod open_results {
        use isthmus_schema::wire;

        /// `Directory.open$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xeff8e701be9d6bd0;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.open$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.open$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// What is there.
            pub fn node(self) -> Result<super::super::node::Reader<'a>, wire::Error> {
                self.0.structure(0).map(Into::into)
            }

            /// Whether `node` was set.
            #[must_use]
            pub fn has_node(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// What is there.
            pub fn init_node(&mut self) -> Result<super::super::node::Builder<'_>, wire::Error> {
                self.0.init_struct::<super::super::node::Type>(0)
            }
        }
    }

    /// What `Directory.createFile` is called with.
    pub mod create_file_params {
        use isthmus_schema::wire;

        /// `Directory.createFile$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xae7262ccbd75212a;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.createFile$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.createFile$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Its name in this directory.
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
            /// Its name in this directory.
            pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
        }
    }

    /// What `Directory.createFile` answers.
    pub mod create_file_results {
        use isthmus_schema::wire;

        /// `Directory.createFile$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xaa9f5be0ed554ffc;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.createFile$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.createFile$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The file.
            pub fn file(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(0)
            }

            /// Whether `file` was set.
            #[must_use]
            pub fn has_file(self) -> bool {
                self.0.has(0)
            }

            /// Whether it was made by this call.
            #[must_use]
            pub fn created(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// The file.
            pub fn set_file(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(0, value);
            }

            /// Whether it was made by this call.
            pub fn set_created(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `Directory.createDirectory` is called with.
    pub mod create_directory_params {
        use isthmus_schema::wire;

        /// `Directory.createDirectory$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfa204ce432e0953e;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.createDirectory$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.createDirectory$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Its name in this directory.
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
            /// Its name in this directory.
            pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
        }
    }

    /// What `Directory.createDirectory` answers.
    pub mod create_directory_results {
        use isthmus_schema::wire;

        /// `Directory.createDirectory$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb7d0da59ab8f0e57;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.createDirectory$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.createDirectory$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The directory.
            pub fn directory(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(0)
            }

            /// Whether `directory` was set.
            #[must_use]
            pub fn has_directory(self) -> bool {
                self.0.has(0)
            }

            /// Whether it was made by this call.
            #[must_use]
            pub fn created(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// The directory.
            pub fn set_directory(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(0, value);
            }

            /// Whether it was made by this call.
            pub fn set_created(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `Directory.remove` is called with.
    pub mod remove_params {
        use isthmus_schema::wire;

        /// `Directory.remove$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa76e8b493eceb1e8;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.remove$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.remove$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The name in this directory.
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
            /// The name in this directory.
            pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
        }
    }

    /// What `Directory.remove` answers.
    pub mod remove_results {
        use isthmus_schema::wire;

        /// `Directory.remove$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x848cfd356f30939a;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.remove$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.remove$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whether it was there.
            #[must_use]
            pub fn removed(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// Whether it was there.
            pub fn set_removed(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `Directory.rename` is called with.
    pub mod rename_params {
        use isthmus_schema::wire;

        /// `Directory.rename$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x92988240be675cd8;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 3;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.rename$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.rename$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The name in this directory.
            pub fn from(self) -> Result<&'a str, wire::Error> {
                self.0.text(0, "")
            }

            /// Whether `from` was set.
            #[must_use]
            pub fn has_from(self) -> bool {
                self.0.has(0)
            }

            /// The directory to move it to; none for this one.
            pub fn into(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(1)
            }

            /// Whether `into` was set.
            #[must_use]
            pub fn has_into(self) -> bool {
                self.0.has(1)
            }

            /// Its name there.
            pub fn to(self) -> Result<&'a str, wire::Error> {
                self.0.text(2, "")
            }

            /// Whether `to` was set.
            #[must_use]
            pub fn has_to(self) -> bool {
                self.0.has(2)
            }
        }

        impl Builder<'_> {
            /// The name in this directory.
            pub fn set_from(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }

            /// The directory to move it to; none for this one.
            pub fn set_into(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(1, value);
            }

            /// Its name there.
            pub fn set_to(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(2, value)
            }
        }
    }

    /// What `Directory.rename` answers.
    pub mod rename_results {
        use isthmus_schema::wire;

        /// `Directory.rename$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xed05f7ce5b3d5cd9;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Directory.rename$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Directory.rename$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Whether a file stood there and is gone.
            #[must_use]
            pub fn replaced(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// Whether a file stood there and is gone.
            pub fn set_replaced(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }
}

/// A file: bytes from offset 0 on.
pub mod file {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `File`.
    pub const ID: u64 = 0x93ac6da248010a35;
    /// Its name in the schema.
    pub const NAME: &str = "File";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "read",
            params: 0x90035655206ce8e2,
            results: 0xb608b56be23f346f,
        },
        call::MethodInfo {
            method: 1,
            name: "write",
            params: 0xfaf00b5f10489aaf,
            results: 0xd39ac9abebd4bc19,
        },
        call::MethodInfo {
            method: 2,
            name: "size",
            params: 0xf58d992623088d27,
            results: 0x8552b6328a83ff12,
        },
        call::MethodInfo {
            method: 3,
            name: "resize",
            params: 0x96d92997dfdbd313,
            results: 0xa01b5574959e00b8,
        },
        call::MethodInfo {
            method: 4,
            name: "sync",
            params: 0xff4ab46480789fd1,
            results: 0x911b212d353a46b1,
        },
    ];

    /// Method `File.read`.
    #[derive(Debug, Clone, Copy)]
    pub enum Read {}

    impl call::Method for Read {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "File.read";
        type Params = read_params::Type;
        type Results = read_results::Type;
    }

    /// Method `File.write`.
    #[derive(Debug, Clone, Copy)]
    pub enum Write {}

    impl call::Method for Write {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "File.write";
        type Params = write_params::Type;
        type Results = write_results::Type;
    }

    /// Method `File.size`.
    #[derive(Debug, Clone, Copy)]
    pub enum Size {}

    impl call::Method for Size {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "File.size";
        type Params = size_params::Type;
        type Results = size_results::Type;
    }

    /// Method `File.resize`.
    #[derive(Debug, Clone, Copy)]
    pub enum Resize {}

    impl call::Method for Resize {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 3,
        };
        const NAME: &'static str = "File.resize";
        type Params = resize_params::Type;
        type Results = resize_results::Type;
    }

    /// Method `File.sync`.
    #[derive(Debug, Clone, Copy)]
    pub enum Sync {}

    impl call::Method for Sync {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 4,
        };
        const NAME: &'static str = "File.sync";
        type Params = sync_params::Type;
        type Results = sync_results::Type;
    }

    /// A call of one of the methods of `File`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `read`.
        Read(read_params::Reader<'a>),
        /// A call of `write`.
        Write(write_params::Reader<'a>),
        /// A call of `size`.
        Size(size_params::Reader<'a>),
        /// A call of `resize`.
        Resize(resize_params::Reader<'a>),
        /// A call of `sync`.
        Sync(sync_params::Reader<'a>),
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
                2 => Self::Size(call::params::<Size>(message)?),
                3 => Self::Resize(call::params::<Resize>(message)?),
                4 => Self::Sync(call::params::<Sync>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `File`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Reads.
        /// - `offset`: first byte to read; at or behind the end there is nothing.
        /// - `most`: how many bytes at most; the file may give fewer.
        /// - `bytes`: 0 to `most` bytes.
        /// - `end`: whether the file ends with them.
        fn read(
            &self,
            context: &mut X,
            params: read_params::Reader<'_>,
            results: read_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Read>().into())
        }

        /// Writes. Bytes between the end and `offset` become zero.
        /// - `offset`: where the first byte goes.
        /// - `bytes`: what to write.
        /// - `written`: how many bytes were taken, from the first; less than all only if there is no more room.
        fn write(
            &self,
            context: &mut X,
            params: write_params::Reader<'_>,
            results: write_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Write>().into())
        }

        /// Tells how long the file is.
        /// - `bytes`: its length.
        fn size(
            &self,
            context: &mut X,
            params: size_params::Reader<'_>,
            results: size_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Size>().into())
        }

        /// Cuts the file, or lengthens it by zeros.
        /// - `bytes`: its length afterwards.
        fn resize(
            &self,
            context: &mut X,
            params: resize_params::Reader<'_>,
            results: resize_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Resize>().into())
        }

        /// Answers when everything that was written to the file before survives a crash of the machine.
        fn sync(
            &self,
            context: &mut X,
            params: sync_params::Reader<'_>,
            results: sync_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Sync>().into())
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
            2 => server.size(
                context,
                call::params::<Size>(&message)?,
                call::results::<Size>(&mut answer)?,
            )?,
            3 => server.resize(
                context,
                call::params::<Resize>(&message)?,
                call::results::<Resize>(&mut answer)?,
            )?,
            4 => server.sync(
                context,
                call::params::<Sync>(&message)?,
                call::results::<Sync>(&mut answer)?,
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

    /// Calls an object with the interface `File` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Reads.
        /// - `offset`: first byte to read; at or behind the end there is nothing.
        /// - `most`: how many bytes at most; the file may give fewer.
        /// - `bytes`: 0 to `most` bytes.
        /// - `end`: whether the file ends with them.
        pub fn read(
            &self,
            fill: impl FnOnce(
                read_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Read, T::Pending> {
            call::start::<Read, T>(&self.0, fill)
        }

        /// Writes. Bytes between the end and `offset` become zero.
        /// - `offset`: where the first byte goes.
        /// - `bytes`: what to write.
        /// - `written`: how many bytes were taken, from the first; less than all only if there is no more room.
        pub fn write(
            &self,
            fill: impl FnOnce(
                write_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Write, T::Pending> {
            call::start::<Write, T>(&self.0, fill)
        }

        /// Tells how long the file is.
        /// - `bytes`: its length.
        pub fn size(&self) -> call::Pending<Size, T::Pending> {
            call::start::<Size, T>(&self.0, |_, _| Ok(()))
        }

        /// Cuts the file, or lengthens it by zeros.
        /// - `bytes`: its length afterwards.
        pub fn resize(
            &self,
            fill: impl FnOnce(
                resize_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Resize, T::Pending> {
            call::start::<Resize, T>(&self.0, fill)
        }

        /// Answers when everything that was written to the file before survives a crash of the machine.
        pub fn sync(&self) -> call::Pending<Sync, T::Pending> {
            call::start::<Sync, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `File.read` is called with.
    pub mod read_params {
        use isthmus_schema::wire;

        /// `File.read$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x90035655206ce8e2;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.read$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.read$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// First byte to read; at or behind the end there is nothing.
            #[must_use]
            pub fn offset(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// How many bytes at most; the file may give fewer.
            #[must_use]
            pub fn most(self) -> u32 {
                self.0.u32(2, 0)
            }
        }

        impl Builder<'_> {
            /// First byte to read; at or behind the end there is nothing.
            pub fn set_offset(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// How many bytes at most; the file may give fewer.
            pub fn set_most(&mut self, value: u32) {
                self.0.set_u32(2, value, 0);
            }
        }
    }

    /// What `File.read` answers.
    pub mod read_results {
        use isthmus_schema::wire;

        /// `File.read$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb608b56be23f346f;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.read$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.read$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// 0 to `most` bytes.
            pub fn bytes(self) -> Result<&'a [u8], wire::Error> {
                self.0.data(0, &[])
            }

            /// Whether `bytes` was set.
            #[must_use]
            pub fn has_bytes(self) -> bool {
                self.0.has(0)
            }

            /// Whether the file ends with them.
            #[must_use]
            pub fn end(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// 0 to `most` bytes.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }

            /// Whether the file ends with them.
            pub fn set_end(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `File.write` is called with.
    pub mod write_params {
        use isthmus_schema::wire;

        /// `File.write$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfaf00b5f10489aaf;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.write$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.write$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Where the first byte goes.
            #[must_use]
            pub fn offset(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// What to write.
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
            /// Where the first byte goes.
            pub fn set_offset(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// What to write.
            pub fn set_bytes(&mut self, value: &[u8]) -> Result<(), wire::Error> {
                self.0.set_data(0, value)
            }

            /// As [`Self::set_bytes`], to be filled in place with `length` bytes.
            pub fn init_bytes(&mut self, length: usize) -> Result<&mut [u8], wire::Error> {
                self.0.init_data(0, length)
            }
        }
    }

    /// What `File.write` answers.
    pub mod write_results {
        use isthmus_schema::wire;

        /// `File.write$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd39ac9abebd4bc19;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.write$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.write$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How many bytes were taken, from the first; less than all only if there is no more room.
            #[must_use]
            pub fn written(self) -> u32 {
                self.0.u32(0, 0)
            }
        }

        impl Builder<'_> {
            /// How many bytes were taken, from the first; less than all only if there is no more room.
            pub fn set_written(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `File.size` is called with.
    pub mod size_params {
        use isthmus_schema::wire;

        /// `File.size$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xf58d992623088d27;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.size$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.size$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `File.size` answers.
    pub mod size_results {
        use isthmus_schema::wire;

        /// `File.size$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x8552b6328a83ff12;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.size$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.size$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Its length.
            #[must_use]
            pub fn bytes(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// Its length.
            pub fn set_bytes(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `File.resize` is called with.
    pub mod resize_params {
        use isthmus_schema::wire;

        /// `File.resize$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x96d92997dfdbd313;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.resize$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.resize$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Its length afterwards.
            #[must_use]
            pub fn bytes(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// Its length afterwards.
            pub fn set_bytes(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `File.resize` answers.
    pub mod resize_results {
        use isthmus_schema::wire;

        /// `File.resize$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa01b5574959e00b8;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.resize$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.resize$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `File.sync` is called with.
    pub mod sync_params {
        use isthmus_schema::wire;

        /// `File.sync$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xff4ab46480789fd1;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.sync$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.sync$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `File.sync` answers.
    pub mod sync_results {
        use isthmus_schema::wire;

        /// `File.sync$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x911b212d353a46b1;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `File.sync$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `File.sync$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
