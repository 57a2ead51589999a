//! A heap of blocks with boundary tags, a rest that has never been used, and lists of small blocks to use again.
//!
//! Blocks lie end to end. A block begins with a word that holds its size, a multiple of 8, and two flags; what follows belongs to
//! the caller, on a multiple of 8. A free block holds more: the two links of the list it is in, and its size again in its last
//! word, where the block behind it finds it, so that free neighbours become one block at once. A region of memory ends with the
//! first word of a block that is always in use.
//!
//! A request is served from, in this order:
//!
//! 1. the *small* blocks of exactly its size, which are kept as they are when they are freed: a handful of instructions;
//! 2. the *bins* of free blocks by size: one for each size below 256 bytes, then four for each doubling;
//! 3. the *rest* of the newest region: in a fresh instance everything comes from here;
//! 4. the small blocks, all joined with their neighbours;
//! 5. more memory.
//!
//! No step depends on how many blocks there are, but for the fourth, which every block goes through once.

const USED: u32 = 1;
const PREVIOUS_USED: u32 = 2;
const FLAGS: u32 = 7;

/// Bytes of the word at the start of each block.
const TAG: u32 = 4;
/// The least block: tag, two links, and the size again.
const LEAST: u32 = 16;
/// Every block is handed out on a multiple of it.
const ALIGN: u32 = 8;
/// The greatest request; half of what 32 bits can address.
const GREATEST: u32 = 1 << 30;

/// Blocks below this size are kept for the next request of the same size.
const SMALL: u32 = 256;

const BINS: usize = 128;
/// How many blocks of a bin are tried; those of the next bins always fit.
const LOOKS: usize = 16;

/// The memory under a heap: words on addresses that are multiples of 4, of which 0 is none.
pub(crate) trait Memory {
    /// The word at an address inside memory that `grow` has returned.
    fn load(&self, address: u32) -> u32;

    /// Sets the word at an address inside memory that `grow` has returned.
    fn store(&mut self, address: u32, word: u32);

    /// More memory: where it begins and how many bytes it has. It may be less than asked for; the heap then asks again.
    fn grow(&mut self, bytes: u32) -> Option<(u32, u32)>;
}

/// Blocks of a memory, free and in use.
#[derive(Debug)]
pub(crate) struct Heap<M> {
    memory: M,
    /// The first block of each list of small blocks, or 0. To their neighbours they are in use.
    small: [u32; (SMALL / ALIGN) as usize],
    /// The first free block of each bin, or 0.
    bins: [u32; BINS],
    /// Bit `i`: whether bin `i` holds a block.
    filled: u128,
    /// The start of the rest of the newest region. Before it lies a block in use; it has no tag, and is in no bin.
    rest: u32,
    /// The block that ends the newest region, or 0.
    end: u32,
}

impl<M: Memory> Heap<M> {
    /// A heap that will ask the memory for its first region when it is first used.
    pub(crate) const fn new(memory: M) -> Self {
        Self { memory, small: [0; (SMALL / ALIGN) as usize], bins: [0; BINS], filled: 0, rest: 0, end: 0 }
    }

    /// A block of `bytes` bytes, on a multiple of `align`, a power of two. None: the memory is used up.
    pub(crate) fn allocate(&mut self, bytes: u32, align: u32) -> Option<u32> {
        let size = block_size(bytes)?;
        if align <= ALIGN {
            return Some(self.take_small(size).or_else(|| self.take(size))? + TAG);
        }
        // Space to move the start to the next multiple that leaves a block before it.
        let block = self.take(size.checked_add(align)?.checked_add(LEAST)?)?;
        let mut start = (block + TAG).next_multiple_of(align);
        if start != block + TAG && start - TAG - block < LEAST {
            start += align;
        }
        let aligned = start - TAG;
        if aligned != block {
            let after = self.size(block) - (aligned - block);
            self.set_size(block, aligned - block);
            self.memory.store(aligned, after | USED | PREVIOUS_USED);
            self.release(block);
        }
        self.trim(aligned, size);
        Some(start)
    }

