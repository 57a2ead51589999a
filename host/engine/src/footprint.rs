//! The memory that rendered results take, so that it can be bounded.

/// What knows about how much memory it takes.
///
/// [`judge_windows`](crate::judge_windows) asks what it renders: results of records that are judged together take no more than
/// [`ChunkLimits::results`](crate::extract::ChunkLimits::results), rendered ones included.
pub trait Footprint {
    /// The bytes that it has allocated, about. What it shares with others may count less.
    fn footprint(&self) -> usize;
}

/// Nothing is allocated.
macro_rules! nothing {
    ($($kind:ty),*) => {
        $(impl Footprint for $kind {
            fn footprint(&self) -> usize {
                0
            }
        })*
    };
}

nothing!((), bool, u8, u64, usize, &'static str);

impl Footprint for String {
    fn footprint(&self) -> usize {
        self.capacity()
    }
}

impl<T: Footprint> Footprint for Vec<T> {
    fn footprint(&self) -> usize {
        self.capacity() * size_of::<T>() + self.iter().map(T::footprint).sum::<usize>()
    }
}

impl<T: Footprint> Footprint for Option<T> {
    fn footprint(&self) -> usize {
        self.as_ref().map_or(0, T::footprint)
    }
}

impl<A: Footprint, B: Footprint> Footprint for (A, B) {
    fn footprint(&self) -> usize {
        self.0.footprint() + self.1.footprint()
    }
}

impl<A: Footprint, B: Footprint, C: Footprint> Footprint for (A, B, C) {
    fn footprint(&self) -> usize {
        self.0.footprint() + self.1.footprint() + self.2.footprint()
    }
}

/// An error ends the request: it counts nothing.
impl<T: Footprint, E> Footprint for Result<T, E> {
    fn footprint(&self) -> usize {
        self.as_ref().map_or(0, T::footprint)
    }
}
