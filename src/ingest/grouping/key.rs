//! What identifies a message: the GUID that its service gave it, else a digest of what is there.

use super::chunks::mixed;

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

/// The value of at most 16 hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, &digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(nibble))
    })
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
    fn other_ids_are_told_apart() {
        assert_eq!(MessageKey::of_id(b"<A@x.com>"), MessageKey::of_id(b"<a@x.com>"));
        assert_ne!(MessageKey::of_id(b"<a@x.com>"), MessageKey::of_id(b"<b@x.com>"));
        assert_ne!(MessageKey::of_parts(&[b"ab", b"c"]), MessageKey::of_parts(&[b"a", b"bc"]));
        let dashes = MessageKey::of_id(b"------------------------------------");
        assert_ne!(dashes.bits(), 0);
    }
}
