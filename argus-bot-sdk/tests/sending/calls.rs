//! Each call of the Connector, with its good and its bad answers.

use std::error::Error as _;

use argus_bot_sdk::connector::{
    Batch, Call, FileUpload, Files, Guarantee, MeetingNotification, Meetings, NewConversation,
    Reactions, Roster, SendErrorKind, Talk, Teams, UploadInfo, quote,
};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::wire::{FakeResponse, FakeServer};
use argus_bot_sdk::testing::{Life, Person, TENANT};
use argus_bot_sdk::{Account, Activity, Connector, ErrorKind};
use serde_json::{Value, json};

use super::world::World;

fn hello() -> Activity {
    Activity::message("hello")
}

#[tokio::test]
async fn a_thread_is_begun_and_answered_in() {
    let world = World::new().await;
    let channel = world.channel();
    let new = NewConversation::channel_thread(&channel.conversation_id, hello());
    let made = world.connector.create_conversation(&channel.service_url, &new).await.unwrap();
    let root = made.activity_id.unwrap();
    assert_eq!(made.id, channel.thread(&root).conversation_id);

    let thread = channel.thread(&root);
    let first = world.connector.send(&thread, &hello()).await.unwrap();
    world.connector.reply(&channel, &first.activity_id.unwrap(), &hello()).await.unwrap();
    let shown = world.teams.snapshot(&channel.conversation_id).unwrap().activities;
    assert_eq!(shown.len(), 3);
    assert!(shown.iter().all(|it| it.thread.as_deref() == Some(root.as_str())), "{shown:?}");
    assert!(first.correlation.is_some(), "the MS-CV is kept");
}

#[tokio::test]
async fn only_two_shapes_of_conversation_are_begun() {
    let world = World::new().await;
    let url = world.teams.service_url();
    let create = async |new: NewConversation| {
        world.connector.create_conversation(&url, &new).await.map(|made| made.id)
    };
    let alice = || Account::new(&world.alice.id);
    let chat = create(NewConversation::personal(alice(), TENANT)).await.unwrap();
    assert_eq!(chat, create(NewConversation::personal(alice(), TENANT)).await.unwrap());

    let before = world.teams.faults().effects("teams", "create_conversation", &chat);
    let mut group = NewConversation::personal(alice(), TENANT);
    group.members.push(Account::new("29:ben"));
    let mut silent = NewConversation::channel_thread("19:a@thread.tacv2", hello());
    silent.activity = None;
    let by_name = NewConversation::personal(Account::new("ana@example.com"), TENANT);
    let nowhere = NewConversation::personal(alice(), TENANT);
    let nowhere = { NewConversation::default().tap(|it| it.members = nowhere.members) };
    for (new, why) in [
        (group, "a bot cannot start a group chat: name one person, or a channel"),
        (silent, "a thread needs a first message"),
        (by_name, "a person is named by the id that begins 29:"),
        (nowhere, "a chat needs the person's tenant"),
    ] {
        let refused = create(new).await.unwrap_err();
        assert_eq!((refused.kind(), refused.status()), (SendErrorKind::Refused, None));
        assert_eq!(refused.source().unwrap().to_string(), why);
    }
    let after = world.teams.faults().effects("teams", "create_conversation", &chat);
    assert_eq!(before, after, "Teams was asked");
}

