//! Steps and their rollbacks: what each one does, on what, and whether it can be undone.

use serde_json::Value as Json;

use super::read::{Fields, Reading};
use super::template::Path;
use super::values::duration_ms;
use super::yaml::{At, Node, Value};
use super::{
    ANSWER_MS, ActionKind, Approval, Condition, EffectClass, Join, OnError, Step, Template, graph,
};

pub(super) const STEP: [&str; 10] = [
    "id",
    "type",
    "target",
    "parameters",
    "when",
    "needs",
    "join",
    "on_error",
    "effect",
    "rollback",
];
pub(super) const ROLLBACK: [&str; 4] = ["id", "type", "target", "parameters"];

/// More would not fit a card, and no reviewer reads them.
pub(super) const MAX_STEPS: usize = 100;

/// How the automation runner writes "undo" as a parameter of the same action.
const UNDOING: [&str; 8] =
    ["restore", "release", "undo", "unblock", "unisolate", "enable", "remove", "revert"];

impl Reading<'_> {
    /// Reads all steps and checks how they hang together.
    pub(super) fn actions(&mut self, node: &Node, approval: Approval) -> Vec<Step> {
        let items = self.list(node, "`actions`");
        if items.is_empty() {
            self.error(node.at, "a playbook needs at least one step".into(), None);
        }
        if items.len() > MAX_STEPS {
            let message = format!("a playbook may have {MAX_STEPS} steps, not {}", items.len());
            self.error(node.at, message, None);
            return Vec::new();
        }
        let mut steps = Vec::with_capacity(items.len());
        let mut places = Vec::with_capacity(items.len());
        for item in items {
            if let Some(step) = self.step(item, approval) {
                steps.push(step);
                places.push(item);
            }
        }
        let at: Vec<At> = places.iter().map(|node| node.at).collect();
        graph::check(self, &steps, &at);
        // The automation runner's form has no `needs`: there, order means order.
        let declared = items.iter().any(|item| has_key(item, "needs"));
        if !declared {
            let mut previous: Option<String> = None;
            for step in &mut steps {
                step.needs.extend(previous.replace(step.id.clone()));
            }
        }
        self.results(&steps, &at);
        steps
    }

    fn step(&mut self, node: &Node, approval: Approval) -> Option<Step> {
        let fields = self.fields(node, "a step", &STEP)?;
        let id = self.required_name(fields, "id");
        let action = self.action(fields)?;
        let target = match fields.get("target") {
            Some(target) => self.target(target, action),
            None => self.default_target(fields.at, action),
        };
        let parameters = self.parameters(fields, action);
        let words = [
            ("compensate", OnError::Compensate),
            ("fail", OnError::Fail),
            ("continue", OnError::Continue),
        ];
        let on_error = self.choice(fields, "on_error", &words).unwrap_or_default();
        let effect = self.effect(fields, action);
        if effect == EffectClass::Irreversible && approval == Approval::Never {
            let message = format!("{action} cannot be undone, so approval cannot be `never`");
            let help = "write auto or always; false also means auto".to_owned();
            self.error(fields.at, message, Some(help));
        }
        let needs = fields.get("needs").map(|node| self.texts(node)).unwrap_or_default();
        let (id, target) = (id?, target?);
        let when = self.when(fields);
        let join = self.join(fields, needs.len());
        let wait_ms = self.wait(fields, action, &parameters);
        let rollback = self.rollback(fields, action, effect, &target).map(Box::new);
        Some(Step {
            id,
            action,
            target,
            parameters,
            when,
            needs,
            join,
            wait_ms,
            on_error,
            effect,
            rollback,
        })
    }

    fn when(&mut self, fields: Fields<'_>) -> Option<Condition> {
        let node = fields.get("when")?;
        let text = self.text(fields, "when")?;
        self.condition(node, Condition::of_step(&text))
    }

    /// How many of its needs a step waits for: `all`, `any`, or a number.
    fn join(&mut self, fields: Fields<'_>, needs: usize) -> Join {
        let Some(node) = fields.get("join") else { return Join::All };
        let join = match &node.value {
            Value::Text(word) if word == "all" => Some(Join::All),
            Value::Text(word) if word == "any" => Some(Join::Any),
            Value::Integer(number) => {
                let fits = |it: &u32| *it >= 1 && *it as usize <= needs;
                u32::try_from(*number).ok().filter(fits).map(Join::AtLeast)
            }
            _ => None,
        };
        join.unwrap_or_else(|| {
            let message = format!("`join` must be all, any, or a number from 1 to {needs}");
            let help = "it says how many of the step's `needs` have to be done".to_owned();
            self.error(node.at, message, Some(help));
            Join::All
        })
    }

    /// How long a step waits: `parameters: {for: 10m}` of `wait`, and how long `ask_user`
    /// waits for an answer.
    fn wait(&mut self, fields: Fields<'_>, action: ActionKind, parameters: &Json) -> Option<i64> {
        if !matches!(action, ActionKind::Wait | ActionKind::AskUser) {
            return None;
        }
        if action == ActionKind::AskUser && parameters.get("for").is_none() {
            return Some(ANSWER_MS);
        }
        let at = fields.get("parameters").map_or(fields.at, |node| node.at);
        let said = parameters.get("for").and_then(Json::as_str).and_then(duration_ms);
        if said.is_none() {
            let help = "write parameters: {for: 10m}; there are ms, s, m, h and d".to_owned();
            let why = format!("a `{}` says for how long", action.name());
            self.error(at, why, Some(help));
        }
        said
    }

    fn action(&mut self, fields: Fields<'_>) -> Option<ActionKind> {
        if fields.get("type").is_none() {
            self.error(fields.at, "the step has no `type`".into(), None);
            return None;
        }
        let words: Vec<_> = ActionKind::ALL.iter().map(|kind| (kind.name(), *kind)).collect();
        self.choice(fields, "type", &words)
    }

    /// What a step acts on must be one typed thing of the event, never a text with things in it.
    fn target(&mut self, node: &Node, action: ActionKind) -> Option<Template> {
        let template = self.template(node)?;
        let help = Some("write \"{{ entity.value }}\" or \"{{ entity.host }}\"".to_owned());
        match (template.single_path(), action.target_kind()) {
            (Some(Path::EntityValue), _) | (Some(Path::FirstOf(_)), None) => Some(template),
            (Some(Path::FirstOf(kind)), Some(wanted)) if kind == wanted => Some(template),
            (Some(Path::FirstOf(kind)), Some(wanted)) => {
                let message = format!("{action} acts on a {wanted}, not on a {kind}");
                self.error(node.at, message, help);
                None
            }
            _ => {
                let message = "a target must be exactly one entity of the event".to_owned();
                self.error(node.at, message, help);
                None
            }
        }
    }

    fn default_target(&mut self, at: At, action: ActionKind) -> Option<Template> {
        if action.target_kind().is_none() {
            return Some(Template::of(Path::EntityValue));
        }
        let help = Some("add target: \"{{ entity.value }}\"".to_owned());
        self.error(at, format!("{action} needs a `target`"), help);
        None
    }

    fn effect(&mut self, fields: Fields<'_>, action: ActionKind) -> EffectClass {
        let words = [
            EffectClass::Read,
            EffectClass::Reversible,
            EffectClass::Compensable,
            EffectClass::Irreversible,
        ]
        .map(|class| (class.name(), class));
        let natural = action.effect();
        let Some(declared) = self.choice(fields, "effect", &words) else { return natural };
        if declared < natural {
            let at = fields.get("effect").map_or(fields.at, |node| node.at);
            let message =
                format!("{action} is {}; it cannot be called {}", natural.name(), declared.name());
            self.error(at, message, None);
        }
        declared.max(natural)
    }

    fn rollback(
        &mut self,
        fields: Fields<'_>,
        action: ActionKind,
        effect: EffectClass,
        target: &Template,
    ) -> Option<Step> {
        let Some(node) = fields.get("rollback") else {
            if action.inverse().is_some() && effect != EffectClass::Irreversible {
                let message = format!("{action} can be undone, but the step has no `rollback`");
                let help = "add one, or write `rollback: none # why`".to_owned();
                self.error(fields.at, message, Some(help));
            }
            return None;
        };
        if node.value == Value::Text("none".to_owned()) {
            let reason = self.line(node.at).split_once('#').map(|(_, reason)| reason.trim());
            if reason.is_none_or(str::is_empty) {
                let help = Some("write `rollback: none # why`".to_owned());
                self.error(node.at, "`rollback: none` needs its reason".into(), help);
            }
            return None;
        }
        let step = self.rollback_step(node, action, target)?;
        if effect == EffectClass::Irreversible {
            let message =
                format!("{action} cannot be undone: the rollback `{}` will not run", step.id);
            let help = "the step is planned as irreversible, and a person is asked before it";
            self.warning(node.at, message, Some(help.to_owned()));
            return None;
        }
        Some(step)
    }

    fn rollback_step(
        &mut self,
        node: &Node,
        undoes: ActionKind,
        target: &Template,
    ) -> Option<Step> {
        let fields = self.fields(node, "a rollback", &ROLLBACK)?;
        let id = self.required_name(fields, "id");
        let written = self.action(fields)?;
        let parameters = self.parameters(fields, written);
        let says_undo = parameters
            .get("action")
            .and_then(Json::as_str)
            .is_some_and(|word| UNDOING.contains(&word));
        let action = match undoes.inverse() {
            // The seed's form: the same type again, told by a parameter to undo.
            Some(inverse) if written == undoes && says_undo => inverse,
            _ => written,
        };
        // What has an inverse is undone by it and by nothing else; a ticket undoes no isolation.
        // What has none can at best be made good by telling people.
        let undone = match undoes.inverse() {
            Some(inverse) => action == inverse,
            None => action.effect() == EffectClass::Compensable || undoes == action,
        };
        if !undone {
            let help = undoes.inverse().map(|inverse| format!("write type: {inverse}"));
            self.error(node.at, format!("{action} does not undo {undoes}"), help);
            return None;
        }
        let own = match fields.get("target") {
            Some(node) => Some(self.target(node, action)?),
            None => None,
        };
        if let Some(own) = &own
            && own.single_path() != target.single_path()
        {
            let message = "a rollback acts on what its step acted on".to_owned();
            self.error(fields.at, message, Some("leave its `target` out".into()));
        }
        Some(Step {
            id: id?,
            action,
            target: target.clone(),
            parameters,
            when: None,
            needs: Vec::new(),
            join: Join::All,
            wait_ms: None,
            on_error: OnError::Continue,
            effect: action.effect(),
            rollback: None,
        })
    }
}

fn has_key(node: &Node, name: &str) -> bool {
    matches!(&node.value, Value::Map(fields) if fields.iter().any(|(key, _)| key.name == name))
}
