//! Adding to what the bot says: mentions, labels, sources and quotes.

use std::fmt::Write as _;

use serde::Deserialize as _;
use serde_json::Value;

use crate::activity::entity::{
    Citation, Claim, Entity, MESSAGE, Mention, MessageLabels, Quoted, QuotedReply, Sensitivity,
};
use crate::activity::{Account, Activity};

impl Activity {
    /// Adds an entity, unless the very same one is there. A part of a stream says so once: a second
    /// `streaminfo` takes the place of the first.
    #[must_use]
    pub fn with_entity(mut self, entity: &Entity) -> Self {
        let Ok(value) = serde_json::to_value(entity) else { return self };
        let all = self.entities.get_or_insert_default();
        if matches!(entity, Entity::StreamInfo(_)) {
            all.retain(|it| !matches!(Entity::of(it), Entity::StreamInfo(_)));
        }
        if !all.contains(&value) {
            all.push(value);
        }
        self
    }

    /// Names `who` at the end of the text, by `<at>…</at>` and the entity that belongs to it, so
    /// that they are told.
    ///
    /// ```
    /// use argus_bot_sdk::{Account, Activity};
    ///
    /// let ana = Account::new("29:1ana");
    /// let call = Activity::message("Please look,").mention(&ana, "Ana");
    /// assert_eq!(call.text.as_deref(), Some("Please look, <at>Ana</at>"));
    /// assert_eq!(call.typed_entities().len(), 1);
    /// ```
    #[must_use]
    pub fn mention(mut self, who: &Account, name: &str) -> Self {
        // A name is what somebody chose: it must not end the mark or begin another one.
        let name: String = name.chars().filter(|it| !matches!(it, '<' | '>')).collect();
        let mark = format!("<at>{name}</at>");
        let text = self.text.get_or_insert_default();
        if !text.is_empty() && !text.ends_with(char::is_whitespace) {
            text.push(' ');
        }
        text.push_str(&mark);
        let mut mentioned = who.clone();
        mentioned.name = Some(name);
        self.with_entity(&Entity::Mention(Mention::new("mention", mentioned).text(mark)))
    }

    /// Labels the message as written by a machine.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    ///
    /// let message = Activity::message("It looks harmless.").ai_generated();
    /// assert_eq!(message.entities.unwrap()[0]["additionalType"][0], "AIGeneratedContent");
    /// ```
    #[must_use]
    pub fn ai_generated(self) -> Self {
        self.labelled(|labels| {
            let all = labels.additional_type.get_or_insert_default();
            if !all.iter().any(|label| label == "AIGeneratedContent") {
                all.push("AIGeneratedContent".to_owned());
            }
        })
    }

    /// Adds a source and its number, such as `[1]`, to the end of the text.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::activity::entity::Citation;
    ///
    /// let source = Citation::new("Runbook 7", "Isolate first.").url("https://contoso.example/7");
    /// let answer = Activity::message("Isolate it.").cite(source);
    /// assert_eq!(answer.text.as_deref(), Some("Isolate it. [1]"));
    /// let labels = &answer.entities.unwrap()[0];
    /// assert_eq!(labels["citation"][0]["appearance"]["@type"], "DigitalDocument");
    /// ```
    #[must_use]
    pub fn cite(self, source: Citation) -> Self {
        let mut position = 0;
        let mut cited = self.labelled(|labels| {
            let all = labels.citation.get_or_insert_default();
            position = all.iter().map(|claim| claim.position).max().unwrap_or_default() + 1;
            let source = source.schema_type("DigitalDocument");
            all.push(Claim::new(position, source).schema_type("Claim"));
        });
        let text = cited.text.get_or_insert_default();
        // Writing into a text does not fail.
        write!(text, " [{position}]").unwrap_or_default();
        cited
    }

    /// Says how confidential the message is.
    #[must_use]
    pub fn sensitive(self, label: Sensitivity) -> Self {
        self.labelled(|labels| labels.usage_info = Some(label.schema_type("CreativeWork")))
    }

    /// Quotes a message of the same chat before the text.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    ///
    /// let reply = Activity::message("Done.").quote("1772050244572");
    /// let text = "<quoted messageId=\"1772050244572\"/> Done.";
    /// assert_eq!(reply.text.as_deref(), Some(text));
    /// ```
    #[must_use]
    pub fn quote(mut self, message_id: &str) -> Self {
        let id: String =
            message_id.chars().filter(|it| !matches!(it, '"' | '<' | '>' | '&')).collect();
        let said = self.text.take().unwrap_or_default();
        self.text = Some(format!("<quoted messageId=\"{id}\"/> {said}").trim_end().to_owned());
        let quoted = Quoted::new(id);
        self.with_entity(&Entity::QuotedReply(QuotedReply::new("quotedReply", quoted)))
    }

    /// Changes the one entity that carries labels and sources; Teams reads no second one.
    fn labelled(mut self, change: impl FnOnce(&mut MessageLabels)) -> Self {
        let all = self.entities.get_or_insert_default();
        let is_labels = |value: &Value| value.get("type").and_then(Value::as_str) == Some(MESSAGE);
        let at = all.iter().position(is_labels);
        let before = at.and_then(|at| MessageLabels::deserialize(all.get(at)?).ok());
        let mut labels = before.unwrap_or_else(|| {
            MessageLabels::new(MESSAGE).schema_type("Message").context("https://schema.org").id("")
        });
        change(&mut labels);
        let value = serde_json::to_value(labels).unwrap_or_default();
        match at.and_then(|at| all.get_mut(at)) {
            Some(place) => *place = value,
            None => all.push(value),
        }
        self
    }
}