trait Tap: Sized {
    fn tap(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}
impl Tap for NewConversation {}

#[tokio::test]
async fn members_come_in_pages() {
    let world = World::new().await;
    let people = (0..1_203).map(|n| Person::new(format!("Person {n}")));
    let channel = world.at(&world.teams.channel("Everybody", people));
    let roster = Roster::new(&world.connector, &channel);
    assert_eq!(roster.all_members().await.unwrap().len(), 1_203);
    let small = roster.page_size(7);
    let first = small.page(None).await.unwrap();
    assert_eq!(first.members.len(), 50, "Teams gives no fewer");
    let second = small.page(first.continuation_token.as_deref()).await.unwrap();
    assert_eq!(second.members[0].name.as_deref(), Some("Person 50"));
    let refused = small.page(Some("not a token")).await.unwrap_err();
    assert_eq!(refused.status(), Some(403));

    let one = small.member(&first.members[3].id).await.unwrap();
    assert_eq!(one, first.members[3]);
    assert_eq!(small.member(one.aad_object_id.as_deref().unwrap()).await.unwrap(), one);
    let nobody = small.member("29:nobody").await.unwrap_err();
    assert_eq!(nobody.code(), Some("MemberNotFoundInConversation"));
    let sent = world.connector.send(&channel, &hello()).await.unwrap().activity_id.unwrap();
    assert_eq!(small.activity_members(&sent).await.unwrap().len(), 1_203);
    assert!(!format!("{one:?}").contains("Person"), "names are not for logs");
}

#[tokio::test]
async fn a_page_that_fails_ends_the_walk() {
    let world = World::new().await;
    let people = (0..120).map(|n| Person::new(format!("Person {n}")));
    let channel = world.at(&world.teams.channel("Everybody", people));
    world.teams.set_life(&channel.conversation_id, Life::BotRemoved);
    let failed = Roster::new(&world.connector, &channel).all_members().await.unwrap_err();
    assert_eq!(failed.kind(), SendErrorKind::Dormant);
}

#[tokio::test]
async fn teams_and_channels() {
    let world = World::new().await;
    let channel = world.channel();
    let teams = Teams::new(&world.connector, &channel.service_url);
    let team = teams.details(&channel.conversation_id).await.unwrap();
    assert_eq!((team.name.as_deref(), team.member_count), (Some("SOC alerts"), Some(2)));
    let channels = teams.channels(&channel.conversation_id).await.unwrap();
    assert_eq!((channels.len(), &channels[0].name), (1, &None));
    let chat = world.chat();
    assert_eq!(teams.details(&chat.conversation_id).await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn meetings_and_who_was_not_reached() {
    let world = World::new().await;
    let id = world.teams.meeting("War room", [world.alice.clone(), Person::new("Ben Cole")]);
    let url = world.teams.service_url();
    let meetings = Meetings::new(&world.connector, &url);
    assert_eq!(meetings.details(&id).await.unwrap().details.title.as_deref(), Some("War room"));
    let alice = meetings.participant(&id, &world.alice.object_id, TENANT).await.unwrap();
    assert_eq!((alice.role(), alice.is_in_meeting()), (Some("Organizer"), true));
    assert_eq!(meetings.participant(&id, "x", TENANT).await.unwrap_err().status(), Some(404));

    let all = MeetingNotification::to([world.alice.id.as_str()]).tab_icon(None);
    assert_eq!(meetings.notify(&id, &all).await.unwrap(), []);
    let some = MeetingNotification::to([world.alice.id.as_str(), "29:x"]).stage("t", "https://x/");
    let missed = meetings.notify(&id, &some).await.unwrap();
    assert_eq!((missed.len(), missed[0].error_code.as_str()), (1, "BadArgument"));
    let none = MeetingNotification::to([]);
    assert_eq!(meetings.notify(&id, &none).await.unwrap_err().status(), Some(400));
}

#[tokio::test]
async fn reactions_come_and_go() {
    let world = World::new().await;
    let channel = world.channel();
    let said = world.teams.say(&channel.conversation_id, &world.alice, "look!").unwrap();
    let id = said["id"].as_str().unwrap();
    let reactions = Reactions::new(&world.connector, &channel);
    reactions.add(id, "heart").await.unwrap();
    reactions.add(id, "heart").await.unwrap();
    assert_eq!(world.teams.reactions(&channel.conversation_id, id), ["heart"]);
    reactions.remove(id, "heart").await.unwrap();
    assert!(world.teams.reactions(&channel.conversation_id, id).is_empty());
    assert_eq!(reactions.add("0", "heart").await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn a_targeted_message_is_for_one() {
    let world = World::new().await;
    let (channel, ben) = (world.channel(), Person::new("Ben Cole"));
    let talk = Talk::new(&world.connector, &channel).targeted();
    let note = |text: &str| Activity::message(text).to_one(Account::new(&world.alice.id));
    let id = talk.send(&note("only you")).await.unwrap().activity_id.unwrap();
    let seen = |person: &Person| -> Vec<Value> {
        let all = world.teams.messages_for(&channel.conversation_id, person);
        all.into_iter().map(|it| it["text"].clone()).collect()
    };
    assert_eq!((seen(&world.alice), seen(&ben)), (vec![json!("only you")], vec![]));
    talk.update(&id, &note("still only you")).await.unwrap();
    assert_eq!(seen(&world.alice), ["still only you"]);
    let plain = Talk::new(&world.connector, &channel);
    assert_eq!(plain.delete(&id).await.unwrap_err().status(), Some(404), "it is targeted");
    talk.delete(&id).await.unwrap();
    assert!(seen(&world.alice).is_empty());
    assert_eq!(talk.send(&hello()).await.unwrap_err().code(), Some("BadArgument"));
}

#[tokio::test]
async fn a_quote_names_what_it_quotes() {
    let world = World::new().await;
    let chat = world.chat();
    let said = world.teams.say(&chat.conversation_id, &world.alice, "done?").unwrap();
    let id = said["id"].as_str().unwrap();
    world.connector.send(&chat, &quote(Activity::message("yes"), id)).await.unwrap();
    let answer = &world.teams.bot_messages(&chat.conversation_id)[0];
    assert_eq!(answer["text"], format!("<quoted messageId=\"{id}\"/> yes"));
    assert_eq!(answer["entities"][0]["quotedReply"]["messageId"], id);
    assert_eq!(quote(hello(), "\"><x").text.unwrap(), "<quoted messageId=\"&quot;>&lt;x\"/> hello");
}

#[tokio::test]
async fn a_batch_reaches_many_and_tells_whom_not() {
    let world = World::new().await;
    let (channel, url) = (world.channel(), world.teams.service_url());
    let batch = Batch::new(&world.connector, &url, TENANT);
    let done = batch.team(&hello(), &channel.conversation_id).await.unwrap();
    let state = batch.state(&done).await.unwrap();
    assert!(state.is_done());
    assert_eq!((state.total_entries_count, state.status_map["201"]), (Some(2), 2));
    batch.channels(&hello(), &[&channel.conversation_id]).await.unwrap();
    assert_eq!(world.teams.bot_messages(&channel.conversation_id).len(), 1);
    batch.tenant(&hello()).await.unwrap();
    assert_eq!(world.teams.bot_messages(&world.chat().conversation_id).len(), 2);

    let strangers: Vec<String> = (0..250).map(|n| format!("29:{n}")).collect();
    let strangers: Vec<&str> = strangers.iter().map(String::as_str).collect();
    let missed = batch.users(&hello(), &strangers).await.unwrap();
    assert_eq!(batch.failed(&missed).await.unwrap().len(), 250, "all pages");

    world.teams.hold_batches();
    let held = batch.users(&hello(), &[&world.alice.id]).await.unwrap();
    assert!(!batch.state(&held).await.unwrap().is_done());
    batch.cancel(&held).await.unwrap();
    world.teams.release_batches();
    assert_eq!(batch.state(&held).await.unwrap().state, "Canceled");
    assert_eq!(world.teams.bot_messages(&world.chat().conversation_id).len(), 2);
}

#[tokio::test]
async fn files_are_kept_and_uploaded() {
    let world = World::new().await;
    let chat = world.chat();
    let files = Files::new(&world.connector, &chat);
    let id = files.upload("a.png", "image/png", &[0, 159, 146, 150]).await.unwrap();
    assert_eq!(files.view(&id, "original").await.unwrap().as_ref(), [0, 159, 146, 150]);
    assert_eq!(files.view(&id, "thumbnail").await.unwrap_err().status(), Some(404));

    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&seen);
    let drive = FakeServer::start(move |request| {
        let range = request.header("content-range").unwrap_or_default().to_owned();
        assert!(request.bearer().is_none(), "a stranger got a token");
        log.lock().unwrap().push((range, request.body.len()));
        std::future::ready(FakeResponse::status(202))
    })
    .await
    .unwrap();
    let yes = json!({"action": "accept", "uploadInfo": {
        "uploadUrl": format!("{}/up", drive.url()), "name": "a.bin", "uniqueId": "7",
        "contentUrl": "https://contoso.sharepoint.com/a.bin", "fileType": "bin"}});
    let info = UploadInfo::accepted(&yes).unwrap();
    let strict = FileUpload::new().unwrap();
    let refused = strict.put(&info, "x".into()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    let content = vec![1; 3_300_000];
    strict.allowing_loopback().put(&info, content.into()).await.unwrap();
    let pieces = seen.lock().unwrap().clone();
    let first = ("bytes 0-3276799/3300000".to_owned(), 3_276_800);
    assert_eq!(pieces, [first, ("bytes 3276800-3299999/3300000".to_owned(), 23_200)]);
    let sent = world.connector.send(&chat, &info.message()).await.unwrap();
    assert!(sent.activity_id.is_some());
}

#[tokio::test]
async fn typing_and_nulls() {
    let world = World::new().await;
    let chat = world.chat();
    let sent = Talk::new(&world.connector, &chat).typing().await.unwrap();
    assert_eq!((sent.status, sent.activity_id), (202, None));
    let card = json!({"type": "AdaptiveCard", "fallbackText": null, "body": [null, {"id": null}]});
    world.connector.send(&chat, &Activity::card(card)).await.unwrap();
    let shown = &world.teams.bot_messages(&chat.conversation_id)[0]["attachments"][0]["content"];
    assert_eq!(*shown, json!({"type": "AdaptiveCard", "body": [null, {}]}));
}

#[tokio::test]
async fn who_wants_at_least_once_gets_it() {
    let world = World::new().await;
    let chat = world.chat();
    let count = || world.teams.bot_messages(&chat.conversation_id).len();
    let fault = |fault| world.teams.faults().push("teams", "send", fault);

    let chatty = Talk::new(&world.connector, &chat);
    fault(Fault::LoseResponse);
    assert_eq!(chatty.send(&hello()).await.unwrap_err().kind(), SendErrorKind::Ambiguous);
    assert_eq!(count(), 1, "not sent again");

    let alert = Talk::new(&world.connector, &chat).guarantee(Guarantee::AtLeastOnce);
    for (gone, copies) in
        [(Fault::LoseResponse, 2), (Fault::FailAfter(503), 2), (Fault::FailBefore(503), 1)]
    {
        let before = count();
        fault(gone);
        let sent = alert.send(&hello()).await.unwrap();
        assert!(sent.maybe_twice, "a repeat says that it may be one");
        assert_eq!(count() - before, copies);
    }
    // After a try that may have arrived, a clear refusal of the next one clears nothing up.
    fault(Fault::LoseResponse);
    fault(Fault::Status { code: 400, retry_after: None });
    assert_eq!(alert.send(&hello()).await.unwrap_err().kind(), SendErrorKind::Ambiguous);

    // What is certainly not delivered is sent again for everybody.
    let before = count();
    fault(Fault::Status { code: 412, retry_after: None });
    assert!(!chatty.send(&hello()).await.unwrap().maybe_twice);
    assert_eq!(count() - before, 1);
}

#[tokio::test]
async fn a_rendered_card_goes_out_as_it_is() {
    let world = World::new().await;
    let chat = world.chat();
    let card = |text: &str| format!(r#"{{"type":"AdaptiveCard","body":[],"fallbackText":{text}}}"#);
    let call = Call::send_rendered(&chat, card("\"one\"")).unwrap();
    let id = world.connector.perform(call).await.unwrap().sent().activity_id.unwrap();
    let shown = || {
        let shown = world.teams.snapshot(&chat.conversation_id).unwrap().activities;
        assert_eq!(shown.len(), 1);
        shown[0].activity.clone()
    };
    let first = shown();
    assert_eq!(first["attachments"][0]["content"]["fallbackText"], "one");
    assert_eq!(first["conversation"]["id"], chat.conversation_id, "each activity names its own");
    let call = Call::update_rendered(&chat, &id, card("null")).unwrap();
    world.connector.perform(call).await.unwrap();
    let content = &shown()["attachments"][0]["content"];
    assert_eq!(content.to_string(), r#"{"type":"AdaptiveCard","body":[]}"#, "without the null");
    for bad in ["[]", "", r#"{"a":1,"a":2}"#, "{} {}", "{\"a\":\"\u{0}\"}"] {
        let refused = Call::send_rendered(&chat, bad).unwrap_err();
        assert_eq!(refused.kind(), SendErrorKind::Refused, "{bad}");
    }
}
