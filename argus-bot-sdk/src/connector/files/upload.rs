//! Putting a file where a person allowed it.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_RANGE;
use reqwest::redirect::Policy;
use url::Url;

use super::UploadInfo;
use crate::{Error, ErrorKind};

/// A piece of an upload; `OneDrive` wants a multiple of 320 KiB and less than 60 MiB.
const PIECE: usize = 10 * 320 * 1024;
const PIECE_TIME: Duration = Duration::from_mins(1);
/// Where the `OneDrive` of the public cloud and of the sovereign ones is.
const HOSTS: [&str; 4] = ["sharepoint.com", "sharepoint.us", "sharepoint-mil.us", "sharepoint.cn"];

/// Puts files into `OneDrive`, where a person allowed it.
///
/// The address comes from the answer to a [`FileConsent`](super::FileConsent), so it is a stranger's
/// word: it has to be https and in `SharePoint`, redirects are not followed, and the bot's token is
/// not shown.
///
/// ```
/// use argus_bot_sdk::ErrorKind;
/// use argus_bot_sdk::connector::{FileUpload, UploadInfo};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
/// let mut info = UploadInfo::default();
/// info.upload_url = "https://evil.example/upload".to_owned();
/// let refused = FileUpload::new()?.put(&info, "report".into()).await.unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Forbidden);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct FileUpload {
    client: reqwest::Client,
    is_loopback_allowed: bool,
}

impl FileUpload {
    /// A client for uploads.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(PIECE_TIME)
            .build()
            .map_err(|e| {
                Error::new(ErrorKind::Config, "could not set up TLS for uploads").with_source(e)
            })?;
        Ok(Self { client, is_loopback_allowed: false })
    }

    /// Also puts files to servers of this computer, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn allowing_loopback(mut self) -> Self {
        self.is_loopback_allowed = true;
        self
    }

    /// Puts the whole file, in pieces if it is large.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Forbidden`] if the address is not one of `SharePoint`'s. Nothing was sent.
    /// - [`ErrorKind::Invalid`] if the file is empty, or refused.
    /// - [`ErrorKind::Unavailable`] if a piece did not arrive; the whole file may be put again.
    pub async fn put(&self, info: &UploadInfo, content: Bytes) -> Result<(), Error> {
        let url = self.allowed(&info.upload_url)?;
        let total = content.len();
        if total == 0 {
            return Err(Error::new(ErrorKind::Invalid, "an empty file cannot be uploaded"));
        }
        let mut rest = content;
        let mut start = 0;
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(PIECE));
            let end = start + piece.len();
            let range = format!("bytes {start}-{}/{total}", end - 1);
            let put = self.client.put(url.clone()).header(CONTENT_RANGE, range).body(piece);
            let answer = put.send().await.map_err(|e| {
                // The address is a permission, so it must not get into a log by the error.
                Error::new(ErrorKind::Unavailable, "the upload did not arrive")
                    .with_source(e.without_url())
            })?;
            let status = answer.status();
            if !status.is_success() {
                let is_hopeful = status.is_server_error() || status.as_u16() == 429;
                let kind = if is_hopeful { ErrorKind::Unavailable } else { ErrorKind::Invalid };
                return Err(Error::new(kind, format!("the upload was answered with {status}")));
            }
            start = end;
        }
        Ok(())
    }

    fn allowed(&self, address: &str) -> Result<Url, Error> {
        let refused = || Error::new(ErrorKind::Forbidden, "files are uploaded to SharePoint only");
        let url = Url::parse(address).map_err(|_| refused())?;
        let host = url.host_str().unwrap_or_default();
        let is_of = |known: &str| host.strip_suffix(known).is_some_and(|it| it.ends_with('.'));
        let is_sharepoint = HOSTS.iter().any(|known| is_of(known))
            && url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let is_here = self.is_loopback_allowed && crate::auth::is_loopback(&url);
        if is_sharepoint || is_here { Ok(url) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sharepoint_gets_a_file() {
        let check = |address: &str, expected: bool| {
            let upload = FileUpload::new().unwrap();
            assert_eq!(upload.allowed(address).is_ok(), expected, "{address}");
        };
        check("https://contoso-my.sharepoint.com/personal/ana/_api/upload?guid=1", true);
        check("https://contoso-my.sharepoint.us/x", true);
        check("http://contoso-my.sharepoint.com/x", false);
        check("https://sharepoint.com.evil.example/x", false);
        check("https://evilsharepoint.com/x", false);
        check("https://contoso.sharepoint.com@evil.example/x", false);
        check("https://me@contoso.sharepoint.com/x", false);
        check("https://contoso.sharepoint.com:8443/x", false);
        check("http://127.0.0.1:9/x", false);
        check("http://169.254.169.254/metadata", false);
        check("", false);
    }
}
