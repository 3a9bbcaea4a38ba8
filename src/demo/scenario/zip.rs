//! Writes zip archives as artifact stores send them, and archives that lie.
//!
//! Sizes follow the data of an entry (bit 3), as in a stream. What is read back
//! is for tests of readers: this writes, and reads nothing.

/// An entry of an archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its name; whatever is in it stays.
    pub(super) name: String,
    /// Its data, before it is packed.
    pub(super) data: Data,
    /// The size that the directory declares, where it lies.
    pub(super) declared: Option<u32>,
}

/// What an entry holds.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many zeros, packed 159 to 1; their checksum is not worked out.
    Zeros(u32),
}

impl Entry {
    /// Returns an honest entry.
    pub(super) fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            data: Data::Bytes(bytes),
            declared: None,
        }
    }
}

/// Packed data: method, bytes, checksum, size before it was packed.
struct Packed {
    bytes: Vec<u8>,
    crc: u32,
    size: u32,
}

/// Returns the archive.
pub(super) fn write(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = small(out.len());
        let packed = pack(&entry.data);
        let name = entry.name.as_bytes();
        let declared = entry.declared.unwrap_or(packed.size);
        out.extend(0x0403_4b50_u32.to_le_bytes());
        head(&mut out, [0, 0, 0], name.len());
        out.extend(0_u16.to_le_bytes());
        out.extend(name);
        out.extend(&packed.bytes);
        out.extend(0x0807_4b50_u32.to_le_bytes());
        let sizes = [packed.crc, small(packed.bytes.len()), declared];
        out.extend(sizes.iter().flat_map(|word| word.to_le_bytes()));
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(0x0314_u16.to_le_bytes());
        head(&mut directory, sizes, name.len());
        directory.extend([0; 8]);
        directory.extend((0o100_644_u32 << 16).to_le_bytes());
        // The eight bytes were: extra field, comment, disk, internal attributes.
        directory.extend(offset.to_le_bytes());
        directory.extend(name);
    }
    let (count, start) = (
        u16::try_from(entries.len()).unwrap_or(u16::MAX),
        small(out.len()),
    );
    out.extend(&directory);
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(small(directory.len()).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// Writes what both headers say alike: version, flags, method, time, checksum, sizes, name.
fn head(out: &mut Vec<u8>, sizes: [u32; 3], name: usize) {
    const DEFLATE: u16 = 8;
    // Bit 3: sizes follow the data; bit 11: the name is UTF-8.
    for word in [20_u16, 0x0808, DEFLATE, 0x6000, 0x5d75] {
        out.extend(word.to_le_bytes());
    }
    out.extend(sizes.iter().flat_map(|word| word.to_le_bytes()));
    out.extend(u16::try_from(name).unwrap_or(u16::MAX).to_le_bytes());
}

fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn pack(data: &Data) -> Packed {
    match data {
        Data::Bytes(bytes) => {
            let mut bits = Bits::default();
            bits.put(0b011, 3);
            for byte in bytes {
                bits.literal(*byte);
            }
            bits.put(0, 7);
            Packed {
                bytes: bits.end(),
                crc: crc(bytes),
                size: small(bytes.len()),
            }
        }
        Data::Zeros(count) => {
            let mut bits = Bits::default();
            bits.put(0b011, 3);
            bits.literal(0);
            bits.zeros(count.saturating_sub(1) / 258);
            bits.put(0, 7);
            Packed {
                bytes: bits.end(),
                crc: 0,
                size: *count,
            }
        }
    }
}

/// A stream of bits, the lowest first, with the fixed code of the format.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(u8::try_from(self.held & 0xff).unwrap_or(0));
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Codes are written from their highest bit on.
    fn code(&mut self, code: u64, count: u32) {
        self.put(code.reverse_bits() >> (64 - count), count);
    }

    fn literal(&mut self, byte: u8) {
        let byte = u64::from(byte);
        if byte < 144 {
            self.code(0x30 + byte, 8);
        } else {
            self.code(0x190 + byte - 144, 9);
        }
    }

    /// Repeats the last byte so many times 258 times.
    fn zeros(&mut self, times: u32) {
        let rounds = times / 8;
        let mut round = Vec::new();
        for nth in 0..rounds {
            if nth < 2 {
                let before = self.bytes.len();
                self.runs(8);
                round = self.bytes.get(before..).unwrap_or_default().to_vec();
            } else {
                // Eight of them are 13 bytes: from the second round on the bytes are the same.
                self.bytes.extend_from_slice(&round);
            }
        }
        self.runs(times % 8);
    }

    /// Length 258 (code 285, eight bits), distance 1 (five zeros), so many times.
    fn runs(&mut self, count: u32) {
        for _ in 0..count {
            self.code(0b1100_0101, 8);
            self.put(0, 5);
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.put(0, (8 - self.count % 8) % 8);
        self.bytes
    }
}

fn crc(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(!0, |sum: u32, byte| {
        let at = usize::from(sum.to_le_bytes().first().map_or(0, |low| low ^ byte));
        (sum >> 8) ^ TABLE.get(at).copied().unwrap_or(0)
    })
}

#[expect(clippy::indexing_slicing, reason = "worked out by the compiler")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut sum = 0;
        let mut byte = at;
        let mut bit = 0;
        while bit < 8 {
            let odd = (sum ^ byte) & 1 == 1;
            sum = (sum >> 1) ^ if odd { 0xedb8_8320 } else { 0 };
            byte >>= 1;
            bit += 1;
        }
        table[at as usize] = sum;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_format() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc(b""), 0);
    }

    #[test]
    fn a_literal_stream_has_the_bits_of_the_fixed_code() {
        // What zlib writes for `a` with its fixed code: header, literal, end of block.
        let packed = pack(&Data::Bytes(b"a".to_vec()));
        assert_eq!(packed.bytes, [0x4b, 0x04, 0x00]);
    }

    #[test]
    fn zeros_are_packed_small() {
        let packed = pack(&Data::Zeros(1 << 20));
        assert!(packed.bytes.len() < 8_000, "{}", packed.bytes.len());
        assert_eq!(packed.size, 1 << 20);
        let mut slow = Bits::default();
        slow.put(0b011, 3);
        slow.literal(0);
        slow.runs(((1 << 20) - 1) / 258);
        slow.put(0, 7);
        assert_eq!(packed.bytes, slow.end());
    }
}
