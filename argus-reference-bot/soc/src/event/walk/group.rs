//! The parts of one name, which products spread over several fields.

use super::keys::{Key, Part};
use crate::event::entity::{self, Parts};
use crate::event::{Entity, EntityKind};

/// The names that the fields of one object make: one for `SubjectUserName` with
/// `SubjectDomainName`, another one for `TargetUserName` with `TargetDomainName`.
#[derive(Debug, Default)]
pub(super) struct Groups<'w>(Vec<Group<'w>>);

#[derive(Debug)]
struct Group<'w> {
    kind: EntityKind,
    /// What stands before the telling part of the keys.
    prefix: Key,
    prefix_length: usize,
    at: &'w str,
    parts: [Option<&'w str>; 6],
}

impl<'w> Groups<'w> {
    /// Adds a part; of two values for one part the first counts.
    pub(super) fn add(
        &mut self,
        kind: EntityKind,
        key: Key,
        before: usize,
        part: Part,
        text: &'w str,
        path: &[&'w str],
    ) {
        let prefix = key.letters().get(..before);
        let same = |group: &&mut Group<'w>| {
            group.kind == kind && group.prefix.letters().get(..group.prefix_length) == prefix
        };
        let at = path.last().copied().unwrap_or_default();
        if let Some(group) = self.0.iter_mut().find(same) {
            match group.slot(part) {
                Some(slot @ None) => {
                    *slot = Some(text);
                    return;
                }
                // Another whole name is somebody else.
                Some(Some(known)) if matches!(part, Part::Name | Part::Whole) && *known != text => {
                }
                _ => return,
            }
        }
        let mut group =
            Group { kind, prefix: key, prefix_length: before, at, parts: [const { None }; 6] };
        if let Some(slot) = group.slot(part) {
            *slot = Some(text);
        }
        self.0.push(group);
    }

    /// What the names make.
    pub(super) fn named(self) -> impl Iterator<Item = Named<'w>> {
        self.0.into_iter().filter_map(|group| {
            let only_id =
                [Part::Name, Part::Whole].into_iter().all(|part| group.part(part).is_none());
            Some(Named { entity: group.entity()?, at: group.at, only_id })
        })
    }
}

/// Somebody or something that the fields of an object name.
#[derive(Debug)]
pub(super) struct Named<'w> {
    pub(super) entity: Entity,
    /// The key of the first part.
    pub(super) at: &'w str,
    /// Whether there is no name, but an id.
    pub(super) only_id: bool,
}

impl<'w> Group<'w> {
    fn slot(&mut self, part: Part) -> Option<&mut Option<&'w str>> {
        self.parts.get_mut(part as usize)
    }

    fn part(&self, part: Part) -> Option<&'w str> {
        self.parts.get(part as usize).copied().flatten()
    }

    fn entity(&self) -> Option<Entity> {
        let parts = Parts {
            whole: self.part(Part::Whole),
            name: self.part(Part::Name),
            domain: self.part(Part::Domain),
            sid: self.part(Part::Sid),
            id: self.part(Part::Id),
            shown: self.part(Part::Shown),
        };
        if self.kind == EntityKind::Host {
            entity::machine(&parts)
        } else {
            entity::account(&parts)
        }
    }
}
