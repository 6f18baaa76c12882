//! Every door is in the operator's manual, with what it asks of those who knock.

use std::collections::BTreeMap;

use crate::files::read;

const DOORS: &str = "argus-reference-bot/src/http.rs";
const MANUAL: &str = "docs/operate.md";

/// What the code asks of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// A token of Teams.
    Token,
    /// A source's key or signature.
    Source,
    /// The admin key.
    Admin,
    /// Nothing.
    Open,
}

impl Guard {
    /// What the manual's line must say.
    const fn words(self) -> &'static str {
        match self {
            Self::Token => "Teams token",
            Self::Source => "source key",
            Self::Admin => "admin key",
            Self::Open => "none",
        }
    }
}

/// The arms of the `match` that begin with a path, each with all its lines.
fn arms(source: &str) -> Vec<String> {
    let mut arms: Vec<String> = Vec::new();
    let mut inside = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("[\"") {
            inside = true;
            arms.push(String::new());
        } else if line.starts_with("_ =>") {
            inside = false;
        }
        if let Some(arm) = arms.last_mut().filter(|_| inside) {
            arm.push_str(line);
        }
    }
    arms
}

/// The routes of the `match` in `Door::answer`, as `GET /events/{id}`.
fn routes(source: &str) -> BTreeMap<String, Guard> {
    let mut routes = BTreeMap::new();
    for arm in arms(source) {
        let Some((pattern, call)) = arm.split_once("=>") else { continue };
        let (path, condition) = pattern.split_once(']').expect("a pattern ends");
        let method = match condition.trim() {
            "if get" => "GET",
            "if post" => "POST",
            "if asks" => "OPTIONS",
            "" if call.contains("bot.call") => "POST",
            _ => continue,
        };
        let segments: Vec<String> = path
            .trim_start_matches('[')
            .split(',')
            .map(str::trim)
            .map(|it| {
                it.strip_prefix('"').map_or_else(|| format!("{{{it}}}"), |it| it.replace('"', ""))
            })
            .collect();
        let guard = if call.contains("bot.call") {
            Guard::Token
        } else if call.contains("ingest(") || call.contains("greet(") {
            Guard::Source
        } else if call.contains("guarded(") || call.contains("submit(") {
            Guard::Admin
        } else {
            Guard::Open
        };
        routes.insert(format!("{method} /{}", segments.join("/")), guard);
    }
    routes
}

/// The manual's table of endpoints: the route and what it says about authentication.
fn listed(manual: &str) -> BTreeMap<String, String> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|');
        let route = cells.next()?.trim().trim_end_matches('`').to_owned();
        let is_route = ["GET /", "POST /", "OPTIONS /"].iter().any(|it| route.starts_with(it));
        is_route.then_some((route, cells.next()?.trim().to_owned()))
    };
    manual.lines().filter_map(row).collect()
}

#[test]
fn every_door_is_in_the_manual() {
    let (routes, listed) = (routes(&read(DOORS)), listed(&read(MANUAL)));
    assert!(routes.len() >= 10, "the doors were not understood: {routes:?}");
    assert_eq!(
        routes.keys().collect::<Vec<_>>(),
        listed.keys().collect::<Vec<_>>(),
        "left: {DOORS}, right: {MANUAL}"
    );
    for (route, guard) in routes {
        let says = &listed[&route];
        assert!(
            says.contains(guard.words()),
            "{route}: {MANUAL} says {says:?}, but it is {guard:?}"
        );
    }
}

#[test]
fn doors_are_read_as_they_are_written() {
    let source = r#"
        ["api", "messages"] => match bot.call(request).await {
        ["ingest", source] if post => inner.ingest(Some(source), request).await,
        ["healthz"] if get => reply::text("alive\n"),
        ["events", id] if get => {
            inner.guarded(request.headers(), inner.event(id)).await
        }
        ["ingest"] | ["ingest", _] => Problem::method("POST"),
    "#;
    let expected = [
        ("GET /events/{id}", Guard::Admin),
        ("GET /healthz", Guard::Open),
        ("POST /api/messages", Guard::Token),
        ("POST /ingest/{source}", Guard::Source),
    ];
    let read = routes(source);
    assert_eq!(
        read.iter().map(|(route, guard)| (route.as_str(), *guard)).collect::<Vec<_>>(),
        expected
    );
}
