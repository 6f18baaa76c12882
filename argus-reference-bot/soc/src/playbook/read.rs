//! From the tree to a playbook: every key known, every value of its type, all findings at once.
//!
//! Long because every section of the document has its own short function here, in its order.

use super::diagnostic::suggestion;
use super::flattened::Restored;
use super::yaml::{At, Key, Node, Value};
use super::{
    Approval, Blast, Comparison, Concurrency, ConcurrencyPolicy, Condition, ConditionError,
    Conditions, Diagnostic, Diagnostics, Excluded, Execution, Gates, Level, OnCancel, OnExpire,
    Operator, Playbook, Retry, Review, Trigger,
};
use crate::event::Severity;

pub(super) const HEADER: [&str; 6] = ["id", "name", "version", "schema", "owner", "review"];
pub(super) const SECTIONS: [&str; 6] =
    ["triggers", "conditions", "blast", "gates", "execution", "actions"];
pub(super) const REVIEW: [&str; 2] = ["approved_by", "sha256"];
pub(super) const TRIGGER: [&str; 5] = ["source", "event_type", "severity", "mitre", "where"];
pub(super) const CONDITIONS: [&str; 3] = ["asset_criticality", "environment", "risk_threshold"];
pub(super) const BLAST: [&str; 5] =
    ["max_targets", "per_hour", "percent_of_class", "deny_tags", "require_known_asset"];
pub(super) const GATES: [&str; 9] = [
    "human_approval",
    "approvers",
    "quorum",
    "exclude",
    "expires",
    "on_expire",
    "undo_until",
    "dry_run",
    "audit_log",
];
pub(super) const EXECUTION: [&str; 7] = [
    "idempotency",
    "timeout_seconds",
    "retry_policy",
    "max_duration",
    "max_parallel",
    "on_cancel",
    "concurrency",
];
pub(super) const CONCURRENCY: [&str; 2] = ["key", "policy"];
pub(super) const RETRY: [&str; 5] = ["max_attempts", "backoff_ms", "factor", "jitter", "retry_on"];

