//! One transaction: what it reads while it holds the chain, what it makes of the jobs, what it sends.
//!
//! Long because it is one transaction from its first statement to its commit, and what a commit means
//! rests on all of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::task::Poll;

use argus_soc::ledger::{Hash, Stored, Verifier};
use futures_util::future::{MaybeDone, maybe_done};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::super::load::{Loaded, Needs};
use super::super::wire::{Param, Session, Unreadable, references};
use super::super::{failed, is_of_the_data};
use super::{Answer, Job, Receipts};
use crate::adapters::tables::Cells as _;
use crate::adapters::tables::project::Projector;
use crate::adapters::tables::read;
use crate::adapters::tables::sealed::{Sealed, is_body};
use crate::ports::chain::Link;
use crate::ports::ledger::{Arrival, Batch, LedgerError, Receipt};

const RECORDS: &str = "INSERT INTO records (seq, prev, payload, hash, raw)
 SELECT * FROM unnest(?1, ?2, ?3, ?4, ?5)";
const IDS: &str = "INSERT INTO ids (id, seq) SELECT * FROM unnest(?1, ?2)";
const HEAD: &str = "UPDATE head SET seq = ?1, hash = ?2";

/// Jobs, and what the replica remembers of the chain.
pub(super) struct Group<'a> {
    pub(super) jobs: &'a [Job],
    /// The record up to which the replica knows the chain, with its hash.
    pub(super) known: (u64, Hash),
    pub(super) last_event: Option<u64>,
}

/// What was written.
pub(super) struct Written {
    pub(super) answers: Vec<Answer>,
    pub(super) known: (u64, Hash),
    pub(super) last_event: Option<u64>,
}

/// Why it was not.
#[derive(Debug)]
pub(super) enum Failed {
    /// Surely not written; it may be tried again.
    Again(String),
    /// The server refused what was sent; it would do so again.
    Refused(String),
    /// The chain on the server is not the one that was acknowledged.
    Damaged(String),
    /// Cut while committing: it is there if this record is, and then these are the answers.
    Unknown((u64, Hash), Vec<Answer>),
}

impl From<Failed> for LedgerError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Again(why) => Self::Unavailable(why),
            Failed::Refused(why) => Self::Refused(why),
            Failed::Damaged(why) => Self::Damaged(why),
            Failed::Unknown(..) => {
                Self::Unavailable("it is not known whether it is written".into())
            }
        }
    }
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_of_the_data(&error) {
            return Self::Refused(crate::chain::chain(&error));
        }
        Self::Again(failed(&error).to_string())
    }
}

impl From<Unreadable> for Failed {
    fn from(error: Unreadable) -> Self {
        Self::Damaged(crate::chain::chain(&error))
    }
}

/// Whether this record is in the chain, once no transaction holds the chain any more.
pub(super) async fn committed(session: &Session, last: (u64, Hash)) -> Result<bool, LedgerError> {
    let client = &session.client;
    let looked = async {
        client.batch_execute("BEGIN").await?;
        client.query_one("SELECT seq FROM head FOR UPDATE", &[]).await?;
        let seq = Param::whole(last.0);
        let found = client.query_opt("SELECT hash FROM records WHERE seq = $1", &[&seq]).await?;
        client.batch_execute("ROLLBACK").await?;
        Ok::<_, tokio_postgres::Error>(found)
    };
    let found = looked.await.map_err(|error| failed(&error))?;
    Ok(found.is_some_and(|row| row.get::<_, &[u8]>(0) == last.1.as_bytes()))
}

/// Writes a group in one transaction.
pub(super) async fn transact(
    session: &Session,
    group: Group<'_>,
    replica: &str,
) -> Result<Written, Failed> {
    let mut draft = begin(session, group.jobs, group.known).await?;
    draft.last_event = group.last_event.filter(|_| draft.seq == group.known.0);
    let answers = group.jobs.iter().map(|job| draft.job(job)).collect();
    let (known, last_event) = ((draft.seq, draft.head), draft.last_event);
    if draft.records.is_empty() && draft.loaded.changes.is_empty() {
        session.client.batch_execute("ROLLBACK").await?;
        return Ok(Written { answers, known, last_event });
    }
    match draft.send(session, replica).await {
        Ok(()) => Ok(Written { answers, known, last_event }),
        // Of a connection that is cut nobody knows how far it came.
        Err(error) if error.is_closed() || error.code().is_none() || is_shutdown(&error) => {
            Err(Failed::Unknown(known, answers))
        }
        Err(error) => Err(error.into()),
    }
}

fn is_shutdown(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code)
    })
}

