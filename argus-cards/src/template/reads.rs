//! What a template reads: the paths that its expressions follow into the data.
//!
//! A contract check compares them with the schema of the data, a lint asks where untrusted text
//! ends up. Each [`Read`] is one path written in one place of the template, resolved to where it
//! starts: `$data` has been followed, and the variable of a lambda stands for an item of what it
//! runs over. A path that starts from something computed has [`Base::Computed`].
//!
//! The shape, by example (`alerts` is an array, `owner` may be missing):
//!
//! ```text
//! {"$data": "${alerts}", "type": "TextBlock", "text": "${title}: ${if(exists(owner), owner.name, '-')}"}
//!
//! base  steps                        usage                property  whole  covered
//! Root  alerts                       Repeat               $data     true   0
//! Root  alerts Each title            Text                 text      false  0
//! Root  alerts Each owner            Argument(exists, 0)  text      false  3  (it is a question)
//! Root  alerts Each owner name       Text                 text      false  3  (of 4 steps)
//! ```
//!
//! `covered` is how many leading steps may be missing without harm, because the read is itself a
//! question (`exists`, a comparison, `$when`) or something around it asks about them first.

mod walk;

use super::Template;
use crate::ael::table::Types;
use crate::error::Position;

/// One path into the data, written in one place of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// Where the path starts.
    pub base: Base,
    /// How it goes on from there.
    pub steps: Vec<Step>,
    /// The path as the designer wrote it.
    pub written: String,
    /// What the value is used for.
    pub usage: Usage,
    /// How many of the leading steps may be missing without harm.
    pub covered: usize,
    /// The `type` of the object that has the property; empty if it has none.
    pub element: String,
    /// The property in which that object stands, such as `facts`; empty at the root.
    pub under: String,
    /// The property whose string has the path, also `$data` and `$when`.
    pub property: String,
    /// Whether the string is nothing but one expression, so that the value's type stays.
    pub whole: bool,
    /// The JSON pointer of the string in its own file, which may be a partial.
    pub pointer: String,
    /// The file that has the string.
    pub file: String,
    /// The byte of that file at which the path starts.
    pub at: usize,
    /// The same place as line and column.
    pub position: Position,
}

impl Read {
    /// Whether nothing happens if any step of the path is missing.
    pub fn is_guarded(&self) -> bool {
        self.covered >= self.steps.len()
    }
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Base {
    /// The data of the rendering.
    Root,
    /// What the caller gave as `$host`.
    Host,
    /// A value that the template made, so that nothing is known about it.
    Computed,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// A property.
    Key(String),
    /// An item of an array.
    Index(usize),
    /// Some item of an array.
    Each,
    /// Every item if it is an array, the value itself if not: what `$data` does.
    EachOrSelf,
    /// An item or a property that only the data decides.
    Computed,
}

/// What a value is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// It is the value of the property.
    Value,
    /// It becomes a part of a text.
    Text,
    /// It decides whether something is shown.
    Condition,
    /// An object is repeated over it, or moved to it.
    Repeat,
    /// It chooses an item or a property.
    Index,
    /// A function takes it.
    Argument(Argument),
}

/// A place among the arguments of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Argument {
    /// The function or operator.
    pub function: &'static str,
    /// Which argument, from 0.
    pub index: usize,
    takes: Types,
}

impl Argument {
    /// Whether the function takes a value of this JSON Schema type, as `"string"` or `"array"`.
    ///
    /// ```
    /// use argus_cards::{Options, Template, Usage};
    ///
    /// let template = Template::parse("x", r#"{"text":"${length(title)}"}"#, &Options::default())?;
    /// let Usage::Argument(argument) = template.reads()[0].usage else { panic!("length has one") };
    /// assert_eq!(argument.function, "length");
    /// assert!(argument.accepts("string") && !argument.accepts("array"));
    /// # Ok::<(), argus_cards::Error>(())
    /// ```
    pub fn accepts(&self, schema_type: &str) -> bool {
        self.takes.accepts(match schema_type {
            "boolean" => Types::BOOL,
            "number" | "integer" => Types::NUMBER,
            "string" => Types::TEXT,
            "array" => Types::ARRAY,
            // Nothing takes only objects, so that a function for values takes them too.
            _ => return self.takes.may_be_object(),
        })
    }
}

