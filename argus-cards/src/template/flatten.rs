//! A template and its partials as one plain template, which Microsoft's designer can open.

use serde_json::{Map, Value};

use super::Template;
use super::files::{Files, reference};
use crate::json::{Kind, Member, Node};

impl Template {
    /// The template with everything that it includes, as one file without `$ref`.
    ///
    /// ```
    /// use argus_cards::{Options, Template};
    ///
    /// let head = r#"{"type":"TextBlock","text":"${title}"}"#;
    /// let card = r#"{"body":[{"$ref":"head.card.json","$when":"${exists(title)}"}]}"#;
    /// let partials = |path: &str| (path == "head.card.json").then(|| head.to_owned());
    /// let template = Template::parse_with("a.card.json", card, &Options::default(), &partials)?;
    /// assert_eq!(
    ///     template.flatten(),
    ///     serde_json::json!({
    ///         "body": [{"$when": "${exists(title)}", "type": "TextBlock", "text": "${title}"}]
    ///     })
    /// );
    /// # Ok::<(), argus_cards::Error>(())
    /// ```
    pub fn flatten(&self) -> Value {
        // What was compiled is JSON.
        let trees = self.files.trees().unwrap_or_default();
        let flat = Flat { files: &self.files, trees: &trees };
        trees.first().map_or(Value::Null, |tree| flat.value(tree, 0))
    }
}

struct Flat<'t> {
    files: &'t Files,
    trees: &'t [Node<'t>],
}

impl<'t> Flat<'t> {
    fn value(&self, node: &Node<'_>, file: usize) -> Value {
        match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::String(text) => Value::String(text.to_string()),
            Kind::Array(items) => {
                let mut flat = Vec::new();
                for item in items {
                    // A partial that is a list stands for its items.
                    match (self.included(item, file), self.value(item, file)) {
                        (Some(_), Value::Array(items)) => flat.extend(items),
                        (_, value) => flat.push(value),
                    }
                }
                flat.into()
            }
            Kind::Object(members) => self.object(node, members, file).into(),
        }
    }

    /// The file that a value includes, and its tree.
    fn included(&self, node: &Node<'_>, file: usize) -> Option<(usize, &'t Node<'t>)> {
        let Kind::Object(members) = &node.kind else { return None };
        let (path, _) = reference(members)?;
        let file = self.files.find(file, path)?;
        Some((file, self.trees.get(file)?))
    }

    fn object(&self, node: &Node<'_>, members: &[Member<'_>], file: usize) -> Value {
        let plain = |members: &[Member<'_>], file| -> Map<String, Value> {
            let value = |member: &Member<'_>| self.value(&member.value, file);
            members.iter().map(|member| (member.key.to_string(), value(member))).collect()
        };
        let Some((inside, tree)) = self.included(node, file) else {
            return plain(members, file).into();
        };
        let Value::Object(mut partial) = self.value(tree, inside) else {
            return self.value(tree, inside);
        };
        let mut flat = plain(members, file);
        flat.shift_remove("$ref");
        partial.shift_remove("$schema");
        if let (Some(Value::String(outer)), Some(Value::String(inner))) =
            (flat.get("$when"), partial.get("$when"))
            && let Some(both) = both(outer, inner)
        {
            partial.insert("$when".to_owned(), both.into());
        }
        flat.extend(partial);
        flat.into()
    }
}

/// Two conditions as one.
fn both(outer: &str, inner: &str) -> Option<String> {
    let bare = |text: &'_ str| Some(text.strip_prefix("${")?.strip_suffix('}')?.to_owned());
    Some(format!("${{({}) && ({})}}", bare(outer)?, bare(inner)?))
}
