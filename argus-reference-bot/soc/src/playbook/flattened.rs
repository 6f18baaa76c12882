//! A narrow recovery for a playbook whose indentation was lost on the way.
//!
//! The automation runner's example circulates in a form in which every line begins in the first
//! column. Such a file cannot be read as it stands, so nothing that loads otherwise is touched:
//! the recovery applies only when the first line is a bare `playbook:` and *no* line is indented.
//! The place of every key then follows from the grammar. Where it does not (a parameter with the
//! name of a step's key, a nested parameter, an unknown key), there is no recovery and the file is
//! refused. A restored playbook always carries a warning.

use super::read::{HEADER, RETRY, SECTIONS};
use super::steps::STEP;

/// The same lines with indentation.
pub(super) struct Restored {
    pub(super) text: String,
    added: Vec<usize>,
}

impl Restored {
    /// How many columns were added to a line, counted from one.
    pub(super) fn added(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|index| self.added.get(index)).copied().unwrap_or(0)
    }
}

/// Where the next line can belong.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    Header,
    Flat,
    Trigger,
    Execution,
    Retry,
    Actions,
    Step,
    Parameters,
    Rollback,
    RollbackParameters,
}

/// Restores the indentation; nothing if the text has some, or if its structure is not certain.
pub(super) fn restore(yaml: &str) -> Option<Restored> {
    let significant = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    if yaml.lines().find(significant)?.trim_end() != "playbook:"
        || yaml.lines().any(|line| line.starts_with([' ', '\t']))
    {
        return None;
    }
    let mut text = String::with_capacity(yaml.len() * 2);
    let mut added = Vec::new();
    let mut place = Place::Start;
    for line in yaml.lines() {
        let indent = if significant(&line) {
            let (indent, next) = step(place, line)?;
            place = next;
            indent
        } else {
            0
        };
        text.push_str(&" ".repeat(indent));
        text.push_str(line);
        text.push('\n');
        added.push(indent);
    }
    Some(Restored { text, added })
}

/// The indentation of a line and where the line after it can belong.
fn step(place: Place, line: &str) -> Option<(usize, Place)> {
    let (item, rest) = match line.strip_prefix("- ") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (key, value) = rest.split_once(':')?;
    let value = value.trim();
    let opens = value.is_empty() || value.starts_with('#');
    if place == Place::Start {
        return Some((0, Place::Header));
    }
    if !item && opens && SECTIONS.contains(&key) {
        let next = match key {
            "triggers" => Place::Trigger,
            "execution" => Place::Execution,
            "actions" => Place::Actions,
            _ => Place::Flat,
        };
        return Some((2, next));
    }
    if item {
        return match (place, key) {
            (Place::Trigger, _) if !opens => Some((4, Place::Trigger)),
            (Place::Header | Place::Flat | Place::Execution | Place::Retry, _) => None,
            (_, "id") if place != Place::Trigger => Some((4, Place::Step)),
            _ => None,
        };
    }
    let belongs_to_a_step = STEP.contains(&key);
    match place {
        Place::Header if !opens && HEADER.contains(&key) => Some((2, place)),
        Place::Flat if !opens => Some((4, place)),
        Place::Trigger if !opens => Some((6, place)),
        Place::Execution | Place::Retry if key == "retry_policy" && opens => {
            Some((4, Place::Retry))
        }
        Place::Retry if !opens && RETRY.contains(&key) => Some((6, place)),
        Place::Execution | Place::Retry if !opens => Some((4, Place::Execution)),
        Place::Step if key == "parameters" && opens => Some((6, Place::Parameters)),
        Place::Step | Place::Parameters if key == "rollback" && opens => Some((6, Place::Rollback)),
        Place::Step if !opens && belongs_to_a_step => Some((6, place)),
        Place::Parameters if !opens && !belongs_to_a_step => Some((8, place)),
        Place::Rollback if key == "parameters" && opens => Some((8, Place::RollbackParameters)),
        Place::Rollback if !opens && belongs_to_a_step => Some((8, place)),
        Place::RollbackParameters if !opens && !belongs_to_a_step => Some((10, place)),
        _ => None,
    }
}
