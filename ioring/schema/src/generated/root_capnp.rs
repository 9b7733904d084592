//! Generated from `root.capnp` by `cargo xtask check-schema write`; changes here are lost.

use super::*;
/// A ring window between this partition and a peer.
pub mod window_info {
    use isthmus_schema::wire;

    /// `WindowInfo` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xe824e2be41ace040;
        const DATA_WORDS: u16 = 3;
        const POINTERS: u16 = 2;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `WindowInfo`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `WindowInfo`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// Its number in this partition, counted from 0; the root ring has none.
        #[must_use]
        pub fn index(self) -> u32 {
            self.0.u32(0, 0)
        }

        /// What the manifest calls it.
        pub fn name(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "")
        }

        /// Whether `name` was set.
        #[must_use]
        pub fn has_name(self) -> bool {
            self.0.has(0)
        }

        /// Name of the partition at the other end.
        pub fn peer(self) -> Result<&'a str, wire::Error> {
            self.0.text(1, "")
        }

        /// Whether `peer` was set.
        #[must_use]
        pub fn has_peer(self) -> bool {
            self.0.has(1)
        }

        /// Guest-physical address at which it starts, a multiple of 4 KiB.
        #[must_use]
        pub fn address(self) -> u64 {
            self.0.u64(1, 0)
        }

        /// Its bytes, a multiple of 4 KiB.
        #[must_use]
        pub fn size(self) -> u64 {
            self.0.u64(2, 0)
        }

        /// Its lanes, at least 1.
        #[must_use]
        pub fn lanes(self) -> u16 {
            self.0.u16(2, 0)
        }

        /// Whether the other end has it mapped and has not broken it.
        #[must_use]
        pub fn peer_ready(self) -> bool {
            self.0.bool(48, false)
        }
    }

    impl Builder<'_> {
        /// Its number in this partition, counted from 0; the root ring has none.
        pub fn set_index(&mut self, value: u32) {
            self.0.set_u32(0, value, 0);
        }

        /// What the manifest calls it.
        pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// Name of the partition at the other end.
        pub fn set_peer(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(1, value)
        }

        /// Guest-physical address at which it starts, a multiple of 4 KiB.
        pub fn set_address(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }

        /// Its bytes, a multiple of 4 KiB.
        pub fn set_size(&mut self, value: u64) {
            self.0.set_u64(2, value, 0);
        }

        /// Its lanes, at least 1.
        pub fn set_lanes(&mut self, value: u16) {
            self.0.set_u16(2, value, 0);
        }

        /// Whether the other end has it mapped and has not broken it.
        pub fn set_peer_ready(&mut self, value: bool) {
            self.0.set_bool(48, value, false);
        }
    }
}

/// How often a partition left the guest for one reason.
pub mod exit_count {
    use isthmus_schema::wire;

    /// `ExitCount` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0x9abff5f6209ca631;
        const DATA_WORDS: u16 = 3;
        const POINTERS: u16 = 1;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `ExitCount`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `ExitCount`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// The processor's number for it: a basic exit reason (SDM, appendix C), or an exit code (APM, volume 2, appendix C).
        #[must_use]
        pub fn reason(self) -> u32 {
            self.0.u32(0, 0)
        }

        /// What the manual calls it.
        pub fn name(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "")
        }

        /// Whether `name` was set.
        #[must_use]
        pub fn has_name(self) -> bool {
            self.0.has(0)
        }

        /// How often.
        #[must_use]
        pub fn count(self) -> u64 {
            self.0.u64(1, 0)
        }

        /// TSC cycles that the hypervisor spent on them.
        #[must_use]
        pub fn cycles(self) -> u64 {
            self.0.u64(2, 0)
        }
    }

    impl Builder<'_> {
        /// The processor's number for it: a basic exit reason (SDM, appendix C), or an exit code (APM, volume 2, appendix C).
        pub fn set_reason(&mut self, value: u32) {
            self.0.set_u32(0, value, 0);
        }

        /// What the manual calls it.
        pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// How often.
        pub fn set_count(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }

        /// TSC cycles that the hypervisor spent on them.
        pub fn set_cycles(&mut self, value: u64) {
            self.0.set_u64(2, value, 0);
        }
    }
}

