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
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::io::{BufRead, Write};

use argus_cards::{Options, Profile, Template, ael};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let options =
        Options::default().profile(Profile::Compat).now_unix_ms(1_768_478_400_000).random_seed(7);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line: Map<String, Value> = serde_json::from_str(&line?)?;
        let mut answer = match answer(&line, &options) {
            Ok(answer) => answer,
            Err(error) => json!({ "error": error.to_string() }),
        };
        answer["id"] = line.get("id").cloned().unwrap_or_default();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(line: &Map<String, Value>, options: &Options) -> Result<Value, Box<dyn Error>> {
    if let Some(Value::String(expression)) = line.get("expression") {
        let scope = line.get("scope").unwrap_or(&Value::Null);
        return Ok(match ael::eval(expression, scope, options)? {
            Some(value) => json!({ "card": value }),
            None => json!({}),
        });
    }
    let template = line.get("template").ok_or("a line needs a template or an expression")?;
    let template = Template::parse("template", &template.to_string(), options)?;
    let expansion = template.expand(line.get("root"), line.get("host"), options)?;
    Ok(json!({ "card": serde_json::from_slice::<Value>(&expansion.json)? }))
}
