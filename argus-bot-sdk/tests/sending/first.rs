//! Speaking first, in conversations that come and go.

use std::sync::Arc;

use argus_bot_sdk::connector::{Roster, SendErrorKind, Talk};
use argus_bot_sdk::outbox::{Draft, MemoryStore, Outbox, State, Worker};
use argus_bot_sdk::references::{
    MemoryReferences, Proactive, Reference, References as _, Standing,
};
use argus_bot_sdk::testing::{Life, TeamsLimits};
use argus_bot_sdk::{Activity, Clock, Connector, ConversationRef, SystemClock};
use serde_json::Value;

use super::world::World;

struct Scene {
    world: World,
    store: Arc<MemoryReferences>,
    bot: Proactive,
}

async fn scene() -> Scene {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let world = World::with(TeamsLimits::off(), Arc::clone(&clock)).await;
    let other = World::with(TeamsLimits::off(), clock).await;
    let connector: Arc<dyn Connector> = Arc::new(world.connector.ungoverned());
    let store = Arc::new(MemoryReferences::new());
    let gcc = world.teams.gcc_url();
    let bot = Proactive::new(connector, Arc::clone(&store) as _).gcc_url(gcc);
    Scene { world: World { connector: other.connector, ..world }, store, bot }
}

fn read(activity: &Value) -> Activity {
    serde_json::from_value(activity.clone()).unwrap()
}

impl Scene {
    async fn standing(&self, to: &ConversationRef) -> Option<Standing> {
        self.store.get(to.root_id()).await.unwrap().map(|it| it.standing)
    }

    fn calls(&self, to: &ConversationRef) -> usize {
        self.world.teams.bot_messages(&to.conversation_id).len()
    }
}

#[tokio::test]
async fn the_memory_store_keeps_its_promises() {
    argus_bot_sdk::references::suite::store(&MemoryReferences::new()).await.unwrap();
}

#[tokio::test]
async fn a_reference_lives_as_long_as_the_installation() {
    let scene = scene().await;
    let to = scene.world.channel();
    let (teams, alice) = (&scene.world.teams, &scene.world.alice);
    for activity in teams.install(&to.conversation_id, alice).unwrap() {
        scene.bot.observe(&read(&activity)).await.unwrap();
    }
    let kept = scene.store.get(&to.conversation_id).await.unwrap().unwrap();
    let json = serde_json::to_string(&kept).unwrap();
    assert!(json.starts_with(r#"{"v":1,"#), "{json}");
    let kept: Reference = serde_json::from_str(&json).unwrap();
    scene.bot.send(&kept.to, &Activity::message("first")).await.unwrap();

    let gone = teams.uninstall(&to.conversation_id, alice).unwrap();
    scene.bot.observe(&read(&gone)).await.unwrap();
    let refused = scene.bot.send(&kept.to, &Activity::message("x")).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.status()),
        (SendErrorKind::Dormant, None),
        "not even asked"
    );
    for activity in teams.install(&to.conversation_id, alice).unwrap() {
        scene.bot.observe(&read(&activity)).await.unwrap();
    }
    scene.bot.send(&kept.to.thread("1"), &Activity::message("again")).await.unwrap();
    assert_eq!(scene.calls(&to), 2);
}

#[tokio::test]
async fn each_refusal_is_remembered_until_somebody_speaks() {
    let scene = scene().await;
    let to = scene.world.chat();
    let (teams, alice) = (&scene.world.teams, &scene.world.alice);
    for (life, standing) in [
        (Life::BlockedByUser, Standing::Blocked),
        (Life::BotRemoved, Standing::Removed),
        (Life::BotDisabledByAdmin, Standing::Disabled),
        (Life::NotEnoughPermissions, Standing::NotAllowed),
        (Life::Gone, Standing::Gone),
    ] {
        teams.set_life(&to.conversation_id, life);
        let refused = Talk::new(&scene.bot, &to).send(&Activity::message("x")).await.unwrap_err();
        assert!(refused.status().is_some(), "Teams said so");
        assert_eq!(scene.standing(&to).await, Some(standing));
        let again = Roster::new(&scene.bot, &to).all_members().await.unwrap_err();
        assert_eq!((again.status(), again.code()), (None, refused.code()), "not asked again");

        teams.set_life(&to.conversation_id, Life::Active);
        let said = teams.say(&to.conversation_id, alice, "hello").unwrap();
        scene.bot.observe(&read(&said)).await.unwrap();
        assert_eq!(scene.standing(&to).await, Some(Standing::Installed));
        Talk::new(&scene.bot, &to).send(&Activity::message("x")).await.unwrap();
    }
}

#[tokio::test]
async fn a_government_tenant_is_found_once_and_for_all() {
    let scene = scene().await;
    let to = scene.world.chat();
    let teams = &scene.world.teams;
    teams.set_life(&to.conversation_id, Life::OnGccHost);
    scene.bot.send(&to, &Activity::message("found")).await.unwrap();
    let kept = scene.store.get(&to.conversation_id).await.unwrap().unwrap();
    assert_eq!(kept.to.service_url, teams.gcc_url());
    assert_eq!(kept.moved_from.as_deref(), Some(to.service_url.as_str()));
    Roster::new(&scene.bot, &to).all_members().await.unwrap();
    assert_eq!(scene.calls(&to), 1);

    // An activity that was on its way says the old host; it is not gone back to.
    let said = teams.say(&to.conversation_id, &scene.world.alice, "hello").unwrap();
    let still = scene.bot.observe(&read(&said)).await.unwrap().unwrap();
    assert_eq!(still.to.service_url, teams.gcc_url());
    // When that host says the same, nobody goes round in circles.
    let lost = scene.world.at("a:nowhere");
    assert_eq!(
        scene.bot.send(&lost, &Activity::message("x")).await.unwrap_err().kind(),
        SendErrorKind::Dormant
    );
}

#[tokio::test]
async fn the_outbox_hears_of_it_too() {
    let scene = scene().await;
    let to = scene.world.chat();
    scene.world.teams.set_life(&to.conversation_id, Life::BlockedByUser);
    let outbox = Outbox::open(Arc::new(MemoryStore::new())).await.unwrap();
    let put = async |text: &str| {
        outbox.put(Draft::send(to.clone(), Activity::message(text))).await.unwrap()
    };
    let (one, two) = (put("1").await, put("2").await);
    Worker::new(&outbox, &scene.bot).drain().await.unwrap();
    for ticket in [one, two] {
        assert!(matches!(outbox.state(ticket).await, Some(State::Dead { .. })));
    }
    assert_eq!(scene.standing(&to).await, Some(Standing::Blocked));
}

#[tokio::test]
async fn a_reference_of_a_later_bot_is_not_misread() {
    let later = r#"{"v":2,"to":{"serviceUrl":"https://x/","conversationId":"a:1"}}"#;
    let refused = serde_json::from_str::<Reference>(later).unwrap_err().to_string();
    assert!(refused.contains("newer than this bot"), "{refused}");
}
