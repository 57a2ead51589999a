//! Memory for requests and answers, which may be long. What is long goes back to the system when it is dropped: an allocator would keep
//! it for the next long one, and what is between such pieces keeps it from ever giving them back.

use bytes::Bytes;
use memmap2::MmapMut;

/// From this capacity on, a buffer has a mapping of its own.
pub(crate) const LONG: usize = 256 << 10;

/// Bytes that have room for more.
#[derive(Debug)]
pub(crate) struct Buffer {
    memory: Memory,
    /// The bytes that are in use. All of the others are room.
    length: usize,
}

#[derive(Debug)]
enum Memory {
    /// From the allocator. Its length is that of the buffer.
    Short(Vec<u8>),
    /// From the system.
    Long(MmapMut),
}

impl Buffer {
    /// An empty buffer with room for this many bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let long = if capacity < LONG { None } else { MmapMut::map_anon(capacity).ok() };
        let memory = long.map_or_else(|| Memory::Short(Vec::with_capacity(capacity)), Memory::Long);
        Self { memory, length: 0 }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match &self.memory {
            Memory::Short(bytes) => bytes,
            Memory::Long(map) => map.get(..self.length).unwrap_or_default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn capacity(&self) -> usize {
        match &self.memory {
            Memory::Short(bytes) => bytes.capacity(),
            Memory::Long(map) => map.len(),
        }
    }

    /// Adds as many of the bytes as there is room for, and returns the others.
    pub(crate) fn append<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let room = self.capacity().saturating_sub(self.length);
        let (fits, others) = bytes.split_at(bytes.len().min(room));
        match &mut self.memory {
            Memory::Short(short) => short.extend_from_slice(fits),
            Memory::Long(map) => {
                if let Some(room) = map.get_mut(self.length..self.length + fits.len()) {
                    room.copy_from_slice(fits);
                }
            }
        }
        self.length += fits.len();
        others
    }

    /// Makes room for `more` bytes, and for no others.
    pub(crate) fn reserve(&mut self, more: usize) {
        let capacity = self.length.saturating_add(more);
        if self.capacity() >= capacity {
            return;
        }
        match &mut self.memory {
            Memory::Short(bytes) if capacity < LONG => bytes.reserve_exact(more),
            _ => {
                let mut moved = Self::with_capacity(capacity);
                moved.append(self.as_slice());
                *self = moved;
            }
        }
    }

    /// Gives back the room.
    pub(crate) fn shrink(&mut self) {
        match &mut self.memory {
            Memory::Short(bytes) => bytes.shrink_to_fit(),
            // No memory was used for the room.
            Memory::Long(_) => {}
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { length: bytes.len(), memory: Memory::Short(bytes) }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl From<Buffer> for Bytes {
    fn from(buffer: Buffer) -> Self {
        match buffer.memory {
            Memory::Short(bytes) => bytes.into(),
            Memory::Long(_) => Self::from_owner(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_buffer_takes_what_it_has_room_for() {
        for capacity in [0, 1, 100, LONG - 1, LONG, LONG + 5_000] {
            let mut buffer = Buffer::with_capacity(capacity);
            assert!(matches!(buffer.memory, Memory::Long(_)) == (capacity >= LONG));
            let bytes = vec![7; capacity + 3];
            assert_eq!(buffer.append(&bytes), [7; 3]);
            assert_eq!((buffer.len(), buffer.capacity()), (capacity, capacity));
            buffer.shrink();
            assert!(Bytes::from(buffer) == bytes[..capacity]);
        }
    }

    proptest! {
        #[test]
        fn a_buffer_that_grows_keeps_its_bytes(steps in prop::collection::vec(0..100_000_usize, 0..12)) {
            let (mut buffer, mut expected) = (Buffer::default(), Vec::new());
            for (step, count) in (0_u8..).zip(steps) {
                buffer.reserve(count);
                prop_assert!(buffer.append(&vec![step; count]).is_empty());
                expected.resize(expected.len() + count, step);
                prop_assert!(buffer.as_slice() == expected && buffer.len() == expected.len());
            }
            prop_assert!(Bytes::from(buffer) == expected);
        }
    }
}
