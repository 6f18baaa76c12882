//! Which of some names was meant.

/// The name that is nearest to what was written, if one is near enough to be a slip of the hand.
///
/// ```
/// assert_eq!(argus_cards::nearest("titel", ["host", "title"]), Some("title"));
/// assert_eq!(argus_cards::nearest("owner", ["host", "title"]), None);
/// ```
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // One slip in a short name, two in a longer one; more is another name.
    let most = match written.chars().count() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    names
        .into_iter()
        .filter_map(|name| {
            let slips = if name.eq_ignore_ascii_case(written) { 0 } else { slips(written, name) };
            (slips <= most).then_some((slips, name))
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// How many letters must be changed, added, left out or swapped with their neighbour.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let get =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (get(&row, j) + usize::from(x != y))
                .min(get(&row, j + 1) + 1)
                .min(get(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(get(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_name_is_not() {
        let names = ["title", "severity", "opened_at", "id"];
        assert_eq!(nearest("titel", names), Some("title"));
        assert_eq!(nearest("severty", names), Some("severity"));
        assert_eq!(nearest("openedAt", names), Some("opened_at"));
        assert_eq!(nearest("TITLE", names), Some("title"));
        assert_eq!(nearest("owner", names), None);
        assert_eq!(nearest("ix", names), None);
    }
}
