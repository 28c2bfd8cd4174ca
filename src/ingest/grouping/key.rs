//! What identifies a message: the GUID that its service gave it, else a digest of what is there.

use super::chunks::mixed;

/// Shares of all messages, by their keys.
pub(super) const SHARDS: u8 = 32;

/// 128 bits that identify a message, the same in every run and version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MessageKey(u128);

impl MessageKey {
    /// The key of a message by the id that its source gives it. A GUID is its own key, so that exports of
    /// different shapes meet; another text is hashed without regard to ASCII case.
    pub(crate) fn of_id(id: &[u8]) -> MessageKey {
        match guid(id) {
            Some(guid) => MessageKey(guid),
            None => MessageKey::of_parts(&[b"id", id]),
        }
    }

    /// The key of a message by several texts: 128-bit FNV-1a (RFC 9923) with a separator after each part.
    pub(crate) fn of_parts(parts: &[&[u8]]) -> MessageKey {
        const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let step = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        let joined = |hash: u128, part: &&[u8]| {
            let hash = part.iter().fold(hash, |hash, byte| step(hash, byte.to_ascii_lowercase()));
            step(hash, 0)
        };
        MessageKey(parts.iter().fold(OFFSET_BASIS, joined))
    }

    /// The bits.
    pub(crate) fn bits(self) -> u128 {
        self.0
    }

    pub(super) fn parts(self) -> [u32; 4] {
        [0, 32, 64, 96].map(|shift| (self.0 >> shift) as u32)
    }

    pub(super) fn from_parts(parts: [u32; 4]) -> MessageKey {
        MessageKey(parts.iter().rev().fold(0, |bits, &part| bits << 32 | u128::from(part)))
    }

    /// A hash for the index. Time-based GUIDs share many bits, so they are spread.
    pub(crate) fn hash(self) -> u64 {
        mixed(self.0 as u64 ^ mixed((self.0 >> 64) as u64))
    }

    /// The share of all messages that it is in, by bits of the hash that no index uses.
    pub(super) fn shard(self) -> u8 {
        (self.hash() >> 8) as u8 % SHARDS
    }
}

/// The 128 bits of `a5e6dc0f-23df-4b20-d240-08dab38944a1`, in braces or not.
fn guid(id: &[u8]) -> Option<u128> {
    let id = id.strip_prefix(b"{").and_then(|id| id.strip_suffix(b"}")).unwrap_or(id);
    let dashes = [8, 13, 18, 23].iter().all(|&at| id.get(at) == Some(&b'-'));
    if id.len() != 36 || !dashes {
        return None;
    }
    let high = hex(&id[..8])? << 32 | hex(&id[9..13])? << 16 | hex(&id[14..18])?;
    let low = hex(&id[19..23])? << 48 | hex(&id[24..])?;
    Some(u128::from(high) << 64 | u128::from(low))
}

/// The value of each byte as a hexadecimal digit.
const NIBBLE_OF: [u8; 256] = nibble_table();
/// Bytes that are no digit.
const NO_DIGIT: u8 = 0xff;

const fn nibble_table() -> [u8; 256] {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        table[digit as usize] = value;
        table[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    table
}

/// The value of at most 16 hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u64> {
    let (mut value, mut all) = (0, 0);
    for &digit in digits {
        let nibble = NIBBLE_OF[usize::from(digit)];
        all |= nibble;
        value = value << 4 | u64::from(nibble);
    }
    // Asked once for all digits: keys are read for every record.
    (all < 16).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_its_own_key() {
        let key = MessageKey::of_id(b"A5E6DC0F-23df-4b20-d240-08dab38944a1");
        assert_eq!(key.bits(), 0xa5e6_dc0f_23df_4b20_d240_08da_b389_44a1);
        assert_eq!(MessageKey::from_parts(key.parts()), key);
        assert_eq!(MessageKey::of_id(b"{a5e6dc0f-23df-4b20-d240-08dab38944a1}"), key);
    }

    #[test]
    fn only_hexadecimal_digits_make_a_guid() {
        for byte in 0..=u8::MAX {
            let digit = char::from(byte).to_digit(16).map(u64::from);
            assert_eq!(hex(&[b'1', byte]), digit.map(|digit| 16 + digit), "{byte}");
        }
        assert_eq!(guid(b"a5e6dc0f-23df-4b20-d240-08dab38944ag"), None);
    }

    #[test]
    fn other_ids_are_told_apart() {
        assert_eq!(MessageKey::of_id(b"<A@x.com>"), MessageKey::of_id(b"<a@x.com>"));
        assert_ne!(MessageKey::of_id(b"<a@x.com>"), MessageKey::of_id(b"<b@x.com>"));
        assert_ne!(MessageKey::of_parts(&[b"ab", b"c"]), MessageKey::of_parts(&[b"a", b"bc"]));
        let dashes = MessageKey::of_id(b"------------------------------------");
        assert_ne!(dashes.bits(), 0);
    }
}