impl Template {
    /// All paths that the template's expressions follow into the data, in the order of the file.
    ///
    /// ```
    /// use argus_cards::{Base, Options, Step, Template};
    ///
    /// let source = r#"{"$data":"${alerts}","type":"TextBlock","text":"${title}"}"#;
    /// let template = Template::parse("alerts.card.json", source, &Options::default())?;
    /// let title = template.reads().pop().expect("there are two");
    /// let steps = [Step::Key("alerts".into()), Step::EachOrSelf, Step::Key("title".into())];
    /// assert_eq!((title.base, title.steps), (Base::Root, steps.to_vec()));
    /// assert_eq!((title.element.as_str(), title.pointer.as_str()), ("TextBlock", "/text"));
    /// # Ok::<(), argus_cards::Error>(())
    /// ```
    pub fn reads(&self) -> Vec<Read> {
        // What was compiled is JSON.
        self.files.trees().map(|trees| walk::reads(self, &trees)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn check(source: &str, expected: &[&str]) {
        let template = Template::parse("t.card.json", source, &Options::default()).unwrap();
        let shown: Vec<String> = template.reads().iter().map(show).collect();
        assert_eq!(shown, expected);
    }

    /// `base/steps usage element.property covered/steps whole?`
    fn show(read: &Read) -> String {
        let steps: Vec<String> = read
            .steps
            .iter()
            .map(|step| match step {
                Step::Key(key) => key.clone(),
                Step::Index(index) => index.to_string(),
                Step::Each => "*".to_owned(),
                Step::EachOrSelf => "*?".to_owned(),
                Step::Computed => "?".to_owned(),
            })
            .collect();
        let usage = match read.usage {
            Usage::Argument(argument) => format!("{}#{}", argument.function, argument.index),
            other => format!("{other:?}"),
        };
        let whole = if read.whole { " whole" } else { "" };
        let guard = format!("{}/{}", read.covered, read.steps.len());
        format!("{:?} {} {usage} {} {guard}{whole}", read.base, steps.join("."), read.property)
    }

    #[test]
    fn data_moves_where_paths_start() {
        check(
            r#"{"body":[{"$data":"${a.b}","text":"${c} ${$root.d} ${$host.e}","items":[{"$data":"${$data.f}","text":"${g}${$index}"}]}]}"#,
            &[
                "Root a.b Repeat $data 0/2 whole",
                "Root a.b.*?.c Text text 0/4",
                "Root d Text text 0/1",
                "Host e Text text 0/1",
                "Root a.b.*?.f Repeat $data 0/4 whole",
                "Root a.b.*?.f.*?.g Text text 0/6",
            ],
        );
        check(
            r#"{"$data":[{"x":1}],"text":"${x}","more":{"$data":"${json(y)}","text":"${z}"}}"#,
            &[
                "Computed x Value text 0/1 whole",
                "Computed y json#0 $data 0/1 whole",
                "Computed z Value text 0/1 whole",
            ],
        );
    }

    #[test]
    fn lambdas_run_over_items() {
        check(
            r#"{"facts":[{"$data":"${where(alerts, a, a.score > limit)}","title":"${first(names).x}"}],
                "text":"${join(select(hosts, h => h.name), ', ')}"}"#,
            &[
                "Root alerts where#0 $data 0/1 whole",
                "Root alerts.*.score >#0 $data 3/3 whole",
                "Root limit >#1 $data 1/1 whole",
                "Root alerts.*?.names first#0 title 0/3 whole",
                "Root alerts.*?.names.*.x Value title 0/5 whole",
                "Root hosts select#0 text 0/1 whole",
                "Root hosts.*.name join#0 text 0/3 whole",
            ],
        );
    }

    #[test]
    fn questions_cover_what_they_ask_about() {
        check(
            r#"{"$when":"${exists(a.b)}","text":"${a.b.c}","x":"${coalesce(d, e)}","y":"${f ?? '-'}","z":"${g}"}"#,
            &[
                "Root a.b exists#0 $when 2/2 whole",
                "Root a.b.c Value text 2/3 whole",
                "Root d Value x 1/1 whole",
                "Root e Value x 0/1 whole",
                "Root f Value y 1/1 whole",
                "Root g Value z 0/1 whole",
            ],
        );
        check(
            r#"{"text":"${if(empty(a), '-', a)} ${b ? b.c : ''}","when":{"$when":"${d == 'x'}","text":"${d}"}}"#,
            &[
                "Root a empty#0 text 1/1",
                "Root a Text text 1/1",
                "Root b Condition text 1/1",
                "Root b.c Text text 1/2",
                "Root d ==#0 $when 1/1 whole",
                "Root d Value text 1/1 whole",
            ],
        );
    }

    #[test]
    fn indices_and_keys_are_steps() {
        check(
            r#"{"text":"${a[0].b['c d'][k]} ${getProperty(e, 'f')} ${concat(g, h)}"}"#,
            &[
                "Root k Index text 0/1",
                "Root a.0.b.c d.? Text text 0/5",
                "Root e getProperty#0 text 0/1",
                "Root e.f Text text 0/2",
                "Root g concat#0 text 0/1",
                "Root h concat#1 text 0/1",
            ],
        );
    }

    #[test]
    fn places_are_those_of_the_file() {
        let source = "{\"body\": [\n {\"text\": \"\\n${ab + cd}\"}]}";
        let template = Template::parse("t.card.json", source, &Options::default()).unwrap();
        let read = template.reads().pop().unwrap();
        assert_eq!(read.written, "cd");
        assert_eq!(source.get(read.at..read.at + 2), Some("cd"));
        assert_eq!(
            (read.position.to_string(), read.pointer.as_str()),
            ("2:21".into(), "/body/0/text")
        );
    }
}
