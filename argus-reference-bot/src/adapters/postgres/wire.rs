//! Statements and rows on the wire.

use std::collections::HashMap;

use bytes::BytesMut;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Row, Statement};

use crate::adapters::tables::{Cells, Value};

/// A connection with what was prepared on it. Queries that are asked at once are pipelined.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    prepared: Mutex<HashMap<&'static str, Statement>>,
    /// Drives the connection; gone with the session.
    _driver: JoinSet<()>,
}

impl Session {
    pub(super) fn new(client: Client, driver: JoinSet<()>) -> Self {
        Self { client, prepared: Mutex::default(), _driver: driver }
    }

    /// The statement, prepared once for each connection.
    pub(super) async fn prepare(
        &self,
        sql: &'static str,
        values: &[Param],
    ) -> Result<Statement, Error> {
        let mut prepared = self.prepared.lock().await;
        if let Some(statement) = prepared.get(sql) {
            return Ok(statement.clone());
        }
        let types: Vec<Type> = values.iter().map(Param::kind).collect();
        let statement = self.client.prepare_typed(&sql.replace('?', "$"), &types).await?;
        prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    pub(super) async fn query(
        &self,
        sql: &'static str,
        values: Vec<Param>,
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql, &values).await?;
        self.client.query(&statement, &references(&values)).await
    }
}

/// Values as the client takes them.
pub(super) fn references(values: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A parameter that lives as long as its statement waits.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Param {
    Whole(i64),
    Truth(bool),
    Text(Option<String>),
    Bytes(Vec<u8>),
    Wholes(Vec<i64>),
    Texts(Vec<String>),
    Blobs(Vec<Option<Vec<u8>>>),
}

impl Param {
    pub(super) fn whole(number: u64) -> Self {
        Self::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(Some(plain(text)))
    }

    fn kind(&self) -> Type {
        match self {
            Self::Whole(_) => Type::INT8,
            Self::Truth(_) => Type::BOOL,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
            Self::Wholes(_) => Type::INT8_ARRAY,
            Self::Texts(_) => Type::TEXT_ARRAY,
            Self::Blobs(_) => Type::BYTEA_ARRAY,
        }
    }
}

/// PostgreSQL's text has no character zero, and an alert may have one. The record keeps it.
pub(super) fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl From<Value<'_>> for Param {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Whole(number) => Self::whole(number),
            Value::Time(time) => Self::Whole(time),
            Value::Truth(truth) => Self::Truth(truth),
            Value::Text(text) => Self::text(text),
            Value::MaybeText(text) => Self::Text(text.map(plain)),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl ToSql for Param {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Whole(value) => value.to_sql(kind, out),
            Self::Truth(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Bytes(value) => value.to_sql(kind, out),
            Self::Wholes(value) => value.to_sql(kind, out),
            Self::Texts(value) => value.to_sql(kind, out),
            Self::Blobs(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Statements are prepared with the types that the parameters have.
        true
    }

    to_sql_checked!();
}

/// Why a row cannot be read: it is not what this program writes.
#[derive(Debug, thiserror::Error)]
pub(in crate::adapters) enum Unreadable {
    /// Another type than expected, or nothing.
    #[error("column {0} is not what it should be")]
    Column(usize, #[source] Error),
    /// A number below zero.
    #[error("column {0} is below zero")]
    Negative(usize),
    /// JSON that does not say what it should.
    #[error("column {0} is unreadable")]
    Json(usize, #[source] serde_json::Error),
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, Unreadable> {
    row.try_get(at).map_err(|error| Unreadable::Column(at, error))
}

impl Cells for Row {
    type Error = Unreadable;

    fn whole(&self, at: usize) -> Result<u64, Unreadable> {
        u64::try_from(get::<i64>(self, at)?).map_err(|_| Unreadable::Negative(at))
    }

    fn time(&self, at: usize) -> Result<i64, Unreadable> {
        get(self, at)
    }

    fn truth(&self, at: usize) -> Result<bool, Unreadable> {
        Ok(get::<Option<bool>>(self, at)?.unwrap_or(false))
    }

    fn text(&self, at: usize) -> Result<String, Unreadable> {
        get(self, at)
    }

    fn maybe_text(&self, at: usize) -> Result<Option<String>, Unreadable> {
        get(self, at)
    }

    fn bytes(&self, at: usize) -> Result<&[u8], Unreadable> {
        get(self, at)
    }

    fn maybe_bytes(&self, at: usize) -> Result<Option<&[u8]>, Unreadable> {
        get(self, at)
    }

    fn wrong(&self, at: usize, why: serde_json::Error) -> Unreadable {
        Unreadable::Json(at, why)
    }
}
