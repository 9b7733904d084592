//! From an operand to a linear address: effective address, then the checks of segmentation
//! (SDM Vol. 3A §5.3, §5.5) or, in 64-bit mode, of canonical form (Vol. 1 §3.3.7.1).

use isthmus_abi::Gva;

use crate::cpu::{Cpu, Fault, SegmentRegister};
use crate::instruction::{Base, CodeSize, Instruction, Memory, Segment, Width};

/// What an access will do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// The offset of a memory operand within its segment; `extra` bytes are added to it.
pub(crate) fn effective<C: Cpu>(
    cpu: &C,
    instruction: &Instruction,
    memory: &Memory,
    extra: u64,
) -> u64 {
    let base = match memory.base {
        Base::None => 0,
        Base::Gpr(gpr) => cpu.gpr(gpr),
        Base::NextRip => instruction.next_rip(cpu.rip()),
    };
    let index = memory
        .index
        .map_or(0, |(gpr, scale)| cpu.gpr(gpr).wrapping_mul(scale.into()));
    let sum = base
        .wrapping_add(index)
        .wrapping_add(memory.displacement)
        .wrapping_add(extra);
    memory.address.truncate(sum)
}

/// The linear address of `width` bytes at `offset` in `segment`.
///
/// # Errors
/// #SS(0) or #GP(0) when segmentation forbids the access, #AC(0) when it is misaligned and that is checked.
pub(crate) fn linear<C: Cpu>(
    cpu: &C,
    code: CodeSize,
    segment: Segment,
    offset: u64,
    width: Width,
    kind: Kind,
) -> Result<Gva, Fault> {
    let allowed = match code {
        CodeSize::Long64 => long(cpu, segment, offset, width),
        _ => segmented(&cpu.segment(segment), code, offset, width, kind),
    };
    let violation = match segment {
        Segment::Ss => Fault::stack(),
        _ => Fault::general_protection(),
    };
    let at = allowed.ok_or(violation)?;
    if cpu.alignment_checked() && !at.is_aligned(width.bytes()) {
        return Err(Fault::alignment());
    }
    Ok(at)
}

/// 64-bit mode: flat but for FS and GS; first and last byte canonical.
fn long<C: Cpu>(cpu: &C, segment: Segment, offset: u64, width: Width) -> Option<Gva> {
    let base = match segment {
        Segment::Fs | Segment::Gs => cpu.segment(segment).base,
        _ => 0,
    };
    let first = base.wrapping_add(offset);
    let last = first.wrapping_add(width.bytes() - 1);
    let bits = cpu.linear_bits();
    (is_canonical(first, bits) && is_canonical(last, bits)).then_some(Gva(first))
}

/// Whether all bits from `bits` - 1 up are equal. `bits` outside 1 to 64 are taken as the nearest bound.
pub(crate) const fn is_canonical(address: u64, bits: u32) -> bool {
    let bits = if bits < 1 {
        1
    } else if bits > 64 {
        64
    } else {
        bits
    };
    let unused = 64 - bits;
    ((address << unused) as i64 >> unused) as u64 == address
}

/// All other modes: type and limit, then a 32-bit sum.
fn segmented(
    segment: &SegmentRegister,
    code: CodeSize,
    offset: u64,
    width: Width,
    kind: Kind,
) -> Option<Gva> {
    if code != CodeSize::Real16 {
        let permitted = match kind {
            Kind::Read => !segment.code() || segment.read_write(),
            Kind::Write => !segment.code() && segment.read_write(),
        };
        if segment.unusable() || !permitted {
            return None;
        }
    }
    let limit = u64::from(segment.limit);
    let last = offset.checked_add(width.bytes() - 1)?;
    let within = if code != CodeSize::Real16 && segment.expand_down() {
        let upper = if segment.big() {
            Width::Dword.mask()
        } else {
            Width::Word.mask()
        };
        offset > limit && last <= upper
    } else {
        last <= limit
    };
    within.then_some(Gva(Width::Dword.truncate(segment.base.wrapping_add(offset))))
}