/// What a partition can ask the hypervisor about itself, and where it gets the capabilities that its manifest grants.
pub mod root {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Root`.
    pub const ID: u64 = 0xe22b9260e364071f;
    /// Its name in the schema.
    pub const NAME: &str = "Root";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "identity",
            params: 0xdc1bfaa3e69729d6,
            results: 0xa1c37d27571a037b,
        },
        call::MethodInfo {
            method: 1,
            name: "windows",
            params: 0xd08308e95873cca5,
            results: 0xc7e4cebaddf04ed6,
        },
        call::MethodInfo {
            method: 2,
            name: "time",
            params: 0x979eaa834ab846ac,
            results: 0x9ba89053a9187a9f,
        },
        call::MethodInfo {
            method: 3,
            name: "statistics",
            params: 0xbd53108ed31d6804,
            results: 0xfdf349383abd0859,
        },
        call::MethodInfo {
            method: 4,
            name: "granted",
            params: 0x82fd450c79d994d5,
            results: 0xe17ed7feef550c29,
        },
        call::MethodInfo {
            method: 5,
            name: "grants",
            params: 0xd04360d8dc62afee,
            results: 0xfa9a6e9a95f4bcd2,
        },
    ];

    /// Method `Root.identity`.
    #[derive(Debug, Clone, Copy)]
    pub enum Identity {}

    impl call::Method for Identity {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Root.identity";
        type Params = identity_params::Type;
        type Results = identity_results::Type;
    }

    /// Method `Root.windows`.
    #[derive(Debug, Clone, Copy)]
    pub enum Windows {}

    impl call::Method for Windows {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "Root.windows";
        type Params = windows_params::Type;
        type Results = windows_results::Type;
    }

    /// Method `Root.time`.
    #[derive(Debug, Clone, Copy)]
    pub enum Time {}

    impl call::Method for Time {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "Root.time";
        type Params = time_params::Type;
        type Results = time_results::Type;
    }

    /// Method `Root.statistics`.
    #[derive(Debug, Clone, Copy)]
    pub enum Statistics {}

    impl call::Method for Statistics {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 3,
        };
        const NAME: &'static str = "Root.statistics";
        type Params = statistics_params::Type;
        type Results = statistics_results::Type;
    }

    /// Method `Root.granted`.
    #[derive(Debug, Clone, Copy)]
    pub enum Granted {}

    impl call::Method for Granted {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 4,
        };
        const NAME: &'static str = "Root.granted";
        type Params = granted_params::Type;
        type Results = granted_results::Type;
    }

    /// Method `Root.grants`.
    #[derive(Debug, Clone, Copy)]
    pub enum Grants {}

    impl call::Method for Grants {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 5,
        };
        const NAME: &'static str = "Root.grants";
        type Params = grants_params::Type;
        type Results = grants_results::Type;
    }

    /// A call of one of the methods of `Root`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `identity`.
        Identity(identity_params::Reader<'a>),
        /// A call of `windows`.
        Windows(windows_params::Reader<'a>),
        /// A call of `time`.
        Time(time_params::Reader<'a>),
        /// A call of `statistics`.
        Statistics(statistics_params::Reader<'a>),
        /// A call of `granted`.
        Granted(granted_params::Reader<'a>),
        /// A call of `grants`.
        Grants(grants_params::Reader<'a>),
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
                0 => Self::Identity(call::params::<Identity>(message)?),
                1 => Self::Windows(call::params::<Windows>(message)?),
                2 => Self::Time(call::params::<Time>(message)?),
                3 => Self::Statistics(call::params::<Statistics>(message)?),
                4 => Self::Granted(call::params::<Granted>(message)?),
                5 => Self::Grants(call::params::<Grants>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Root`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Tells who the caller is.
        /// - `name`: the partition's name.
        /// - `id`: its number, which is used again only after the machine boots.
        /// - `starts`: which life of the partition this is; the first is 1.
        /// - `memory`: bytes of its memory.
        /// - `vcpus`: number of its virtual processors.
        /// - `version`: number of the schema release that the hypervisor serves, at least 1.
        fn identity(
            &self,
            context: &mut X,
            params: identity_params::Reader<'_>,
            results: identity_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Identity>().into())
        }

        /// Lists the ring windows of the partition.
        /// - `windows`: all of them, by index.
        fn windows(
            &self,
            context: &mut X,
            params: windows_params::Reader<'_>,
            results: windows_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Windows>().into())
        }

        /// Tells the time, and what the guest's time-stamp counter has to do with it.
        /// - `instant`: nanoseconds since the machine booted.
        /// - `wall`: nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds; 0 if the machine does not know.
        /// - `counter`: what the guest's TSC read at `instant`.
        /// - `frequency`: ticks a second of that counter, in hertz, at least 1.
        fn time(
            &self,
            context: &mut X,
            params: time_params::Reader<'_>,
            results: time_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Time>().into())
        }

        /// Tells what the partition has done since it was made.
        /// - `vcpus`: its virtual processors, by index.
        /// - `exits`: its exits by reason, those that have occurred.
        /// - `doorbellsSent`: doorbells that it rang.
        /// - `doorbellsReceived`: doorbells that were rung for it.
        fn statistics(
            &self,
            context: &mut X,
            params: statistics_params::Reader<'_>,
            results: statistics_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Statistics>().into())
        }

        /// Gives a capability that the manifest grants to the partition; each time the same object.
        /// - `name`: what the manifest calls it.
        /// - `capability`: the capability; none if there is no such grant.
        /// - `interface`: Cap'n Proto id of its interface; 0 if there is none.
        fn granted(
            &self,
            context: &mut X,
            params: granted_params::Reader<'_>,
            results: granted_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Granted>().into())
        }

        /// Lists what `granted` would give.
        /// - `names`: the names, in the order of the manifest.
        fn grants(
            &self,
            context: &mut X,
            params: grants_params::Reader<'_>,
            results: grants_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Grants>().into())
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
            0 => server.identity(
                context,
                call::params::<Identity>(&message)?,
                call::results::<Identity>(&mut answer)?,
            )?,
            1 => server.windows(
                context,
                call::params::<Windows>(&message)?,
                call::results::<Windows>(&mut answer)?,
            )?,
            2 => server.time(
                context,
                call::params::<Time>(&message)?,
                call::results::<Time>(&mut answer)?,
            )?,
            3 => server.statistics(
                context,
                call::params::<Statistics>(&message)?,
                call::results::<Statistics>(&mut answer)?,
            )?,
            4 => server.granted(
                context,
                call::params::<Granted>(&message)?,
                call::results::<Granted>(&mut answer)?,
            )?,
            5 => server.grants(
                context,
                call::params::<Grants>(&message)?,
                call::results::<Grants>(&mut answer)?,
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

    /// Calls an object with the interface `Root` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Tells who the caller is.
        /// - `name`: the partition's name.
        /// - `id`: its number, which is used again only after the machine boots.
        /// - `starts`: which life of the partition this is; the first is 1.
        /// - `memory`: bytes of its memory.
        /// - `vcpus`: number of its virtual processors.
        /// - `version`: number of the schema release that the hypervisor serves, at least 1.
        pub fn identity(&self) -> call::Pending<Identity, T::Pending> {
            call::start::<Identity, T>(&self.0, |_, _| Ok(()))
        }

        /// Lists the ring windows of the partition.
        /// - `windows`: all of them, by index.
        pub fn windows(&self) -> call::Pending<Windows, T::Pending> {
            call::start::<Windows, T>(&self.0, |_, _| Ok(()))
        }

        /// Tells the time, and what the guest's time-stamp counter has to do with it.
        /// - `instant`: nanoseconds since the machine booted.
        /// - `wall`: nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds; 0 if the machine does not know.
        /// - `counter`: what the guest's TSC read at `instant`.
        /// - `frequency`: ticks a second of that counter, in hertz, at least 1.
        pub fn time(&self) -> call::Pending<Time, T::Pending> {
            call::start::<Time, T>(&self.0, |_, _| Ok(()))
        }

        /// Tells what the partition has done since it was made.
        /// - `vcpus`: its virtual processors, by index.
        /// - `exits`: its exits by reason, those that have occurred.
        /// - `doorbellsSent`: doorbells that it rang.
        /// - `doorbellsReceived`: doorbells that were rung for it.
        pub fn statistics(&self) -> call::Pending<Statistics, T::Pending> {
            call::start::<Statistics, T>(&self.0, |_, _| Ok(()))
        }

        /// Gives a capability that the manifest grants to the partition; each time the same object.
        /// - `name`: what the manifest calls it.
        /// - `capability`: the capability; none if there is no such grant.
        /// - `interface`: Cap'n Proto id of its interface; 0 if there is none.
        pub fn granted(
            &self,
            fill: impl FnOnce(
                granted_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Granted, T::Pending> {
            call::start::<Granted, T>(&self.0, fill)
        }

        /// Lists what `granted` would give.
        /// - `names`: the names, in the order of the manifest.
        pub fn grants(&self) -> call::Pending<Grants, T::Pending> {
            call::start::<Grants, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `Root.identity` is called with.
    pub mod identity_params {
        use isthmus_schema::wire;

        /// `Root.identity$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xdc1bfaa3e69729d6;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.identity$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.identity$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Root.identity` answers.
    pub mod identity_results {
        use isthmus_schema::wire;

        /// `Root.identity$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa1c37d27571a037b;
            const DATA_WORDS: u16 = 4;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.identity$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.identity$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The partition's name.
            pub fn name(self) -> Result<&'a str, wire::Error> {
                self.0.text(0, "")
            }

            /// Whether `name` was set.
            #[must_use]
            pub fn has_name(self) -> bool {
                self.0.has(0)
            }

            /// Its number, which is used again only after the machine boots.
            #[must_use]
            pub fn id(self) -> u32 {
                self.0.u32(0, 0)
            }

            /// Which life of the partition this is; the first is 1.
            #[must_use]
            pub fn starts(self) -> u64 {
                self.0.u64(1, 0)
            }

            /// Bytes of its memory.
            #[must_use]
            pub fn memory(self) -> u64 {
                self.0.u64(2, 0)
            }

            /// Number of its virtual processors.
            #[must_use]
            pub fn vcpus(self) -> u32 {
                self.0.u32(1, 0)
            }

            /// Number of the schema release that the hypervisor serves, at least 1.
            #[must_use]
            pub fn version(self) -> u32 {
                self.0.u32(6, 0)
            }
        }

        impl Builder<'_> {
            /// The partition's name.
            pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }

            /// Its number, which is used again only after the machine boots.
            pub fn set_id(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }

            /// Which life of the partition this is; the first is 1.
            pub fn set_starts(&mut self, value: u64) {
                self.0.set_u64(1, value, 0);
            }

            /// Bytes of its memory.
            pub fn set_memory(&mut self, value: u64) {
                self.0.set_u64(2, value, 0);
            }

            /// Number of its virtual processors.
            pub fn set_vcpus(&mut self, value: u32) {
                self.0.set_u32(1, value, 0);
            }

            /// Number of the schema release that the hypervisor serves, at least 1.
            pub fn set_version(&mut self, value: u32) {
                self.0.set_u32(6, value, 0);
            }
        }
    }

    /// What `Root.windows` is called with.
    pub mod windows_params {
        use isthmus_schema::wire;

        /// `Root.windows$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd08308e95873cca5;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.windows$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.windows$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Root.windows` answers.
    pub mod windows_results {
        use isthmus_schema::wire;

        /// `Root.windows$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xc7e4cebaddf04ed6;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.windows$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.windows$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// All of them, by index.
            pub fn windows(
                self,
            ) -> Result<wire::List<'a, super::super::window_info::Reader<'a>>, wire::Error>
            {
                self.0.list(0)
            }

            /// Whether `windows` was set.
            #[must_use]
            pub fn has_windows(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// All of them, by index.
            pub fn init_windows(
                &mut self,
                count: u32,
            ) -> Result<wire::StructListBuilder<'_, super::super::window_info::Type>, wire::Error>
            {
                self.0.init_structs(0, count)
            }
        }
    }

    /// What `Root.time` is called with.
    pub mod time_params {
        use isthmus_schema::wire;

        /// `Root.time$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x979eaa834ab846ac;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.time$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.time$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Root.time` answers.
    pub mod time_results {
        use isthmus_schema::wire;

        /// `Root.time$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9ba89053a9187a9f;
            const DATA_WORDS: u16 = 4;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.time$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.time$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Nanoseconds since the machine booted.
            #[must_use]
            pub fn instant(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// Nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds; 0 if the machine does not know.
            #[must_use]
            pub fn wall(self) -> i64 {
                self.0.i64(1, 0)
            }

            /// What the guest's TSC read at `instant`.
            #[must_use]
            pub fn counter(self) -> u64 {
                self.0.u64(2, 0)
            }

            /// Ticks a second of that counter, in hertz, at least 1.
            #[must_use]
            pub fn frequency(self) -> u64 {
                self.0.u64(3, 0)
            }
        }

        impl Builder<'_> {
            /// Nanoseconds since the machine booted.
            pub fn set_instant(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// Nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds; 0 if the machine does not know.
            pub fn set_wall(&mut self, value: i64) {
                self.0.set_i64(1, value, 0);
            }

            /// What the guest's TSC read at `instant`.
            pub fn set_counter(&mut self, value: u64) {
                self.0.set_u64(2, value, 0);
            }

            /// Ticks a second of that counter, in hertz, at least 1.
            pub fn set_frequency(&mut self, value: u64) {
                self.0.set_u64(3, value, 0);
            }
        }
    }

    /// What `Root.statistics` is called with.
    pub mod statistics_params {
        use isthmus_schema::wire;

        /// `Root.statistics$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xbd53108ed31d6804;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.statistics$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.statistics$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Root.statistics` answers.
    pub mod statistics_results {
        use isthmus_schema::wire;

        /// `Root.statistics$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfdf349383abd0859;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 2;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.statistics$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.statistics$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Its virtual processors, by index.
            pub fn vcpus(
                self,
            ) -> Result<wire::List<'a, super::super::vcpu_statistics::Reader<'a>>, wire::Error>
            {
                self.0.list(0)
            }

            /// Whether `vcpus` was set.
            #[must_use]
            pub fn has_vcpus(self) -> bool {
                self.0.has(0)
            }

            /// Its exits by reason, those that have occurred.
            pub fn exits(
                self,
            ) -> Result<wire::List<'a, super::super::exit_count::Reader<'a>>, wire::Error>
            {
                self.0.list(1)
            }

            /// Whether `exits` was set.
            #[must_use]
            pub fn has_exits(self) -> bool {
                self.0.has(1)
            }

            /// Doorbells that it rang.
            #[must_use]
            pub fn doorbells_sent(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// Doorbells that were rung for it.
            #[must_use]
            pub fn doorbells_received(self) -> u64 {
                self.0.u64(1, 0)
            }
        }

        impl Builder<'_> {
            /// Its virtual processors, by index.
            pub fn init_vcpus(
                &mut self,
                count: u32,
            ) -> Result<wire::StructListBuilder<'_, super::super::vcpu_statistics::Type>, wire::Error>
            {
                self.0.init_structs(0, count)
            }

            /// Its exits by reason, those that have occurred.
            pub fn init_exits(
                &mut self,
                count: u32,
            ) -> Result<wire::StructListBuilder<'_, super::super::exit_count::Type>, wire::Error>
            {
                self.0.init_structs(1, count)
            }

            /// Doorbells that it rang.
            pub fn set_doorbells_sent(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// Doorbells that were rung for it.
            pub fn set_doorbells_received(&mut self, value: u64) {
                self.0.set_u64(1, value, 0);
            }
        }
    }

    /// What `Root.granted` is called with.
    pub mod granted_params {
        use isthmus_schema::wire;

        /// `Root.granted$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x82fd450c79d994d5;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.granted$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.granted$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// What the manifest calls it.
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
            /// What the manifest calls it.
            pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
        }
    }

    /// What `Root.granted` answers.
    pub mod granted_results {
        use isthmus_schema::wire;

        /// `Root.granted$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe17ed7feef550c29;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.granted$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.granted$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The capability; none if there is no such grant.
            pub fn capability(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(0)
            }

            /// Whether `capability` was set.
            #[must_use]
            pub fn has_capability(self) -> bool {
                self.0.has(0)
            }

            /// Cap'n Proto id of its interface; 0 if there is none.
            #[must_use]
            pub fn interface(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// The capability; none if there is no such grant.
            pub fn set_capability(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(0, value);
            }

            /// Cap'n Proto id of its interface; 0 if there is none.
            pub fn set_interface(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `Root.grants` is called with.
    pub mod grants_params {
        use isthmus_schema::wire;

        /// `Root.grants$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd04360d8dc62afee;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.grants$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.grants$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Root.grants` answers.
    pub mod grants_results {
        use isthmus_schema::wire;

        /// `Root.grants$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfa9a6e9a95f4bcd2;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Root.grants$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Root.grants$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The names, in the order of the manifest.
            pub fn names(self) -> Result<wire::List<'a, &'a str>, wire::Error> {
                self.0.list(0)
            }

            /// Whether `names` was set.
            #[must_use]
            pub fn has_names(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// The names, in the order of the manifest.
            pub fn init_names(
                &mut self,
                count: u32,
            ) -> Result<wire::ListBuilder<'_, str>, wire::Error> {
                self.0.init_list(0, count)
            }
        }
    }
}
