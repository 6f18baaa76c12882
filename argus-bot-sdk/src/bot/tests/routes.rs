//! Which function answers what people write.

use super::*;
use crate::extract::Rejected;
use crate::router::{Captures, Command, Pattern};

fn pattern(pattern: &str) -> Pattern {
    Pattern::new(pattern).unwrap()
}

#[tokio::test]
async fn commands_come_first_then_patterns_in_their_order() {
    async fn show(found: Captures) -> Result<String, Rejected> {
        let number: u8 = found.parse("number")?;
        Ok(format!("{} {number}", found.name("system").unwrap_or("none")))
    }
    async fn order(found: Captures) -> String {
        format!("second {}", found.get(0).unwrap_or_default())
    }
    async fn list() -> &'static str {
        "list"
    }
    let router = Router::new()
        .message(echo)
        .pattern(pattern(r"(?i)(?:(?<system>inc|chg)-|#)(?<number>\d+)"), show)
        .pattern(pattern("order.*"), order)
        .command("list", list);
    let scene = Scene::new(router);
    let texts = [
        ("1", "what about <at>Argus</at> INC-42?", "INC 42"),
        ("2", "#7 of order 8", "none 7"),
        ("3", "order 8", "second order 8"),
        ("4", "list #7", "list"),
        ("5", "#700", "I do not understand the number in this."),
        ("6", "nothing of it", "nothing of it"),
    ];
    for (id, text, _) in texts {
        let mut activity = message(id, text);
        activity["recipient"]["name"] = json!("Argus");
        assert_eq!(scene.status(activity).await, 202);
    }
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), texts.map(|(_, _, expected)| expected));
}

#[tokio::test]
async fn a_pattern_that_is_given_twice_is_answered_by_the_later_function() {
    async fn no() -> &'static str {
        "no"
    }
    let router = Router::new().pattern(pattern("a"), no).pattern(pattern("a"), echo);
    let scene = Scene::new(router);
    scene.status(message("1", "abc")).await;
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), ["abc"]);
}

#[tokio::test]
async fn help_knows_every_command_and_its_other_words() {
    async fn watch(Args(host): Args) -> String {
        format!("watching {host}")
    }
    let described = Command::new("Watch").about("Watches a host.").usage("watch HOST").alias("W");
    let router = Router::new().command("zap", echo).command(described, watch).with_help("help");
    assert_eq!(router.commands().collect::<Vec<_>>(), ["help", "watch", "zap"]);
    let help = router.help();
    let card = help.card("Commands");
    assert_eq!(
        card["body"][1]["facts"][1],
        json!({"title": "watch HOST", "value": "Watches a host. Also: W"})
    );
    let scene = Scene::new(router);
    scene.status(message("1", "w srv-1")).await;
    scene.status(message("2", "help")).await;
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), ["watching srv-1".to_owned(), help.to_string()]);
    let lines =
        "- `help`: Says what I understand.\n- `watch HOST`: Watches a host. Also: `W`\n- `zap`";
    assert_eq!(help.to_string(), lines);
}
