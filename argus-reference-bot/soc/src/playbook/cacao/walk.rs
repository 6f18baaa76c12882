//! From a CACAO workflow to steps with needs: every way through it is walked once.

mod words;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{CacaoError, Imported, Note};
use crate::playbook::document::yaml;

/// Steps of ours that an import may become; more would not be read.
const MOST_STEPS: usize = 100;
/// How deep branches may lie in one another.
const DEEPEST: usize = 32;
/// The most often that a loop may be unrolled.
const MOST_TURNS: u64 = 10;

/// What has to be done before the next step.
#[derive(Clone, Debug, Default)]
struct Tail {
    needs: Vec<String>,
    /// Whether one of them is enough: they are ways of which one is gone.
    any: bool,
    /// What has to hold.
    when: Vec<String>,
}

struct Walk<'a> {
    workflow: &'a Map<String, Value>,
    variables: Map<String, Value>,
    actions: Vec<Value>,
    report: Vec<Note>,
    on_way: BTreeSet<String>,
}

pub(super) fn import(root: &Value) -> Result<Imported, CacaoError> {
    let Some(Value::Object(workflow)) = root.get("workflow") else {
        return Err(CacaoError::at("/workflow", "an object of steps was expected"));
    };
    let Some(start) = root.get("workflow_start").and_then(Value::as_str) else {
        return Err(CacaoError::at("/workflow_start", "the id of the first step was expected"));
    };
    let variables = root.get("playbook_variables").and_then(Value::as_object);
    let variables = variables.cloned().unwrap_or_default();
    let mut walk = Walk {
        workflow,
        variables,
        actions: Vec::new(),
        report: Vec::new(),
        on_way: BTreeSet::new(),
    };
    walk.from("/workflow_start", start, Tail::default(), 0)?;
    for name in workflow.keys().filter(|name| !walk.reached(name)).cloned().collect::<Vec<_>>() {
        walk.note(&name, "nothing leads to this step".into(), true);
    }
    if root.get("workflow_exception").is_some() {
        let what = "workflow_exception is left out: a failed step is undone by its rollback";
        walk.note("", what.into(), true);
    }
    if walk.actions.is_empty() {
        let reasons: Vec<String> =
            walk.report.iter().filter(|it| it.refused).map(|it| it.what.clone()).collect();
        let why = format!("nothing of it can be taken: {}", reasons.join("; "));
        return Err(CacaoError::at("/workflow", why));
    }
    let id = root.get("id").and_then(Value::as_str).unwrap_or_default();
    let name = root.get("name").and_then(Value::as_str).unwrap_or("Imported playbook");
    let document = json!({
        "playbook": {"id": slug(name, id), "name": name, "version": "1.0.0"},
        "gates": {"human_approval": "always"},
        "actions": walk.actions,
    });
    walk.report.push(Note {
        step: String::new(),
        what: "it came from elsewhere, so it asks a person every time (`human_approval: always`)"
            .into(),
        refused: false,
    });
    Ok(Imported { yaml: yaml(&document), report: walk.report })
}

