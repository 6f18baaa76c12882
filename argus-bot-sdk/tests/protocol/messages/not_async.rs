use argus_bot_sdk::Router;
use argus_bot_sdk::extract::Text;

fn echo(Text(said): Text) -> String {
    said
}

pub fn router() -> Router {
    Router::new().message(echo)
}
