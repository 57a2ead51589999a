//! The allocator of a rule: memory that is there from the start, and more only when that is used up.
//!
//! An instance lives for one batch, so the first allocations are what counts. Rust's default allocator asks for more linear
//! memory at once, and each `memory.grow` costs the host system calls under a lock that all its threads share: two threads of
//! fresh instances were slower than one. An arena inside the initial memory costs nothing but its untouched, zeroed pages.
//!
//! `heap` holds the whole algorithm, in safe code over an abstract memory; here is only the linear memory under it.

mod heap;

#[cfg(target_family = "wasm")]
pub use linear::ArenaAllocator;

#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "an allocator hands out raw memory; the only module of the crate that does")]
mod linear {
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::memory_grow;
    use core::cell::UnsafeCell;
    use core::ptr;

    use super::heap::{Heap, Memory};

    /// Bytes of the arena.
    ///
    /// A batch is at most about 1,024 rows or 128 KiB of columns. With the reply beside it and what the rules allocate, it fits
    /// 160 KiB, so that an instance which judges one batch never grows its memory. A smaller arena makes fresh instances a little
    /// cheaper, as fewer bytes are reserved; a larger one is never touched.
    const ARENA: usize = 160 * 1024;

    /// Bytes of a page of linear memory.
    const PAGE: u32 = 64 * 1024;

    /// The least number of pages by which memory grows: what an instance needs beyond its arena it seldom needs only once.
    const GROWTH: usize = 4;

    /// A global allocator that serves from an arena inside the initial memory, and grows the memory when that is used up.
    #[derive(Debug)]
    pub struct ArenaAllocator {
        heap: UnsafeCell<Heap<Linear>>,
    }

    /// The linear memory of the component.
    #[derive(Debug)]
    struct Linear {
        is_arena_given: bool,
        arena: UnsafeCell<Arena>,
    }

    #[derive(Debug)]
    #[repr(C, align(16))]
    struct Arena([u8; ARENA]);

    // SAFETY: a component has one thread. The contract knows no others, and the target is built without atomics.
    #[cfg(not(target_feature = "atomics"))]
    unsafe impl Sync for ArenaAllocator {}

    impl ArenaAllocator {
        /// An allocator that has handed out nothing. All its bytes are zero, so that the component's file does not hold the arena.
        #[must_use]
        #[expect(clippy::new_without_default, reason = "it is made in a static, where `default` cannot be called")]
        pub const fn new() -> Self {
            let memory = Linear { is_arena_given: false, arena: UnsafeCell::new(Arena([0; ARENA])) };
            Self { heap: UnsafeCell::new(Heap::new(memory)) }
        }

        #[expect(clippy::mut_from_ref, reason = "every caller is done with it before the next one can begin")]
        fn heap(&self) -> &mut Heap<Linear> {
            // SAFETY: there is one thread, and no function of the heap calls back into the allocator.
            unsafe { &mut *self.heap.get() }
        }
    }

    // SAFETY: the heap hands out blocks that lie in memory it was given, are aligned as asked, and do not overlap until freed.
    unsafe impl GlobalAlloc for ArenaAllocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let (Ok(size), Ok(align)) = (u32::try_from(layout.size()), u32::try_from(layout.align())) else {
                return ptr::null_mut();
            };
            match self.heap().allocate(size, align) {
                Some(address) => ptr::with_exposed_provenance_mut(address as usize),
                None => ptr::null_mut(),
            }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, _: Layout) {
            self.heap().free(address(pointer));
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            let Ok(wanted) = u32::try_from(size) else { return ptr::null_mut() };
            if self.heap().resize(address(pointer), wanted) {
                return pointer;
            }
            // SAFETY: the caller keeps to the contract of `realloc`: the alignment is valid, the size neither zero nor too large.
            let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
            if !moved.is_null() {
                // SAFETY: both blocks are at least as long as the shorter of the two sizes, and distinct.
                unsafe {
                    ptr::copy_nonoverlapping(pointer, moved, layout.size().min(size));
                    self.dealloc(pointer, layout);
                }
            }
            moved
        }
    }

    impl Memory for Linear {
        #[inline(always)]
        fn load(&self, address: u32) -> u32 {
            // SAFETY: the heap asks only for aligned words inside the memory it was given, outside of blocks in use.
            unsafe { ptr::with_exposed_provenance::<u32>(address as usize).read() }
        }

        #[inline(always)]
        fn store(&mut self, address: u32, word: u32) {
            // SAFETY: as for `load`.
            unsafe { ptr::with_exposed_provenance_mut::<u32>(address as usize).write(word) }
        }

        fn grow(&mut self, bytes: u32) -> Option<(u32, u32)> {
            if !self.is_arena_given {
                self.is_arena_given = true;
                return Some((u32::try_from(self.arena.get().expose_provenance()).ok()?, u32::try_from(ARENA).ok()?));
            }
            let needed = usize::try_from(bytes.div_ceil(PAGE)).ok()?;
            [needed.max(GROWTH), needed].into_iter().find_map(|pages| {
                let start =
                    u32::try_from(memory_grow(0, pages)).ok().filter(|&page| page != u32::MAX)?.checked_mul(PAGE)?;
                Some((start, u32::try_from(pages).ok()?.checked_mul(PAGE)?))
            })
        }
    }

    fn address(pointer: *mut u8) -> u32 {
        // Pointers of the target have 32 bits.
        u32::try_from(pointer.expose_provenance()).unwrap_or(0)
    }
}
