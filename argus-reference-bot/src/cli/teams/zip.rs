//! A zip file without compression: three small files need none (APPNOTE.TXT 6.3, 4.3).

use super::super::Complaint;

/// MS-DOS's first day, so that the same app is the same bytes.
const DATE: u16 = 0x0021;

/// Puts files into an archive.
pub(super) fn archive(files: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, Complaint> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = small(out.len())?;
        let entry = entry(name, content)?;
        out.extend(b"PK\x03\x04");
        out.extend(&entry);
        out.extend(name.as_bytes());
        out.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&entry);
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(files.len()).map_err(|_| Complaint("too many files".into()))?;
    let (offset, size) = (small(out.len())?, small(directory.len())?);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0, 0]);
    Ok(out)
}

/// What both headers of a file have in common.
fn entry(name: &str, content: &[u8]) -> Result<Vec<u8>, Complaint> {
    let size = small(content.len())?;
    let name = u16::try_from(name.len()).map_err(|_| Complaint("a name is too long".into()))?;
    let mut entry = Vec::with_capacity(26);
    // Version 2.0, names in UTF-8, stored, at midnight.
    for half in [20_u16, 0x0800, 0, 0, DATE] {
        entry.extend(half.to_le_bytes());
    }
    entry.extend(crc32(content).to_le_bytes());
    entry.extend(size.to_le_bytes());
    entry.extend(size.to_le_bytes());
    entry.extend(name.to_le_bytes());
    entry.extend([0, 0]);
    Ok(entry)
}

fn small(size: usize) -> Result<u32, Complaint> {
    u32::try_from(size).map_err(|_| Complaint("a package is smaller than 4 GiB".into()))
}

/// CRC-32 as zip and PNG have it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
        crc
    })
}
