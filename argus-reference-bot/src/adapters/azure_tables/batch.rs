//! Many rows in one request: `$batch`, an entity group transaction.
//!
//! All rows are of one partition, all are inserted or none. A batch with more than 100 rows is answered
//! with something that is no multipart, so none is ever made: [`batches`] is the one way to a
//! [`Batch`], and cuts before. Source: learn, "Performing entity group transactions";
//! facts/external-apis.md 2.8.

use url::Url;

/// Most rows of a batch.
pub(super) const MOST: usize = 100;
/// Most bytes of a batch; the service takes 4 MiB with everything around the rows.
const LARGEST: usize = 3 << 20;

/// Rows of one partition that fit into one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch<'a> {
    /// Each row as JSON.
    rows: Vec<&'a str>,
}

/// Cuts rows, each with its partition, into batches; the order stays.
pub(super) fn batches(rows: &[(String, String)]) -> Vec<Batch<'_>> {
    let (mut all, mut partition, mut bytes) = (Vec::<Batch<'_>>::new(), None, 0);
    for (of, row) in rows {
        bytes += row.len();
        match all.last_mut() {
            Some(last) if partition == Some(of) && last.rows.len() < MOST && bytes <= LARGEST => {
                last.rows.push(row);
            }
            _ => {
                all.push(Batch { rows: vec![row] });
                (partition, bytes) = (Some(of), row.len());
            }
        }
    }
    all
}

impl Batch<'_> {
    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The request that inserts the rows at `table`: its media type and its body.
    pub(super) fn request(&self, table: &Url) -> (String, String) {
        let row = |row: &&str| {
            format!(
                "--changeset_argus\r\nContent-Type: application/http\r\n\
                 Content-Transfer-Encoding: binary\r\n\r\nPOST {table} HTTP/1.1\r\n\
                 Content-Type: application/json\r\nAccept: application/json;odata=nometadata\r\n\
                 Prefer: return-no-content\r\nDataServiceVersion: 3.0;\r\n\r\n{row}\r\n"
            )
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let body = format!(
            "--batch_argus\r\nContent-Type: multipart/mixed; boundary=changeset_argus\r\n\r\n\
             {}--changeset_argus--\r\n--batch_argus--\r\n",
            rows.concat()
        );
        ("multipart/mixed; boundary=batch_argus".into(), body)
    }

    /// Whether an answer says that every row was inserted.
    pub(super) fn is_done(&self, answer: &[u8]) -> bool {
        let text = String::from_utf8_lossy(answer);
        let statuses = text.lines().filter_map(|it| it.strip_prefix("HTTP/1.1 "));
        let good = |it: &&str| it.starts_with("204") || it.starts_with("201");
        statuses.clone().count() == self.len() && statuses.filter(good).count() == self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(&str, usize)]) -> Vec<(String, String)> {
        let rows = of.iter().flat_map(|(partition, n)| std::iter::repeat_n(*partition, *n));
        rows.enumerate().map(|(n, it)| (it.to_owned(), format!("{{\"RowKey\":\"{n}\"}}"))).collect()
    }

    fn sizes(rows: &[(String, String)]) -> Vec<usize> {
        batches(rows).iter().map(Batch::len).collect()
    }

    #[test]
    fn no_batch_has_a_101st_row_or_a_second_partition() {
        assert_eq!(sizes(&rows(&[])), [0_usize; 0]);
        assert_eq!(sizes(&rows(&[("a", 100)])), [100]);
        assert_eq!(sizes(&rows(&[("a", 101)])), [100, 1]);
        assert_eq!(sizes(&rows(&[("a", 99), ("b", 2), ("a", 201)])), [99, 2, 100, 100, 1]);
    }

    #[test]
    fn no_batch_is_too_large_for_the_service() {
        let row = || ("a".to_owned(), "x".repeat(1 << 20));
        assert_eq!(sizes(&[row(), row(), row(), row()]), [3, 1]);
    }

    #[test]
    fn a_request_is_what_the_service_wants_to_the_byte() {
        let rows = rows(&[("a", 2)]);
        let table =
            Url::parse("https://soc.table.core.windows.net/ArgusAudit").expect("an address");
        let (kind, body) = batches(&rows)[0].request(&table);
        assert_eq!(kind, "multipart/mixed; boundary=batch_argus");
        let row = |n: u8| {
            format!(
                "--changeset_argus\r\nContent-Type: application/http\r\n\
                 Content-Transfer-Encoding: binary\r\n\r\n\
                 POST https://soc.table.core.windows.net/ArgusAudit HTTP/1.1\r\n\
                 Content-Type: application/json\r\nAccept: application/json;odata=nometadata\r\n\
                 Prefer: return-no-content\r\nDataServiceVersion: 3.0;\r\n\r\n\
                 {{\"RowKey\":\"{n}\"}}\r\n"
            )
        };
        let wanted = format!(
            "--batch_argus\r\nContent-Type: multipart/mixed; boundary=changeset_argus\r\n\r\n{}{}\
             --changeset_argus--\r\n--batch_argus--\r\n",
            row(0),
            row(1)
        );
        assert_eq!(body, wanted);
    }

    #[test]
    fn an_answer_is_good_if_every_row_is() {
        let rows = rows(&[("a", 2)]);
        let batch = &batches(&rows)[0];
        let good = "HTTP/1.1 204 No Content\r\n";
        assert!(batch.is_done(format!("{good}\r\n{good}").as_bytes()));
        assert!(!batch.is_done(good.as_bytes()));
        assert!(!batch.is_done(format!("{good}HTTP/1.1 409 Conflict\r\n").as_bytes()));
        assert!(!batch.is_done(b"HTTP/1.1 409 Conflict\r\n"));
        assert!(!batch.is_done(b"<html>"));
    }
}