/// Whether the chain still has the record up to which the replica knows it. A server that was promoted
/// without its last commits has another one there, or none, however long its chain is by now.
fn check_known((seq, hash): (u64, Hash), end: u64, stored: Option<&Row>) -> Result<(), Failed> {
    let stored = stored.map(|row| row.bytes(0)).transpose()?;
    if seq == 0 || stored == Some(hash.as_bytes()) {
        return Ok(());
    }
    Err(Failed::Damaged(format!(
        "record {seq} was acknowledged and is not in the chain, which ends at record {end}: its end is \
         gone, perhaps with a server that was promoted without it"
    )))
}

/// Takes the chain and reads what the jobs need to know, in one round trip.
async fn begin<'a>(
    session: &Session,
    jobs: &'a [Job],
    known: (u64, Hash),
) -> Result<Draft<'a>, Failed> {
    let mut needs = Needs::default();
    let mut claims = BTreeSet::new();
    for job in jobs {
        match job {
            Job::Receive(sealed, _) => sealed.iter().for_each(|it| needs.event(it)),
            Job::Append(batch, _, _) => {
                batch.expect.keys().for_each(|stream| needs.stream(stream));
                batch.facts.iter().for_each(|fact| needs.fact(fact));
                claims.extend(batch.claim.iter().map(|claim| claim.name.clone()));
            }
            Job::Import(links, _) => {
                let facts = links.iter().filter_map(|link| link.fact().ok());
                facts.for_each(|fact| needs.fact(&fact));
            }
        }
    }
    let (kinds, keys) = needs.documents.into_iter().unzip();
    let ids: Vec<Option<Vec<u8>>> = needs.ids.into_iter().map(Some).collect();
    let asks = [
        ("SELECT seq, hash FROM head FOR UPDATE", vec![]),
        (
            "SELECT i.id, i.seq, e.seq IS NOT NULL FROM ids i LEFT JOIN events e ON e.seq = i.seq
             WHERE i.id = ANY (?1)",
            vec![Param::Blobs(ids)],
        ),
        (
            "SELECT state FROM incidents WHERE key = ANY (?1)",
            vec![Param::Texts(needs.incidents.into_iter().collect())],
        ),
        (
            "SELECT d.kind, d.key, d.version, d.body FROM documents d
             JOIN unnest(?1, ?2) AS asked (kind, key) ON d.kind = asked.kind AND d.key = asked.key",
            vec![Param::Texts(kinds), Param::Texts(keys)],
        ),
        (
            "SELECT lease, holder FROM leases WHERE lease = ANY (?1)",
            vec![Param::Texts(needs.leases.into_iter().collect())],
        ),
        (
            // Nobody takes a claim over until what stands on it is written. Whoever claims holds
            // nothing else meanwhile, so the two cannot wait for each other.
            "SELECT name, holder, fence FROM claims WHERE name = ANY (?1) ORDER BY name FOR SHARE",
            vec![Param::Texts(claims.into_iter().collect())],
        ),
        ("SELECT hash FROM records WHERE seq = ?1", vec![Param::whole(known.0)]),
    ];
    // Only questions that ask for something are asked; the first one takes the chain.
    let asked = |values: &[Param]| {
        !matches!(values, [Param::Texts(all), ..] if all.is_empty())
            && !matches!(values, [Param::Blobs(all)] if all.is_empty())
    };
    let mut statements = Vec::new();
    for (sql, values) in &asks {
        statements.push(session.prepare(sql, values).await?);
    }
    let mut begun = Box::pin(maybe_done(session.client.batch_execute("BEGIN")));
    start(begun.as_mut()).await;
    let answers: Vec<_> = asks
        .iter()
        .zip(&statements)
        .filter(|((_, values), _)| asked(values))
        .map(|((_, values), statement)| {
            let client = &session.client;
            async move { client.query(statement, &references(values)).await }
        })
        .collect();
    let mut rows = in_order(answers).await?.into_iter();
    begun.as_mut().await;
    begun.as_mut().take_output().unwrap_or(Ok(()))?;
    let mut answered = asks
        .iter()
        .map(|(_, values)| if asked(values) { rows.next() } else { None }.unwrap_or_default());
    let [head, ids, incidents, documents, leases, claims, stored] =
        std::array::from_fn(|_| answered.next().unwrap_or_default());
    let head = head.first().ok_or_else(|| Failed::Damaged("the table head is empty".into()))?;
    let mut draft = Draft {
        seq: head.whole(0)?,
        head: Hash::from_slice(head.bytes(1)?)
            .ok_or_else(|| Failed::Damaged("the table head has no hash".into()))?,
        last_event: None,
        loaded: loaded(&ids, &incidents, &documents, &leases)?,
        claims: BTreeMap::new(),
        repeats: HashMap::new(),
        records: Vec::new(),
        told: BTreeSet::new(),
        sends: Vec::new(),
    };
    check_known(known, draft.seq, stored.first())?;
    for row in &claims {
        draft.claims.insert(row.text(0)?, (row.text(1)?, row.whole(2)?));
    }
    draft.read_repeats(session, jobs).await?;
    Ok(draft)
}

