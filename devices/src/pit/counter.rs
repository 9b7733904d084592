//! One counter of the 8254. It is not stepped: it holds when it began, and everything follows from the cycle
//! at which it is looked at. A count takes effect at the instant it is written, where the part waits for the
//! next clock.

/// Which bytes of a count an access moves, control word bits 5:4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    Low = 1,
    High = 2,
    Both = 3,
}

/// Whether a counter counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Run {
    /// No count was written, or no trigger came.
    Idle,
    /// Since this cycle.
    Since(u64),
    /// Stopped by its gate after so many cycles.
    Held(u64),
}

/// One counter.
#[derive(Clone, Debug)]
pub struct Counter {
    mode: u8,
    access: Access,
    bcd: bool,
    /// The count, 1 to 0x10000; what the counter starts from.
    reload: u64,
    /// A count that takes effect when the period is over (modes 2 and 3) or at the trigger (1 and 5).
    next_reload: Option<u64>,
    run: Run,
    gate: bool,
    low_written: Option<u8>,
    high_is_next: bool,
    latched: Option<u16>,
    latched_status: Option<u8>,
}

impl Counter {
    pub const fn new(gate: bool) -> Self {
        Self {
            mode: 3,
            access: Access::Both,
            bcd: false,
            reload: 0x1_0000,
            next_reload: None,
            run: Run::Idle,
            gate,
            low_written: None,
            high_is_next: false,
            latched: None,
            latched_status: None,
        }
    }

    /// Cycles counted since the count was loaded.
    const fn elapsed(&self, cycle: u64) -> Option<u64> {
        match self.run {
            Run::Idle => None,
            Run::Since(start) => Some(cycle.saturating_sub(start)),
            Run::Held(elapsed) => Some(elapsed),
        }
    }

    pub const fn is_periodic(&self) -> bool {
        matches!(self.mode, 2 | 3)
    }

    const fn needs_trigger(&self) -> bool {
        matches!(self.mode, 1 | 5)
    }

    /// Loads a count that waited for the end of the period, if that has come; returns whether it has.
    pub fn settle(&mut self, cycle: u64) -> bool {
        let (Run::Since(start), Some(next)) = (self.run, self.next_reload) else {
            return false;
        };
        let period = self.reload.max(1);
        if !self.is_periodic() || cycle.saturating_sub(start) < period {
            return false;
        }
        self.run = Run::Since(start.saturating_add(period));
        self.reload = next;
        self.next_reload = None;
        true
    }

    /// Level of the OUT pin.
    pub fn out(&self, cycle: u64) -> bool {
        let count = self.reload.max(1);
        let Some(elapsed) = self.elapsed(cycle) else {
            return self.mode != 0;
        };
        match self.mode {
            0 | 1 => elapsed >= count,
            2 if self.gate => elapsed % count != count - 1,
            3 if self.gate => elapsed % count < count.div_ceil(2),
            2 | 3 => true,
            _ => elapsed != count,
        }
    }

    /// The counting element, as software reads it.
    fn count(&self, cycle: u64) -> u16 {
        let count = self.reload.max(1);
        let elapsed = self.elapsed(cycle).unwrap_or(0);
        let modulus = if self.bcd { 10_000 } else { 0x1_0000 };
        let value = match self.mode {
            2 => count - elapsed % count,
            3 => {
                let half = count.div_ceil(2);
                let into = elapsed % count;
                let into = if into < half { into } else { into - half };
                (count & !1).saturating_sub(2 * into)
            }
            _ => (count % modulus + modulus - elapsed % modulus) % modulus,
        };
        let value = value % modulus;
        let value = if self.bcd { to_bcd(value) } else { value };
        u16::try_from(value).unwrap_or(u16::MAX)
    }

    /// Cycle of the next rising edge of OUT strictly after `after`.
    pub fn next_rise(&self, after: u64) -> Option<u64> {
        let Run::Since(start) = self.run else {
            return None;
        };
        let count = self.reload.max(1);
        match self.mode {
            2 | 3 => {
                let periods = after.saturating_sub(start) / count + 1;
                Some(start.saturating_add(periods.saturating_mul(count)))
            }
            0 | 1 => Some(start.saturating_add(count)).filter(|rise| *rise > after),
            _ => Some(start.saturating_add(count + 1)).filter(|rise| *rise > after),
        }
    }

