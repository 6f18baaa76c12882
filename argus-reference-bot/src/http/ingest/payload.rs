//! The body: what its headers say, its bytes within bounds, unpacked within bounds.

use std::io::Read as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use argus_bot_sdk::server::{BodyError, body_timeout, read_body};
use argus_soc::event::Label;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{Extensions, HeaderMap};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::super::admission::{Pass, Shed};
use super::super::reply::Problem;

/// Longest idempotency key.
const LONGEST_KEY: usize = 255;
/// Logs pack to a tenth or a twentieth; what unpacks to more than this is made to.
const MOST_UNPACKED: usize = 100;
/// Up to so many bytes no ratio is suspicious: they cost nothing.
const HARMLESS: usize = 1 << 20;
/// Bytes that are unpacked before others get their turn.
const STEP: usize = 64 << 10;

/// What the headers say about the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) label: Label,
    pub(super) packed: bool,
    pub(super) key: Option<String>,
}

/// Why there is no body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unread {
    /// It was not sent as it should be.
    Body(BodyError),
    /// There is no room for it now.
    Shed(Shed),
    /// It does not unpack.
    NotGzip,
    /// It unpacks to more than anybody means.
    Bomb,
}

impl Said {
    /// Reads what matters of the headers.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let label = label(headers).ok_or_else(|| {
            let detail = "Send `Content-Type: application/json`, or `application/x-ndjson` for \
                          one event a line.";
            Problem::new(415, "not-json", detail)
        })?;
        let packed = is_packed(headers).ok_or_else(|| {
            let detail = "Send the body as it is, or with `Content-Encoding: gzip`.";
            Problem::new(415, "encoded", detail)
        })?;
        Ok(Self { label, packed, key: idempotency_key(headers)? })
    }
}

fn label(headers: &HeaderMap) -> Option<Label> {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return Some(Label::Json) };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/json-lines" => Some(Label::Lines),
        "application/json" => Some(Label::Json),
        kind if kind.ends_with("+json") => Some(Label::Json),
        _ => None,
    }
}

fn is_packed(headers: &HeaderMap) -> Option<bool> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let Some(encoding) = encodings.next() else { return Some(false) };
    let known = encoding.as_bytes().trim_ascii().to_ascii_lowercase();
    match (known.as_slice(), encodings.next()) {
        (b"identity" | b"", None) => Some(false),
        (b"gzip" | b"x-gzip", None) => Some(true),
        _ => None,
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    match (key.to_str(), keys.next()) {
        (Ok(key), None) if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.to_owned())),
        _ => {
            let detail = "One Idempotency-Key of 1 to 255 visible characters.";
            Err(Problem::new(400, "bad-key", detail))
        }
    }
}

/// Reads a body of at most `most` bytes; what is held of it counts from its first byte on.
pub(super) async fn read(
    body: &mut Incoming,
    most: usize,
    extensions: &Extensions,
    pass: &mut Pass,
) -> Result<Bytes, Unread> {
    let mut shed = None;
    let counted = Counted { body, pass, shed: &mut shed };
    let read = read_body(counted, most, body_timeout(extensions)).await;
    match (read, shed) {
        (_, Some(shed)) => Err(Unread::Shed(shed)),
        (read, None) => read.map_err(Unread::Body),
    }
}

/// A body whose bytes are carried on a pass as they come.
struct Counted<'a> {
    body: &'a mut Incoming,
    pass: &'a mut Pass,
    shed: &'a mut Option<Shed>,
}

