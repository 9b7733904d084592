//! What a partition's home core does between its lives: take memory and fill it, clear it and give it back. In
//! short steps, so that the core's other vCPUs keep their time.

use crate::backend::Space;
use crate::console;
use crate::machine::{Machine, Ram, Resources, Slot};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;
use isthmus_abi::Gpa;
use isthmus_boot::plan::{Content, LoadPlan, Module, Request, plan};
use isthmus_devices::memory::GuestMemory;
use isthmus_hv_core::census::{Census, Resource};
use isthmus_hv_core::counters::CounterTable;
use isthmus_hv_core::lifecycle::State;
use isthmus_hv_core::partition::EndReason;
use isthmus_hv_hal::window::{GuestRam, Region};
use isthmus_hv_hal::{cpu, pool};
use isthmus_manifest::model::Action;
use log::{error, info};

/// Bytes of an image that one step copies.
const COPY_STEP: usize = 64 << 10;

/// Work under way for one partition.
#[derive(Debug)]
pub enum Work {
    /// Nothing to do now.
    None,
    /// Clearing memory: regions not done, with how far the last one is, and those that are.
    Clear {
        dirty: Vec<Region>,
        done: u64,
        clean: Vec<Region>,
        after: After,
    },
    /// Copying the load plan.
    Copy {
        resources: Arc<Resources>,
        plan: LoadPlan,
        segment: usize,
        offset: usize,
    },
}

/// What follows the clearing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The memory is the partition's: load it.
    Load,
    /// The memory goes back.
    GiveBack(EndReason),
}

/// Does a partition's work until the TSC passes `until`; `true` if there was any. The last step may end a little later:
/// steps are short, [`COPY_STEP`] says how short.
pub fn work(machine: &Machine, slot: &Slot, work: &mut Work, until: u64) -> bool {
    let mut worked = false;
    while step(machine, slot, work) {
        worked = true;
        if cpu::rdtsc() >= until {
            break;
        }
    }
    worked
}

fn step(machine: &Machine, slot: &Slot, work: &mut Work) -> bool {
    match core::mem::replace(work, Work::None) {
        Work::None => match begin(machine, slot) {
            Some(begun) => *work = begun,
            None => return false,
        },
        Work::Clear {
            dirty,
            done,
            clean,
            after,
        } => *work = clear(machine, slot, dirty, done, clean, after),
        Work::Copy {
            resources,
            plan,
            segment,
            offset,
        } => *work = copy(machine, slot, resources, plan, segment, offset),
    }
    true
}

fn begin(machine: &Machine, slot: &Slot) -> Option<Work> {
    let life = &slot.partition.lifecycle;
    match life.state() {
        State::Loading => Some(take_memory(machine, slot)),
        State::Stopping if life.begin_clearing() => Some(give_back(machine, slot)),
        _ => None,
    }
}

/// Memory for a new life; it is cleared before anything is put into it.
fn take_memory(machine: &Machine, slot: &Slot) -> Work {
    let taken = machine.memory.lock().take(slot.plan.memory);
    match taken {
        Ok(pieces) => {
            let dirty = pieces.into_iter().rev().map(|Ram(region)| region).collect();
            Work::Clear {
                dirty,
                done: 0,
                clean: Vec::new(),
                after: After::Load,
            }
        }
        Err(shortage) => {
            error!("{}: {shortage}", slot.plan.name);
            finish(machine, slot, EndReason::NotLoaded);
            Work::None
        }
    }
}

/// The last life's memory, to be cleared before it is anybody else's.
fn give_back(machine: &Machine, slot: &Slot) -> Work {
    let reason = slot
        .partition
        .lifecycle
        .reason()
        .unwrap_or(EndReason::Stopped);
    let lived = cpu::rdtsc().wrapping_sub(slot.partition.clock.epoch());
    let milliseconds = u128::from(lived) * 1000 / u128::from(machine.facts.tsc_hz.max(1));
    info!(
        "{}: {reason} after {milliseconds} ms, life {}",
        slot.plan.name,
        slot.partition.lifecycle.lives()
    );
    {
        let counters = slot.counters.lock();
        let table = CounterTable {
            partition: slot.partition.id,
            name: &slot.plan.name,
            vcpus: &counters,
        };
        console::say(format_args!("{table}"));
    }
    let held = slot.resources.lock().take();
    let Some(resources) = held.and_then(|shared| Arc::try_unwrap(shared).ok()) else {
        error!(
            "{}: its memory is still referred to; it stays out of use",
            slot.plan.name
        );
        finish(
            machine,
            slot,
            EndReason::Internal("resources in use after the last vCPU was parked"),
        );
        return Work::None;
    };
    let Resources { ram, space } = resources;
    space.destroy();
    Work::Clear {
        dirty: ram.into_regions(),
        done: 0,
        clean: Vec::new(),
        after: After::GiveBack(reason),
    }
}

