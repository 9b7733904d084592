//! The lines of a preflight report, in one shape for every kind of virtualization: name, verdict, remark. Neighbours:
//! [`super::Report`] for VT-x, the report of the crate for AMD-V.

use super::CpuFacts;
use core::fmt::{self, Display, Formatter};

/// How much a row of the table matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Isthmus does not run without.
    Must,
    /// Isthmus uses it where it is.
    May,
}

/// The names of those that are there, with commas; "none" if none is.
#[derive(Debug)]
pub struct Those<'a>(pub &'a [(bool, &'static str)]);

impl Display for Those<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut there = self.0.iter().filter(|(is, _)| *is).map(|(_, name)| name);
        let Some(first) = there.next() else {
            return f.write_str("none");
        };
        f.write_str(first)?;
        there.try_for_each(|name| write!(f, ", {name}"))
    }
}

/// One line: name, verdict, and a remark on what is there.
///
/// # Errors
/// The formatter's.
pub fn row(
    f: &mut Formatter<'_>,
    need: Need,
    name: &str,
    has: bool,
    remark: fmt::Arguments<'_>,
) -> fmt::Result {
    let verdict = match (has, need) {
        (true, _) => "yes",
        (false, Need::May) => "no",
        (false, Need::Must) => "MISSING",
    };
    match remark.as_str() {
        Some("") => writeln!(f, "  {name:<30} {verdict}"),
        _ => writeln!(f, "  {name:<30} {verdict:<8} {remark}"),
    }
}

/// The line above the table: whose processor it is and how wide its addresses are.
///
/// # Errors
/// The formatter's.
pub fn heading(f: &mut Formatter<'_>, facts: &CpuFacts) -> fmt::Result {
    writeln!(
        f,
        "CPU {}, {} physical and {} linear address bits{}",
        facts.vendor_name(),
        facts.physical_address_bits,
        facts.linear_address_bits,
        if facts.under_hypervisor {
            ", under another hypervisor"
        } else {
            ""
        },
    )
}

/// The lines on what CPUID alone says. `execute_disable`: how much that feature matters.
///
/// # Errors
/// The formatter's.
pub fn common_rows(f: &mut Formatter<'_>, facts: &CpuFacts, execute_disable: Need) -> fmt::Result {
    for (need, name, has) in [
        (Need::May, "x2APIC", facts.x2apic),
        (Need::May, "TSC-deadline timer", facts.tsc_deadline),
        (Need::May, "invariant TSC", facts.invariant_tsc),
        (Need::May, "XSAVE", facts.xsave),
        (execute_disable, "execute-disable", facts.execute_disable),
    ] {
        row(f, need, name, has, format_args!(""))?;
    }
    Ok(())
}
