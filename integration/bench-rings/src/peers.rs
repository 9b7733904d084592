//! The channels that rings are compared with, each used at its best: both sides poll, nobody sleeps, messages are 64 bytes
//! as a ring's entries are.
//!
//! Neighbours: [`crate::round_trip`] and [`crate::stream`] let them compete.

use crate::contest::Duo;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::fs::File;
use std::hint::{self, black_box};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A message, as large as an entry.
pub type Message = [u64; 8];

/// Places in each direction.
pub const PLACES: usize = 64;

/// Bytes of a payload.
pub const BYTES: usize = 4096;

/// A word alone on its cache line, and on the one beside it.
#[repr(align(128))]
#[derive(Default)]
struct Line(AtomicU64);

/// One cache line bounced between two cores: one side writes the next odd number when it sees an even one, the other the
/// next even. Nothing can be told and answered between two cores with less.
pub fn bounce(times: u32) -> Duo {
    let line = Arc::new(Line::default());
    let other = line.clone();
    let mut next = 0;
    let mut answered = 0;
    Duo {
        times,
        ask: Box::new(move |times| {
            for _ in 0..times {
                line.0.store(next + 1, Ordering::Release);
                next += 2;
                while line.0.load(Ordering::Acquire) != next {
                    hint::spin_loop();
                }
            }
        }),
        answer: Box::new(move |times| {
            for _ in 0..times {
                while other.0.load(Ordering::Acquire) != answered + 1 {
                    hint::spin_loop();
                }
                answered += 2;
                other.0.store(answered, Ordering::Release);
            }
        }),
    }
}

/// A side of a channel: something that sends and receives messages without sleeping.
pub trait Channel: Send {
    /// Sends if there is room.
    fn send(&mut self, message: Message) -> bool;

    /// Receives if something is there.
    fn receive(&mut self) -> Option<Message>;
}

fn send(channel: &mut impl Channel, message: Message) {
    while !channel.send(message) {
        hint::spin_loop();
    }
}

fn receive(channel: &mut impl Channel) -> Message {
    loop {
        if let Some(message) = channel.receive() {
            return message;
        }
        hint::spin_loop();
    }
}

/// Round trips of one message each.
pub fn round_trips<C: Channel + 'static>((mut here, mut there): (C, C), times: u32) -> Duo {
    Duo {
        times,
        ask: Box::new(move |times| {
            for number in 0..u64::from(times) {
                send(&mut here, [number; 8]);
                assert_eq!(receive(&mut here)[0], number);
            }
        }),
        answer: Box::new(move |times| {
            for _ in 0..times {
                let message = receive(&mut there);
                send(&mut there, message);
            }
        }),
    }
}

/// Messages and their answers in a stream, sent `batch` at a time and at most [`PLACES`] under way.
pub fn stream<C: Channel + 'static>((mut here, mut there): (C, C), times: u32, batch: u32) -> Duo {
    Duo {
        times,
        ask: Box::new(move |times| {
            let (mut sent, mut answered) = (0, 0);
            while answered < times {
                let room = PLACES as u32 - (sent - answered);
                if room >= batch {
                    for _ in 0..batch.min(times - sent) {
                        send(&mut here, [u64::from(sent); 8]);
                        sent += 1;
                    }
                }
                for _ in 0..batch {
                    let Some(message) = here.receive() else { break };
                    assert_eq!(message[0], u64::from(answered));
                    answered += 1;
                }
            }
        }),
        answer: Box::new(move |times| {
            let mut left = times;
            while left > 0 {
                while let Some(message) = there.receive() {
                    send(&mut there, message);
                    left -= 1;
                }
                hint::spin_loop();
            }
        }),
    }
}

/// Two rings of `rtrb`, one each way.
pub struct Rtrb {
    to: rtrb::Producer<Message>,
    from: rtrb::Consumer<Message>,
}

/// Both sides.
pub fn rtrb() -> (Rtrb, Rtrb) {
    let (to, there) = rtrb::RingBuffer::new(PLACES);
    let (back, from) = rtrb::RingBuffer::new(PLACES);
    (
        Rtrb { to, from },
        Rtrb {
            to: back,
            from: there,
        },
    )
}

impl Channel for Rtrb {
    fn send(&mut self, message: Message) -> bool {
        self.to.push(message).is_ok()
    }

    fn receive(&mut self) -> Option<Message> {
        self.from.pop().ok()
    }
}

/// Two bounded channels of `crossbeam`, one each way.
pub struct Crossbeam {
    to: crossbeam_channel::Sender<Message>,
    from: crossbeam_channel::Receiver<Message>,
}

/// Both sides.
pub fn crossbeam() -> (Crossbeam, Crossbeam) {
    let (to, there) = crossbeam_channel::bounded(PLACES);
    let (back, from) = crossbeam_channel::bounded(PLACES);
    (
        Crossbeam { to, from },
        Crossbeam {
            to: back,
            from: there,
        },
    )
}

impl Channel for Crossbeam {
    fn send(&mut self, message: Message) -> bool {
        self.to.try_send(message).is_ok()
    }

    fn receive(&mut self) -> Option<Message> {
        self.from.try_recv().ok()
    }
}

