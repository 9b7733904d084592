//! Generated from `clock.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// A clock. Instants are nanoseconds of a clock that starts at 0 when the machine boots, never goes back and never jumps;
/// a 64-bit count of them lasts 584 years.
pub mod clock {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Clock`.
    pub const ID: u64 = 0x93c90da0917f9d8d;
    /// Its name in the schema.
    pub const NAME: &str = "Clock";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "now",
            params: 0xd9bd33d25770d977,
            results: 0x858880a2636d6571,
        },
        call::MethodInfo {
            method: 1,
            name: "sleepUntil",
            params: 0xc4e6af2f0816b663,
            results: 0xf6a3da4b31aebe4d,
        },
        call::MethodInfo {
            method: 2,
            name: "properties",
            params: 0xceaaace04a1558eb,
            results: 0xee0ed600c0bff81f,
        },
    ];

    /// Method `Clock.now`.
    #[derive(Debug, Clone, Copy)]
    pub enum Now {}

    impl call::Method for Now {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Clock.now";
        type Params = now_params::Type;
        type Results = now_results::Type;
    }

    /// Method `Clock.sleepUntil`.
    #[derive(Debug, Clone, Copy)]
    pub enum SleepUntil {}

    impl call::Method for SleepUntil {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "Clock.sleepUntil";
        type Params = sleep_until_params::Type;
        type Results = sleep_until_results::Type;
    }

    /// Method `Clock.properties`.
    #[derive(Debug, Clone, Copy)]
    pub enum Properties {}

    impl call::Method for Properties {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "Clock.properties";
        type Params = properties_params::Type;
        type Results = properties_results::Type;
    }

    /// A call of one of the methods of `Clock`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `now`.
        Now(now_params::Reader<'a>),
        /// A call of `sleepUntil`.
        SleepUntil(sleep_until_params::Reader<'a>),
        /// A call of `properties`.
        Properties(properties_params::Reader<'a>),
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
                0 => Self::Now(call::params::<Now>(message)?),
                1 => Self::SleepUntil(call::params::<SleepUntil>(message)?),
                2 => Self::Properties(call::params::<Properties>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Clock`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Tells the time.
        /// - `instant`: nanoseconds since the machine booted.
        /// - `wall`: nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds, which may jump when it is set; 0 if the machine
        ///   does not know.
        fn now(
            &self,
            context: &mut X,
            params: now_params::Reader<'_>,
            results: now_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Now>().into())
        }

        /// Answers when the time has come, at once if it is past. Cancelling the call stops the timer.
        /// - `instant`: nanoseconds since the machine booted, in the parameters when to answer, in the results when it was answered;
        ///   the second is not before the first.
        fn sleep_until(
            &self,
            context: &mut X,
            params: sleep_until_params::Reader<'_>,
            results: sleep_until_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<SleepUntil>().into())
        }

        /// Tells what the clock can do. The answer does not change while the machine runs.
        /// - `resolution`: nanoseconds between two instants that a sleeper can tell apart, at least 1.
        /// - `frequency`: ticks a second of the counter that the clock reads (the TSC on x86), in hertz; 0 if there is none to read.
        fn properties(
            &self,
            context: &mut X,
            params: properties_params::Reader<'_>,
            results: properties_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Properties>().into())
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
            0 => server.now(
                context,
                call::params::<Now>(&message)?,
                call::results::<Now>(&mut answer)?,
            )?,
            1 => server.sleep_until(
                context,
                call::params::<SleepUntil>(&message)?,
                call::results::<SleepUntil>(&mut answer)?,
            )?,
            2 => server.properties(
                context,
                call::params::<Properties>(&message)?,
                call::results::<Properties>(&mut answer)?,
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

    /// Calls an object with the interface `Clock` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Tells the time.
        /// - `instant`: nanoseconds since the machine booted.
        /// - `wall`: nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds, which may jump when it is set; 0 if the machine
        ///   does not know.
        pub fn now(&self) -> call::Pending<Now, T::Pending> {
            call::start::<Now, T>(&self.0, |_, _| Ok(()))
        }

        /// Answers when the time has come, at once if it is past. Cancelling the call stops the timer.
        /// - `instant`: nanoseconds since the machine booted, in the parameters when to answer, in the results when it was answered;
        ///   the second is not before the first.
        pub fn sleep_until(
            &self,
            fill: impl FnOnce(
                sleep_until_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<SleepUntil, T::Pending> {
            call::start::<SleepUntil, T>(&self.0, fill)
        }

        /// Tells what the clock can do. The answer does not change while the machine runs.
        /// - `resolution`: nanoseconds between two instants that a sleeper can tell apart, at least 1.
        /// - `frequency`: ticks a second of the counter that the clock reads (the TSC on x86), in hertz; 0 if there is none to read.
        pub fn properties(&self) -> call::Pending<Properties, T::Pending> {
            call::start::<Properties, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `Clock.now` is called with.
    pub mod now_params {
        use isthmus_schema::wire;

        /// `Clock.now$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd9bd33d25770d977;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Clock.now$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Clock.now$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Clock.now` answers.
    pub mod now_results {
        use isthmus_schema::wire;

        /// `Clock.now$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x858880a2636d6571;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Clock.now$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Clock.now$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

            /// Nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds, which may jump when it is set; 0 if the machine
            /// does not know.
            #[must_use]
            pub fn wall(self) -> i64 {
                self.0.i64(1, 0)
            }
        }

        impl Builder<'_> {
            /// Nanoseconds since the machine booted.
            pub fn set_instant(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// Nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds, which may jump when it is set; 0 if the machine
            /// does not know.
            pub fn set_wall(&mut self, value: i64) {
                self.0.set_i64(1, value, 0);
            }
        }
    }

    /// What `Clock.sleepUntil` is called with.
    pub mod sleep_until_params {
        use isthmus_schema::wire;

        /// `Clock.sleepUntil$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xc4e6af2f0816b663;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Clock.sleepUntil$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Clock.sleepUntil$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Nanoseconds since the machine booted, in the parameters when to answer, in the results when it was answered;
            /// the second is not before the first.
            #[must_use]
            pub fn instant(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// Nanoseconds since the machine booted, in the parameters when to answer, in the results when it was answered;
            /// the second is not before the first.
            pub fn set_instant(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `Clock.sleepUntil` answers.
    pub mod sleep_until_results {
        use isthmus_schema::wire;

        /// `Clock.sleepUntil$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xf6a3da4b31aebe4d;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Clock.sleepUntil$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Clock.sleepUntil$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Nanoseconds since the machine booted, in the parameters when to answer, in the results when it was answered;
            /// the second is not before the first.
            #[must_use]
            pub fn instant(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// Nanoseconds since the machine booted, in the parameters when to answer, in the results when it was answered;
            /// the second is not before the first.
            pub fn set_instant(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `Clock.properties` is called with.
    pub mod properties_params {
        use isthmus_schema::wire;

        /// `Clock.properties$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xceaaace04a1558eb;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Clock.properties$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Clock.properties$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Clock.properties` answers.
    pub mod properties_results {
        use isthmus_schema::wire;

        /// `Clock.properties$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xee0ed600c0bff81f;
            const DATA_WORDS: u16 = 2;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Clock.properties$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Clock.properties$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Nanoseconds between two instants that a sleeper can tell apart, at least 1.
            #[must_use]
            pub fn resolution(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// Ticks a second of the counter that the clock reads (the TSC on x86), in hertz; 0 if there is none to read.
            #[must_use]
            pub fn frequency(self) -> u64 {
                self.0.u64(1, 0)
            }
        }

        impl Builder<'_> {
            /// Nanoseconds between two instants that a sleeper can tell apart, at least 1.
            pub fn set_resolution(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// Ticks a second of the counter that the clock reads (the TSC on x86), in hertz; 0 if there is none to read.
            pub fn set_frequency(&mut self, value: u64) {
                self.0.set_u64(1, value, 0);
            }
        }
    }
}
