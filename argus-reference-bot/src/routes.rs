//! Which incident's card stands where.

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

/// The routes, compiled.
#[derive(Debug, Default)]
pub struct Routes {
    routes: Vec<(Option<Program>, Place)>,
}

impl Routes {
    /// Compiles the routes.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the route whose condition does not compile or uses an unknown word.
    pub fn compile(routes: &[Route]) -> Result<Self, ConfigError> {
        let routes = routes.iter().enumerate().map(|(at, route)| {
            let condition = route.when.as_deref().map(|when| condition(at, when)).transpose()?;
            let place = Place {
                conversation: route.to.conversation.clone(),
                service_url: route.to.service_url.clone(),
            };
            Ok((condition, place))
        });
        Ok(Self { routes: routes.collect::<Result<_, _>>()? })
    }

    /// The places of all routes whose conditions hold, in order.
    pub fn matching(&self, facts: &Facts<'_>) -> impl Iterator<Item = &Place> {
        let context = context(facts);
        self.routes
            .iter()
            .filter(move |(condition, _)| {
                condition.as_ref().is_none_or(|program| holds(program, &context))
            })
            .map(|(_, place)| place)
    }

    /// The first route whose condition holds. A condition that fails on these facts does not hold.
    pub fn first(&self, facts: &Facts<'_>) -> Option<&Place> {
        self.matching(facts).next()
    }

    /// Every place that a card may stand.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.routes.iter().map(|(_, place)| place)
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
    fn a_wrong_condition_is_named() {
        let check = |when: &str, part: &str| {
            let error = Routes::compile(&[route(Some(when), "19:x")]).expect_err("refused");
            assert!(error.to_string().contains(part), "{error}");
        };
        check("severty == 'high'", "`severty` is not known");
        check("severity = 'high'", "routes[0].when");
    }
}