/// A stream of bytes each way, not blocking, so that neither side sleeps.
pub struct Bytes<R, W> {
    from: R,
    to: W,
}

/// A pair of Unix sockets.
///
/// # Errors
/// If the kernel has none.
pub fn unix_socket() -> io::Result<(Bytes<UnixStream, UnixStream>, Bytes<UnixStream, UnixStream>)> {
    let (one, other) = UnixStream::pair()?;
    let side = |socket: UnixStream| {
        socket.set_nonblocking(true)?;
        Ok::<_, io::Error>(Bytes {
            from: socket.try_clone()?,
            to: socket,
        })
    };
    Ok((side(one)?, side(other)?))
}

/// Two pipes, one each way.
///
/// # Errors
/// If the kernel has none.
pub fn pipes() -> io::Result<(Bytes<File, File>, Bytes<File, File>)> {
    let (there, to) = pipe2(OFlag::O_NONBLOCK)?;
    let (from, back) = pipe2(OFlag::O_NONBLOCK)?;
    let side = |from: OwnedFd, to: OwnedFd| Bytes {
        from: from.into(),
        to: to.into(),
    };
    Ok((side(from, to), side(there, back)))
}

impl<R: Read + Send, W: Write + Send> Channel for Bytes<R, W> {
    fn send(&mut self, message: Message) -> bool {
        let mut bytes = [0; 64];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(message) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        match self.to.write(&bytes) {
            Ok(64) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            other => panic!("64 bytes are written whole: {other:?}"),
        }
    }

    fn receive(&mut self) -> Option<Message> {
        let mut bytes = [0; 64];
        match self.from.read(&mut bytes) {
            Ok(64) => Some(core::array::from_fn(|word| {
                let mut eight = [0; 8];
                eight.copy_from_slice(&bytes[word * 8..word * 8 + 8]);
                u64::from_le_bytes(eight)
            })),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            other => panic!("64 bytes are read whole: {other:?}"),
        }
    }
}

/// Payloads of [`BYTES`] through a ring of bytes, copied in and out, each answered by a word through another ring.
pub fn rtrb_payloads(times: u32) -> Duo {
    let (mut to, mut there) = rtrb::RingBuffer::<u8>::new(PLACES * BYTES);
    let (mut back, mut from) = rtrb::RingBuffer::<u64>::new(PLACES);
    let (source, mut sink) = (vec![7; BYTES], vec![0; BYTES]);
    Duo {
        times,
        ask: Box::new(move |times| {
            let (mut sent, mut answered) = (0, 0);
            while answered < times {
                if sent < times && to.push_entire_slice(black_box(&source)).is_ok() {
                    sent += 1;
                }
                while from.pop().is_ok() {
                    answered += 1;
                }
            }
        }),
        answer: Box::new(move |times| {
            let mut left = times;
            while left > 0 {
                if there.pop_entire_slice(&mut sink).is_ok() {
                    black_box(&sink);
                    while back.push(0).is_err() {
                        hint::spin_loop();
                    }
                    left -= 1;
                } else {
                    hint::spin_loop();
                }
            }
        }),
    }
}

/// Payloads of [`BYTES`] in vectors that go there and come back through channels, copied in and out.
pub fn crossbeam_payloads(times: u32) -> Duo {
    let (to, there) = crossbeam_channel::bounded::<Vec<u8>>(PLACES);
    let (back, from) = crossbeam_channel::bounded::<Vec<u8>>(PLACES);
    let mut free: Vec<Vec<u8>> = (0..PLACES).map(|_| vec![0; BYTES]).collect();
    let (source, mut sink) = (vec![7; BYTES], vec![0; BYTES]);
    Duo {
        times,
        ask: Box::new(move |times| {
            let (mut sent, mut answered) = (0, 0);
            while answered < times {
                if sent < times
                    && let Some(mut payload) = free.pop()
                {
                    payload.copy_from_slice(black_box(&source));
                    to.try_send(payload).expect("as many places as payloads");
                    sent += 1;
                }
                while let Ok(payload) = from.try_recv() {
                    free.push(payload);
                    answered += 1;
                }
            }
        }),
        answer: Box::new(move |times| {
            let mut left = times;
            while left > 0 {
                if let Ok(payload) = there.try_recv() {
                    sink.copy_from_slice(&payload);
                    black_box(&sink);
                    back.try_send(payload).expect("as many places as payloads");
                    left -= 1;
                } else {
                    hint::spin_loop();
                }
            }
        }),
    }
}

/// The same copies in and out by one core alone, from and to as many payloads as channels have places. Nobody is told.
pub fn memory_copy(times: u32) -> Duo {
    let mut payloads = vec![vec![0; BYTES]; PLACES];
    let (source, mut sink) = (vec![7; BYTES], vec![0; BYTES]);
    Duo {
        times,
        ask: Box::new(move |times| {
            for number in 0..times as usize {
                let payload = &mut payloads[number % PLACES];
                payload.copy_from_slice(black_box(&source));
                sink.copy_from_slice(black_box(payload));
                black_box(&sink);
            }
        }),
        answer: Box::new(|_| {}),
    }
}