    /// Takes back a block that [`allocate`](Self::allocate) has returned.
    pub(crate) fn free(&mut self, address: u32) {
        let block = address - TAG;
        match self.small.get_mut((self.memory.load(block) / ALIGN) as usize) {
            Some(first) => {
                self.memory.store(address, *first);
                *first = block;
            }
            None => self.release(block),
        }
    }

    /// Makes a block longer or shorter where it lies, if that is possible.
    pub(crate) fn resize(&mut self, address: u32, bytes: u32) -> bool {
        let block = address - TAG;
        let Some(wanted) = block_size(bytes) else { return false };
        let size = self.size(block);
        if wanted > size {
            let next = block + size;
            if next == self.rest {
                if wanted - size > self.end - self.rest {
                    return false;
                }
                self.rest += wanted - size;
                self.set_size(block, wanted);
                return true;
            }
            if self.is(next, USED) || size + self.size(next) < wanted {
                return false;
            }
            let joined = size + self.size(next);
            self.unlink(next);
            self.set_size(block, joined);
            self.set(block + joined, PREVIOUS_USED);
        }
        self.trim(block, wanted);
        true
    }

    /// A small block of exactly this size that was freed before.
    #[inline]
    fn take_small(&mut self, size: u32) -> Option<u32> {
        let first = self.small.get_mut((size / ALIGN) as usize).filter(|first| **first != 0)?;
        let block = *first;
        *first = self.memory.load(block + TAG);
        Some(block)
    }

    /// A block of at least this size, in use.
    fn take(&mut self, size: u32) -> Option<u32> {
        loop {
            if let Some(block) = self.find(size) {
                self.unlink(block);
                self.set(block, USED);
                self.set(block + self.size(block), PREVIOUS_USED);
                self.trim(block, size);
                return Some(block);
            }
            if size <= self.end - self.rest {
                let block = self.rest;
                self.rest += size;
                self.memory.store(block, size | USED | PREVIOUS_USED);
                return Some(block);
            }
            if !self.release_small() {
                // The ends of a region take two words.
                let (start, bytes) = self.memory.grow(size.checked_add(2 * ALIGN)?)?;
                self.add_region(start, bytes);
            }
        }
    }

    /// A free block of at least this size, still in its bin.
    fn find(&self, size: u32) -> Option<u32> {
        if self.filled == 0 {
            return None;
        }
        let bin = bin(size);
        let mut block = self.first(bin);
        for _ in 0..LOOKS {
            if block == 0 {
                break;
            }
            if self.size(block) >= size {
                return Some(block);
            }
            block = self.memory.load(block + TAG);
        }
        let greater = self.filled.checked_shr(u32::try_from(bin + 1).ok()?).unwrap_or(0);
        let next = (greater != 0).then(|| bin + 1 + greater.trailing_zeros() as usize)?;
        Some(self.first(next))
    }

    /// Gives back what a block in use has beyond a size.
    fn trim(&mut self, block: u32, size: u32) {
        let excess = self.size(block) - size;
        if excess >= LEAST {
            self.set_size(block, size);
            self.memory.store(block + size, excess | USED | PREVIOUS_USED);
            self.release(block + size);
        }
    }

    /// Frees a block in use and joins it with its free neighbours.
    fn release(&mut self, mut block: u32) {
        let mut size = self.size(block);
        if !self.is(block, PREVIOUS_USED) {
            let previous = self.memory.load(block - TAG);
            block -= previous;
            size += previous;
            self.unlink(block);
        }
        let next = block + size;
        if next == self.rest {
            self.rest = block;
            return;
        }
        if !self.is(next, USED) {
            self.unlink(next);
            size += self.size(next);
        }
        self.make_free(block, size);
        self.clear(block + size, PREVIOUS_USED);
    }

