//! Plain text: printable ASCII, of which nothing must be cleaned and every byte is one column.
//!
//! Asked of every text that comes in and of every line of a log that is searched.

/// Each byte 1.
const ONES: u64 = u64::MAX / 0xff;

/// Returns whether all bytes are printable ASCII, from the space to `~`.
///
/// Eight bytes at a time: subtracting a space from each leaves a high bit where one is less,
/// adding one where one is `DEL`; no byte lends to or borrows from the next before that.
pub fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_plain = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let less = word.wrapping_sub(ONES * u64::from(b' '));
        let more = word.wrapping_add(ONES);
        (word | less | more) & (ONES * 0x80) == 0
    };
    words.iter().all(is_plain) && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::is_plain;
    use proptest::prelude::*;

    #[test]
    fn every_byte_is_told_apart_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for at in 0..11 {
                let mut bytes = *b"printable ~";
                bytes[at] = byte;
                assert_eq!(is_plain(&bytes), (b' '..=b'~').contains(&byte), "{bytes:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn eight_at_a_time_is_as_one_by_one(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(is_plain(&bytes), bytes.iter().all(|b| (b' '..=b'~').contains(b)));
        }
    }
}
