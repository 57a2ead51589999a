//! What the parent process asks of the one that compiles, and what it gets back: numbers before the component and before the code.

use std::io::{self, Read};
use std::time::Duration;

use jurat_model::Bytes;
use wasmtime::Config;

use super::codegen::codegen;
use crate::settings::CompileLimits;

/// What machine code is for, and what making it may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Order {
    pub(crate) limits: CompileLimits,
    pub(crate) target: Target,
}

/// The engine that is to run machine code. Code for one target does not run on another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    /// How deep calls of a rule may nest.
    pub(crate) stack: Bytes,
    pub(crate) reservation: Reservation,
}

/// The address space that a memory of a rule has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reservation {
    /// All that 32 bits can address, so that machine code needs no checks.
    Full,
    /// No more than the memory uses. Machine code checks each access, and the memory may move when it grows.
    Exact,
}

impl Target {
    /// The settings of the compiler and of the engine.
    pub(crate) fn config(self) -> Config {
        let mut config = codegen(self.stack);
        match self.reservation {
            Reservation::Full => {}
            Reservation::Exact => {
                config
                    .memory_reservation(0)
                    .memory_reservation_for_growth(0)
                    .memory_guard_size(0)
                    .guard_before_linear_memory(false)
                    .memory_may_move(true);
            }
        }
        config
    }
}

impl Order {
    /// The bytes before the component: four numbers of 64 bits.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let Self { limits, target } = self;
        let reservation = match target.reservation {
            Reservation::Full => 0,
            Reservation::Exact => 1,
        };
        let numbers = [micros(limits.processor), limits.memory.get(), target.stack.get(), reservation];
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Reads what [`Order::to_bytes`] has written.
    pub(super) fn read(input: &mut impl Read) -> io::Result<Self> {
        let processor = Duration::from_micros(number(input)?);
        let memory = Bytes::new(number(input)?);
        let stack = Bytes::new(number(input)?);
        let reservation = match number(input)? {
            0 => Reservation::Full,
            1 => Reservation::Exact,
            _ => return Err(io::Error::from(io::ErrorKind::InvalidData)),
        };
        Ok(Self { limits: CompileLimits { processor, memory }, target: Target { stack, reservation } })
    }
}

/// Machine code, and the processor time that making it has cost.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) processor: Duration,
    pub(super) code: Vec<u8>,
}

impl Made {
    /// The length of what comes before the code.
    pub(super) const HEADER: u64 = 8;

    /// The bytes before the code.
    pub(super) fn header(processor: Duration) -> [u8; 8] {
        micros(processor).to_le_bytes()
    }

    /// Takes the header off what a child has written.
    pub(super) fn read(mut written: &[u8]) -> io::Result<Self> {
        let processor = Duration::from_micros(number(&mut written)?);
        Ok(Self { processor, code: written.to_vec() })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn number(input: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        for reservation in [Reservation::Full, Reservation::Exact] {
            let target = Target { stack: Bytes::kibi(512), reservation };
            let order = Order { limits: CompileLimits::DEFAULT, target };
            assert_eq!(Order::read(&mut &*order.to_bytes()).unwrap(), order);
        }
        assert!(Order::read(&mut &[0; 31][..]).is_err());
        assert!(Order::read(&mut &[2; 32][..]).is_err());
        let made = Made::read(&[&Made::header(Duration::from_millis(7))[..], b"code"].concat()).unwrap();
        assert_eq!((made.processor, &*made.code), (Duration::from_millis(7), &b"code"[..]));
    }
}
