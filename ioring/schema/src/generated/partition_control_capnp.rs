//! Generated from `partition_control.capnp` by `cargo xtask check-schema write`; changes here are lost.

/// What a partition does. A state that a reader does not know is one in which it does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PartitionState(pub u16);

impl PartitionState {
    /// It holds its memory and has not been started since it was made or stopped.
    pub const STOPPED: Self = Self(0);
    /// Its virtual processors may run.
    pub const RUNNING: Self = Self(1);
    /// Its virtual processors keep their state and do not run.
    pub const PAUSED: Self = Self(2);
    /// It turned itself off.
    pub const ENDED: Self = Self(3);
    /// It ended by a fault; see `EndReason`.
    pub const CRASHED: Self = Self(4);

    /// The enum's Cap'n Proto id.
    pub const ID: u64 = 0x9f86d0cce15bd2f3;

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("stopped"),
            1 => Some("running"),
            2 => Some("paused"),
            3 => Some("ended"),
            4 => Some("crashed"),

            _ => None,
        }
    }
}

impl<'a> isthmus_schema::wire::Element<'a> for PartitionState {
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

impl isthmus_schema::wire::Put for PartitionState {
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

/// Why a partition does not run any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EndReason(pub u16);

impl EndReason {
    /// It has not ended.
    pub const NONE: Self = Self(0);
    /// It turned itself off.
    pub const POWERED_OFF: Self = Self(1);
    /// It asked for a reset, and its configuration does not restart it.
    pub const RESET: Self = Self(2);
    /// A fault while handling a double fault.
    pub const TRIPLE_FAULT: Self = Self(3);
    /// Its processor state cannot be run.
    pub const INVALID_STATE: Self = Self(4);
    /// A holder of its control capability stopped it.
    pub const STOPPED: Self = Self(5);
    /// The hypervisor could not go on with it.
    pub const INTERNAL: Self = Self(6);

    /// The enum's Cap'n Proto id.
    pub const ID: u64 = 0xc3495b4769050574;

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("none"),
            1 => Some("poweredOff"),
            2 => Some("reset"),
            3 => Some("tripleFault"),
            4 => Some("invalidState"),
            5 => Some("stopped"),
            6 => Some("internal"),

            _ => None,
        }
    }
}

impl<'a> isthmus_schema::wire::Element<'a> for EndReason {
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

impl isthmus_schema::wire::Put for EndReason {
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

/// Why a virtual processor stopped running. One that a reader does not know means that it may be run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RunEnd(pub u16);

impl RunEnd {
    /// The budget is used up.
    pub const BUDGET: Self = Self(0);
    /// It waits for an interrupt, or for the instant in `wakeAt`.
    pub const HALTED: Self = Self(1);
    /// It gave up the rest on its own.
    pub const YIELDED: Self = Self(2);
    /// The partition was paused or stopped.
    pub const PAUSED: Self = Self(3);
    /// The partition ended.
    pub const ENDED: Self = Self(4);
    /// The call was cancelled or its deadline passed.
    pub const CANCELLED: Self = Self(5);

    /// The enum's Cap'n Proto id.
    pub const ID: u64 = 0xdb10c8fa677b7c89;

    /// Its name in the schema; `None` for a number that this schema does not have.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("budget"),
            1 => Some("halted"),
            2 => Some("yielded"),
            3 => Some("paused"),
            4 => Some("ended"),
            5 => Some("cancelled"),

            _ => None,
        }
    }
}

impl<'a> isthmus_schema::wire::Element<'a> for RunEnd {
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

impl isthmus_schema::wire::Put for RunEnd {
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

/// A virtual processor to be made.
pub mod vcpu_config {
    use isthmus_schema::wire;

    /// `VcpuConfig` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xe23c355f3aedc22c;
        const DATA_WORDS: u16 = 3;
        const POINTERS: u16 = 0;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `VcpuConfig`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `VcpuConfig`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// The core on which it runs, counted from 0.
        #[must_use]
        pub fn core(self) -> u32 {
            self.0.u32(0, 0)
        }

        /// Nanoseconds that it may run in each period; 0 if it runs only by `Vcpu.run`.
        #[must_use]
        pub fn budget(self) -> u64 {
            self.0.u64(1, 0)
        }

        /// Nanoseconds of a period, at least `budget`; 0 if the budget is not bounded.
        #[must_use]
        pub fn period(self) -> u64 {
            self.0.u64(2, 0)
        }
    }

    impl Builder<'_> {
        /// The core on which it runs, counted from 0.
        pub fn set_core(&mut self, value: u32) {
            self.0.set_u32(0, value, 0);
        }

        /// Nanoseconds that it may run in each period; 0 if it runs only by `Vcpu.run`.
        pub fn set_budget(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }

        /// Nanoseconds of a period, at least `budget`; 0 if the budget is not bounded.
        pub fn set_period(&mut self, value: u64) {
            self.0.set_u64(2, value, 0);
        }
    }
}

/// A partition to be made.
pub mod partition_config {
    use isthmus_schema::wire;

