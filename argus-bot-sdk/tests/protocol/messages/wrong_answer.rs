use argus_bot_sdk::Router;
use argus_bot_sdk::invoke::{TabResponse, TaskFetch};

async fn open() -> TabResponse {
    TabResponse::cards([])
}

pub fn router() -> Router {
    Router::new().on(TaskFetch, open)
}