impl Body for Counted<'_> {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        let this = &mut *self;
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return Poll::Ready(Some(Err(()))),
            None => return Poll::Ready(None),
        };
        let carried = this.pass.carry(frame.data_ref().map_or(0, Bytes::len));
        if let Err(shed) = carried {
            *this.shed = Some(shed);
            return Poll::Ready(Some(Err(())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Unpacks a body to at most `most` bytes, in steps, and never far beyond what it promises.
pub(super) async fn unpack(
    packed: &[u8],
    most: usize,
    carry: &mut (impl FnMut(usize) -> Result<(), Shed> + Send),
) -> Result<Bytes, Unread> {
    let suspicious = packed.len().saturating_mul(MOST_UNPACKED).max(HARMLESS);
    let mut reader = MultiGzDecoder::new(packed);
    let (mut all, mut step) = (Vec::new(), vec![0; STEP]);
    loop {
        let count = reader.read(&mut step).map_err(|_| Unread::NotGzip)?;
        let Some(part) = step.get(..count).filter(|part| !part.is_empty()) else { break };
        if all.len() + count > most {
            return Err(Unread::Body(BodyError::TooBig));
        }
        if all.len() + count > suspicious {
            return Err(Unread::Bomb);
        }
        carry(count).map_err(Unread::Shed)?;
        all.extend_from_slice(part);
        tokio::task::yield_now().await;
    }
    Ok(all.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    async fn unpacked(packed: &[u8], most: usize, room: usize) -> Result<usize, String> {
        let mut carried = 0;
        let mut carry = |bytes| {
            carried += bytes;
            if carried > room { Err(Shed::Busy) } else { Ok(()) }
        };
        let all = unpack(packed, most, &mut carry).await;
        all.map(|all| all.len()).map_err(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn bodies_unpack_within_bounds() {
        let mib = 1 << 20;
        let small = pack(b"{\"a\":1}");
        assert_eq!(unpacked(&small, mib, mib).await, Ok(7));
        let twice = [small.clone(), small.clone()].concat();
        assert_eq!(unpacked(&twice, mib, mib).await, Ok(14), "members follow each other");
        let check = async |packed: &[u8], most, room, why: &str| {
            assert_eq!(unpacked(packed, most, room).await, Err(why.to_owned()));
        };
        check(b"{}", mib, mib, "NotGzip").await;
        check(&small[..small.len() - 1], mib, mib, "NotGzip").await;
        check(&[&small[..], b"rest"].concat(), mib, mib, "NotGzip").await;
        let mut wrong = small.clone();
        *wrong.iter_mut().rev().nth(6).expect("a checksum") ^= 1;
        check(&wrong, mib, mib, "NotGzip").await;
        let bomb = pack(&vec![b' '; 8 * mib]);
        assert!(bomb.len() < mib / 100, "it is one: {}", bomb.len());
        check(&bomb, 16 * mib, 64 * mib, "Bomb").await;
        check(&bomb, mib / 2, 64 * mib, "Body(TooBig)").await;
        check(&bomb, 16 * mib, mib / 2, "Shed(Busy)").await;
    }

    #[test]
    fn headers_say_what_comes() {
        let read = |headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().expect("a value"));
            }
            Said::read(&map).map_err(|problem| problem.status())
        };
        let said = |label, packed| Ok(Said { label, packed, key: None });
        let kind = |kind| read(&[("content-type", kind)]);
        assert_eq!(read(&[]), said(Label::Json, false));
        assert_eq!(kind("Application/JSON; charset=utf-8"), said(Label::Json, false));
        assert_eq!(kind("application/cloudevents-batch+json"), said(Label::Json, false));
        assert_eq!(kind("application/x-ndjson"), said(Label::Lines, false));
        assert_eq!(kind("text/plain"), Err(415));
        let encoding = |encoding| read(&[("content-encoding", encoding)]);
        assert_eq!(encoding("identity"), said(Label::Json, false));
        assert_eq!(encoding("GZIP"), said(Label::Json, true));
        assert_eq!(encoding("br"), Err(415));
        assert_eq!(encoding("gzip, gzip"), Err(415));
        assert_eq!(read(&[("content-encoding", "gzip"), ("content-encoding", "gzip")]), Err(415));
        assert_eq!(read(&[("idempotency-key", "")]), Err(400));
        assert_eq!(read(&[("idempotency-key", "a"), ("idempotency-key", "a")]), Err(400));
        assert_eq!(read(&[("idempotency-key", &"k".repeat(256))]), Err(400));
        let key = read(&[("idempotency-key", "k-1")]).map(|said| said.key);
        assert_eq!(key, Ok(Some("k-1".to_owned())));
    }
}
