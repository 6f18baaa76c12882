use argus_bot_sdk::Activity;
use argus_bot_sdk::auth::Verified;

fn handle(_activity: &Verified<Activity>) {}

pub fn forge(stranger: Activity) {
    handle(&stranger);
}
