//! Answers that replicas share in Redis. Whatever goes wrong is a miss: a cache is no truth.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_bot_sdk::auth::Secret;
use argus_soc::enrich::breaker::{Breaker, Pass, Rules};
use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use url::Url;

use crate::ports::knowledge::Shared;

/// How long a miss may take: an alert waits for it.
const WITHIN: Duration = Duration::from_millis(100);
/// Largest answer that is taken, in bytes.
const LARGEST: usize = 64 << 10;
/// A Redis that fails is left alone sooner than a source: asking the source itself costs little more.
const RULES: Rules = Rules { failures: 3, pause_ms: 5_000, longest_ms: 60_000 };

/// Redis.
pub struct Redis {
    connection: ConnectionManager,
    breaker: Mutex<Breaker>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

impl Redis {
    /// The Redis at `redis://HOST:PORT/DB`, with `USER:PASSWORD` or a password. It is connected to
    /// when it is first asked, inside a runtime.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(url: &str, login: Option<&Secret>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let mut url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        if url.password().is_some() {
            return Err("the address has a password; name it with redis_login".into());
        }
        if let Some(login) = login {
            let (user, password) = login.expose().split_once(':').unwrap_or(("", login.expose()));
            let set = url.set_username(user).and_then(|()| url.set_password(Some(password)));
            set.map_err(|()| format!("{url}: it takes no login"))?;
        }
        // An error may repeat the address, and the address has the password by now.
        let unusable = |_| "expected redis://HOST:PORT/DB or rediss://HOST:PORT/DB".to_owned();
        let client = redis::Client::open(url).map_err(unusable)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(WITHIN))
            .set_response_timeout(Some(WITHIN));
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(unusable)?;
        Ok(Self { connection, breaker: Mutex::new(Breaker::new(RULES)), clock })
    }

    /// Sends a command, unless Redis is left alone.
    async fn send<T: redis::FromRedisValue>(&self, command: redis::Cmd) -> Option<T> {
        let now = || self.clock.now().as_millisecond();
        if self.breaker().ask(now()) != Pass::Ask {
            return None;
        }
        let mut connection = self.connection.clone();
        let answered = tokio::time::timeout(WITHIN, command.query_async(&mut connection)).await;
        if let Ok(Ok(answer)) = answered {
            self.breaker().succeeded();
            return Some(answer);
        }
        self.breaker().failed(now(), None);
        tracing::debug!("the shared cache did not answer; the source itself is asked");
        None
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Shared for Redis {
    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut command = redis::cmd("GET");
        command.arg(key);
        let kept: Option<Vec<u8>> = self.send(command).await?;
        kept.filter(|it| it.len() <= LARGEST)
    }

    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration) {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(value).arg("EX").arg(keep.as_secs().max(1));
        // Kept or not, the answer is here.
        drop(self.send::<redis::Value>(command).await);
    }
}

#[cfg(test)]
mod tests {
    use argus_bot_sdk::SystemClock;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    /// A Redis that answers each command with what `answer` makes of it.
    async fn fake(answer: fn(&str) -> Option<&'static str>) -> (String, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("redis://{}/0", listener.local_addr().expect("an address"));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut bytes = vec![0; 4_096];
                while let Ok(read @ 1..) = socket.read(&mut bytes).await {
                    let asked = String::from_utf8_lossy(&bytes[..read]).to_uppercase();
                    // One answer to each command of a pipeline.
                    for command in asked.split('*').skip(1) {
                        let Some(answer) = answer(command) else { continue };
                        if socket.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
        (url, tasks)
    }

    fn redis(url: &str) -> Redis {
        Redis::new(url, None, Arc::new(SystemClock)).expect("an address")
    }

    #[tokio::test]
    async fn what_is_kept_is_found() {
        let (url, _tasks) =
            fake(|command| Some(if command.contains("GET") { "$2\r\nhi\r\n" } else { "+OK\r\n" }))
                .await;
        let redis = redis(&url);
        redis.put("key", b"hi".to_vec(), Duration::from_secs(9)).await;
        assert_eq!(redis.get("key").await.as_deref(), Some(b"hi".as_slice()));
    }

    #[tokio::test]
    async fn whatever_goes_wrong_is_a_miss() {
        for answer in [|_: &str| Some("-ERR broken\r\n"), |_: &str| None] {
            let (url, _tasks) = fake(answer).await;
            assert_eq!(redis(&url).get("key").await, None);
        }
        let gone = redis("redis://127.0.0.1:1/0");
        for _ in 0..4 {
            assert_eq!(gone.get("key").await, None);
        }
        assert!(matches!(gone.breaker().ask(gone.clock.now().as_millisecond()), Pass::Wait { .. }));
    }

    #[tokio::test]
    async fn a_password_in_the_address_is_refused_and_not_repeated() {
        let url = "redis://u:hunter2@127.0.0.1/0";
        let error = Redis::new(url, None, Arc::new(SystemClock)).expect_err("refused");
        assert!(error.contains("redis_login") && !error.contains("hunter2"), "{error}");
    }
}
