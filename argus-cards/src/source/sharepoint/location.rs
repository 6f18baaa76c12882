//! Which folder of which library of which site.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A folder of a SharePoint library: `SITE/DRIVE/PATH`.
///
/// `SITE` is a host (`contoso.sharepoint.com`, its root site), a host with the site's path between
/// colons (`contoso.sharepoint.com:/sites/soc:`), or an id as Graph has it. `DRIVE` is the library's
/// name or its id. `PATH` is the folder; without one it is the whole library.
///
/// ```
/// use argus_cards::source::sharepoint::Location;
///
/// let place: Location = "contoso.sharepoint.com:/sites/soc:/Documents/argus/cards".parse()?;
/// assert_eq!(place.to_string(), "contoso.sharepoint.com:/sites/soc:/Documents/argus/cards");
///
/// let wrong = "contoso.sharepoint.com".parse::<Location>().unwrap_err();
/// assert!(wrong.to_string().contains("SITE/DRIVE/PATH"));
/// # Ok::<(), argus_cards::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// As Graph's path to a site takes it: an id, a host, or a host and a path.
    pub(super) site: Vec<String>,
    pub(super) drive: String,
    pub(super) folder: Vec<String>,
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            let context = format!(
                "`{text}` is not SITE/DRIVE/PATH: {why}; for example \
                 contoso.sharepoint.com:/sites/soc:/Documents/card-templates"
            );
            Error::new(ErrorKind::SourceUnavailable, context)
        };
        let (site, rest) = if let Some((host, rest)) = text.split_once(":/") {
            let ends = rest.split_once(":/");
            let (path, rest) = ends.ok_or_else(|| wrong("the site's path ends with a colon"))?;
            let host = std::iter::once(format!("{host}:"));
            (host.chain(path.split('/').map(str::to_owned)).collect(), rest)
        } else {
            let (site, rest) = text.split_once('/').ok_or_else(|| wrong("there is no drive"))?;
            (vec![site.to_owned()], rest)
        };
        let mut parts = rest.trim_end_matches('/').split('/').map(str::to_owned);
        let drive = parts.next().unwrap_or_default();
        let folder: Vec<String> = parts.collect();
        let is_wrong = |part: &String| part.is_empty() || part == "." || part == "..";
        if site.iter().chain(&folder).any(is_wrong) || is_wrong(&drive) {
            return Err(wrong("a part is empty"));
        }
        Ok(Self { site, drive, folder })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.site.join("/"))?;
        if self.site.len() > 1 {
            f.write_str(":")?;
        }
        write!(f, "/{}", self.drive)?;
        self.folder.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}