impl Walk<'_> {
    fn note(&mut self, step: &str, what: String, refused: bool) {
        self.report.push(Note { step: step.to_owned(), what, refused });
    }

    fn reached(&self, name: &str) -> bool {
        self.on_way.contains(name)
    }

    /// Walks from a step to the end of its way; gives what has to be done before what follows.
    fn from(
        &mut self,
        pointer: &str,
        first: &str,
        mut tail: Tail,
        depth: usize,
    ) -> Result<Tail, CacaoError> {
        if depth > DEEPEST {
            return Err(CacaoError::at(pointer, "branches lie too deep in one another"));
        }
        let mut here: BTreeSet<String> = BTreeSet::new();
        let (mut name, mut pointer) = (first.to_owned(), pointer.to_owned());
        loop {
            let Some(step) = self.workflow.get(&name).and_then(Value::as_object) else {
                return Err(CacaoError::at(pointer, format!("there is no step {name:?}")));
            };
            pointer = format!("/workflow/{name}");
            if !here.insert(name.clone()) {
                return Err(CacaoError::at(pointer, "the steps go round in a circle"));
            }
            self.on_way.insert(name.clone());
            let text = |field: &str| step.get(field).and_then(Value::as_str);
            let kind = text("type").unwrap_or_default();
            tail = match kind {
                "start" => tail,
                "end" => return Ok(tail),
                "action" => self.action(&name, step, tail)?,
                "parallel" => {
                    let branches = step.get("next_steps").and_then(Value::as_array);
                    let Some(branches) = branches.filter(|it| !it.is_empty()) else {
                        let at = format!("{pointer}/next_steps");
                        return Err(CacaoError::at(at, "a list of steps was expected"));
                    };
                    let mut joined = Tail { when: tail.when.clone(), ..Tail::default() };
                    for (at, branch) in branches.iter().enumerate() {
                        let at = format!("{pointer}/next_steps/{at}");
                        let Some(branch) = branch.as_str() else {
                            return Err(CacaoError::at(at, "the id of a step was expected"));
                        };
                        let end = self.from(&at, branch, tail.clone(), depth + 1)?;
                        joined.needs.extend(end.needs);
                    }
                    joined
                }
                "if-condition" => self.either(&name, step, &tail, depth)?,
                "switch-condition" => self.switch(&name, step, &tail, depth)?,
                "while-condition" => self.turns(&name, step, tail, depth)?,
                "playbook-action" => {
                    let what = "another playbook cannot be run from here; import it, too";
                    self.note(&name, what.into(), true);
                    tail
                }
                other => {
                    let at = format!("{pointer}/type");
                    return Err(CacaoError::at(at, format!("{other:?} is no kind of step")));
                }
            };
            for field in ["on_failure", "delay", "timeout"] {
                if step.get(field).is_some_and(|it| !it.is_null()) {
                    self.note(&name, format!("`{field}` is left out"), true);
                }
            }
            let Some(next) = text("on_completion").or_else(|| text("on_success")) else {
                return Ok(tail);
            };
            pointer = format!("{pointer}/on_completion");
            next.clone_into(&mut name);
        }
    }

    fn action(
        &mut self,
        name: &str,
        step: &Map<String, Value>,
        mut tail: Tail,
    ) -> Result<Tail, CacaoError> {
        let commands = step.get("commands").and_then(Value::as_array).cloned().unwrap_or_default();
        if commands.is_empty() {
            let at = format!("/workflow/{name}/commands");
            return Err(CacaoError::at(at, "an action has at least one command"));
        }
        let title = step.get("name").and_then(Value::as_str).unwrap_or("step").to_owned();
        for command in &commands {
            let Some((kind, parameters)) = self.command(name, step, command) else { continue };
            if self.actions.len() >= MOST_STEPS {
                let why = format!("more than {MOST_STEPS} steps come of it");
                return Err(CacaoError::at(format!("/workflow/{name}"), why));
            }
            let id = self.free(&title);
            let mut action = json!({
                "id": id, "type": kind, "needs": tail.needs, "parameters": parameters,
            });
            if let Value::Object(fields) = &mut action {
                if tail.any && tail.needs.len() > 1 {
                    fields.insert("join".into(), "any".into());
                }
                if !tail.when.is_empty() {
                    let all: Vec<String> = tail.when.iter().map(|it| format!("({it})")).collect();
                    fields.insert("when".into(), all.join(" && ").into());
                }
            }
            self.actions.push(action);
            tail = Tail { needs: vec![id], any: false, when: tail.when };
        }
        Ok(tail)
    }

    fn either(
        &mut self,
        name: &str,
        step: &Map<String, Value>,
        tail: &Tail,
        depth: usize,
    ) -> Result<Tail, CacaoError> {
        let Some(condition) = self.condition(name, step) else { return Ok(tail.clone()) };
        let mut ways = Vec::new();
        for (field, when) in
            [("on_true", condition.clone()), ("on_false", format!("!({condition})"))]
        {
            let at = format!("/workflow/{name}/{field}");
            let first = step.get(field).and_then(Value::as_str);
            ways.push(self.way_or_none(&at, first, tail, when, depth)?);
        }
        Ok(met(tail, ways))
    }

    fn switch(
        &mut self,
        name: &str,
        step: &Map<String, Value>,
        tail: &Tail,
        depth: usize,
    ) -> Result<Tail, CacaoError> {
        let subject = step.get("switch").and_then(Value::as_str).unwrap_or_default();
        let Some(Value::Object(cases)) = step.get("cases") else {
            let at = format!("/workflow/{name}/cases");
            return Err(CacaoError::at(at, "an object of cases was expected"));
        };
        let (mut ways, mut others) = (Vec::new(), Vec::new());
        for (case, first) in cases.iter().filter(|(case, _)| *case != "default") {
            let at = format!("/workflow/{name}/cases/{case}");
            let Some(first) = first.as_str() else {
                return Err(CacaoError::at(at, "the id of a step was expected"));
            };
            let Some(when) = self.compared(&format!("{subject} = '{case}'")) else {
                let what =
                    format!("the switch over {subject:?} cannot be asked here; it is left out");
                self.note(name, what, true);
                return Ok(tail.clone());
            };
            others.push(format!("!({when})"));
            ways.push(self.way_or_none(&at, Some(first), tail, when, depth)?);
        }
        let first = cases.get("default").and_then(Value::as_str);
        let at = format!("/workflow/{name}/cases/default");
        ways.push(self.way_or_none(&at, first, tail, others.join(" && "), depth)?);
        Ok(met(tail, ways))
    }

    /// A loop is unrolled, if it says how often it may turn.
    fn turns(
        &mut self,
        name: &str,
        step: &Map<String, Value>,
        tail: Tail,
        depth: usize,
    ) -> Result<Tail, CacaoError> {
        let most = step.get("step_extensions").and_then(|all| {
            all.as_object()?.values().find_map(|it| it.get("max_iterations")?.as_u64())
        });
        let Some(most) = most.filter(|most| (1..=MOST_TURNS).contains(most)) else {
            let what = format!(
                "a loop without `max_iterations` from 1 to {MOST_TURNS} in an extension is left out: \
                 every run comes to an end"
            );
            self.note(name, what, true);
            return Ok(tail);
        };
        let Some(condition) = self.condition(name, step) else { return Ok(tail) };
        let Some(first) = step.get("on_true").and_then(Value::as_str).map(str::to_owned) else {
            return Ok(tail);
        };
        let at = format!("/workflow/{name}/on_true");
        let mut end = tail.clone();
        for _ in 0..most {
            end = self.way(&at, &first, &end, condition.clone(), depth)?;
            end.when.clone_from(&tail.when);
        }
        Ok(Tail { any: false, ..end })
    }

    /// A way through a branch; one on which nothing is done is a step that waits for nothing, so that
    /// what follows has something to follow.
    fn way_or_none(
        &mut self,
        pointer: &str,
        first: Option<&str>,
        tail: &Tail,
        when: String,
        depth: usize,
    ) -> Result<Tail, CacaoError> {
        if let Some(first) = first {
            let end = self.way(pointer, first, tail, when.clone(), depth)?;
            if end.needs != tail.needs {
                return Ok(end);
            }
        }
        let id = self.free("otherwise");
        let mut all = tail.when.clone();
        all.push(when);
        let all: Vec<String> = all.iter().map(|it| format!("({it})")).collect();
        let mut pass = json!({
            "id": id, "type": "wait", "needs": tail.needs, "parameters": {"for": "1ms"},
            "when": all.join(" && "),
        });
        if let (true, Value::Object(fields)) = (tail.any && tail.needs.len() > 1, &mut pass) {
            fields.insert("join".into(), "any".into());
        }
        self.actions.push(pass);
        Ok(Tail { needs: vec![id], any: false, when: tail.when.clone() })
    }

    fn way(
        &mut self,
        pointer: &str,
        first: &str,
        tail: &Tail,
        when: String,
        depth: usize,
    ) -> Result<Tail, CacaoError> {
        let mut tail = tail.clone();
        if !when.is_empty() {
            tail.when.push(when);
        }
        self.from(pointer, first, tail, depth + 1)
    }

    /// A name that no step has yet.
    fn free(&self, title: &str) -> String {
        let base = slug(title, "step");
        let taken = |id: &str| self.actions.iter().any(|it| it.get("id") == Some(&json!(id)));
        let mut id = base.clone();
        let mut number = 2_usize;
        while taken(&id) {
            id = format!("{base}-{number}");
            number += 1;
        }
        id
    }
}

/// Where ways of which one is gone meet again.
fn met(before: &Tail, ways: Vec<Tail>) -> Tail {
    let needs: Vec<String> = ways.into_iter().flat_map(|it| it.needs).collect();
    let mut unique: Vec<String> = Vec::new();
    for need in needs {
        if !unique.contains(&need) {
            unique.push(need);
        }
    }
    if unique.is_empty() {
        return before.clone();
    }
    Tail { needs: unique, any: true, when: before.when.clone() }
}

/// A name for programs.
fn slug(text: &str, otherwise: &str) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
    let squeezed = |text: &str| -> String {
        let parts: String = text.chars().map(plain).collect();
        let words: Vec<&str> = parts.split('-').filter(|it| !it.is_empty()).collect();
        words.join("-").chars().take(48).collect()
    };
    let slug = squeezed(text);
    if slug.is_empty() { squeezed(otherwise) } else { slug }
}
