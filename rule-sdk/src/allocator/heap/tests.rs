//! The heap against a memory of words, which knows what it has given and notices what is written outside of it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Regions at the given addresses, one after the other.
#[derive(Debug)]
struct Regions {
    words: BTreeMap<u32, u32>,
    regions: Vec<(u32, u32)>,
    given: usize,
}

impl Regions {
    fn new(regions: &[(u32, u32)]) -> Self {
        Self { words: BTreeMap::new(), regions: regions.to_vec(), given: 0 }
    }

    fn has(&self, address: u32) -> bool {
        let given = self.regions.iter().take(self.given);
        address.is_multiple_of(4) && given.clone().any(|&(start, bytes)| (start..start + bytes).contains(&address))
    }
}

impl Memory for Regions {
    fn load(&self, address: u32) -> u32 {
        assert!(self.has(address), "reads {address}");
        self.words.get(&address).copied().unwrap_or(0)
    }

    fn store(&mut self, address: u32, word: u32) {
        assert!(self.has(address), "writes {address}");
        self.words.insert(address, word);
    }

    fn grow(&mut self, _: u32) -> Option<(u32, u32)> {
        let region = self.regions.get(self.given).copied();
        self.given += usize::from(region.is_some());
        region
    }
}

/// A heap, and what it has handed out: address, size, and the word that fills it.
#[derive(Debug)]
struct Checked {
    heap: Heap<Regions>,
    live: Vec<(u32, u32, u32)>,
}

impl Checked {
    fn new(regions: &[(u32, u32)]) -> Self {
        Self { heap: Heap::new(Regions::new(regions)), live: Vec::new() }
    }

    fn allocate(&mut self, bytes: u32, align: u32) -> Option<u32> {
        let address = self.heap.allocate(bytes, align)?;
        assert_eq!(address % align.max(ALIGN), 0);
        for &(other, size, _) in &self.live {
            assert!(address + bytes <= other || other + size <= address, "{address} overlaps {other}");
        }
        self.live.push((address, bytes, 0));
        self.fill(self.live.len() - 1);
        Some(address)
    }

    fn free(&mut self, index: usize) {
        self.check(index, u32::MAX);
        let (address, ..) = self.live.swap_remove(index);
        self.heap.free(address);
    }

    fn resize(&mut self, index: usize, bytes: u32) -> bool {
        let (address, old, _) = self.live[index];
        let is_resized = self.heap.resize(address, bytes);
        if is_resized {
            self.check(index, bytes);
            self.live[index].1 = bytes;
            for (other, &(start, size, _)) in self.live.iter().enumerate() {
                assert!(other == index || address + bytes <= start || start + size <= address);
            }
            self.fill(index);
        } else {
            assert!(bytes > old, "shrinking always succeeds");
        }
        is_resized
    }

    /// Fills a block with a word of its own.
    fn fill(&mut self, index: usize) {
        let (address, bytes, _) = self.live[index];
        let word = address.rotate_left(16) ^ bytes ^ 0x5eed_5eed;
        self.live[index].2 = word;
        for offset in (0..bytes / 4 * 4).step_by(4) {
            self.heap.memory.store(address + offset, word);
        }
    }

    /// The first bytes of a block still hold what it was filled with.
    fn check(&self, index: usize, bytes: u32) {
        let (address, size, word) = self.live[index];
        for offset in (0..size.min(bytes) / 4 * 4).step_by(4) {
            assert_eq!(self.heap.memory.load(address + offset), word, "{address} + {offset} was overwritten");
        }
    }

    /// All blocks of all lists: each is free, in the right list, and known to the block behind it.
    fn free_blocks(&self) -> Vec<(u32, u32)> {
        let mut blocks = Vec::new();
        for (list, &first) in self.heap.bins.iter().enumerate() {
            assert_eq!(first != 0, self.heap.filled >> list & 1 == 1);
            let (mut block, mut previous) = (first, 0);
            while block != 0 {
                let size = self.heap.size(block);
                assert_eq!(bin(size), list);
                assert!(!self.heap.is(block, USED) && self.heap.is(block, PREVIOUS_USED));
                assert!(!self.heap.is(block + size, PREVIOUS_USED) && self.heap.is(block + size, USED));
                assert_eq!(self.heap.memory.load(block + size - TAG), size);
                assert_eq!(self.heap.memory.load(block + 2 * TAG), previous);
                blocks.push((block, size));
                (previous, block) = (block, self.heap.memory.load(block + TAG));
            }
        }
        blocks
    }
}