/// The only version of the document that there is.
pub(super) const SCHEMA: &str = "argus/v1";
pub(super) const SEVERITIES: [(&str, Severity); 6] = [
    ("unknown", Severity::Unknown),
    ("informational", Severity::Informational),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

/// A reading in progress: the text for snippets, and what was found so far.
pub(super) struct Reading<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
    restored: Option<&'a Restored>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// The known fields of a block; the unknown ones were reported when it was made.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    pub(super) at: At,
    fields: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    /// The value of a key; a null is as good as no key.
    pub(super) fn get(self, name: &str) -> Option<&'n Node> {
        let found = self.fields.iter().find(|(key, _)| key.name == name);
        found.map(|(_, node)| node).filter(|node| node.value != Value::Null)
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(file: &'a str, yaml: &'a str, restored: Option<&'a Restored>) -> Self {
        let lines = yaml.lines().collect();
        let mut reading = Self { file, lines, restored, errors: Vec::new(), warnings: Vec::new() };
        if restored.is_some() {
            reading.warning(
                At { line: 1, column: 1 },
                "the file has no indentation; its structure was taken from the known keys".into(),
                Some("indent it, so that reviewers see what is read".into()),
            );
        }
        reading
    }

    pub(super) fn finish(self, playbook: Option<Playbook>) -> Result<Playbook, Diagnostics> {
        match playbook {
            Some(playbook) if self.errors.is_empty() => {
                Ok(Playbook { warnings: self.warnings, ..playbook })
            }
            _ => Err(Diagnostics(self.errors)),
        }
    }

    pub(super) fn error(&mut self, at: At, message: String, help: Option<String>) {
        let diagnostic = self.diagnostic(at, Level::Error, message, help);
        self.errors.push(diagnostic);
    }

    pub(super) fn warning(&mut self, at: At, message: String, help: Option<String>) {
        let diagnostic = self.diagnostic(at, Level::Warning, message, help);
        self.warnings.push(diagnostic);
    }

    fn diagnostic(
        &self,
        at: At,
        level: Level,
        message: String,
        help: Option<String>,
    ) -> Diagnostic {
        let added = self.added(at);
        Diagnostic {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column.saturating_sub(added).max(1),
            level,
            message,
            help,
            source_line: self.line(at).to_owned(),
        }
    }

    /// How many columns the recovery of a flattened file added before a place.
    pub(super) fn added(&self, at: At) -> usize {
        self.restored.map_or(0, |restored| restored.added(at.line))
    }

    /// The line of a place as it stands in the file.
    pub(super) fn line(&self, at: At) -> &'a str {
        at.line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or_default()
    }

    /// Takes a block apart and reports the keys that it should not have.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let Value::Map(fields) = &node.value else {
            self.error(node.at, format!("{what} must be a block, not {}", node.kind()), None);
            return None;
        };
        for (key, _) in fields {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let help = match suggestion(&key.name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{what} has {}", known.join(", ")),
            };
            self.error(key.at, format!("unknown key `{}` in {what}", key.name), Some(help));
        }
        Some(Fields { at: node.at, fields })
    }

    /// Reads the whole document.
    pub(super) fn playbook(&mut self, document: &Node, sha256: String) -> Option<Playbook> {
        let mut top = vec!["playbook"];
        top.extend(SECTIONS);
        let top = self.fields(document, "the document", &top)?;
        let Some(header) = top.get("playbook") else {
            self.error(document.at, "there is no `playbook` block".into(), None);
            return None;
        };
        let mut known: Vec<&str> = HEADER.to_vec();
        known.extend(SECTIONS);
        let header = self.fields(header, "`playbook`", &known)?;
        // The sections stand beside the header or inside it, as in the automation runner's form.
        let mut section = |name: &str| match (top.get(name), header.get(name)) {
            (Some(outer), Some(_)) => {
                self.error(outer.at, format!("`{name}` is given twice"), None);
                Some(outer)
            }
            (outer, inner) => outer.or(inner),
        };
        let [triggers, conditions, blast, gates, execution, actions] = SECTIONS.map(&mut section);
        let id = self.required_name(header, "id");
        let name = self.required_text(header, "name");
        let version = self.version(header);
        self.schema(header);
        let owner = self.text(header, "owner");
        let review = header.get("review").and_then(|node| self.review(node));
        let triggers = triggers.map(|node| self.triggers(node)).unwrap_or_default();
        let conditions = conditions.map(|node| self.conditions(node)).unwrap_or_default();
        let blast = blast.map(|node| self.blast(node)).unwrap_or_default();
        let gates = gates.map(|node| self.gates(node)).unwrap_or_default();
        let execution = execution.map(|node| self.execution(node)).unwrap_or_default();
        let Some(actions) = actions else {
            self.error(header.at, "the playbook has no `actions`".into(), None);
            return None;
        };
        let actions = self.actions(actions, gates.human_approval);
        Some(Playbook {
            id: id?,
            name: name?,
            version: version?,
            owner,
            review,
            sha256,
            triggers,
            conditions,
            blast,
            gates,
            execution,
            actions,
            warnings: Vec::new(),
        })
    }

    fn version(&mut self, header: Fields<'_>) -> Option<String> {
        let Some(node) = header.get("version") else {
            self.error(header.at, "the playbook has no `version`".into(), None);
            return None;
        };
        let number = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_digit())
                && (part == "0" || !part.starts_with('0'))
        };
        match &node.value {
            Value::Text(text) if text.split('.').count() == 3 && text.split('.').all(number) => {
                Some(text.clone())
            }
            _ => {
                let help = "write it in quotes, as in \"1.0.0\"".to_owned();
                let message = "the version must be MAJOR.MINOR.PATCH".to_owned();
                self.error(node.at, message, Some(help));
                None
            }
        }
    }

    fn schema(&mut self, header: Fields<'_>) {
        if let Some(node) = header.get("schema")
            && node.value != Value::Text(SCHEMA.to_owned())
        {
            let help = Some(format!("this version of Argus reads {SCHEMA}"));
            self.error(node.at, "unknown schema".into(), help);
        }
    }

    fn review(&mut self, node: &Node) -> Option<Review> {
        let fields = self.fields(node, "`review`", &REVIEW)?;
        Some(Review {
            approved_by: fields.get("approved_by").map(|n| self.texts(n)).unwrap_or_default(),
            sha256: self.text(fields, "sha256"),
        })
    }

    fn triggers(&mut self, node: &Node) -> Vec<Trigger> {
        let items = self.list(node, "`triggers`");
        let mut triggers = Vec::with_capacity(items.len());
        for item in items {
            let Some(fields) = self.fields(item, "a trigger", &TRIGGER) else { continue };
            let mut condition = None;
            if let Some(node) = fields.get("where")
                && let Some(text) = self.text(fields, "where")
            {
                condition = self.condition(node, Condition::of_event(&text));
            }
            triggers.push(Trigger {
                source: self.text(fields, "source"),
                event_type: self.text(fields, "event_type"),
                severity: self.choices(fields, "severity", &SEVERITIES),
                mitre: fields.get("mitre").map(|n| self.texts(n)).unwrap_or_default(),
                condition,
            });
        }
        triggers
    }

    fn conditions(&mut self, node: &Node) -> Conditions {
        let mut conditions = Conditions::default();
        let Some(fields) = self.fields(node, "`conditions`", &CONDITIONS) else {
            return conditions;
        };
        conditions.asset_criticality =
            fields.get("asset_criticality").and_then(|node| self.comparison(node));
        if let Some(node) = fields.get("environment") {
            conditions.environment = self.texts(node);
        }
        if let Some(node) = fields.get("risk_threshold")
            && let Some(milli) = self.points(node)
        {
            conditions.risk_threshold_milli = milli;
        }
        conditions
    }

    /// Reads `"<= 7"`, or a bare number, which means equal.
    fn comparison(&mut self, node: &Node) -> Option<Comparison> {
        let read = match &node.value {
            Value::Integer(value) => Some((Operator::Equal, *value)),
            Value::Text(text) => operator(text)
                .and_then(|(operator, rest)| Some((operator, rest.trim().parse().ok()?))),
            _ => None,
        };
        let Some((operator, value)) = read.filter(|(_, value)| (0..=10).contains(value)) else {
            let help = "write an operator and a number from 0 to 10, as in \"<= 7\"".to_owned();
            self.error(node.at, "this is not a comparison".into(), Some(help));
            return None;
        };
        Some(Comparison { operator, value })
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, and thousandths are all that a score distinguishes"
    )]
    fn points(&mut self, node: &Node) -> Option<i64> {
        let milli = match node.value {
            Value::Integer(points) => points.checked_mul(1000),
            Value::Float(points) if points.abs() <= 100.0 => Some((points * 1000.0).round() as i64),
            _ => None,
        };
        let milli = milli.filter(|milli| (0..=100_000).contains(milli));
        if milli.is_none() {
            self.error(node.at, "the threshold must be a number from 0 to 100".into(), None);
        }
        milli
    }

    fn blast(&mut self, node: &Node) -> Blast {
        let mut blast = Blast::default();
        let Some(fields) = self.fields(node, "`blast`", &BLAST) else { return blast };
        blast.max_targets = self.number(fields, "max_targets", 1, 1000, blast.max_targets);
        let mut said =
            |name: &str, most: u32| fields.get(name).map(|_| self.number(fields, name, 1, most, 1));
        blast.per_hour = said("per_hour", 10_000);
        blast.percent_of_class = said("percent_of_class", 100);
        if let Some(node) = fields.get("deny_tags") {
            blast.deny_tags = self.texts(node);
        }
        blast.require_known_asset = self.flag(fields, "require_known_asset", true);
        if !blast.require_known_asset {
            let message = "an unknown asset needs a person whatever this says".to_owned();
            self.warning(fields.at, message, None);
        }
        blast
    }

    fn gates(&mut self, node: &Node) -> Gates {
        let mut gates = Gates::default();
        let Some(fields) = self.fields(node, "`gates`", &GATES) else { return gates };
        if let Some(node) = fields.get("human_approval") {
            gates.human_approval = self.approval(node);
        }
        gates.approvers = self.text(fields, "approvers");
        gates.quorum = self.number(fields, "quorum", 1, 10, gates.quorum);
        if fields.get("exclude").is_some() {
            let words = [("requester", Excluded::Requester), ("subject", Excluded::Subject)];
            gates.exclude = self.choices(fields, "exclude", &words);
            if !gates.exclude.contains(&Excluded::Requester) {
                // The policy refuses it anyway; a playbook must not look as if it could allow it.
                gates.exclude.push(Excluded::Requester);
            }
        }
        if fields.get("expires").is_some() {
            gates.expires_ms = Some(self.duration(fields, "expires", 0));
        }
        let words = [("deny", OnExpire::Deny), ("escalate", OnExpire::Escalate)];
        gates.on_expire = self.choice(fields, "on_expire", &words).unwrap_or_default();
        if fields.get("undo_until").is_some() {
            gates.undo_ms = Some(self.duration(fields, "undo_until", 0));
        }
        gates.dry_run = self.flag(fields, "dry_run", false);
        if !self.flag(fields, "audit_log", true) {
            let message = "every effect is audited whatever `audit_log` says".to_owned();
            self.warning(fields.at, message, None);
        }
        gates
    }

    /// A condition, or what is wrong with it.
    pub(super) fn condition(
        &mut self,
        node: &Node,
        read: Result<Condition, ConditionError>,
    ) -> Option<Condition> {
        read.map_err(|error| self.error(node.at, error.why, error.help)).ok()
    }

    fn approval(&mut self, node: &Node) -> Approval {
        let word = match &node.value {
            Value::Bool(true) => "always",
            Value::Bool(false) => "auto",
            Value::Text(word) => word,
            _ => "",
        };
        match word {
            "auto" => Approval::Auto,
            "always" => Approval::Always,
            "never" => Approval::Never,
            _ => {
                let help = Some("write true, false, auto, always or never".to_owned());
                self.error(node.at, "this is not a kind of approval".into(), help);
                Approval::Always
            }
        }
    }

    fn execution(&mut self, node: &Node) -> Execution {
        let mut execution = Execution::default();
        let Some(fields) = self.fields(node, "`execution`", &EXECUTION) else { return execution };
        if !self.flag(fields, "idempotency", true) {
            let message = "effects are sent at most once whatever `idempotency` says".to_owned();
            self.warning(fields.at, message, None);
        }
        execution.timeout_ms =
            i64::from(self.number(fields, "timeout_seconds", 1, 3600, 30)).saturating_mul(1000);
        execution.max_duration_ms =
            self.duration(fields, "max_duration", execution.max_duration_ms);
        execution.max_parallel = self.number(fields, "max_parallel", 1, 32, execution.max_parallel);
        let words = [("compensate", OnCancel::Compensate), ("keep", OnCancel::Keep)];
        execution.on_cancel = self.choice(fields, "on_cancel", &words).unwrap_or_default();
        if let Some(node) = fields.get("retry_policy") {
            execution.retry = self.retry(node);
        }
        execution.concurrency = fields.get("concurrency").and_then(|node| self.concurrency(node));
        execution
    }

    fn retry(&mut self, node: &Node) -> Retry {
        let mut retry = Retry::default();
        let Some(fields) = self.fields(node, "`retry_policy`", &RETRY) else { return retry };
        retry.max_attempts = self.number(fields, "max_attempts", 1, 10, retry.max_attempts);
        retry.backoff_ms = i64::from(self.number(fields, "backoff_ms", 0, 600_000, 1000));
        retry.factor = self.number(fields, "factor", 1, 10, retry.factor);
        let words = [("full", true), ("none", false)];
        retry.full_jitter = self.choice(fields, "jitter", &words).unwrap_or(true);
        if let Some(node) = fields.get("retry_on") {
            retry.retry_on = self.texts(node);
        }
        retry
    }

    fn concurrency(&mut self, node: &Node) -> Option<Concurrency> {
        let fields = self.fields(node, "`concurrency`", &CONCURRENCY)?;
        let Some(key) = fields.get("key") else {
            self.error(fields.at, "`concurrency` has no `key`".into(), None);
            return None;
        };
        let words = [
            ("queue", ConcurrencyPolicy::Queue),
            ("reject", ConcurrencyPolicy::Reject),
            ("replace", ConcurrencyPolicy::Replace),
        ];
        let policy = self.choice(fields, "policy", &words).unwrap_or(ConcurrencyPolicy::Queue);
        Some(Concurrency { key: self.template(key)?, policy })
    }
}

fn operator(text: &str) -> Option<(Operator, &str)> {
    let text = text.trim();
    // The longer ones first, or `<=` would be read as `<`.
    [
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("!=", Operator::NotEqual),
        ("==", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("=", Operator::Equal),
    ]
    .into_iter()
    .find_map(|(sign, operator)| text.strip_prefix(sign).map(|rest| (operator, rest)))
}
