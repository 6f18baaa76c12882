//! The one task of a replica that writes: takes what waits, one transaction, then answers all.
//!
//! The chain has one order over all replicas, so whoever appends holds the row `head`. A group costs
//! two round trips: one takes `head` and reads what the writes need to know, the other sends all
//! that is written and commits. Nothing is answered before the server has said that it is on disk.

mod group;

use std::time::Duration;

use argus_soc::ledger::Hash;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use self::group::{Failed, Group, committed, transact};
use super::connect::Target;
use super::unavailable;
use super::wire::Session;
use crate::adapters::tables::sealed::Sealed;
use crate::ports::ledger::{Batch, LedgerError, Receipt};

/// Jobs in one transaction at most.
const GROUP: usize = 512;
/// How long a write that is surely not there is tried again before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a sender waits for an answer while nobody knows whether its event is there.
const DOUBT: Duration = Duration::from_secs(8);
/// The wait between two tries to reach the server, at first and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What became of each event of a delivery.
pub(super) type Receipts = Vec<Result<Receipt, LedgerError>>;

type Reply<T> = oneshot::Sender<Result<T, LedgerError>>;

/// What the writer is asked. A reply that is gone was given.
#[derive(Debug)]
pub(super) enum Job {
    /// The events of one delivery.
    Receive(Vec<Sealed>, Option<Reply<Receipts>>),
    /// Facts with their canonical payloads.
    Append(Batch, Vec<String>, Option<Reply<()>>),
    /// Records of another store, as they stand there.
    Import(Vec<crate::ports::chain::Link>, Option<Reply<()>>),
}

/// What a job came to, once it is on disk.
#[derive(Debug)]
pub(super) enum Answer {
    Receipts(Result<Receipts, LedgerError>),
    Done(Result<(), LedgerError>),
}

impl Job {
    fn answer(&mut self, answer: Answer) {
        // Whoever asked may be gone; what was written stays written.
        match (self, answer) {
            (Self::Receive(_, reply), Answer::Receipts(result)) => {
                drop(reply.take().map(|reply| reply.send(result)));
            }
            (Self::Append(_, _, reply) | Self::Import(_, reply), Answer::Done(result)) => {
                drop(reply.take().map(|reply| reply.send(result)));
            }
            _ => {}
        }
    }

    pub(super) fn refuse(&mut self, why: &LedgerError) {
        let again = || match why {
            LedgerError::Damaged(why) => LedgerError::Damaged(why.clone()),
            LedgerError::Refused(why) => LedgerError::Refused(why.clone()),
            other => unavailable(other.to_string()),
        };
        match self {
            Self::Receive(..) => self.answer(Answer::Receipts(Err(again()))),
            Self::Append(..) | Self::Import(..) => self.answer(Answer::Done(Err(again()))),
        }
    }

    fn brings_events(&self) -> bool {
        matches!(self, Self::Receive(..))
    }
}

/// What a replica knows of itself.
pub(super) struct Writer {
    pub(super) target: Target,
    /// Told with every commit, so that the others know who it was.
    pub(super) replica: String,
    pub(super) session: Option<Session>,
    /// The end of the chain as this replica left or saw it last.
    pub(super) known: (u64, Hash),
    /// The event that this replica wrote last, if nothing of others came after it.
    pub(super) last_event: Option<u64>,
    pub(super) broken: watch::Sender<Option<String>>,
}

