//! A connection in between that can be cut, at once or while a transaction commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Where the next connection that commits is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The server never hears of the commit.
    BeforeCommit = 1,
    /// The server commits, and nobody hears of it.
    AfterCommit = 2,
}

#[derive(Debug)]
struct Shared {
    /// Counts up when all connections are cut.
    all: watch::Sender<u64>,
    next: AtomicU8,
    cuts: AtomicU64,
}

/// A proxy on a port of its own.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) port: u16,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    pub(super) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let (all, _) = watch::channel(0);
        let shared = Arc::new(Shared { all, next: AtomicU8::new(0), cuts: AtomicU64::new(0) });
        let mut accepting = JoinSet::new();
        let state = Arc::clone(&shared);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, port, Arc::clone(&state)));
            }
        });
        Self { port: own, shared, _accepting: accepting }
    }

    /// Cuts every connection.
    pub(super) fn cut_all(&self) {
        self.shared.all.send_modify(|times| *times += 1);
    }

    /// Cuts the next connection that commits.
    pub(super) fn cut_next(&self, cut: Cut) {
        self.shared.next.store(cut as u8, Ordering::SeqCst);
    }

    /// Connections that were cut.
    pub(super) fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

async fn carry(mut client: TcpStream, port: u16, shared: Arc<Shared>) {
    let mut all = shared.all.subscribe();
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            _ = all.changed() => break,
            read = client.read(&mut up) => {
                let Ok(read @ 1..) = read else { return };
                let commits = up[..read].windows(7).any(|it| it == b"COMMIT\0");
                let cut = if commits { shared.next.swap(0, Ordering::SeqCst) } else { 0 };
                if cut == Cut::BeforeCommit as u8 {
                    break;
                }
                if server.write_all(&up[..read]).await.is_err() {
                    return;
                }
                if cut == Cut::AfterCommit as u8 {
                    // The server answers when it is done, and the answer goes nowhere.
                    drop(server.read(&mut down).await);
                    break;
                }
            }
            read = server.read(&mut down) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&down[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
    shared.cuts.fetch_add(1, Ordering::SeqCst);
}
