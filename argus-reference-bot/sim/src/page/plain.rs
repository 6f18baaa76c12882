//! The page for a computer without Node: the channel as text.

use serde_json::Value;

use super::channel::text;

/// Deepest card element that is read.
const MAX_DEPTH: usize = 24;

/// An HTML document without scripts that shows what is in the channel.
pub(crate) fn page(name: &str, activities: &[Value]) -> String {
    let items: String = activities.iter().map(item).collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"refresh\" content=\"5\"><title>{name}</title></head><body>\
         <h1>{name}</h1>\
         <p>The demo page is not built, because Node.js and npm were not found: install Node 20 or \
         newer and start the demo again. Until then, this is the channel as text. It renews itself \
         every five seconds.</p><ol>{items}</ol></body></html>",
        name = escaped(name),
    )
}

fn item(activity: &Value) -> String {
    let from = activity.get("from").map_or("", |from| text(from, "name"));
    let mut lines = Vec::new();
    let said = text(activity, "text");
    if !said.is_empty() {
        lines.push(said.to_owned());
    }
    for card in activity.get("cards").and_then(Value::as_array).into_iter().flatten() {
        read(card, MAX_DEPTH, &mut lines);
    }
    let edited = activity.get("edited").and_then(Value::as_bool).unwrap_or_default();
    let body: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    format!(
        "<li><strong>{}</strong> {}{}<br>{}</li>",
        escaped(from),
        escaped(text(activity, "at")),
        if edited { " (edited)" } else { "" },
        body.join("<br>")
    )
}

/// Collects the words of a card in reading order; buttons in brackets.
fn read(element: &Value, depth: usize, lines: &mut Vec<String>) {
    match element {
        Value::Array(elements) => {
            for element in elements.iter().take_while(|_| depth > 0) {
                read(element, depth - 1, lines);
            }
        }
        Value::Object(fields) => {
            let kind = text(element, "type");
            let title = text(element, "title");
            if kind.starts_with("Action.") {
                lines.push(format!("[{title}]"));
                return;
            }
            if let ("TextBlock" | "TextRun", said) = (kind, text(element, "text")) {
                lines.push(said.to_owned());
            }
            let value = text(element, "value");
            if kind.is_empty() && !title.is_empty() && !value.is_empty() {
                lines.push(format!("{title}: {value}"));
            }
            for child in fields.values().take_while(|_| depth > 0) {
                if child.is_array() || child.is_object() {
                    read(child, depth - 1, lines);
                }
            }
        }
        _ => {}
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cards_are_read_as_text_and_markup_is_harmless() {
        let card = json!({
            "type": "AdaptiveCard",
            "body": [
                { "type": "TextBlock", "text": "<script>alert(1)</script>" },
                { "type": "FactSet", "facts": [{ "title": "Host", "value": "ws-114" }] },
            ],
            "actions": [{ "type": "Action.Execute", "title": "Isolate", "data": { "x": "y" } }],
        });
        let activity = json!({
            "from": { "name": "Argus" }, "at": "10:00", "cards": [card], "edited": true,
        });
        let html = page("SOC", &[activity]);
        assert!(!html.contains("<script"), "{html}");
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;<br>Host: ws-114<br>[Isolate]")
        );
        assert!(html.contains("(edited)"));
    }
}
