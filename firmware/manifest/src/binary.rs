//! The manifest's binary form (`docs/manifest.md`, "Binary form"): little-endian, in one pass, every list with
//! its count in front. The reader trusts nothing: each access is checked, the checksum covers all, no byte
//! may be left over, and the rules are applied again.

use alloc::{string::String, vec::Vec};
use core::fmt;

use isthmus_abi::{CoreId, PartitionId};
use isthmus_boot::GuestKind;

use crate::{
    model::{
        Action, Budget, Colour, Devices, Life, Machine, Manifest, Micros, ModulePlan, Partition,
        Start, StopAfter, VcpuPlan,
    },
    rules::{MAX_LIVES, MAX_MODULES, MAX_PARTITIONS, MAX_VCPUS, RuleError},
};

const MAGIC: [u8; 8] = *b"ISTHMUSM";
/// The version written, and the only one read.
pub const VERSION: u16 = 1;
const HEADER_SIZE: usize = 20;
/// The largest binary manifest that is looked at, bytes.
pub const MAX_SIZE: usize = 1 << 20;
/// Stands for "no partition decides".
const NO_VERDICT: u16 = u16::MAX;

/// Why bytes are no manifest. Whoever made or carried them is at fault; offsets are from their start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// They do not begin like a manifest: another file has its place.
    NotManifest,
    /// A version this reader does not know; holds it. Image and hypervisor are of different ages.
    Version(u16),
    /// The length in the header is not the number of bytes; holds both.
    Length(u32, usize),
    /// The checksum does not match: the bytes were damaged on the way.
    Checksum,
    /// They end within the item at this offset.
    CutShort(usize),
    /// The number at this offset has no meaning or is too large.
    BadValue(usize),
    /// The text at this offset is not UTF-8.
    BadText(usize),
    /// Bytes are left over from this offset on.
    LeftOver(usize),
    /// What they say breaks a rule.
    Rule(RuleError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("binary manifest: ")?;
        match self {
            Self::NotManifest => f.write_str("these bytes are not a manifest"),
            Self::Version(version) => write!(
                f,
                "its version is {version}, this program reads {VERSION}; build image and hypervisor from one tree"
            ),
            Self::Length(claimed, present) => {
                write!(f, "it claims {claimed} bytes, {present} are there")
            }
            Self::Checksum => f.write_str("its checksum is wrong, the bytes were damaged"),
            Self::CutShort(offset) => write!(f, "it ends within the item at offset {offset:#x}"),
            Self::BadValue(offset) => write!(f, "the value at offset {offset:#x} is impossible"),
            Self::BadText(offset) => write!(f, "the text at offset {offset:#x} is not UTF-8"),
            Self::LeftOver(offset) => write!(f, "bytes are left over from offset {offset:#x} on"),
            Self::Rule(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DecodeError {}

/// CRC-32 as in IEEE 802.3 and gzip, bit by bit: it runs once over a few hundred bytes.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 0 {
            crc >> 1
        } else {
            crc >> 1 ^ 0xedb8_8320
        }
    };
    !bytes
        .iter()
        .fold(!0u32, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// The binary form of a manifest.
#[must_use]
pub fn compile(manifest: &Manifest) -> Vec<u8> {
    let mut body = Vec::new();
    let machine = manifest.machine();
    put16(&mut body, machine.verdict.map_or(NO_VERDICT, |id| id.0));
    put64(&mut body, machine.time_limit.map_or(0, |time| time.0));
    put_count(&mut body, manifest.partitions().len());
    for partition in manifest.partitions() {
        put_partition(&mut body, partition);
    }
    let mut bytes = Vec::with_capacity(HEADER_SIZE + body.len());
    bytes.extend_from_slice(&MAGIC);
    put16(&mut bytes, VERSION);
    put16(&mut bytes, 0);
    let length = u32::try_from(HEADER_SIZE + body.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

fn put_partition(out: &mut Vec<u8>, partition: &Partition) {
    put_text(out, &partition.name);
    let kind = match partition.kind {
        GuestKind::Linux => 0,
        GuestKind::Pvh => 1,
        GuestKind::Multiboot1 => 2,
    };
    let Devices {
        uart,
        rtc,
        debug_exit,
    } = partition.devices;
    let devices = u8::from(uart) | u8::from(rtc) << 1 | u8::from(debug_exit) << 2;
    out.extend_from_slice(&[kind, partition.start as u8, partition.colour as u8, devices]);
    put64(out, partition.memory);
    put_text(out, &partition.cmdline);
    put_count(out, partition.modules.len());
    for module in &partition.modules {
        put_text(out, &module.cmdline);
    }
    put_count(out, partition.vcpus.len());
    for vcpu in &partition.vcpus {
        put16(out, vcpu.core.0);
        put64(out, vcpu.budget.map_or(0, |budget| budget.budget.0));
        put64(out, vcpu.budget.map_or(0, |budget| budget.period.0));
    }
    let Life {
        on_power_off,
        on_reset,
        on_triple_fault,
        on_stop,
        restart_limit,
        stop_after,
    } = &partition.life;
    out.extend([on_power_off, on_reset, on_triple_fault, on_stop].map(|action| *action as u8));
    out.extend_from_slice(&restart_limit.to_le_bytes());
    let (mode, times): (u8, &[Micros]) = match stop_after {
        StopAfter::Never => (0, &[]),
        StopAfter::Every(time) => (1, core::slice::from_ref(time)),
        StopAfter::Lives(times) => (2, times),
    };
    out.push(mode);
    put_count(out, times.len());
    for time in times {
        put64(out, time.0);
    }
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// A count or a length; the rules keep all of them far below 65536.
fn put_count(out: &mut Vec<u8>, count: usize) {
    put16(out, u16::try_from(count).unwrap_or(u16::MAX));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Reads a manifest from foreign bytes.
///
/// # Errors
/// They are not one, are damaged, or break a rule.
pub fn decode(bytes: &[u8]) -> Result<Manifest, DecodeError> {
    if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
        return Err(DecodeError::NotManifest);
    }
    let mut reader = Reader {
        bytes,
        at: MAGIC.len(),
    };
    let version = reader.u16()?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    if reader.u16()? != 0 {
        return Err(DecodeError::BadValue(MAGIC.len() + 2));
    }
    let length = reader.u32()?;
    if usize::try_from(length).ok() != Some(bytes.len()) || bytes.len() > MAX_SIZE {
        return Err(DecodeError::Length(length, bytes.len()));
    }
    let checksum = reader.u32()?;
    if bytes.get(HEADER_SIZE..).map(crc32) != Some(checksum) {
        return Err(DecodeError::Checksum);
    }
    let verdict = Some(reader.u16()?)
        .filter(|&id| id != NO_VERDICT)
        .map(PartitionId);
    let time_limit = Some(reader.u64()?).filter(|&time| time != 0).map(Micros);
    let partitions = reader.list(MAX_PARTITIONS, Reader::partition)?;
    if reader.at != bytes.len() {
        return Err(DecodeError::LeftOver(reader.at));
    }
    let first = |errors: Vec<RuleError>| {
        errors
            .into_iter()
            .next()
            .map_or(DecodeError::Checksum, DecodeError::Rule)
    };
    Manifest::new(
        Machine {
            verdict,
            time_limit,
        },
        partitions,
    )
    .map_err(first)
}

/// Walks through foreign bytes.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let start = self.at;
        let end = start.checked_add(len).ok_or(DecodeError::CutShort(start))?;
        let taken = self
            .bytes
            .get(start..end)
            .ok_or(DecodeError::CutShort(start))?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let start = self.at;
        self.take(N)?
            .try_into()
            .map_err(|_| DecodeError::CutShort(start))
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// One byte that must be a key of `meanings`.
    fn choice<T: Copy>(&mut self, meanings: &[(u8, T)]) -> Result<T, DecodeError> {
        let start = self.at;
        let [byte] = self.array()?;
        let found = meanings.iter().find(|(key, _)| *key == byte);
        found
            .map(|&(_, meaning)| meaning)
            .ok_or(DecodeError::BadValue(start))
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        let len = usize::from(self.u16()?);
        let start = self.at;
        core::str::from_utf8(self.take(len)?)
            .map(String::from)
            .map_err(|_| DecodeError::BadText(start))
    }

    fn list<T>(
        &mut self,
        most: usize,
        each: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let start = self.at;
        let count = usize::from(self.u16()?);
        if count > most {
            return Err(DecodeError::BadValue(start));
        }
        (0..count).map(|_| each(self)).collect()
    }

    fn partition(&mut self) -> Result<Partition, DecodeError> {
        let name = self.text()?;
        let kind = self.choice(&[
            (0, GuestKind::Linux),
            (1, GuestKind::Pvh),
            (2, GuestKind::Multiboot1),
        ])?;
        let start = self.choice(&[(Start::Boot as u8, Start::Boot)])?;
        let colour = self.choice(&Colour::ALL.map(|(_, colour)| (colour as u8, colour)))?;
        let devices_at = self.at;
        let [devices] = self.array()?;
        if devices >> 3 != 0 {
            return Err(DecodeError::BadValue(devices_at));
        }
        let bit = |bit: u8| devices >> bit & 1 != 0;
        let devices = Devices {
            uart: bit(0),
            rtc: bit(1),
            debug_exit: bit(2),
        };
        let memory = self.u64()?;
        let cmdline = self.text()?;
        let modules = self.list(MAX_MODULES, |reader| {
            Ok(ModulePlan {
                cmdline: reader.text()?,
            })
        })?;
        let vcpus = self.list(MAX_VCPUS, Self::vcpu)?;
        let life = self.life()?;
        Ok(Partition {
            name,
            kind,
            memory,
            cmdline,
            modules,
            vcpus,
            devices,
            life,
            start,
            colour,
        })
    }

    fn vcpu(&mut self) -> Result<VcpuPlan, DecodeError> {
        let core = CoreId(self.u16()?);
        let budget = Budget {
            budget: Micros(self.u64()?),
            period: Micros(self.u64()?),
        };
        let none = budget.budget.0 == 0 && budget.period.0 == 0;
        Ok(VcpuPlan {
            core,
            budget: if none { None } else { Some(budget) },
        })
    }

    fn life(&mut self) -> Result<Life, DecodeError> {
        let actions = [Action::Stop, Action::Restart].map(|action| (action as u8, action));
        let on_power_off = self.choice(&actions)?;
        let on_reset = self.choice(&actions)?;
        let on_triple_fault = self.choice(&actions)?;
        let on_stop = self.choice(&actions)?;
        let restart_limit = self.u32()?;
        let mode_at = self.at;
        let [mode] = self.array()?;
        let times = self.list(MAX_LIVES, |reader| reader.u64().map(Micros))?;
        let stop_after = match (mode, times.as_slice()) {
            (0, []) => StopAfter::Never,
            (1, [time]) => StopAfter::Every(*time),
            (2, _) => StopAfter::Lives(times),
            _ => return Err(DecodeError::BadValue(mode_at)),
        };
        Ok(Life {
            on_power_off,
            on_reset,
            on_triple_fault,
            on_stop,
            restart_limit,
            stop_after,
        })
    }
}

#[cfg(test)]
mod tests;
