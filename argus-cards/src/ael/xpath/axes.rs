//! Which nodes are in which direction, nearest first.

use super::run::NodeId;
use super::{Axis, Test};
use crate::ael::xml::read::{Document, Kind};

/// The nodes in a direction.
pub(super) fn nodes(document: &Document, from: NodeId, axis: Axis) -> Vec<NodeId> {
    let node = from.element;
    let parent = parent(document, from);
    let ids = |ids: Vec<usize>| ids.into_iter().map(NodeId::node).collect();
    match axis {
        Axis::Myself => vec![from],
        Axis::Parent => parent.into_iter().map(NodeId::node).collect(),
        Axis::Ancestor => ids(ancestors(document, from)),
        Axis::AncestorOrSelf => {
            let mut all = vec![from];
            all.extend(ancestors(document, from).into_iter().map(NodeId::node));
            all
        }
        _ if from.attribute.is_some() => {
            if axis == Axis::DescendantOrSelf {
                vec![from]
            } else {
                Vec::new()
            }
        }
        Axis::Child => ids(document.children(node).to_vec()),
        Axis::Descendant => ids(below(document, node)),
        Axis::DescendantOrSelf => {
            let mut all = vec![node];
            all.extend(below(document, node));
            ids(all)
        }
        Axis::Attribute => {
            let is_data =
                |(key, _): &(String, String)| key != "xmlns" && !key.starts_with("xmlns:");
            let attributes = document.attributes(node).iter().enumerate();
            attributes
                .filter(|(_, attribute)| is_data(attribute))
                .map(|(index, _)| NodeId { element: node, attribute: Some(index) })
                .collect()
        }
        Axis::FollowingSibling | Axis::PrecedingSibling => {
            let siblings = parent.map_or(&[][..], |parent| document.children(parent));
            let mut found: Vec<usize> = siblings
                .iter()
                .copied()
                .filter(|id| if axis == Axis::FollowingSibling { *id > node } else { *id < node })
                .collect();
            if axis == Axis::PrecedingSibling {
                found.reverse();
            }
            ids(found)
        }
        Axis::Following => {
            let end = below(document, node).last().copied().unwrap_or(node);
            ids((end + 1..document.nodes.len()).collect())
        }
        Axis::Preceding => {
            let above = ancestors(document, from);
            ids((1..node).rev().filter(|id| !above.contains(id)).collect())
        }
    }
}

fn parent(document: &Document, from: NodeId) -> Option<usize> {
    match (from.attribute, from.element) {
        (Some(_), element) => Some(element),
        (None, 0) => None,
        (None, node) => document.nodes.get(node).map(|node| node.parent),
    }
}

fn ancestors(document: &Document, from: NodeId) -> Vec<usize> {
    let mut found = Vec::new();
    let mut next = parent(document, from);
    while let Some(node) = next {
        found.push(node);
        next = parent(document, NodeId::node(node));
    }
    found
}

fn below(document: &Document, node: usize) -> Vec<usize> {
    let mut found = Vec::new();
    for child in document.children(node) {
        found.push(*child);
        found.extend(below(document, *child));
    }
    found
}

/// Whether a node is what a step asks for.
pub(super) fn fits(document: &Document, id: NodeId, axis: Axis, test: &Test) -> bool {
    let kind = document.kind(id.element);
    if let Some(index) = id.attribute {
        let key = document.attributes(id.element).get(index).map(|(key, _)| key);
        return match test {
            Test::Any | Test::Node => true,
            Test::Name(name) => key == Some(name),
            _ => false,
        };
    }
    match test {
        Test::Node => true,
        Test::Text => matches!(kind, Kind::Text(_) | Kind::Raw(_)),
        Test::Comment => matches!(kind, Kind::Comment(_)),
        Test::Instruction => matches!(kind, Kind::Instruction(_)),
        Test::Any => axis != Axis::Attribute && matches!(kind, Kind::Element { .. }),
        Test::Name(wanted) => match kind {
            Kind::Element { name, namespaced, .. } => !namespaced && name == wanted,
            _ => false,
        },
    }
}
