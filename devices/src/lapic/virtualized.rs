//! The register page in the hands of hardware (SDM Vol. 3C ch. 30). With APIC-register virtualization the processor
//! reads and writes the page by itself and exits only for writes that somebody else must carry out; with
//! virtual-interrupt delivery it also keeps the priorities and delivers. Only in xAPIC mode.

use isthmus_abi::Vector;

use super::registers::spurious;
use super::{Effect, Lapic, Ticks, TimerMode, offset};

impl Lapic {
    /// An APIC-write exit: the processor has put a value into the page at `offset` as the guest wrote it. Gives
    /// it its meaning, and puts right what the register does not hold (SDM Vol. 3C §30.4.3.2, §30.4.3.3).
    pub fn hardware_wrote(&mut self, offset: u16, now: Ticks) -> Effect {
        let register = offset & 0xff0;
        match register {
            // Read-only here, though the processor lets it be written.
            offset::ID => {
                self.page.set(register, self.id.0 << 24);
                Effect::None
            }
            // Ignored while the timer waits for a deadline (SDM Vol. 3A §11.5.4.1).
            offset::INITIAL_COUNT if self.timer_mode() == TimerMode::TscDeadline => {
                self.page.set(register, 0);
                Effect::None
            }
            _ => self.write_mmio(register, self.page.get(register), now),
        }
    }

    /// A virtualized-EOI exit: the processor has ended the service of `vector`, which is in the EOI-exit bitmap.
    pub fn hardware_ended(&mut self, vector: Vector) -> Effect {
        let suppressed = self.page.get(offset::SVR) & spurious::SUPPRESS_EOI_BROADCAST != 0;
        Effect::Eoi {
            vector,
            level: self.page.test(offset::TMR, vector) && !suppressed,
        }
    }

    /// Works the processor priority out anew if it may have changed: the processor may have written the TPR since, and
    /// without virtual-interrupt delivery nobody kept the PPR.
    #[inline]
    pub fn refresh_priority(&mut self) {
        // What the priority was worked out from last; all else that moves it keeps it.
        if self.page.get(offset::TPR) != self.task_priority {
            self.update_ppr();
        }
    }

    /// Whether any interrupt is requested. Without one there is nothing to deliver and no priority to watch.
    #[must_use]
    #[inline]
    pub fn has_requests(&self) -> bool {
        self.page.any(offset::IRR)
    }

    /// The TPR threshold below which the processor is to exit: the class of the highest request, 1 to 15, if nothing but
    /// the task priority holds it back; 0 for none (SDM Vol. 3C §30.1.2).
    #[must_use]
    pub fn tpr_threshold(&self) -> u8 {
        let class = |vector: Option<Vector>| vector.map_or(0, |vector| vector.0 >> 4);
        let requested = class(self.page.highest(offset::IRR));
        let held = class(self.page.highest(offset::ISR));
        let task = (self.page.get(offset::TPR) >> 4 & 0xf) as u8;
        if requested > held && requested <= task {
            requested
        } else {
            0
        }
    }

    /// The guest interrupt status that makes the processor deliver from the page: the highest vector requested in
    /// bits 7:0 (RVI), the highest in service in bits 15:8 (SVI) (SDM Vol. 3C §25.4.2).
    #[must_use]
    pub fn interrupt_status(&self) -> u16 {
        let highest = |register| self.page.highest(register).map_or(0, |vector| vector.0);
        u16::from_le_bytes([highest(offset::IRR), highest(offset::ISR)])
    }

    /// The vectors whose EOI somebody must hear of, for the EOI-exit bitmap: those of level-triggered interrupts.
    #[must_use]
    pub fn level_vectors(&self) -> [u64; 4] {
        let word = |index: u16| u64::from(self.page.get(offset::TMR + index * 0x10));
        [0, 2, 4, 6].map(|index| word(index + 1) << 32 | word(index))
    }
}
