use argus_bot_sdk::Router;

async fn echo(times: u32) -> String {
    "hello".repeat(times as usize)
}

pub fn router() -> Router {
    Router::new().message(echo)
}
