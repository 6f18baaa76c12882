//! Which incident's card stands where.

use std::collections::BTreeMap;

use cel::{Context, Program, Value};

use crate::config::{ConfigError, Route};

/// The words a condition may use.
const WORDS: [&str; 9] = [
    "severity",
    "source",
    "family",
    "event_type",
    "title",
    "score",
    "decision",
    "entity_type",
    "entity",
];

/// Longest condition, in bytes: conditions are read by people.
const LONGEST: usize = 1_024;

/// Where a card stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The Teams conversation id.
    pub conversation: String,
    /// Its service URL, if it is not the default one.
    pub service_url: Option<String>,
}

/// What a condition sees of an incident.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// `high`, …
    pub severity: &'a str,
    /// The event's own source.
    pub source: &'a str,
    /// The product family.
    pub family: &'a str,
    /// The event type.
    pub event_type: &'a str,
    /// The title.
    pub title: &'a str,
    /// The score in points.
    pub score: f64,
    /// `notify`, `ask_human`, `run`.
    pub decision: &'a str,
    /// Kind of the principal entity, or empty.
    pub entity_type: &'a str,
    /// The principal entity, or empty.
    pub entity: &'a str,
}

impl Facts<'_> {
    /// Each word and its value, as conditions see them.
    pub fn values(&self) -> BTreeMap<&'static str, serde_json::Value> {
        BTreeMap::from([
            ("severity", self.severity.into()),
            ("source", self.source.into()),
            ("family", self.family.into()),
            ("event_type", self.event_type.into()),
            ("title", self.title.into()),
            ("score", self.score.into()),
            ("decision", self.decision.into()),
            ("entity_type", self.entity_type.into()),
            ("entity", self.entity.into()),
        ])
    }
}

/// What one route says about an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Its place in the list, from 0.
    pub route: usize,
    /// Its condition; every incident without one.
    pub when: Option<String>,
    /// Whether the condition holds.
    pub matched: bool,
    /// Why the condition could not be answered, if that is so.
    pub error: Option<String>,
    /// The values that the condition looks at.
    pub values: BTreeMap<&'static str, serde_json::Value>,
    /// Where the card would go.
    pub conversation: String,
}

impl Verdict {
    /// As a program reads it.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "route": self.route,
            "when": self.when,
            "matched": self.matched,
            "error": self.error,
            "values": self.values,
            "conversation": self.conversation,
        })
    }
}

/// One route, compiled.
#[derive(Debug)]
struct Rule {
    when: Option<(String, Program)>,
    place: Place,
}

/// The routes, compiled.
#[derive(Debug, Default)]
pub struct Routes {
    routes: Vec<Rule>,
}

impl Routes {
    /// Compiles the routes.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the route whose condition does not compile or uses an unknown word.
    pub fn compile(routes: &[Route]) -> Result<Self, ConfigError> {
        let routes = routes.iter().enumerate().map(|(at, route)| {
            let when =
                route.when.as_deref().map(|when| Ok((when.to_owned(), condition(at, when)?)));
            let when = when.transpose()?;
            let place = Place {
                conversation: route.to.conversation.clone(),
                service_url: route.to.service_url.clone(),
            };
            Ok(Rule { when, place })
        });
        Ok(Self { routes: routes.collect::<Result<_, _>>()? })
    }

    /// The places of all routes whose conditions hold, in order.
    pub fn matching(&self, facts: &Facts<'_>) -> impl Iterator<Item = &Place> {
        let context = context(facts);
        self.routes
            .iter()
            .filter(move |rule| {
                rule.when.as_ref().is_none_or(|(_, program)| holds(program, &context))
            })
            .map(|rule| &rule.place)
    }

    /// Whether every incident has a route: one has no condition.
    pub fn has_last_resort(&self) -> bool {
        self.routes.iter().any(|rule| rule.when.is_none())
    }

    /// The first route without a condition, from 0, if it is not the last: those behind it have cards
    /// only while the conversations before them take none.
    pub fn hides_others(&self) -> Option<usize> {
        let at = self.routes.iter().position(|rule| rule.when.is_none())?;
        (at + 1 < self.routes.len()).then_some(at)
    }

    /// What each route says about these facts.
    pub fn explain(&self, facts: &Facts<'_>) -> Vec<Verdict> {
        let context = context(facts);
        let verdict = |(route, rule): (usize, &Rule)| {
            let answer = rule.when.as_ref().map(|(_, program)| program.execute(&context));
            let used = rule.when.as_ref().map(|(_, program)| {
                let words = program.references();
                let words: Vec<String> = words.variables().into_iter().map(str::to_owned).collect();
                let mut values = facts.values();
                values.retain(|name, _| words.iter().any(|word| word == name));
                values
            });
            Verdict {
                route,
                when: rule.when.as_ref().map(|(when, _)| when.clone()),
                matched: answer.as_ref().is_none_or(|it| matches!(it, Ok(Value::Bool(true)))),
                error: match answer {
                    Some(Err(error)) => Some(error.to_string()),
                    Some(Ok(Value::Bool(_))) | None => None,
                    Some(Ok(_)) => Some("the condition is neither true nor false".into()),
                },
                values: used.unwrap_or_default(),
                conversation: rule.place.conversation.clone(),
            }
        };
        self.routes.iter().enumerate().map(verdict).collect()
    }