fn clear(
    machine: &Machine,
    slot: &Slot,
    mut dirty: Vec<Region>,
    done: u64,
    mut clean: Vec<Region>,
    after: After,
) -> Work {
    if let Some(region) = dirty.last() {
        let start = cpu::rdtsc();
        let done = done + region.clear_step(done);
        let ticks = cpu::rdtsc().wrapping_sub(start);
        machine.cleared_for.fetch_add(ticks, Ordering::Relaxed);
        if done < region.bytes() {
            return Work::Clear {
                dirty,
                done,
                clean,
                after,
            };
        }
        clean.extend(dirty.pop());
        return Work::Clear {
            dirty,
            done: 0,
            clean,
            after,
        };
    }
    match after {
        After::Load => build(machine, slot, clean),
        After::GiveBack(reason) => {
            let mut memory = machine.memory.lock();
            clean
                .into_iter()
                .for_each(|region| memory.give(Ram(region)));
            drop(memory);
            ended(machine, slot, reason);
            Work::None
        }
    }
}

fn ended(machine: &Machine, slot: &Slot, reason: EndReason) {
    report_resources(machine, slot);
    let life = &slot.partition.lifecycle;
    if life.next(&slot.plan.life, reason) == Action::Restart {
        info!("{}: restarts", slot.plan.name);
        life.begin_loading();
    } else {
        finish(machine, slot, reason);
    }
}

/// Says what is free again, for whoever compares it with what was free before.
fn report_resources(machine: &Machine, slot: &Slot) {
    let free = machine.memory.lock().free_bytes();
    info!(
        "{}: memory and tables are back: {} KiB of {} KiB and {} frames free",
        slot.plan.name,
        free >> 10,
        machine.memory_at_start >> 10,
        pool::free_frames()
    );
    let mut census = Census::new();
    machine.memory.lock().count_into(&mut census);
    census.amount(Resource::OwnFrames, pool::used_frames());
    if let Some(before) = slot.census.lock().replace(census) {
        // Other partitions that came or went meanwhile show here too.
        info!(
            "{}: since its last life: {}",
            slot.plan.name,
            before.until(&census)
        );
    }
}

fn finish(machine: &Machine, slot: &Slot, reason: EndReason) {
    slot.partition.lifecycle.finish(reason);
    let verdict = match reason {
        EndReason::Verdict(value) => value,
        EndReason::PowerOff => 0,
        _ => 1,
    };
    info!("{}: ended for good: {reason}", slot.plan.name);
    if machine.verdict == Some(slot.partition.id) {
        console::finish(verdict);
    }
    if machine.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
        info!("every partition has ended");
        console::finish(u32::from(machine.verdict.is_some()));
    }
}

/// Puts the cleared memory where the guest expects it and plans what goes into it.
fn build(machine: &Machine, slot: &Slot, clean: Vec<Region>) -> Work {
    match try_build(machine, slot, clean) {
        Ok(work) => work,
        Err(text) => {
            error!("{}: {text}", slot.plan.name);
            finish(machine, slot, EndReason::NotLoaded);
            Work::None
        }
    }
}