fn loaded(
    ids: &[Row],
    incidents: &[Row],
    documents: &[Row],
    leases: &[Row],
) -> Result<Loaded, Unreadable> {
    let mut loaded = Loaded::default();
    for row in ids {
        loaded.ids.insert(row.bytes(0)?.to_vec(), row.whole(1)?);
        if row.truth(2)? {
            loaded.placed.insert(row.whole(1)?);
        }
    }
    for row in incidents {
        let incident = read::incident(row)?;
        loaded.incidents.insert(incident.key.clone(), incident);
    }
    for row in documents {
        loaded
            .documents
            .insert((row.text(0)?, row.text(1)?), (row.whole(2)?, row.bytes(3)?.to_vec()));
    }
    for row in leases {
        loaded.leases.insert(row.text(0)?, row.text(1)?);
    }
    Ok(loaded)
}

/// A record that is to be written.
struct New<'a> {
    seq: u64,
    prev: Hash,
    payload: &'a [u8],
    hash: Hash,
    raw: Option<&'a [u8]>,
    event_id: Uuid,
}

/// The transaction in the making.
struct Draft<'a> {
    seq: u64,
    head: Hash,
    last_event: Option<u64>,
    loaded: Loaded,
    /// Who holds each claim, and its fence.
    claims: BTreeMap<String, (String, u64)>,
    /// Events that were there before: their ids, the digests of their bodies, and these.
    repeats: HashMap<u64, (Uuid, String, Vec<u8>)>,
    records: Vec<New<'a>>,
    /// What the other replicas are told.
    told: BTreeSet<char>,
    /// Conversations to which something was sent.
    sends: Vec<String>,
}

impl<'a> Draft<'a> {
    /// Reads the events that came before under the same names, if there are any.
    async fn read_repeats(&mut self, session: &Session, jobs: &[Job]) -> Result<(), Failed> {
        let mut places: BTreeSet<u64> = BTreeSet::new();
        for job in jobs {
            let Job::Receive(sealed, _) = job else { continue };
            for sealed in sealed {
                let names = names(sealed);
                places.extend(names.iter().filter_map(|name| self.loaded.ids.get(name)).copied());
            }
        }
        if places.is_empty() {
            return Ok(());
        }
        let places = places.into_iter().map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let values = vec![Param::Wholes(places.collect())];
        let sql = "SELECT seq, payload, raw FROM records WHERE seq = ANY (?1)";
        for row in session.query(sql, values).await? {
            let event = read::received(&row, 1)?;
            let earlier = (event.event_id, event.raw_sha256, row.bytes(2)?.to_vec());
            self.repeats.insert(row.whole(0)?, earlier);
        }
        Ok(())
    }

    fn job(&mut self, job: &'a Job) -> Answer {
        match job {
            Job::Receive(sealed, _) => Answer::Receipts(self.receive_all(sealed)),
            Job::Append(batch, payloads, _) => {
                Answer::Done(self.whole(|draft| draft.append(batch, payloads)))
            }
            Job::Import(links, _) => Answer::Done(self.whole(|draft| draft.import(links))),
        }
    }

    fn receive_all(&mut self, sealed: &'a [Sealed]) -> Result<Receipts, LedgerError> {
        // The keys of a delivery are one name: all new, or all old with the same bytes.
        let (mut known, mut new) = (false, false);
        for sealed in sealed {
            let Some(key) = &sealed.key else { continue };
            match self.loaded.ids.get(key.as_bytes()).copied() {
                Some(seq) => {
                    self.repeat(seq, &sealed.arrival)?;
                    known = true;
                }
                None => new = true,
            }
        }
        if known && new {
            return Err(LedgerError::KeyReused);
        }
        Ok(sealed.iter().map(|sealed| self.receive(sealed)).collect())
    }

