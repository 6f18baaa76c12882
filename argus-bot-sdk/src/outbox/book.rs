//! What the outbox knows. Pure: each question gives the entries that would change, which are
//! written into the book only once the store has them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Deed, Draft, Entry, Priority, State, Target, Ticket, may_repeat, unknown};
use crate::Error;

#[derive(Debug, Default)]
pub(super) struct Book {
    entries: BTreeMap<Ticket, Entry>,
    /// The open entries of each conversation, by place.
    queues: HashMap<String, BTreeMap<u64, Ticket>>,
    keys: HashMap<String, Ticket>,
    last: u64,
}

impl Book {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let mut book = Self::default();
        book.write(entries);
        book
    }

    /// Takes over entries as they are now.
    pub(super) fn write(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.last = self.last.max(entry.ticket.0);
            if let Some(key) = &entry.draft.key {
                self.keys.insert(key.clone(), entry.ticket);
            }
            let queue = self.queues.entry(entry.draft.queue().to_owned()).or_default();
            if entry.state.is_open() {
                queue.insert(entry.place, entry.ticket);
            } else if queue.get(&entry.place) == Some(&entry.ticket) {
                queue.remove(&entry.place);
            }
            if queue.is_empty() {
                self.queues.remove(entry.draft.queue());
            }
            self.entries.insert(entry.ticket, entry);
        }
    }

    pub(super) fn entry(&self, ticket: Ticket) -> Option<&Entry> {
        self.entries.get(&ticket)
    }

    pub(super) fn by_key(&self, key: &str) -> Option<Ticket> {
        self.keys.get(key).copied()
    }

    pub(super) fn all(&self, is_wanted: impl Fn(&State) -> bool) -> Vec<Entry> {
        self.entries.values().filter(|entry| is_wanted(&entry.state)).cloned().collect()
    }

    pub(super) fn open_count(&self) -> usize {
        self.queues.values().map(BTreeMap::len).sum()
    }

    /// The entries that a crash left under way, as they are to be now.
    pub(super) fn interrupted(&self, now_ms: i64) -> Vec<Entry> {
        let under_way = self.all(|state| *state == State::UnderWay).into_iter();
        let decide = |entry: Entry| {
            let state = if may_repeat(&entry) { State::Waiting } else { State::Ambiguous };
            Entry { state, doubt: true, changed_ms: now_ms, ..entry }
        };
        under_way.map(decide).collect()
    }

    /// A new entry for a draft, and the one whose place it takes.
    pub(super) fn accept(
        &self,
        mut draft: Draft,
        now_ms: i64,
    ) -> Result<(Ticket, Vec<Entry>), Error> {
        if let Deed::Update(Target::Ticket(earlier)) | Deed::Delete(Target::Ticket(earlier)) =
            draft.deed
            && !self.entries.contains_key(&earlier)
        {
            return Err(unknown(earlier));
        }
        if let Deed::Update(target) | Deed::Delete(target) = &mut draft.deed {
            *target = self.shown_by(target.clone());
        }
        let ticket = Ticket(self.last + 1);
        let mut changed = Vec::new();
        let mut place = ticket.0;
        if let Some(old) = self.superseded_by(&draft) {
            place = old.place;
            draft.priority = draft.priority.max(old.draft.priority);
            // What was never shown cannot be updated: the newer one is what is shown first.
            if matches!(old.draft.deed, Deed::Send | Deed::Reply { .. })
                && matches!(draft.deed, Deed::Update(_))
            {
                draft.deed = old.draft.deed.clone();
                draft.guarantee = old.draft.guarantee;
            }
            let state = State::Superseded { by: ticket };
            changed.push(Entry { state, changed_ms: now_ms, ..old.clone() });
        }
        changed.push(Entry {
            ticket,
            place,
            draft,
            state: State::Waiting,
            tries: 0,
            doubt: false,
            not_before_ms: now_ms,
            accepted_ms: now_ms,
            changed_ms: now_ms,
        });
        Ok((ticket, changed))
    }

    /// The waiting entry whose place a draft takes.
    fn superseded_by(&self, draft: &Draft) -> Option<&Entry> {
        let key = draft.supersede_key.as_deref()?;
        let queue = self.queues.get(draft.queue())?;
        let open = queue.values().rev().filter_map(|ticket| self.entries.get(ticket));
        let mut same = open.filter(|entry| entry.draft.supersede_key.as_deref() == Some(key));
        // One that may have arrived already is history, and a deletion is no news to be replaced.
        let old = same.next().filter(|old| old.state == State::Waiting && !old.doubt)?;
        let is_replaceable = match (&old.draft.deed, &draft.deed) {
            (Deed::Delete(_), _) | (_, Deed::Delete(_)) => false,
            (Deed::Send | Deed::Reply { .. }, Deed::Update(Target::Ticket(earlier))) => {
                self.latest(*earlier) == old.ticket
            }
            (Deed::Update(before), Deed::Update(after)) => self.same_target(before, after),
            (before, after) => before == after,
        };
        is_replaceable.then_some(old)
    }

    /// What an update of an update acts on in the end.
    fn shown_by(&self, mut target: Target) -> Target {
        while let Target::Ticket(ticket) = target
            && let Some(Deed::Update(base)) = self.entries.get(&ticket).map(|it| &it.draft.deed)
        {
            target = base.clone();
        }
        target
    }

    fn same_target(&self, one: &Target, other: &Target) -> bool {
        match (one, other) {
            (Target::Ticket(one), Target::Ticket(other)) => {
                self.latest(*one) == self.latest(*other)
            }
            (one, other) => one == other,
        }
    }

    /// Whatever took the place of what took the place of this.
    fn latest(&self, mut ticket: Ticket) -> Ticket {
        while let Some(State::Superseded { by }) = self.entries.get(&ticket).map(|it| &it.state) {
            ticket = *by;
        }
        ticket
    }

    /// The activity that a draft showed.
    pub(super) fn activity_of(&self, ticket: Ticket) -> Option<String> {
        let entry = self.entries.get(&self.latest(ticket))?;
        match &entry.state {
            State::Sent(receipt) => receipt.activity_id.clone(),
            _ => None,
        }
    }

    /// The entry that goes next, already under way. The first of each conversation may go; the most
    /// urgent of those behind it decides how urgent it is.
    pub(super) fn next(&self, now_ms: i64, is_held: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let heads = self.queues.values().filter_map(|queue| {
            let head = self.entries.get(queue.values().next()?)?;
            let may_go = head.state == State::Waiting && head.not_before_ms <= now_ms;
            (may_go && !is_held(head)).then(|| (self.urgency(queue), head))
        });
        let (_, first) =
            heads.min_by_key(|(urgency, head)| (std::cmp::Reverse(*urgency), head.place))?;
        let tries = first.tries + 1;
        Some(Entry { state: State::UnderWay, tries, changed_ms: now_ms, ..first.clone() })
    }

    fn urgency(&self, queue: &BTreeMap<u64, Ticket>) -> Priority {
        let open = queue.values().filter_map(|ticket| self.entries.get(ticket));
        open.map(|entry| entry.draft.priority).max().unwrap_or_default()
    }

    pub(super) fn earliest_ms(&self) -> Option<i64> {
        let heads = self.queues.values().filter_map(|queue| queue.values().next());
        let heads = heads.filter_map(|ticket| self.entries.get(ticket));
        heads.filter(|it| it.state == State::Waiting).map(|it| it.not_before_ms).min()
    }

    pub(super) fn revive(
        &self,
        ticket: Ticket,
        now_ms: i64,
    ) -> Result<(Ticket, Vec<Entry>), Error> {
        let settled = |state: &State| matches!(state, State::Dead { .. } | State::Ambiguous);
        let old =
            self.entry(ticket).filter(|it| settled(&it.state)).ok_or_else(|| unknown(ticket))?;
        let again = Ticket(self.last + 1);
        let was = Entry {
            state: State::Superseded { by: again },
            changed_ms: now_ms,
            draft: Draft { key: None, ..old.draft.clone() },
            ..old.clone()
        };
        let fresh = Entry {
            ticket: again,
            place: again.0,
            state: State::Waiting,
            tries: 0,
            not_before_ms: now_ms,
            changed_ms: now_ms,
            accepted_ms: now_ms,
            ..old.clone()
        };
        Ok((again, vec![was, fresh]))
    }

    pub(super) fn settled_before(&self, before_ms: i64) -> Vec<Ticket> {
        let mut needed = HashSet::new();
        for entry in self.entries.values().filter(|entry| entry.state.is_open()) {
            if let Deed::Update(Target::Ticket(it)) | Deed::Delete(Target::Ticket(it)) =
                entry.draft.deed
            {
                self.note_chain(it, &mut needed);
            }
        }
        let is_old = |entry: &&Entry| {
            let is_done = matches!(entry.state, State::Sent(_) | State::Superseded { .. });
            // The last one stays, so that no ticket is given twice.
            let is_needed = entry.ticket.0 == self.last || needed.contains(&entry.ticket);
            is_done && entry.changed_ms < before_ms && !is_needed
        };
        self.entries.values().filter(is_old).map(|entry| entry.ticket).collect()
    }

    /// Everything by which a ticket leads to an activity.
    fn note_chain(&self, ticket: Ticket, needed: &mut HashSet<Ticket>) {
        if !needed.insert(ticket) {
            return;
        }
        let Some(entry) = self.entries.get(&ticket) else { return };
        if let State::Superseded { by } = entry.state {
            self.note_chain(by, needed);
        }
    }

    pub(super) fn forget(&mut self, tickets: &[Ticket]) {
        for entry in tickets.iter().filter_map(|ticket| self.entries.remove(ticket)) {
            if let Some(key) = &entry.draft.key
                && self.keys.get(key) == Some(&entry.ticket)
            {
                self.keys.remove(key);
            }
        }
    }
}
