//! Argus tries the road to people by itself.

use super::world::{Left, Plan, World, texts};

#[tokio::test]
async fn a_canary_is_shown_and_closed_and_is_in_no_list() {
    let settings = "[canary]\nevery = \"24h\"\nwithin = \"10s\"\n".to_owned();
    let world = World::with(Plan { settings, ..Plan::default() }).await;
    world.card("INC-1", |card| card.says("Canary: alerts reach this channel")).await;
    let incident = world
        .until("the end of the canary", async || {
            let (_, incident) = world.get("/incidents/INC-1").await;
            (incident["state"] == "closed").then_some(incident)
        })
        .await;
    assert_eq!(incident["event"]["source"], "argus", "{incident}");
    let arrived = async || {
        let page = world.http.get(world.url("/metrics")).send().await.ok()?.text().await.ok()?;
        page.contains("argus_canary_last_seconds ").then_some(page)
    };
    let page = world.until("the canary in the metrics", arrived).await;
    for line in ["argus_canary_overdue 0", "argus_measure_count{measure=\"deliver\"} 0"] {
        assert!(page.lines().any(|it| it == line), "{line} is not in {page}");
    }
    let said = texts(&world.say("alice", "list all").await).join("");
    assert!(said.contains("none"), "{said}");
    world.until("its card", async || (world.cards().len() == 1).then_some(())).await;
    world.finish(Left::default()).await;
}
