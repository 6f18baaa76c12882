//! The icons: an eye, drawn, so that no picture has to be kept.

use super::zip::crc32;

const NOTHING: [u8; 4] = [0, 0, 0, 0];
const WHITE: [u8; 4] = [255, 255, 255, 255];
const BLUE: [u8; 4] = [0x1F, 0x3A, 0x5F, 255];

/// 192 x 192, in colour.
pub(super) fn color() -> Vec<u8> {
    png(192, |x, y| if eye(x, y) { WHITE } else { BLUE })
}

/// 32 x 32, white on nothing.
pub(super) fn outline() -> Vec<u8> {
    png(32, |x, y| if eye(x, y) { WHITE } else { NOTHING })
}

/// Whether the eye is here; both from -1 to 1.
fn eye(x: f64, y: f64) -> bool {
    // Two circles meet in the corners of the eye.
    let lens = |size: f64| {
        let (drop, radius) = (0.35, size);
        x.hypot(y - drop) < radius && x.hypot(y + drop) < radius
    };
    let pupil = x.hypot(y);
    (lens(0.85) && !lens(0.72)) || (pupil < 0.28 && pupil > 0.1)
}

/// A PNG with four bytes a pixel, stored without compression (PNG specification, 5 and 10).
fn png(size: u16, pixel: impl Fn(f64, f64) -> [u8; 4]) -> Vec<u8> {
    let at = |place: u16| (f64::from(place) + 0.5) / f64::from(size) * 2.0 - 1.0;
    let mut rows = Vec::new();
    for y in 0..size {
        rows.push(0);
        rows.extend((0..size).flat_map(|x| pixel(at(x), at(y))));
    }
    let mut head = Vec::new();
    head.extend(u32::from(size).to_be_bytes());
    head.extend(u32::from(size).to_be_bytes());
    // Eight bits, with transparency, no interlacing.
    head.extend([8, 6, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &head);
    chunk(&mut png, *b"IDAT", &stored(&rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let body = [kind.as_slice(), data].concat();
    png.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    png.extend(&body);
    png.extend(crc32(&body).to_be_bytes());
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951 3.2.4).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend(((b << 16) | a).to_be_bytes());
    out
}
