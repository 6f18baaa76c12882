//! A response body: whole, or a stream that lasts as long as the page is open.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

/// What the door sends back.
#[derive(Debug)]
pub enum PageBody {
    /// All of it at once.
    Whole(Option<Bytes>),
    /// One chunk after the other until the sender is dropped.
    Stream(mpsc::Receiver<Bytes>),
}

impl Body for PageBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut *self {
            Self::Whole(bytes) => bytes.take(),
            Self::Stream(chunks) => match chunks.poll_recv(context) {
                Poll::Ready(chunk) => chunk,
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
                SizeHint::with_exact(length)
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
