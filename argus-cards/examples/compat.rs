//! Expands templates and evaluates expressions as npm's engine does, one JSON document per line.
//!
//! ```text
//! > {"id": 1, "template": {"text": "Hi ${name}"}, "root": {"name": "Ada"}}
//! < {"id":1,"card":{"text":"Hi Ada"}}
//! > {"id": 2, "expression": "1/0", "scope": {}}
//! < {"id":2,"error":"1:2: division by zero"}
//! ```
//!
//! The differential fuzzer in `fuzz-npm` talks to it. The clock stands at 2026-01-15T12:00:00Z.

use std::error::Error;
use std::io::{BufRead, Write};

use argus_cards::{Options, Profile, Template, ael};
use serde_json::{Map, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let options =
        Options::default().profile(Profile::Compat).now_unix_ms(1_768_478_400_000).random_seed(7);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line: Map<String, Value> = serde_json::from_str(&line?)?;
        let mut answer = answer(&line, &options).unwrap_or_else(|error| {
            Map::from_iter([("error".to_owned(), error.to_string().into())])
        });
        answer.extend(line.get("id").map(|id| ("id".to_owned(), id.clone())));
        writeln!(out, "{}", Value::Object(answer))?;
        out.flush()?;
    }
    Ok(())
}

fn answer(
    line: &Map<String, Value>,
    options: &Options,
) -> Result<Map<String, Value>, Box<dyn Error>> {
    let card = |card: Value| Map::from_iter([("card".to_owned(), card)]);
    if let Some(Value::String(expression)) = line.get("expression") {
        let scope = line.get("scope").unwrap_or(&Value::Null);
        return Ok(ael::eval(expression, scope, options)?.map(card).unwrap_or_default());
    }
    let template = line.get("template").ok_or("a line needs a template or an expression")?;
    let template = Template::parse("template", &template.to_string(), options)?;
    let expansion = template.expand(line.get("root"), line.get("host"), options)?;
    Ok(card(serde_json::from_slice(&expansion.json)?))
}
