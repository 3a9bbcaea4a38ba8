//! Things that stay where they are put for as long as the stock lives.
//!
//! What is indexed of them may then stay as well, from one look to the next.

use std::cell::OnceCell;

/// What was put away, each in its place until all goes.
#[derive(Debug)]
pub(super) struct Stock<T> {
    first: Slot<T>,
}

type Slot<T> = OnceCell<Box<Kept<T>>>;

#[derive(Debug)]
struct Kept<T> {
    thing: T,
    next: Slot<T>,
}

impl<T> Default for Stock<T> {
    fn default() -> Self {
        let first = OnceCell::new();
        Self { first }
    }
}

impl<T> Drop for Stock<T> {
    fn drop(&mut self) {
        // One after the other: each in the one before would take as much stack as there are things.
        let mut next = self.first.take();
        while let Some(mut kept) = next {
            next = kept.next.take();
        }
    }
}

/// The end of a stock, where things are put.
#[derive(Debug)]
pub(super) struct Shelf<'a, T> {
    end: &'a Slot<T>,
}

impl<'a, T> Shelf<'a, T> {
    /// The beginning of an empty stock.
    pub(super) fn new(stock: &'a Stock<T>) -> Self {
        Self { end: &stock.first }
    }

    /// Puts a thing away.
    pub(super) fn put(&mut self, thing: T) -> &'a T {
        let kept = self.end.get_or_init(|| {
            Box::new(Kept {
                thing,
                next: OnceCell::new(),
            })
        });
        self.end = &kept.next;
        &kept.thing
    }
}

#[cfg(test)]
mod tests {
    use super::{Shelf, Stock};

    #[test]
    fn things_stay_and_many_of_them_go() {
        let stock = Stock::default();
        let mut shelf = Shelf::new(&stock);
        let put: Vec<&u32> = (0..200_000).map(|n| shelf.put(n)).collect();
        assert!(put.iter().zip(0..).all(|(kept, n)| **kept == n));
    }
}