    fn receive(&mut self, sealed: &'a Sealed) -> Result<Receipt, LedgerError> {
        use crate::adapters::tables::Tables as _;
        let arrival = &sealed.arrival;
        let earlier = names(sealed).iter().find_map(|name| self.loaded.ids.get(name).copied());
        if let Some(seq) = earlier {
            return self.repeat(seq, arrival);
        }
        let event_id = arrival.event_id;
        let seq = self.record(sealed.payload.as_bytes(), Some(&arrival.raw), event_id);
        self.loaded.mark();
        let Ok(_is_new) = self.loaded.received(seq, event_id, sealed.key.as_deref());
        self.told.insert('e');
        let after = self.last_event.replace(seq);
        Ok(Receipt { seq, event_id, duplicate: false, after })
    }

    fn repeat(&self, seq: u64, arrival: &Arrival) -> Result<Receipt, LedgerError> {
        let new = || self.records.iter().find(|new| new.seq == seq);
        let old = self.repeats.get(&seq).map(|(id, sha256, raw)| (*id, sha256.as_str(), &**raw));
        let known =
            old.or_else(|| new().map(|new| (new.event_id, "", new.raw.unwrap_or_default())));
        let (event_id, sha256, raw) = known.ok_or_else(|| {
            LedgerError::Damaged(format!("record {seq} is no event, but has an id"))
        })?;
        if !is_body(raw, sha256, &arrival.raw) {
            return Err(LedgerError::KeyReused);
        }
        Ok(Receipt { seq, event_id, duplicate: true, after: None })
    }

    /// Does a job whole, or not at all.
    fn whole(
        &mut self,
        job: impl FnOnce(&mut Self) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let (seq, head, last_event) = (self.seq, self.head, self.last_event);
        let (records, sends, mark) = (self.records.len(), self.sends.len(), self.loaded.mark());
        let done = job(self);
        if done.is_err() {
            self.loaded.undo(mark);
            self.records.truncate(records);
            self.sends.truncate(sends);
            (self.seq, self.head, self.last_event) = (seq, head, last_event);
        }
        done
    }

    fn append(&mut self, batch: &'a Batch, payloads: &'a [String]) -> Result<(), LedgerError> {
        for (stream, &expected) in &batch.expect {
            if self.loaded.version(stream) != expected {
                return Err(LedgerError::Conflict { stream: stream.clone() });
            }
        }
        if let Some(claim) = &batch.claim {
            let held = self.claims.get(&claim.name);
            if held.is_none_or(|(_, fence)| *fence != claim.fence) {
                let holder = held.map_or("nobody", |(holder, _)| holder).to_owned();
                return Err(LedgerError::Held { lease: claim.name.clone(), holder });
            }
        }
        let mut projector = Projector::default();
        for (fact, payload) in batch.facts.iter().zip(payloads) {
            let seq = self.record(payload.as_bytes(), None, Uuid::nil());
            let Ok(projected) = projector.fact(&mut self.loaded, seq, fact);
            projected?;
            self.tell(fact);
        }
        let Ok(finished) = projector.finish(&mut self.loaded);
        finished
    }

    fn import(&mut self, links: &'a [Link]) -> Result<(), LedgerError> {
        let mut verifier = Verifier::after(self.seq, self.head);
        let mut projector = Projector::default();
        for link in links {
            let stored: Stored<'_> = link.stored();
            verifier.check(&stored).map_err(|broken| LedgerError::Damaged(broken.to_string()))?;
            let fact = link.fact()?;
            let seq = self.record(&link.payload, link.raw.as_deref(), Uuid::nil());
            let Ok(projected) = projector.fact(&mut self.loaded, seq, &fact);
            projected?;
        }
        let Ok(finished) = projector.finish(&mut self.loaded);
        finished
    }

    fn record(&mut self, payload: &'a [u8], raw: Option<&'a [u8]>, event_id: Uuid) -> u64 {
        let (prev, seq) = (self.head, self.seq + 1);
        let hash = Hash::link(&prev, payload);
        self.records.push(New { seq, prev, payload, hash, raw, event_id });
        (self.seq, self.head) = (seq, hash);
        seq
    }

    /// Notes what a fact means to the other replicas.
    fn tell(&mut self, fact: &argus_soc::ledger::fact::Fact) {
        use argus_soc::ledger::fact::What;
        if let What::NoticeAttempted { conversation, .. }
        | What::NoticeDelivered { conversation, .. } = &fact.what
        {
            self.sends.push(conversation.clone());
        } else {
            self.told.insert('c');
        }
        if fact.what.run().is_some() {
            self.told.insert('r');
        }
    }