    pub fn write_control(&mut self, word: u8) {
        self.access = match word >> 4 & 3 {
            1 => Access::Low,
            2 => Access::High,
            _ => Access::Both,
        };
        // Bit 2 of the mode does not matter in modes 2 and 3.
        self.mode = match word >> 1 & 7 {
            mode @ 0..6 => mode,
            mode => mode & 3,
        };
        self.bcd = word & 1 != 0;
        self.run = Run::Idle;
        self.next_reload = None;
        self.low_written = None;
        self.high_is_next = false;
        self.latched = None;
        self.latched_status = None;
    }

    pub fn write_count(&mut self, byte: u8, cycle: u64) {
        let value = match (self.access, self.low_written) {
            (Access::Low, _) => u16::from(byte),
            (Access::High, _) => u16::from(byte) << 8,
            (Access::Both, None) => {
                self.low_written = Some(byte);
                if self.mode == 0 {
                    // The first byte stops a count in mode 0.
                    self.run = Run::Idle;
                }
                return;
            }
            (Access::Both, Some(low)) => {
                self.low_written = None;
                u16::from_le_bytes([low, byte])
            }
        };
        self.load(self.decode(value), cycle);
    }

    /// The count that 16 written bits mean; 0 is the largest.
    fn decode(&self, value: u16) -> u64 {
        let count = match self.bcd {
            true => from_bcd(value),
            false => value.into(),
        };
        match (count, self.bcd) {
            (0, true) => 10_000,
            (0, false) => 0x1_0000,
            (count, _) => count,
        }
    }

    fn load(&mut self, count: u64, cycle: u64) {
        self.settle(cycle);
        let running = self.is_periodic() && self.run != Run::Idle;
        if running || self.needs_trigger() {
            if let (true, Run::Since(start)) = (running, self.run) {
                // It waits for the end of the period that is under way, not of the first.
                let into = cycle.saturating_sub(start) % self.reload.max(1);
                self.run = Run::Since(cycle.saturating_sub(into));
            }
            self.next_reload = Some(count);
            return;
        }
        self.reload = count;
        self.run = if self.gate {
            Run::Since(cycle)
        } else {
            Run::Held(0)
        };
    }

    pub fn set_gate(&mut self, gate: bool, cycle: u64) {
        self.settle(cycle);
        let (was, elapsed) = (self.gate, self.elapsed(cycle));
        self.gate = gate;
        if was == gate {
            return;
        }
        match (self.mode, gate, elapsed) {
            // Rising: triggers, or restarts the period.
            (1 | 5, true, _) | (2 | 3, true, Some(_)) => self.trigger(cycle),
            // Modes 0 and 4 pause and go on.
            (0 | 4, true, Some(elapsed)) => self.run = Run::Since(cycle.saturating_sub(elapsed)),
            (0 | 2 | 3 | 4, false, Some(elapsed)) => self.run = Run::Held(elapsed),
            _ => {}
        }
    }

    fn trigger(&mut self, cycle: u64) {
        if let Some(next) = self.next_reload.take() {
            self.reload = next;
        } else if self.run == Run::Idle {
            return;
        }
        self.run = Run::Since(cycle);
    }

    fn status(&self, cycle: u64) -> u8 {
        let null_count = self.next_reload.is_some() || self.run == Run::Idle;
        u8::from(self.out(cycle)) << 7
            | u8::from(null_count) << 6
            | (self.access as u8) << 4
            | self.mode << 1
            | u8::from(self.bcd)
    }

    /// A latch that was not read yet stays.
    pub fn latch_count(&mut self, cycle: u64) {
        if self.latched.is_none() {
            self.latched = Some(self.count(cycle));
        }
    }

    pub fn latch_status(&mut self, cycle: u64) {
        if self.latched_status.is_none() {
            self.latched_status = Some(self.status(cycle));
        }
    }

    pub fn read(&mut self, cycle: u64) -> u8 {
        if let Some(status) = self.latched_status.take() {
            return status;
        }
        let value = self.latched.unwrap_or_else(|| self.count(cycle));
        let [low, high] = value.to_le_bytes();
        let byte = match self.access {
            Access::Low => low,
            Access::High => high,
            Access::Both => {
                self.high_is_next = !self.high_is_next;
                if self.high_is_next { low } else { high }
            }
        };
        if !self.high_is_next {
            self.latched = None;
        }
        byte
    }
}

/// Four binary-coded decimal digits of a number below 10,000.
const fn to_bcd(value: u64) -> u64 {
    (value % 10) | (value / 10 % 10) << 4 | (value / 100 % 10) << 8 | (value / 1000 % 10) << 12
}

/// The number of four digits, of which those above 9 count as what they are.
fn from_bcd(value: u16) -> u64 {
    let digit = |shift: u32| u64::from(value >> shift & 0xf);
    digit(12) * 1000 + digit(8) * 100 + digit(4) * 10 + digit(0)
}
