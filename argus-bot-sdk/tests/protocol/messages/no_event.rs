use argus_bot_sdk::Router;
use argus_bot_sdk::extract::Text;

async fn began(Text(_said): Text) {}

pub fn router() -> Router {
    Router::new().on_event(began)
}
