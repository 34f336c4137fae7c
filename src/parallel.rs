//! Work on all users, or on many things, split among the processors.

use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;

/// More threads than this would wait for memory and not for each other.
const THREADS_MAX: usize = 16;

static THREADS: LazyLock<usize> = LazyLock::new(|| {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    // Several in unit tests, wherever they run.
    let least = if cfg!(test) { 3 } else { 1 };
    processors.clamp(least, THREADS_MAX)
});

/// Splits `0..len` into a part for each processor, none below `least`, and works on all of them at once; the
/// results come in the order of the parts.
pub fn each_part<T: Send>(
    len: usize,
    least: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let n = (len / least.max(1)).clamp(1, *THREADS);
    let part = |at: usize| len * at / n..len * (at + 1) / n;
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<_> = (1..n)
            .map(|at| scope.spawn(move || work(part(at))))
            .collect();
        let first = work(part(0));
        let others = others
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(first).chain(others).collect()
    })
}

/// What `work` makes of each item, in their order; each processor takes the next item that nobody has begun.
pub fn each<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let one = |_: Range<usize>| {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return done;
            };
            done.push((at, work(item)));
        }
    };
    let mut done: Vec<(usize, T)> = each_part(items.len(), 1, one)
        .into_iter()
        .flatten()
        .collect();
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

/// Something to do once.
pub type Task<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does all tasks, each processor the next one that nobody has begun.
pub fn each_task(tasks: Vec<Task<'_>>) {
    let n = THREADS.min(tasks.len());
    let tasks = Mutex::new(tasks.into_iter());
    let work = || {
        loop {
            let next = tasks.lock().next();
            let Some(task) = next else { return };
            task();
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..n).map(|_| scope.spawn(work)).collect();
        work();
        for thread in others {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole_in_order() {
        for (len, least) in [(0, 1), (1, 1), (7, 3), (1_000, 1), (1_000, 5_000), (5, 0)] {
            let parts = each_part(len, least, Iterator::collect::<Vec<_>>);
            assert_eq!(
                parts.concat(),
                (0..len).collect::<Vec<_>>(),
                "{len} {least}"
            );
        }
    }

    #[test]
    fn what_is_made_of_each_comes_in_the_order_of_the_items() {
        for n in [0, 1, 2, 1_000] {
            let items: Vec<usize> = (0..n).collect();
            // Some take longer, so that the threads do not take turns.
            let made = each(&items, |n| (*n, (0..n % 7 * 1_000).sum::<usize>()).0);
            assert_eq!(made, items);
        }
    }

    #[test]
    #[should_panic(expected = "the last one")]
    fn a_panic_of_any_part_is_everybodys() {
        each_part(1_000, 1, |part| {
            assert!(part.end < 1_000, "the last one");
        });
    }
}
