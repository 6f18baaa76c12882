//! What rules find: first a place in the text, in the end a finding with line, column and pointer.

use super::lines::Lines;
use super::rules::Rule;
use super::{Finding, Report};
use crate::json::{Kind, Node};
use crate::template::Read;

/// More of one rule is the same thing again.
const MAX_OF_A_RULE: usize = 50;

/// Collects what rules find.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The rule that is asked now.
    pub(super) rule: Option<&'static Rule>,
    all: Vec<(&'static Rule, usize, String)>,
}

impl Found {
    /// Notes something at a byte of the source.
    pub(super) fn at(&mut self, offset: usize, message: impl Into<String>) {
        let Some(rule) = self.rule else { return };
        let of_rule = self.all.iter().rev().take_while(|(other, ..)| other.id == rule.id);
        if of_rule.count() < MAX_OF_A_RULE {
            self.all.push((rule, offset, message.into()));
        }
    }

    /// Notes something that another rule of the table says.
    pub(super) fn say(&mut self, id: &str, offset: usize, message: impl Into<String>) {
        let before = self.rule;
        self.rule = super::rule(id);
        self.at(offset, message);
        self.rule = before;
    }

    /// Moves every place.
    pub(super) fn moved(mut self, to: impl Fn(usize) -> usize) -> Self {
        for (_, offset, _) in &mut self.all {
            *offset = to(*offset);
        }
        self
    }

    /// Gives each place its line, column and pointer.
    pub(super) fn report(
        mut self,
        file: &str,
        lines: &Lines<'_>,
        root: Option<&Node<'_>>,
    ) -> Report {
        // Rows of a list say the same at the same place of the template.
        self.all.sort_by(|a, b| (a.1, a.0.id, &a.2).cmp(&(b.1, b.0.id, &b.2)));
        self.all.dedup_by(|a, b| a.0.id == b.0.id && a.1 == b.1 && a.2 == b.2);
        let finding = |(rule, offset, message): (&'static Rule, usize, String)| Finding {
            rule,
            at: lines.position(offset),
            end: lines.end(offset),
            pointer: root.map(|root| pointer(root, offset)).unwrap_or_default(),
            message,
        };
        let findings = self.all.into_iter().map(finding).collect();
        Report { file: file.to_owned(), source: lines.text.to_owned(), findings }
    }
}

/// The JSON pointer of what is at a byte of the source.
pub(super) fn pointer(root: &Node<'_>, offset: usize) -> String {
    let mut path = String::new();
    let mut node = root;
    loop {
        let next = match &node.kind {
            Kind::Object(members) => {
                let inside = members.iter().filter(|member| member.key_at <= offset);
                inside.max_by_key(|member| member.key_at).map(|member| {
                    let key = member.key.replace('~', "~0").replace('/', "~1");
                    (key, &member.value)
                })
            }
            Kind::Array(items) => {
                let inside = items.iter().enumerate().filter(|(_, item)| item.at <= offset);
                inside
                    .max_by_key(|(_, item)| item.at)
                    .map(|(index, item)| (index.to_string(), item))
            }
            _ => None,
        };
        let Some((step, inner)) = next else { return path };
        path.push('/');
        path.push_str(&step);
        node = inner;
    }
}

/// Collects what is found where a template, or a part of it in a file of its own, reads its data.
#[derive(Debug, Default)]
pub(crate) struct Reported(Vec<(String, Finding)>);

impl Reported {
    /// Notes something about a path of the template.
    pub(crate) fn at(&mut self, id: &str, read: &Read, message: impl Into<String>) {
        let Some(rule) = super::rule(id) else { return };
        let length = u32::try_from(read.written.chars().count()).unwrap_or(u32::MAX);
        let mut end = read.position;
        end.column = end.column.saturating_add(length);
        let (at, pointer, message) = (read.position, read.pointer.clone(), message.into());
        self.0.push((read.file.clone(), Finding { rule, at, end, pointer, message }));
    }

    /// What was found in each of a template's files, in the order of the file and nothing twice.
    pub(crate) fn reports<'f>(
        self,
        files: impl Iterator<Item = (&'f str, &'f str)>,
    ) -> Vec<Report> {
        let mut reports: Vec<Report> = files
            .map(|(file, source)| Report {
                file: file.to_owned(),
                source: source.to_owned(),
                findings: Vec::new(),
            })
            .collect();
        for (file, finding) in self.0 {
            if let Some(report) = reports.iter_mut().find(|report| report.file == file) {
                report.findings.push(finding);
            }
        }
        for Report { findings, .. } in &mut reports {
            let key = |it: &Finding| (it.at, it.rule.id, it.message.clone());
            findings.sort_by_key(key);
            findings.dedup_by_key(|it| key(it));
        }
        reports
    }
}
