//! The system's allocator, with a count of Rust's calls to it.
//!
//! Each thread counts in a place of its own. A counter that all threads share, as the usual
//! counting allocators have, costs a program with more allocations or more threads more: it would
//! decide the comparison that it is there to explain.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Threads that count alone; any further ones share the last place.
const PLACES: usize = 64;

/// Large enough that no two places share a cache line, nor a pair of lines fetched together.
#[repr(align(128))]
struct Place(AtomicU64);

static COUNTS: [Place; PLACES] = [const { Place(AtomicU64::new(0)) }; PLACES];
static TAKEN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MINE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// How many allocations were made so far: new blocks and blocks that grew.
pub fn count() -> u64 {
    COUNTS.iter().map(|place| place.0.load(Ordering::Relaxed)).sum()
}

/// The allocator to declare with `#[global_allocator]`.
#[derive(Debug, Default)]
pub struct Counting;

fn add() {
    let mine = MINE.try_with(|mine| {
        let place = mine.get().unwrap_or_else(|| TAKEN.fetch_add(1, Ordering::Relaxed));
        mine.set(Some(place));
        place
    });
    match mine {
        Ok(place) if place < PLACES - 1 => {
            // Nobody else writes to this place.
            let count = &COUNTS[place].0;
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        _ => {
            COUNTS[PLACES - 1].0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: every call goes to the system's allocator as it is. Counting allocates nothing: the
// thread's place is a `Cell` without a destructor and with a constant initial value.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add();
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add();
        // SAFETY: the caller keeps `alloc_zeroed`'s contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add();
        // SAFETY: the caller keeps `realloc`'s contract, and the block came from `System`.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static COUNTING: Counting = Counting;

    #[test]
    fn every_thread_s_blocks_are_counted() {
        let before = count();
        let block = std::hint::black_box(Box::new(1));
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| drop(std::hint::black_box(vec![Box::new(1); 100]))))
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        drop(block);
        let counted = count() - before;
        assert!(counted > 401, "{counted}");
        assert!(counted < 1_000, "{counted}");
    }
}