fn try_build(
    machine: &Machine,
    slot: &Slot,
    clean: Vec<Region>,
) -> Result<Work, alloc::string::String> {
    use alloc::string::ToString;
    let mut ram = GuestRam::default();
    let mut space = Space::new(&machine.backend)?;
    let mut pieces = clean.into_iter();
    let mut current = pieces.next();
    for range in slot.partition.layout.backed() {
        let mut at = range.start;
        while at < range.end {
            let mut region = current
                .take()
                .ok_or_else(|| "memory is short of the layout".to_string())?;
            let take = region.bytes().min(range.end - at);
            let rest = region.split_off(take);
            let (gpa, hpa) = (Gpa(at), region.start());
            space.map_ram(&machine.backend, gpa, hpa, take)?;
            ram.insert(gpa, region);
            at += take;
            current = rest
                .filter(|rest| rest.bytes() > 0)
                .or_else(|| pieces.next());
        }
    }
    space.map_apic(&machine.backend)?;
    let plan = load_plan(slot)?;
    let resources = Arc::new(Resources { ram, space });
    Ok(Work::Copy {
        resources,
        plan,
        segment: 0,
        offset: 0,
    })
}

fn load_plan(slot: &Slot) -> Result<LoadPlan, alloc::string::String> {
    use alloc::string::ToString;
    let (kernel, files) = slot
        .images
        .split_first()
        .ok_or_else(|| "no kernel".to_string())?;
    let modules: Vec<Module<'_>> = files
        .iter()
        .zip(&slot.plan.modules)
        .map(|(file, plan)| Module {
            size: file.len(),
            cmdline: &plan.cmdline,
        })
        .collect();
    let request = Request {
        kernel,
        modules: &modules,
        cmdline: &slot.plan.cmdline,
        layout: &slot.partition.layout,
        rsdp: Some(slot.acpi.rsdp),
        uart: slot.plan.devices.uart,
    };
    let mut plan = plan(slot.plan.kind, &request).map_err(|error| error.to_string())?;
    let tables = slot.acpi.tables.iter().cloned();
    let table_segments = tables.map(|(gpa, bytes)| isthmus_boot::plan::Segment {
        gpa,
        content: Content::Bytes(bytes),
    });
    plan.segments.extend(table_segments);
    Ok(plan)
}

fn copy(
    machine: &Machine,
    slot: &Slot,
    resources: Arc<Resources>,
    plan: LoadPlan,
    segment: usize,
    offset: usize,
) -> Work {
    let Some(part) = plan.segments.get(segment) else {
        begin_life(machine, slot, resources, &plan);
        return Work::None;
    };
    let bytes: &[u8] = match &part.content {
        Content::Bytes(bytes) => bytes,
        Content::Image { which, offset, len } => slot
            .images
            .get(usize::from(which.0))
            .and_then(|image| image.get(*offset..offset.checked_add(*len)?))
            .unwrap_or_default(),
    };
    let end = bytes.len().min(offset + COPY_STEP);
    let chunk = bytes.get(offset..end).unwrap_or_default();
    if resources
        .ram
        .write(part.gpa.wrapping_add(offset as u64), chunk)
        .is_err()
    {
        error!(
            "{}: a part of its image lies outside its memory at {}",
            slot.plan.name, part.gpa
        );
        finish(machine, slot, EndReason::NotLoaded);
        return Work::None;
    }
    if end < bytes.len() {
        return Work::Copy {
            resources,
            plan,
            segment,
            offset: end,
        };
    }
    Work::Copy {
        resources,
        plan,
        segment: segment + 1,
        offset: 0,
    }
}

fn begin_life(machine: &Machine, slot: &Slot, resources: Arc<Resources>, plan: &LoadPlan) {
    *slot.resources.lock() = Some(resources);
    *slot.start.lock() = Some(plan.start);
    for counters in slot.counters.lock().iter_mut() {
        *counters = Default::default();
    }
    let now = cpu::rdtsc();
    slot.partition.power_up(now);
    let life = slot.partition.lifecycle.lives();
    let limit = slot.plan.life.stop_after.of_life(life);
    let stop_at = limit.map_or(u64::MAX, |limit| now.saturating_add(machine.ticks(limit)));
    slot.stop_at.store(stop_at, Ordering::Release);
    slot.partition.lifecycle.begin_running();
    info!(
        "{}: starts, life {}, {} MiB, {} vCPUs",
        slot.plan.name,
        life + 1,
        slot.plan.memory >> 20,
        slot.plan.vcpus.len()
    );
    for vcpu in slot.partition.vcpu_ids() {
        if let Some(core) = slot.partition.core_of(vcpu) {
            machine.kick(core);
        }
    }
}
