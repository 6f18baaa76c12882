use argus_bot_sdk::Router;

async fn isolate() -> String {
    "done".to_owned()
}

pub fn router() -> Router {
    Router::new().action("isolate", isolate)
}