    /// Frees the small blocks that are kept, and says whether there were any.
    #[cold]
    fn release_small(&mut self) -> bool {
        let mut any = false;
        for size in (LEAST..SMALL).step_by(ALIGN as usize) {
            while let Some(block) = self.take_small(size) {
                self.release(block);
                any = true;
            }
        }
        any
    }

    /// Writes a free block and puts it into its bin. What lies before a free block is always in use, or it would have been joined.
    fn make_free(&mut self, block: u32, size: u32) {
        let bin = bin(size);
        let next = self.first(bin);
        self.memory.store(block, size | PREVIOUS_USED);
        self.memory.store(block + TAG, next);
        self.memory.store(block + 2 * TAG, 0);
        self.memory.store(block + size - TAG, size);
        if next != 0 {
            self.memory.store(next + 2 * TAG, block);
        }
        self.set_first(bin, block);
    }

    /// Takes a free block out of its bin.
    fn unlink(&mut self, block: u32) {
        let (next, previous) = (self.memory.load(block + TAG), self.memory.load(block + 2 * TAG));
        if next != 0 {
            self.memory.store(next + 2 * TAG, previous);
        }
        if previous == 0 {
            self.set_first(bin(self.size(block)), next);
        } else {
            self.memory.store(previous + TAG, next);
        }
    }

    /// Adds memory; where it continues the newest region, the two become one.
    #[cold]
    fn add_region(&mut self, start: u32, bytes: u32) {
        let Some(limit) = start.checked_add(bytes) else { return };
        let continues = self.end != 0 && start == self.end + TAG;
        let first = if continues { self.end } else { start.next_multiple_of(ALIGN) + TAG };
        let end = (limit & !(ALIGN - 1)).saturating_sub(TAG);
        if end < first.saturating_add(LEAST) {
            return;
        }
        if !continues {
            let unused = self.end - self.rest;
            if unused >= LEAST {
                self.make_free(self.rest, unused);
                self.clear(self.end, PREVIOUS_USED);
            } else if unused > 0 {
                // Too short for a block; it is never freed.
                self.memory.store(self.rest, unused | USED | PREVIOUS_USED);
            }
            self.rest = first;
        }
        self.memory.store(end, USED | PREVIOUS_USED);
        self.end = end;
    }

    fn size(&self, block: u32) -> u32 {
        self.memory.load(block) & !FLAGS
    }

    fn is(&self, block: u32, flag: u32) -> bool {
        self.memory.load(block) & flag != 0
    }

    fn set_size(&mut self, block: u32, size: u32) {
        let flags = self.memory.load(block) & FLAGS;
        self.memory.store(block, size | flags);
    }

    fn set(&mut self, block: u32, flag: u32) {
        let tag = self.memory.load(block);
        self.memory.store(block, tag | flag);
    }

    fn clear(&mut self, block: u32, flag: u32) {
        let tag = self.memory.load(block);
        self.memory.store(block, tag & !flag);
    }

    fn first(&self, bin: usize) -> u32 {
        self.bins.get(bin).copied().unwrap_or(0)
    }

    fn set_first(&mut self, bin: usize, block: u32) {
        if let Some(first) = self.bins.get_mut(bin) {
            *first = block;
        }
        if block == 0 {
            self.filled &= !(1 << bin);
        } else {
            self.filled |= 1 << bin;
        }
    }
}

/// How long a block must be to hold this many bytes.
fn block_size(bytes: u32) -> Option<u32> {
    (bytes <= GREATEST).then(|| (bytes + TAG).next_multiple_of(ALIGN).max(LEAST))
}

/// The bin of free blocks of a size.
fn bin(size: u32) -> usize {
    let bin = if size < 256 {
        size / ALIGN
    } else {
        let log = size.ilog2();
        32 + (log - 8) * 4 + (size >> (log - 2) & 3)
    };
    bin as usize
}

#[cfg(test)]
mod tests;