    /// `PartitionConfig` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0x843b0aeb092bbca2;
        const DATA_WORDS: u16 = 2;
        const POINTERS: u16 = 3;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `PartitionConfig`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `PartitionConfig`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// Its name: 1 to 32 bytes of `a` to `z`, `0` to `9` and `-`, not in use.
        pub fn name(self) -> Result<&'a str, wire::Error> {
            self.0.text(0, "")
        }

        /// Whether `name` was set.
        #[must_use]
        pub fn has_name(self) -> bool {
            self.0.has(0)
        }

        /// Bytes of memory, a multiple of 2 MiB, at least 4 MiB.
        #[must_use]
        pub fn memory(self) -> u64 {
            self.0.u64(0, 0)
        }

        /// Its virtual processors, 1 to 64.
        pub fn vcpus(self) -> Result<wire::List<'a, super::vcpu_config::Reader<'a>>, wire::Error> {
            self.0.list(1)
        }

        /// Whether `vcpus` was set.
        #[must_use]
        pub fn has_vcpus(self) -> bool {
            self.0.has(1)
        }

        /// What its kernel is told, at most 2,047 bytes.
        pub fn command_line(self) -> Result<&'a str, wire::Error> {
            self.0.text(2, "")
        }

        /// Whether `commandLine` was set.
        #[must_use]
        pub fn has_command_line(self) -> bool {
            self.0.has(2)
        }

        /// Whether a reset that it asks for starts it again.
        #[must_use]
        pub fn restart_on_reset(self) -> bool {
            self.0.bool(64, true)
        }

        /// How often it is restarted at most after a crash; 0 for never.
        #[must_use]
        pub fn restart_limit(self) -> u32 {
            self.0.u32(3, 0)
        }
    }

    impl Builder<'_> {
        /// Its name: 1 to 32 bytes of `a` to `z`, `0` to `9` and `-`, not in use.
        pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// Bytes of memory, a multiple of 2 MiB, at least 4 MiB.
        pub fn set_memory(&mut self, value: u64) {
            self.0.set_u64(0, value, 0);
        }

        /// Its virtual processors, 1 to 64.
        pub fn init_vcpus(
            &mut self,
            count: u32,
        ) -> Result<wire::StructListBuilder<'_, super::vcpu_config::Type>, wire::Error> {
            self.0.init_structs(1, count)
        }

        /// What its kernel is told, at most 2,047 bytes.
        pub fn set_command_line(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(2, value)
        }

        /// Whether a reset that it asks for starts it again.
        pub fn set_restart_on_reset(&mut self, value: bool) {
            self.0.set_bool(64, value, true);
        }

        /// How often it is restarted at most after a crash; 0 for never.
        pub fn set_restart_limit(&mut self, value: u32) {
            self.0.set_u32(3, value, 0);
        }
    }
}

/// What a virtual processor has done since its partition was made.
pub mod vcpu_statistics {
    use isthmus_schema::wire;

    /// `VcpuStatistics` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xe541c0eebd27d8e9;
        const DATA_WORDS: u16 = 5;
        const POINTERS: u16 = 0;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `VcpuStatistics`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `VcpuStatistics`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// Nanoseconds that it ran.
        #[must_use]
        pub fn used(self) -> u64 {
            self.0.u64(0, 0)
        }

        /// How often it left the guest.
        #[must_use]
        pub fn exits(self) -> u64 {
            self.0.u64(1, 0)
        }

        /// Nanoseconds that the hypervisor spent on those.
        #[must_use]
        pub fn hypervisor(self) -> u64 {
            self.0.u64(2, 0)
        }

        /// How often its budget was used up.
        #[must_use]
        pub fn preemptions(self) -> u64 {
            self.0.u64(3, 0)
        }

        /// How often it waited for an interrupt.
        #[must_use]
        pub fn halts(self) -> u64 {
            self.0.u64(4, 0)
        }
    }

    impl Builder<'_> {
        /// Nanoseconds that it ran.
        pub fn set_used(&mut self, value: u64) {
            self.0.set_u64(0, value, 0);
        }

        /// How often it left the guest.
        pub fn set_exits(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }

        /// Nanoseconds that the hypervisor spent on those.
        pub fn set_hypervisor(&mut self, value: u64) {
            self.0.set_u64(2, value, 0);
        }

        /// How often its budget was used up.
        pub fn set_preemptions(&mut self, value: u64) {
            self.0.set_u64(3, value, 0);
        }

        /// How often it waited for an interrupt.
        pub fn set_halts(&mut self, value: u64) {
            self.0.set_u64(4, value, 0);
        }
    }
}

/// A partition as it was at one instant.
pub mod partition_status {
    use isthmus_schema::wire;

    /// `PartitionStatus` as a type without values, for what is generic over structs.
    #[derive(Debug, Clone, Copy)]
    pub enum Type {}

    impl wire::StructType for Type {
        const ID: u64 = 0xff3b8ddb8a5f712f;
        const DATA_WORDS: u16 = 4;
        const POINTERS: u16 = 2;
        type Reader<'a> = Reader<'a>;
        type Builder<'a> = Builder<'a>;
    }

    /// Reads `PartitionStatus`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

    /// Writes `PartitionStatus`. What needs room fails with [`wire::Error::Full`] when there is none.
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
        /// Its name.
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

        /// What it does.
        #[must_use]
        pub fn state(self) -> super::PartitionState {
            super::PartitionState(self.0.u16(2, 0))
        }

        /// Why it does not run any more.
        #[must_use]
        pub fn end(self) -> super::EndReason {
            super::EndReason(self.0.u16(3, 0))
        }

        /// How often it was started.
        #[must_use]
        pub fn starts(self) -> u64 {
            self.0.u64(1, 0)
        }

        /// Bytes of its memory.
        #[must_use]
        pub fn memory(self) -> u64 {
            self.0.u64(2, 0)
        }

        /// Bytes that the hypervisor needs for it.
        #[must_use]
        pub fn hypervisor_memory(self) -> u64 {
            self.0.u64(3, 0)
        }

        /// Its virtual processors, by index.
        pub fn vcpus(
            self,
        ) -> Result<wire::List<'a, super::vcpu_statistics::Reader<'a>>, wire::Error> {
            self.0.list(1)
        }