#[derive(Clone, Debug)]
enum Step {
    Allocate(u32, u32),
    Free(usize),
    Resize(usize, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let bytes = prop_oneof![0..64u32, 0..600u32, 0..9_000u32];
    let align = prop_oneof![8 => Just(1u32), 2 => Just(8), 1 => Just(16), 1 => Just(64), 1 => Just(4_096)];
    let step = prop_oneof![
        4 => (bytes.clone(), align).prop_map(|(bytes, align)| Step::Allocate(bytes, align)),
        3 => any::<usize>().prop_map(Step::Free),
        2 => (any::<usize>(), bytes).prop_map(|(index, bytes)| Step::Resize(index, bytes)),
    ];
    proptest::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn blocks_never_overlap_and_all_memory_comes_back(steps in steps()) {
        // An arena at an odd address, memory elsewhere, and memory that continues it.
        let regions = [(1_036, 20_000), (65_536, 65_536), (131_072, 65_536)];
        let mut checked = Checked::new(&regions);
        for step in steps {
            let count = checked.live.len();
            match step {
                Step::Allocate(bytes, align) => drop(checked.allocate(bytes, align)),
                Step::Free(index) if count > 0 => checked.free(index % count),
                Step::Resize(index, bytes) if count > 0 => drop(checked.resize(index % count, bytes)),
                Step::Free(_) | Step::Resize(..) => {}
            }
            checked.free_blocks();
        }
        while !checked.live.is_empty() {
            checked.free(0);
        }
        checked.heap.release_small();
        // Nothing is left but one block for the first stretch of memory, if it was not enough, and the rest of the last.
        let stretches = checked.heap.memory.given.min(2);
        prop_assert_eq!(checked.free_blocks().len(), stretches.saturating_sub(1));
        prop_assert_eq!(checked.heap.rest, [0, 1_044, 65_540][stretches]);
    }
}

#[test]
fn what_fits_the_arena_asks_for_no_more() {
    let mut checked = Checked::new(&[(1_024, 160 * 1_024), (1 << 20, 1 << 20)]);
    // Five calls, each with ten columns of 1,024 rows and a reply: all of it is freed before the next.
    for _ in 0..5 {
        for bytes in [8_192, 1_024, 8_192, 1_024, 4_096, 4_096, 4_100, 20_000, 128, 64] {
            assert!(checked.allocate(bytes, 8).is_some());
        }
        for _ in 0..1_024 {
            assert!(checked.allocate(56, 4).is_some());
        }
        while !checked.live.is_empty() {
            checked.free(checked.live.len() / 2);
        }
    }
    assert_eq!(checked.heap.memory.given, 1);
    checked.heap.release_small();
    assert_eq!((checked.free_blocks(), checked.heap.rest), (vec![], 1_028));
}

#[test]
fn almost_the_whole_arena_can_be_one_block() {
    let mut checked = Checked::new(&[(1_024, 160 * 1_024)]);
    let greatest = 160 * 1_024 - 8 - TAG;
    assert_eq!(checked.allocate(greatest + 1, 1), None);
    assert_eq!(checked.allocate(greatest, 1), Some(1_032));
    assert_eq!(checked.allocate(1, 1), None);
    checked.free(0);
    assert_eq!(checked.allocate(greatest, 1), Some(1_032));
}

#[test]
fn a_growing_list_stays_where_it_is() {
    let mut checked = Checked::new(&[(1_024, 160 * 1_024)]);
    checked.allocate(64, 4);
    for bytes in [128, 256, 512, 100_000, 16, 100_000] {
        assert!(checked.resize(0, bytes));
        checked.free_blocks();
    }
    checked.allocate(8, 4);
    assert!(!checked.resize(0, 110_000), "another block lies in the way");
}

#[test]
fn memory_that_continues_the_last_is_joined_to_it() {
    let mut checked = Checked::new(&[(1_024, 1_024), (2_048, 1_024), (8_192, 1_024)]);
    assert_eq!(checked.allocate(1_900, 1), Some(1_032));
    assert_eq!(checked.allocate(900, 1), Some(8_200));
    assert_eq!(checked.allocate(1_000, 1), None);
}

#[test]
fn small_blocks_are_joined_before_memory_grows() {
    let mut checked = Checked::new(&[(1_024, 8_192), (1 << 20, 8_192)]);
    for _ in 0..8_192 / 48 {
        checked.allocate(40, 4);
    }
    while !checked.live.is_empty() {
        checked.free(0);
    }
    assert_eq!(checked.allocate(8_000, 4), Some(1_032));
    assert_eq!(checked.heap.memory.given, 1);
}

#[test]
fn what_no_memory_can_hold_is_refused() {
    let mut checked = Checked::new(&[(1_024, 1_024), (4_096, 4), (8_192, 31)]);
    for (bytes, align) in [(u32::MAX, 1), (GREATEST, 1), (GREATEST, 1 << 31), (0, 1 << 31), (900, 4_096)] {
        assert_eq!(checked.allocate(bytes, align), None, "{bytes} {align}");
    }
    assert!(checked.allocate(900, 1).is_some(), "regions that are too small do no harm");
}
