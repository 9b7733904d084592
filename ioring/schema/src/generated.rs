//! The types of the schema. Generated from the files in `capnp/` by `cargo xtask check-schema write`; changes here are lost.

mod block_device_capnp;
mod byte_stream_capnp;
mod clock_capnp;
mod console_capnp;
mod directory_capnp;
mod key_value_capnp;
mod log_capnp;
mod partition_control_capnp;
mod root_capnp;

pub use block_device_capnp::*;
pub use byte_stream_capnp::*;
pub use clock_capnp::*;
pub use console_capnp::*;
pub use directory_capnp::*;
pub use key_value_capnp::*;
pub use log_capnp::*;
pub use partition_control_capnp::*;
pub use root_capnp::*;