        /// Whether `vcpus` was set.
        #[must_use]
        pub fn has_vcpus(self) -> bool {
            self.0.has(1)
        }
    }

    impl Builder<'_> {
        /// Its name.
        pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
            self.0.set_text(0, value)
        }

        /// Its number, which is used again only after the machine boots.
        pub fn set_id(&mut self, value: u32) {
            self.0.set_u32(0, value, 0);
        }

        /// What it does.
        pub fn set_state(&mut self, value: super::PartitionState) {
            self.0.set_u16(2, value.0, 0);
        }

        /// Why it does not run any more.
        pub fn set_end(&mut self, value: super::EndReason) {
            self.0.set_u16(3, value.0, 0);
        }

        /// How often it was started.
        pub fn set_starts(&mut self, value: u64) {
            self.0.set_u64(1, value, 0);
        }

        /// Bytes of its memory.
        pub fn set_memory(&mut self, value: u64) {
            self.0.set_u64(2, value, 0);
        }

        /// Bytes that the hypervisor needs for it.
        pub fn set_hypervisor_memory(&mut self, value: u64) {
            self.0.set_u64(3, value, 0);
        }

        /// Its virtual processors, by index.
        pub fn init_vcpus(
            &mut self,
            count: u32,
        ) -> Result<wire::StructListBuilder<'_, super::vcpu_statistics::Type>, wire::Error>
        {
            self.0.init_structs(1, count)
        }
    }
}