impl Writer {
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(GROUP);
        while inbox.recv_many(&mut waiting, GROUP).await > 0 {
            self.commit(&mut waiting, &mut inbox).await;
            waiting.clear();
        }
    }

    /// Writes jobs and answers them. A job that cannot be written must not be the others' trouble,
    /// so if the server refuses the group, each is tried alone.
    async fn commit(&mut self, jobs: &mut [Job], inbox: &mut mpsc::Receiver<Job>) {
        let until = Instant::now() + PATIENCE;
        if let Err(error) = self.write(jobs, until, inbox).await {
            match error {
                Failed::Refused(_) if jobs.len() > 1 => {
                    for job in jobs {
                        if let Err(error) =
                            self.write(std::slice::from_mut(job), until, inbox).await
                        {
                            job.refuse(&error.into());
                        }
                    }
                }
                error => {
                    let error = error.into();
                    for job in jobs {
                        job.refuse(&error);
                    }
                }
            }
        }
    }

    /// Writes jobs in one transaction. An error means that nothing was written.
    async fn write(
        &mut self,
        jobs: &mut [Job],
        until: Instant,
        inbox: &mut mpsc::Receiver<Job>,
    ) -> Result<(), Failed> {
        loop {
            let session = self.session(until, inbox).await?;
            let group = Group { jobs, known: self.known, last_event: self.last_event };
            match transact(&session, group, &self.replica).await {
                Ok(written) => {
                    self.session = Some(session);
                    self.known = written.known;
                    self.last_event = written.last_event;
                    for (job, answer) in jobs.iter_mut().zip(written.answers) {
                        job.answer(answer);
                    }
                    return Ok(());
                }
                Err(Failed::Unknown(last, answers)) => {
                    drop(session);
                    if self.is_there(last, jobs, inbox).await {
                        (self.known, self.last_event) = (last, None);
                        for (job, answer) in jobs.iter_mut().zip(answers) {
                            job.answer(answer);
                        }
                        return Ok(());
                    }
                    if Instant::now() >= until {
                        return Err(Failed::Again("the connection was cut".into()));
                    }
                }
                Err(Failed::Again(why)) => {
                    tracing::warn!(why, "nothing was written; trying again");
                    if !session.client.is_closed() {
                        drop(session.client.batch_execute("ROLLBACK").await);
                        self.session = Some(session);
                    }
                    if Instant::now() >= until {
                        return Err(Failed::Again(why));
                    }
                    tokio::time::sleep(AGAIN.0).await;
                }
                Err(error) => {
                    if let Failed::Damaged(why) = &error {
                        self.broken.send_replace(Some(why.clone()));
                    }
                    if session.client.batch_execute("ROLLBACK").await.is_ok() {
                        self.session = Some(session);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// The session, or a new one. Whoever else wants to write meanwhile hears that it is not
    /// possible now.
    async fn session(
        &mut self,
        until: Instant,
        inbox: &mut mpsc::Receiver<Job>,
    ) -> Result<Session, Failed> {
        if let Some(session) = self.session.take().filter(|it| !it.client.is_closed()) {
            return Ok(session);
        }
        let mut pause = AGAIN.0;
        loop {
            match self.target.session().await {
                Ok(session) => return Ok(session),
                Err(LedgerError::Damaged(why)) => return Err(Failed::Damaged(why)),
                Err(error) if Instant::now() >= until => {
                    return Err(Failed::Again(error.to_string()));
                }
                Err(error) => {
                    tracing::warn!(why = error.to_string(), "the store cannot be reached now");
                    refuse_waiting(inbox, &error);
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(AGAIN.1);
        }
    }

    /// Whether the record `last` is in the chain. The connection was cut while it was committed,
    /// so only the chain knows, and only once the cut transaction has ended: whoever gets `head`
    /// knows that it has. This is asked until it is answered: nothing may be said before.
    async fn is_there(
        &mut self,
        last: (u64, Hash),
        jobs: &mut [Job],
        inbox: &mut mpsc::Receiver<Job>,
    ) -> bool {
        let (since, mut pause) = (Instant::now(), AGAIN.0);
        tracing::warn!(record = last.0, "the connection was cut while committing; looking for it");
        loop {
            let error = match self.target.session().await {
                Ok(session) => match committed(&session, last).await {
                    Ok(found) => {
                        self.session = Some(session);
                        tracing::info!(record = last.0, found, "the end of the commit is known");
                        return found;
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            refuse_waiting(inbox, &error);
            if since.elapsed() > DOUBT {
                // Its sender sends it again and hears then whether it was there.
                let doubt = unavailable("the store does not say whether it is written");
                jobs.iter_mut().filter(|job| job.brings_events()).for_each(|it| it.refuse(&doubt));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(AGAIN.1);
        }
    }
}

fn refuse_waiting(inbox: &mut mpsc::Receiver<Job>, why: &LedgerError) {
    while let Ok(mut job) = inbox.try_recv() {
        job.refuse(why);
    }
}