    /// Sends everything and commits, in one round trip.
    async fn send(self, session: &Session, replica: &str) -> Result<(), tokio_postgres::Error> {
        let told: String = self.told.iter().collect();
        let mut sends = Vec::new();
        if !self.records.is_empty() {
            let wholes = self.records.iter().map(|it| i64::try_from(it.seq).unwrap_or(i64::MAX));
            let blobs = |part: fn(&New<'_>) -> Option<Vec<u8>>| {
                Param::Blobs(self.records.iter().map(part).collect())
            };
            sends.push((
                RECORDS,
                vec![
                    Param::Wholes(wholes.collect()),
                    blobs(|it| Some(it.prev.as_bytes().to_vec())),
                    blobs(|it| Some(it.payload.to_vec())),
                    blobs(|it| Some(it.hash.as_bytes().to_vec())),
                    blobs(|it| it.raw.map(<[u8]>::to_vec)),
                ],
            ));
            let head = Param::Bytes(self.head.as_bytes().to_vec());
            sends.push((HEAD, vec![Param::whole(self.seq), head]));
        }
        if !self.loaded.filed.is_empty() {
            let (ids, seqs): (Vec<_>, Vec<_>) = self.loaded.filed.into_iter().unzip();
            let seqs = seqs.into_iter().map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
            let ids = ids.into_iter().map(Some).collect();
            sends.push((IDS, vec![Param::Blobs(ids), Param::Wholes(seqs.collect())]));
        }
        sends.extend(self.loaded.changes.into_iter().map(|change| (change.sql, change.values)));
        if !self.sends.is_empty() {
            let sql = "INSERT INTO sends (conversation) SELECT unnest(?1)";
            sends.push((sql, vec![Param::Texts(self.sends)]));
        }
        if !told.is_empty() {
            let payload = Param::Text(Some(format!("{told} {replica}")));
            sends.push(("SELECT pg_notify('argus', ?1)", vec![payload]));
        }
        let mut statements = HashMap::new();
        for (sql, values) in &sends {
            if !statements.contains_key(sql) {
                statements.insert(*sql, session.prepare(sql, values).await?);
            }
        }
        let running: Vec<_> = sends
            .iter()
            .filter_map(|(sql, values)| Some((statements.get(sql)?, values)))
            .map(|(statement, values)| async move {
                session.client.execute(statement, &references(values)).await
            })
            .collect();
        let commit = session.client.batch_execute("COMMIT");
        committed_in_order(running, commit).await
    }
}

/// The names under which an event may have come before: its key, and its id.
fn names(sealed: &Sealed) -> Vec<Vec<u8>> {
    let key = sealed.key.as_ref().map(|key| key.as_bytes().to_vec());
    key.into_iter().chain([sealed.arrival.event_id.as_bytes().to_vec()]).collect()
}

impl Needs {
    fn event(&mut self, sealed: &Sealed) {
        self.ids.extend(names(sealed));
    }
}

/// Begins a future: what it sends is sent.
async fn start<F: Future>(mut future: Pin<&mut F>) {
    std::future::poll_fn(|context| {
        // Whether it is ready is asked again when it is waited for.
        drop(future.as_mut().poll(context));
        Poll::Ready(())
    })
    .await;
}

type Waiting<F> = Vec<Pin<Box<MaybeDone<F>>>>;

/// Begins all in their order, so that the server gets them one behind the other without a pause.
async fn begun<F: Future>(futures: Vec<F>) -> Waiting<F> {
    let mut waiting = Vec::with_capacity(futures.len());
    for future in futures {
        let mut future = Box::pin(maybe_done(future));
        start(future.as_mut()).await;
        waiting.push(future);
    }
    waiting
}

/// Waits for all; the first error ends it.
async fn ended<T, F>(waiting: Waiting<F>) -> Result<Vec<T>, tokio_postgres::Error>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
{
    let mut done = Vec::with_capacity(waiting.len());
    for mut future in waiting {
        future.as_mut().await;
        if let Some(output) = future.as_mut().take_output() {
            done.push(output?);
        }
    }
    Ok(done)
}

async fn in_order<T, F>(futures: Vec<F>) -> Result<Vec<T>, tokio_postgres::Error>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
{
    ended(begun(futures).await).await
}

/// A commit says nothing of a transaction that failed before it, so what came before is asked first.
async fn committed_in_order<F>(
    futures: Vec<F>,
    commit: impl Future<Output = Result<(), tokio_postgres::Error>>,
) -> Result<(), tokio_postgres::Error>
where
    F: Future<Output = Result<u64, tokio_postgres::Error>>,
{
    let waiting = begun(futures).await;
    let mut commit = Box::pin(maybe_done(commit));
    start(commit.as_mut()).await;
    ended(waiting).await?;
    commit.as_mut().await;
    commit.as_mut().take_output().unwrap_or(Ok(()))
}