/// The right to run one virtual processor. It may be handed on: a partition schedules its own children with it.
pub mod vcpu {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `Vcpu`.
    pub const ID: u64 = 0xd74d1eb58f041134;
    /// Its name in the schema.
    pub const NAME: &str = "Vcpu";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "run",
            params: 0x81ed118227a5608d,
            results: 0xc47b28a44caceb53,
        },
        call::MethodInfo {
            method: 1,
            name: "statistics",
            params: 0xa85e2accd0507e3a,
            results: 0x9fd6ffb2460cfa69,
        },
    ];

    /// Method `Vcpu.run`.
    #[derive(Debug, Clone, Copy)]
    pub enum Run {}

    impl call::Method for Run {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "Vcpu.run";
        type Params = run_params::Type;
        type Results = run_results::Type;
    }

    /// Method `Vcpu.statistics`.
    #[derive(Debug, Clone, Copy)]
    pub enum Statistics {}

    impl call::Method for Statistics {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "Vcpu.statistics";
        type Params = statistics_params::Type;
        type Results = statistics_results::Type;
    }

    /// A call of one of the methods of `Vcpu`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `run`.
        Run(run_params::Reader<'a>),
        /// A call of `statistics`.
        Statistics(statistics_params::Reader<'a>),
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
                0 => Self::Run(call::params::<Run>(message)?),
                1 => Self::Statistics(call::params::<Statistics>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `Vcpu`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Runs the virtual processor on the core of the caller, at most as long as the budget and the caller's own budget last. One run
        /// at a time: a second one fails.
        /// - `budget`: nanoseconds, at least 1.
        /// - `used`: nanoseconds that it ran, which exceeds `budget` by no more than the timer's resolution.
        /// - `reason`: why it stopped.
        /// - `wakeAt`: when `reason` is `halted`, the instant at which its timer is due, in nanoseconds since the machine booted; 0 if it
        ///   waits for an interrupt alone.
        fn run(
            &self,
            context: &mut X,
            params: run_params::Reader<'_>,
            results: run_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Run>().into())
        }

        /// Tells what the virtual processor has done.
        /// - `statistics`: the numbers.
        fn statistics(
            &self,
            context: &mut X,
            params: statistics_params::Reader<'_>,
            results: statistics_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Statistics>().into())
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
            0 => server.run(
                context,
                call::params::<Run>(&message)?,
                call::results::<Run>(&mut answer)?,
            )?,
            1 => server.statistics(
                context,
                call::params::<Statistics>(&message)?,
                call::results::<Statistics>(&mut answer)?,
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

    /// Calls an object with the interface `Vcpu` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Runs the virtual processor on the core of the caller, at most as long as the budget and the caller's own budget last. One run
        /// at a time: a second one fails.
        /// - `budget`: nanoseconds, at least 1.
        /// - `used`: nanoseconds that it ran, which exceeds `budget` by no more than the timer's resolution.
        /// - `reason`: why it stopped.
        /// - `wakeAt`: when `reason` is `halted`, the instant at which its timer is due, in nanoseconds since the machine booted; 0 if it
        ///   waits for an interrupt alone.
        pub fn run(
            &self,
            fill: impl FnOnce(
                run_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Run, T::Pending> {
            call::start::<Run, T>(&self.0, fill)
        }

        /// Tells what the virtual processor has done.
        /// - `statistics`: the numbers.
        pub fn statistics(&self) -> call::Pending<Statistics, T::Pending> {
            call::start::<Statistics, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `Vcpu.run` is called with.
    pub mod run_params {
        use isthmus_schema::wire;

        /// `Vcpu.run$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x81ed118227a5608d;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Vcpu.run$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Vcpu.run$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Nanoseconds, at least 1.
            #[must_use]
            pub fn budget(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// Nanoseconds, at least 1.
            pub fn set_budget(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `Vcpu.run` answers.
    pub mod run_results {
        use isthmus_schema::wire;

        /// `Vcpu.run$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xc47b28a44caceb53;
            const DATA_WORDS: u16 = 3;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Vcpu.run$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Vcpu.run$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Nanoseconds that it ran, which exceeds `budget` by no more than the timer's resolution.
            #[must_use]
            pub fn used(self) -> u64 {
                self.0.u64(0, 0)
            }

            /// Why it stopped.
            #[must_use]
            pub fn reason(self) -> super::super::RunEnd {
                super::super::RunEnd(self.0.u16(4, 0))
            }

            /// When `reason` is `halted`, the instant at which its timer is due, in nanoseconds since the machine booted; 0 if it
            /// waits for an interrupt alone.
            #[must_use]
            pub fn wake_at(self) -> u64 {
                self.0.u64(2, 0)
            }
        }

        impl Builder<'_> {
            /// Nanoseconds that it ran, which exceeds `budget` by no more than the timer's resolution.
            pub fn set_used(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }

            /// Why it stopped.
            pub fn set_reason(&mut self, value: super::super::RunEnd) {
                self.0.set_u16(4, value.0, 0);
            }

            /// When `reason` is `halted`, the instant at which its timer is due, in nanoseconds since the machine booted; 0 if it
            /// waits for an interrupt alone.
            pub fn set_wake_at(&mut self, value: u64) {
                self.0.set_u64(2, value, 0);
            }
        }
    }

    /// What `Vcpu.statistics` is called with.
    pub mod statistics_params {
        use isthmus_schema::wire;

        /// `Vcpu.statistics$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa85e2accd0507e3a;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Vcpu.statistics$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Vcpu.statistics$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `Vcpu.statistics` answers.
    pub mod statistics_results {
        use isthmus_schema::wire;

        /// `Vcpu.statistics$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9fd6ffb2460cfa69;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `Vcpu.statistics$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `Vcpu.statistics$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The numbers.
            pub fn statistics(
                self,
            ) -> Result<super::super::vcpu_statistics::Reader<'a>, wire::Error> {
                self.0.structure(0).map(Into::into)
            }

            /// Whether `statistics` was set.
            #[must_use]
            pub fn has_statistics(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// The numbers.
            pub fn init_statistics(
                &mut self,
            ) -> Result<super::super::vcpu_statistics::Builder<'_>, wire::Error> {
                self.0.init_struct::<super::super::vcpu_statistics::Type>(0)
            }
        }
    }
}

/// Control over one partition. Calls are done in order. Dropping the capability changes nothing about the partition.
pub mod partition_control {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `PartitionControl`.
    pub const ID: u64 = 0xa3367aa1a6779055;
    /// Its name in the schema.
    pub const NAME: &str = "PartitionControl";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "inspect",
            params: 0xfbe7e30c53cdd2d7,
            results: 0x9b83b8470a5a7cc6,
        },
        call::MethodInfo {
            method: 1,
            name: "start",
            params: 0xe1e4753c0b77a4be,
            results: 0xf90418d808f9a961,
        },
        call::MethodInfo {
            method: 2,
            name: "stop",
            params: 0xa5289ddd74ec8504,
            results: 0xce6becbb95591cd9,
        },
        call::MethodInfo {
            method: 3,
            name: "restart",
            params: 0xa7d65078be1af8eb,
            results: 0xf260ea9de380a553,
        },
        call::MethodInfo {
            method: 4,
            name: "pause",
            params: 0x9c4c9451c9dcfd2e,
            results: 0x82b3efa830d102ad,
        },
        call::MethodInfo {
            method: 5,
            name: "resume",
            params: 0xd014fd27b2721551,
            results: 0x978a2f16773438e9,
        },
        call::MethodInfo {
            method: 6,
            name: "awaitEnd",
            params: 0xe45c37ab3dd6b359,
            results: 0x9e4e8e4d7d0f08f8,
        },
        call::MethodInfo {
            method: 7,
            name: "vcpu",
            params: 0x9f43a5289228c7f9,
            results: 0xf86840a70c41d747,
        },
        call::MethodInfo {
            method: 8,
            name: "destroy",
            params: 0xcbd27e471bdaa452,
            results: 0xd556296f27f57611,
        },
    ];

    /// Method `PartitionControl.inspect`.
    #[derive(Debug, Clone, Copy)]
    pub enum Inspect {}

    impl call::Method for Inspect {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "PartitionControl.inspect";
        type Params = inspect_params::Type;
        type Results = inspect_results::Type;
    }

    /// Method `PartitionControl.start`.
    #[derive(Debug, Clone, Copy)]
    pub enum Start {}

    impl call::Method for Start {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "PartitionControl.start";
        type Params = start_params::Type;
        type Results = start_results::Type;
    }

    /// Method `PartitionControl.stop`.
    #[derive(Debug, Clone, Copy)]
    pub enum Stop {}

    impl call::Method for Stop {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "PartitionControl.stop";
        type Params = stop_params::Type;
        type Results = stop_results::Type;
    }

    /// Method `PartitionControl.restart`.
    #[derive(Debug, Clone, Copy)]
    pub enum Restart {}

    impl call::Method for Restart {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 3,
        };
        const NAME: &'static str = "PartitionControl.restart";
        type Params = restart_params::Type;
        type Results = restart_results::Type;
    }

    /// Method `PartitionControl.pause`.
    #[derive(Debug, Clone, Copy)]
    pub enum Pause {}

    impl call::Method for Pause {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 4,
        };
        const NAME: &'static str = "PartitionControl.pause";
        type Params = pause_params::Type;
        type Results = pause_results::Type;
    }

    /// Method `PartitionControl.resume`.
    #[derive(Debug, Clone, Copy)]
    pub enum Resume {}

    impl call::Method for Resume {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 5,
        };
        const NAME: &'static str = "PartitionControl.resume";
        type Params = resume_params::Type;
        type Results = resume_results::Type;
    }

    /// Method `PartitionControl.awaitEnd`.
    #[derive(Debug, Clone, Copy)]
    pub enum AwaitEnd {}

    impl call::Method for AwaitEnd {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 6,
        };
        const NAME: &'static str = "PartitionControl.awaitEnd";
        type Params = await_end_params::Type;
        type Results = await_end_results::Type;
    }

    /// Method `PartitionControl.vcpu`.
    #[derive(Debug, Clone, Copy)]
    pub enum Vcpu {}

    impl call::Method for Vcpu {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 7,
        };
        const NAME: &'static str = "PartitionControl.vcpu";
        type Params = vcpu_params::Type;
        type Results = vcpu_results::Type;
    }

    /// Method `PartitionControl.destroy`.
    #[derive(Debug, Clone, Copy)]
    pub enum Destroy {}

    impl call::Method for Destroy {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 8,
        };
        const NAME: &'static str = "PartitionControl.destroy";
        type Params = destroy_params::Type;
        type Results = destroy_results::Type;
    }

    /// A call of one of the methods of `PartitionControl`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `inspect`.
        Inspect(inspect_params::Reader<'a>),
        /// A call of `start`.
        Start(start_params::Reader<'a>),
        /// A call of `stop`.
        Stop(stop_params::Reader<'a>),
        /// A call of `restart`.
        Restart(restart_params::Reader<'a>),
        /// A call of `pause`.
        Pause(pause_params::Reader<'a>),
        /// A call of `resume`.
        Resume(resume_params::Reader<'a>),
        /// A call of `awaitEnd`.
        AwaitEnd(await_end_params::Reader<'a>),
        /// A call of `vcpu`.
        Vcpu(vcpu_params::Reader<'a>),
        /// A call of `destroy`.
        Destroy(destroy_params::Reader<'a>),
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
                0 => Self::Inspect(call::params::<Inspect>(message)?),
                1 => Self::Start(call::params::<Start>(message)?),
                2 => Self::Stop(call::params::<Stop>(message)?),
                3 => Self::Restart(call::params::<Restart>(message)?),
                4 => Self::Pause(call::params::<Pause>(message)?),
                5 => Self::Resume(call::params::<Resume>(message)?),
                6 => Self::AwaitEnd(call::params::<AwaitEnd>(message)?),
                7 => Self::Vcpu(call::params::<Vcpu>(message)?),
                8 => Self::Destroy(call::params::<Destroy>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `PartitionControl`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Tells how the partition is.
        /// - `status`: what it is and does.
        fn inspect(
            &self,
            context: &mut X,
            params: inspect_params::Reader<'_>,
            results: inspect_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Inspect>().into())
        }

        /// Starts a stopped, ended or crashed partition from its kernel's entry, with its memory cleared. Fails if it runs or is paused.
        fn start(
            &self,
            context: &mut X,
            params: start_params::Reader<'_>,
            results: start_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Start>().into())
        }

        /// Stops the partition now; answers when none of its processors runs and nothing of it is left in a device. Its memory stays its own.
        fn stop(
            &self,
            context: &mut X,
            params: stop_params::Reader<'_>,
            results: stop_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Stop>().into())
        }

        /// Stops and starts it.
        fn restart(
            &self,
            context: &mut X,
            params: restart_params::Reader<'_>,
            results: restart_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Restart>().into())
        }

        /// Answers when none of its processors runs. Pausing one that does not run does nothing.
        fn pause(
            &self,
            context: &mut X,
            params: pause_params::Reader<'_>,
            results: pause_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Pause>().into())
        }

        /// Lets a paused partition run on. Fails if it is not paused.
        fn resume(
            &self,
            context: &mut X,
            params: resume_params::Reader<'_>,
            results: resume_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Resume>().into())
        }

        /// Answers when the partition has stopped running for any other reason than a pause.
        /// - `starts`: which life is meant, as in `PartitionStatus`; one that is over is answered at once. 0 for the present one.
        /// - `status`: how it is then.
        fn await_end(
            &self,
            context: &mut X,
            params: await_end_params::Reader<'_>,
            results: await_end_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<AwaitEnd>().into())
        }

        /// Makes a capability to run one of its virtual processors. Fails unless its budget is 0.
        /// - `index`: which, counted from 0.
        /// - `vcpu`: the capability.
        fn vcpu(
            &self,
            context: &mut X,
            params: vcpu_params::Reader<'_>,
            results: vcpu_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Vcpu>().into())
        }

        /// Stops the partition and gives back all that it holds. Every later call fails.
        fn destroy(
            &self,
            context: &mut X,
            params: destroy_params::Reader<'_>,
            results: destroy_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Destroy>().into())
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
            0 => server.inspect(
                context,
                call::params::<Inspect>(&message)?,
                call::results::<Inspect>(&mut answer)?,
            )?,
            1 => server.start(
                context,
                call::params::<Start>(&message)?,
                call::results::<Start>(&mut answer)?,
            )?,
            2 => server.stop(
                context,
                call::params::<Stop>(&message)?,
                call::results::<Stop>(&mut answer)?,
            )?,
            3 => server.restart(
                context,
                call::params::<Restart>(&message)?,
                call::results::<Restart>(&mut answer)?,
            )?,
            4 => server.pause(
                context,
                call::params::<Pause>(&message)?,
                call::results::<Pause>(&mut answer)?,
            )?,
            5 => server.resume(
                context,
                call::params::<Resume>(&message)?,
                call::results::<Resume>(&mut answer)?,
            )?,
            6 => server.await_end(
                context,
                call::params::<AwaitEnd>(&message)?,
                call::results::<AwaitEnd>(&mut answer)?,
            )?,
            7 => server.vcpu(
                context,
                call::params::<Vcpu>(&message)?,
                call::results::<Vcpu>(&mut answer)?,
            )?,
            8 => server.destroy(
                context,
                call::params::<Destroy>(&message)?,
                call::results::<Destroy>(&mut answer)?,
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

    /// Calls an object with the interface `PartitionControl` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Tells how the partition is.
        /// - `status`: what it is and does.
        pub fn inspect(&self) -> call::Pending<Inspect, T::Pending> {
            call::start::<Inspect, T>(&self.0, |_, _| Ok(()))
        }

        /// Starts a stopped, ended or crashed partition from its kernel's entry, with its memory cleared. Fails if it runs or is paused.
        pub fn start(&self) -> call::Pending<Start, T::Pending> {
            call::start::<Start, T>(&self.0, |_, _| Ok(()))
        }

        /// Stops the partition now; answers when none of its processors runs and nothing of it is left in a device. Its memory stays its own.
        pub fn stop(&self) -> call::Pending<Stop, T::Pending> {
            call::start::<Stop, T>(&self.0, |_, _| Ok(()))
        }

        /// Stops and starts it.
        pub fn restart(&self) -> call::Pending<Restart, T::Pending> {
            call::start::<Restart, T>(&self.0, |_, _| Ok(()))
        }

        /// Answers when none of its processors runs. Pausing one that does not run does nothing.
        pub fn pause(&self) -> call::Pending<Pause, T::Pending> {
            call::start::<Pause, T>(&self.0, |_, _| Ok(()))
        }

        /// Lets a paused partition run on. Fails if it is not paused.
        pub fn resume(&self) -> call::Pending<Resume, T::Pending> {
            call::start::<Resume, T>(&self.0, |_, _| Ok(()))
        }

        /// Answers when the partition has stopped running for any other reason than a pause.
        /// - `starts`: which life is meant, as in `PartitionStatus`; one that is over is answered at once. 0 for the present one.
        /// - `status`: how it is then.
        pub fn await_end(
            &self,
            fill: impl FnOnce(
                await_end_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<AwaitEnd, T::Pending> {
            call::start::<AwaitEnd, T>(&self.0, fill)
        }

        /// Makes a capability to run one of its virtual processors. Fails unless its budget is 0.
        /// - `index`: which, counted from 0.
        /// - `vcpu`: the capability.
        pub fn vcpu(
            &self,
            fill: impl FnOnce(
                vcpu_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Vcpu, T::Pending> {
            call::start::<Vcpu, T>(&self.0, fill)
        }

        /// Stops the partition and gives back all that it holds. Every later call fails.
        pub fn destroy(&self) -> call::Pending<Destroy, T::Pending> {
            call::start::<Destroy, T>(&self.0, |_, _| Ok(()))
        }
    }

    /// What `PartitionControl.inspect` is called with.
    pub mod inspect_params {
        use isthmus_schema::wire;

        /// `PartitionControl.inspect$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xfbe7e30c53cdd2d7;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.inspect$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.inspect$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.inspect` answers.
    pub mod inspect_results {
        use isthmus_schema::wire;

        /// `PartitionControl.inspect$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9b83b8470a5a7cc6;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.inspect$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.inspect$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// What it is and does.
            pub fn status(self) -> Result<super::super::partition_status::Reader<'a>, wire::Error> {
                self.0.structure(0).map(Into::into)
            }

            /// Whether `status` was set.
            #[must_use]
            pub fn has_status(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// What it is and does.
            pub fn init_status(
                &mut self,
            ) -> Result<super::super::partition_status::Builder<'_>, wire::Error> {
                self.0
                    .init_struct::<super::super::partition_status::Type>(0)
            }
        }
    }

    /// What `PartitionControl.start` is called with.
    pub mod start_params {
        use isthmus_schema::wire;

        /// `PartitionControl.start$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe1e4753c0b77a4be;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.start$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.start$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.start` answers.
    pub mod start_results {
        use isthmus_schema::wire;

        /// `PartitionControl.start$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xf90418d808f9a961;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.start$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.start$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.stop` is called with.
    pub mod stop_params {
        use isthmus_schema::wire;

        /// `PartitionControl.stop$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa5289ddd74ec8504;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.stop$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.stop$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.stop` answers.
    pub mod stop_results {
        use isthmus_schema::wire;

        /// `PartitionControl.stop$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xce6becbb95591cd9;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.stop$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.stop$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.restart` is called with.
    pub mod restart_params {
        use isthmus_schema::wire;

        /// `PartitionControl.restart$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa7d65078be1af8eb;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.restart$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.restart$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.restart` answers.
    pub mod restart_results {
        use isthmus_schema::wire;

        /// `PartitionControl.restart$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xf260ea9de380a553;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.restart$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.restart$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.pause` is called with.
    pub mod pause_params {
        use isthmus_schema::wire;

        /// `PartitionControl.pause$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9c4c9451c9dcfd2e;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.pause$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.pause$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.pause` answers.
    pub mod pause_results {
        use isthmus_schema::wire;

        /// `PartitionControl.pause$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x82b3efa830d102ad;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.pause$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.pause$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.resume` is called with.
    pub mod resume_params {
        use isthmus_schema::wire;

        /// `PartitionControl.resume$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd014fd27b2721551;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.resume$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.resume$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.resume` answers.
    pub mod resume_results {
        use isthmus_schema::wire;

        /// `PartitionControl.resume$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x978a2f16773438e9;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.resume$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.resume$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.awaitEnd` is called with.
    pub mod await_end_params {
        use isthmus_schema::wire;

        /// `PartitionControl.awaitEnd$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xe45c37ab3dd6b359;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.awaitEnd$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.awaitEnd$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Which life is meant, as in `PartitionStatus`; one that is over is answered at once. 0 for the present one.
            #[must_use]
            pub fn starts(self) -> u64 {
                self.0.u64(0, 0)
            }
        }

        impl Builder<'_> {
            /// Which life is meant, as in `PartitionStatus`; one that is over is answered at once. 0 for the present one.
            pub fn set_starts(&mut self, value: u64) {
                self.0.set_u64(0, value, 0);
            }
        }
    }

    /// What `PartitionControl.awaitEnd` answers.
    pub mod await_end_results {
        use isthmus_schema::wire;

        /// `PartitionControl.awaitEnd$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9e4e8e4d7d0f08f8;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.awaitEnd$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.awaitEnd$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How it is then.
            pub fn status(self) -> Result<super::super::partition_status::Reader<'a>, wire::Error> {
                self.0.structure(0).map(Into::into)
            }

            /// Whether `status` was set.
            #[must_use]
            pub fn has_status(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// How it is then.
            pub fn init_status(
                &mut self,
            ) -> Result<super::super::partition_status::Builder<'_>, wire::Error> {
                self.0
                    .init_struct::<super::super::partition_status::Type>(0)
            }
        }
    }

    /// What `PartitionControl.vcpu` is called with.
    pub mod vcpu_params {
        use isthmus_schema::wire;

        /// `PartitionControl.vcpu$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x9f43a5289228c7f9;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.vcpu$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.vcpu$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Which, counted from 0.
            #[must_use]
            pub fn index(self) -> u32 {
                self.0.u32(0, 0)
            }
        }

        impl Builder<'_> {
            /// Which, counted from 0.
            pub fn set_index(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `PartitionControl.vcpu` answers.
    pub mod vcpu_results {
        use isthmus_schema::wire;

        /// `PartitionControl.vcpu$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xf86840a70c41d747;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.vcpu$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.vcpu$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// The capability.
            pub fn vcpu(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(0)
            }

            /// Whether `vcpu` was set.
            #[must_use]
            pub fn has_vcpu(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// The capability.
            pub fn set_vcpu(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(0, value);
            }
        }
    }

    /// What `PartitionControl.destroy` is called with.
    pub mod destroy_params {
        use isthmus_schema::wire;

        /// `PartitionControl.destroy$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xcbd27e471bdaa452;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.destroy$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.destroy$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

    /// What `PartitionControl.destroy` answers.
    pub mod destroy_results {
        use isthmus_schema::wire;

        /// `PartitionControl.destroy$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xd556296f27f57611;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 0;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionControl.destroy$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionControl.destroy$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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

/// The right to make partitions out of the holder's memory and cores.
pub mod partition_manager {
    use isthmus_schema::{call, wire};

    /// Cap'n Proto id of `PartitionManager`.
    pub const ID: u64 = 0xbc8699b35fb2f49a;
    /// Its name in the schema.
    pub const NAME: &str = "PartitionManager";
    /// Ids of its superclasses.
    pub const EXTENDS: &[u64] = &[];
    /// Its methods, by ordinal.
    pub const METHODS: &[call::MethodInfo] = &[
        call::MethodInfo {
            method: 0,
            name: "create",
            params: 0xb52a49e3ac04f231,
            results: 0xb8d9e5db94ddf1f7,
        },
        call::MethodInfo {
            method: 1,
            name: "list",
            params: 0xb5493fd236b90007,
            results: 0xdd26bea6c78a208c,
        },
        call::MethodInfo {
            method: 2,
            name: "find",
            params: 0x818401d363313d88,
            results: 0xa2df7f7c83a56ef3,
        },
    ];

    /// Method `PartitionManager.create`.
    #[derive(Debug, Clone, Copy)]
    pub enum Create {}

    impl call::Method for Create {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 0,
        };
        const NAME: &'static str = "PartitionManager.create";
        type Params = create_params::Type;
        type Results = create_results::Type;
    }

    /// Method `PartitionManager.list`.
    #[derive(Debug, Clone, Copy)]
    pub enum List {}

    impl call::Method for List {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 1,
        };
        const NAME: &'static str = "PartitionManager.list";
        type Params = list_params::Type;
        type Results = list_results::Type;
    }

    /// Method `PartitionManager.find`.
    #[derive(Debug, Clone, Copy)]
    pub enum Find {}

    impl call::Method for Find {
        const ID: call::MethodId = call::MethodId {
            interface: ID,
            method: 2,
        };
        const NAME: &'static str = "PartitionManager.find";
        type Params = find_params::Type;
        type Results = find_results::Type;
    }

    /// A call of one of the methods of `PartitionManager`, for servers that answer later than they are asked.
    #[derive(Debug, Clone, Copy)]
    pub enum Request<'a> {
        /// A call of `create`.
        Create(create_params::Reader<'a>),
        /// A call of `list`.
        List(list_params::Reader<'a>),
        /// A call of `find`.
        Find(find_params::Reader<'a>),
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
                0 => Self::Create(call::params::<Create>(message)?),
                1 => Self::List(call::params::<List>(message)?),
                2 => Self::Find(call::params::<Find>(message)?),

                _ => return Err(call::Refusal::Unimplemented(method)),
            })
        }
    }

    /// An object with the interface `PartitionManager`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
    /// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
    pub trait Server<X, E: From<call::Refusal>> {
        /// Makes a partition, stopped. What it needs is drawn from the holder's account, wholly or not at all.
        /// - `config`: what it is to be.
        /// - `kernel`: its kernel as a file, read to its end.
        /// - `partition`: control over it.
        fn create(
            &self,
            context: &mut X,
            params: create_params::Reader<'_>,
            results: create_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Create>().into())
        }

        /// Lists the partitions that were made through this capability, in the order of their names.
        /// - `after`: only names behind this one; empty to start with the first.
        /// - `most`: how many at most; fewer may be given, and what fits the buffer is.
        /// - `partitions`: how they are.
        /// - `more`: whether there are others behind the last one here.
        fn list(
            &self,
            context: &mut X,
            params: list_params::Reader<'_>,
            results: list_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<List>().into())
        }

        /// Gives control over a partition that was made through this capability.
        /// - `name`: which.
        /// - `partition`: control over it; none if there is no such partition.
        fn find(
            &self,
            context: &mut X,
            params: find_params::Reader<'_>,
            results: find_results::Builder<'_>,
        ) -> Result<(), E> {
            let _ = (context, params, results);
            Err(call::unimplemented::<Find>().into())
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
            0 => server.create(
                context,
                call::params::<Create>(&message)?,
                call::results::<Create>(&mut answer)?,
            )?,
            1 => server.list(
                context,
                call::params::<List>(&message)?,
                call::results::<List>(&mut answer)?,
            )?,
            2 => server.find(
                context,
                call::params::<Find>(&message)?,
                call::results::<Find>(&mut answer)?,
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

    /// Calls an object with the interface `PartitionManager` through a transport. A method's `fill` writes the parameters, and puts the
    /// capabilities that they name into the list; it leaves out what is to have its default.
    #[derive(Debug, Clone, Copy)]
    pub struct Client<T>(pub T);

    impl<T: call::Caller> Client<T> {
        /// Makes a partition, stopped. What it needs is drawn from the holder's account, wholly or not at all.
        /// - `config`: what it is to be.
        /// - `kernel`: its kernel as a file, read to its end.
        /// - `partition`: control over it.
        pub fn create(
            &self,
            fill: impl FnOnce(
                create_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Create, T::Pending> {
            call::start::<Create, T>(&self.0, fill)
        }

        /// Lists the partitions that were made through this capability, in the order of their names.
        /// - `after`: only names behind this one; empty to start with the first.
        /// - `most`: how many at most; fewer may be given, and what fits the buffer is.
        /// - `partitions`: how they are.
        /// - `more`: whether there are others behind the last one here.
        pub fn list(
            &self,
            fill: impl FnOnce(
                list_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<List, T::Pending> {
            call::start::<List, T>(&self.0, fill)
        }

        /// Gives control over a partition that was made through this capability.
        /// - `name`: which.
        /// - `partition`: control over it; none if there is no such partition.
        pub fn find(
            &self,
            fill: impl FnOnce(
                find_params::Builder<'_>,
                &mut call::CapList<'_, T::Cap>,
            ) -> Result<(), wire::Error>,
        ) -> call::Pending<Find, T::Pending> {
            call::start::<Find, T>(&self.0, fill)
        }
    }

    /// What `PartitionManager.create` is called with.
    pub mod create_params {
        use isthmus_schema::wire;

        /// `PartitionManager.create$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb52a49e3ac04f231;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 2;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionManager.create$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionManager.create$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// What it is to be.
            pub fn config(self) -> Result<super::super::partition_config::Reader<'a>, wire::Error> {
                self.0.structure(0).map(Into::into)
            }

            /// Whether `config` was set.
            #[must_use]
            pub fn has_config(self) -> bool {
                self.0.has(0)
            }

            /// Its kernel as a file, read to its end.
            pub fn kernel(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(1)
            }

            /// Whether `kernel` was set.
            #[must_use]
            pub fn has_kernel(self) -> bool {
                self.0.has(1)
            }
        }

        impl Builder<'_> {
            /// What it is to be.
            pub fn init_config(
                &mut self,
            ) -> Result<super::super::partition_config::Builder<'_>, wire::Error> {
                self.0
                    .init_struct::<super::super::partition_config::Type>(0)
            }

            /// Its kernel as a file, read to its end.
            pub fn set_kernel(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(1, value);
            }
        }
    }

    /// What `PartitionManager.create` answers.
    pub mod create_results {
        use isthmus_schema::wire;

        /// `PartitionManager.create$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb8d9e5db94ddf1f7;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionManager.create$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionManager.create$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Control over it.
            pub fn partition(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(0)
            }

            /// Whether `partition` was set.
            #[must_use]
            pub fn has_partition(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// Control over it.
            pub fn set_partition(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(0, value);
            }
        }
    }

    /// What `PartitionManager.list` is called with.
    pub mod list_params {
        use isthmus_schema::wire;

        /// `PartitionManager.list$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xb5493fd236b90007;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionManager.list$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionManager.list$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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

            /// How many at most; fewer may be given, and what fits the buffer is.
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

            /// How many at most; fewer may be given, and what fits the buffer is.
            pub fn set_most(&mut self, value: u32) {
                self.0.set_u32(0, value, 0);
            }
        }
    }

    /// What `PartitionManager.list` answers.
    pub mod list_results {
        use isthmus_schema::wire;

        /// `PartitionManager.list$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xdd26bea6c78a208c;
            const DATA_WORDS: u16 = 1;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionManager.list$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionManager.list$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// How they are.
            pub fn partitions(
                self,
            ) -> Result<wire::List<'a, super::super::partition_status::Reader<'a>>, wire::Error>
            {
                self.0.list(0)
            }

            /// Whether `partitions` was set.
            #[must_use]
            pub fn has_partitions(self) -> bool {
                self.0.has(0)
            }

            /// Whether there are others behind the last one here.
            #[must_use]
            pub fn more(self) -> bool {
                self.0.bool(0, false)
            }
        }

        impl Builder<'_> {
            /// How they are.
            pub fn init_partitions(
                &mut self,
                count: u32,
            ) -> Result<
                wire::StructListBuilder<'_, super::super::partition_status::Type>,
                wire::Error,
            > {
                self.0.init_structs(0, count)
            }

            /// Whether there are others behind the last one here.
            pub fn set_more(&mut self, value: bool) {
                self.0.set_bool(0, value, false);
            }
        }
    }

    /// What `PartitionManager.find` is called with.
    pub mod find_params {
        use isthmus_schema::wire;

        /// `PartitionManager.find$Params` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0x818401d363313d88;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionManager.find$Params`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionManager.find$Params`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Which.
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
            /// Which.
            pub fn set_name(&mut self, value: &str) -> Result<(), wire::Error> {
                self.0.set_text(0, value)
            }
        }
    }

    /// What `PartitionManager.find` answers.
    pub mod find_results {
        use isthmus_schema::wire;

        /// `PartitionManager.find$Results` as a type without values, for what is generic over structs.
        #[derive(Debug, Clone, Copy)]
        pub enum Type {}

        impl wire::StructType for Type {
            const ID: u64 = 0xa2df7f7c83a56ef3;
            const DATA_WORDS: u16 = 0;
            const POINTERS: u16 = 1;
            type Reader<'a> = Reader<'a>;
            type Builder<'a> = Builder<'a>;
        }

        /// Reads `PartitionManager.find$Results`. Whatever follows a pointer fails as the pointer does: [`wire::Error`].
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

        /// Writes `PartitionManager.find$Results`. What needs room fails with [`wire::Error::Full`] when there is none.
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
            /// Control over it; none if there is no such partition.
            pub fn partition(self) -> Result<Option<wire::CapIndex>, wire::Error> {
                self.0.capability(0)
            }

            /// Whether `partition` was set.
            #[must_use]
            pub fn has_partition(self) -> bool {
                self.0.has(0)
            }
        }

        impl Builder<'_> {
            /// Control over it; none if there is no such partition.
            pub fn set_partition(&mut self, value: Option<wire::CapIndex>) {
                self.0.set_capability(0, value);
            }
        }
    }
}