    /// The first route whose condition holds. A condition that fails on these facts does not hold.
    pub fn first(&self, facts: &Facts<'_>) -> Option<&Place> {
        self.matching(facts).next()
    }

    /// Every place that a card may stand.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.routes.iter().map(|rule| &rule.place)
    }
}

/// A condition that fails on these facts does not hold.
fn holds(program: &Program, context: &Context<'_, '_>) -> bool {
    match program.execute(context) {
        Ok(value) => value == Value::Bool(true),
        Err(error) => {
            tracing::warn!(error = %error, "a route's condition failed and does not match");
            false
        }
    }
}

fn condition(at: usize, when: &str) -> Result<Program, ConfigError> {
    let wrong = |why: String| ConfigError::value(format!("routes[{at}].when"), why);
    if when.len() > LONGEST {
        return Err(wrong(format!("a condition has at most {LONGEST} bytes")));
    }
    let program = Program::compile(when).map_err(|error| wrong(error.to_string()))?;
    if let Some(word) = program.references().variables().into_iter().find(|it| !WORDS.contains(it))
    {
        return Err(wrong(format!("`{word}` is not known; use {}", WORDS.join(", "))));
    }
    Ok(program)
}

fn context(facts: &Facts<'_>) -> Context<'static, 'static> {
    let mut context = Context::default();
    let texts = [
        ("severity", facts.severity),
        ("source", facts.source),
        ("family", facts.family),
        ("event_type", facts.event_type),
        ("title", facts.title),
        ("decision", facts.decision),
        ("entity_type", facts.entity_type),
        ("entity", facts.entity),
    ];
    for (name, value) in texts {
        context.add_variable_from_value(name, value.to_owned());
    }
    context.add_variable_from_value("score", facts.score);
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RouteTo;

    fn route(when: Option<&str>, to: &str) -> Route {
        let to = RouteTo { conversation: to.into(), service_url: None };
        Route { when: when.map(str::to_owned), to }
    }

    fn facts(severity: &str) -> Facts<'_> {
        Facts {
            severity,
            source: "edr",
            family: "generic",
            event_type: "malware",
            title: "t",
            score: 74.5,
            decision: "notify",
            entity_type: "host",
            entity: "ws-114",
        }
    }

    #[test]
    fn the_first_match_wins() {
        let routes = Routes::compile(&[
            route(Some("severity in ['high', 'critical'] && score >= 70.0"), "19:urgent"),
            route(Some("entity.startsWith('dc-')"), "19:dc"),
            route(None, "19:rest"),
        ])
        .expect("compiles");
        let place = |severity| routes.first(&facts(severity)).map(|it| it.conversation.as_str());
        assert_eq!(place("high"), Some("19:urgent"));
        assert_eq!(place("low"), Some("19:rest"));
    }

    #[test]
    fn each_route_says_why() {
        let routes = Routes::compile(&[
            route(Some("severity == 'critical'"), "19:urgent"),
            route(Some("score > entity"), "19:broken"),
            route(Some("source == 'edr' && severity == 'low'"), "19:low"),
            route(None, "19:rest"),
        ])
        .expect("compiles");
        assert!(routes.has_last_resort());
        let said = routes.explain(&facts("low"));
        let matched: Vec<bool> = said.iter().map(|it| it.matched).collect();
        assert_eq!(matched, [false, false, true, true]);
        assert!(said[1].error.is_some(), "{said:?}");
        let values = serde_json::json!({"severity": "low", "source": "edr"});
        assert_eq!(serde_json::json!(said[2].values), values);
        assert!(!Routes::compile(&[route(Some("true"), "19:x")]).expect("fine").has_last_resort());
    }

    #[test]
    fn a_route_that_takes_everything_hides_those_behind_it() {
        let check = |whens: &[Option<&str>], hides| {
            let routes: Vec<_> = whens.iter().map(|when| route(*when, "19:x")).collect();
            assert_eq!(Routes::compile(&routes).expect("fine").hides_others(), hides, "{whens:?}");
        };
        check(&[], None);
        check(&[Some("true")], None);
        check(&[Some("true"), None], None);
        check(&[Some("true"), None, Some("true")], Some(1));
        check(&[None, None], Some(0));
    }

    #[test]
    fn a_wrong_condition_is_named() {
        let check = |when: &str, part: &str| {
            let error = Routes::compile(&[route(Some(when), "19:x")]).expect_err("refused");
            assert!(error.to_string().contains(part), "{error}");
        };
        check("severty == 'high'", "`severty` is not known");
        check("severity = 'high'", "routes[0].when");
    }
}
