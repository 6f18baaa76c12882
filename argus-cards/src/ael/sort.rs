//! Sorting by an order that may be none: values of different kinds are all "equal", so that `a = b`
//! and `b = c` says nothing about `a` and `c`. The standard library may refuse such an order.

use std::cmp::Ordering;

/// Up to this length V8 sorts by insertion alone.
const SHORT: usize = 63;

/// Sorts as V8 does: equal items keep their order, and whatever the order says, it ends.
pub(super) fn by<T>(items: &mut Vec<T>, compare: &impl Fn(&T, &T) -> Ordering) {
    if items.len() <= SHORT {
        let start = run(items, compare);
        insert(items, start, compare);
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    let mut left = std::mem::take(items);
    by(&mut left, compare);
    by(&mut right, compare);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(b, a).is_lt() { right.next() } else { left.next() };
        items.extend(next);
    }
    items.extend(left.chain(right));
}

/// Finds how far the items are in order from the start, and turns them around if they fall.
fn run<T>(items: &mut [T], compare: &impl Fn(&T, &T) -> Ordering) -> usize {
    let falls = |pair: &[T]| matches!(pair, [a, b] if compare(b, a).is_lt());
    let falling = items.get(..2).is_some_and(falls);
    let length = 1 + items.windows(2).take_while(|pair| falls(pair) == falling).count();
    let length = length.min(items.len());
    if let (true, Some(start)) = (falling, items.get_mut(..length)) {
        start.reverse();
    }
    length
}

/// Puts each item from `start` on where it belongs among those before it.
fn insert<T>(items: &mut [T], start: usize, compare: &impl Fn(&T, &T) -> Ordering) {
    for index in start..items.len() {
        let Some((before, rest)) = items.split_at_checked(index) else { return };
        let Some(pivot) = rest.first() else { return };
        // The very steps of V8: an order that is none shows which ones were taken.
        let (mut place, mut end) = (0, index);
        while place < end {
            let middle = place + (end - place) / 2;
            let before_it = before.get(middle).is_some_and(|item| compare(pivot, item).is_lt());
            if before_it {
                end = middle;
            } else {
                place = middle + 1;
            }
        }
        if let Some(moved) = items.get_mut(place..=index) {
            moved.rotate_right(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_and_is_stable() {
        for size in [0, 1, 2, 5, 63, 64, 500] {
            let numbers = (0..size).map(|n| (n * 7919) % 101);
            let mut items: Vec<(usize, usize)> = numbers.zip(0..).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(number, _)| *number);
            by(&mut items, &|a: &(usize, usize), b: &(usize, usize)| a.0.cmp(&b.0));
            assert_eq!(items, expected, "{size}");
        }
    }

    #[test]
    fn an_order_that_is_none_ends() {
        let mut items: Vec<usize> = (0..200).collect();
        by(&mut items, &|a: &usize, b: &usize| (a * 31 % 7).cmp(&(b * 17 % 5)));
        items.sort_unstable();
        assert_eq!(items, (0..200).collect::<Vec<_>>());
    }
}
