use argus_bot_sdk::Router;
use argus_bot_sdk::invoke::{Invoked, TabFetch, TaskFetch, TaskResponse};

async fn open(Invoked(_asked): Invoked<TabFetch>) -> TaskResponse {
    TaskResponse::close()
}

pub fn router() -> Router {
    Router::new().on(TaskFetch, open)
}
