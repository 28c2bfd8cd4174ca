//! Inputs that are copies of others: `mail.log.1` beside `mail.log.1.gz`, an export saved twice. A copy is listed and
//! not read, so that it changes nothing in any format, not even where lines have no ids.
//!
//! Inputs that only overlap are left to the formats.

use std::hash::BuildHasher;
use std::io::{self, Read};

use rustc_hash::{FxBuildHasher, FxHashMap};
use sha2::{Digest, Sha256};

use super::Input;

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// For each input, the place of an earlier one with the same text. Only texts that begin alike are read for it.
pub(super) fn copies(inputs: &mut [&mut Input]) -> Vec<Option<usize>> {
    let heads: Vec<u64> = inputs.iter().map(|input| FxBuildHasher.hash_one(input.head())).collect();
    let mut alike: FxHashMap<u64, usize> = FxHashMap::default();
    heads.iter().for_each(|head| *alike.entry(*head).or_default() += 1);
    let mut first: FxHashMap<[u8; 32], usize> = FxHashMap::default();
    let mut copies = Vec::with_capacity(inputs.len());
    for (at, (input, head)) in inputs.iter_mut().zip(&heads).enumerate() {
        let is_alone = alike.get(head) == Some(&1) || !input.can_reopen();
        // One that cannot be read to its end is left to its format, which says so.
        let digest = if is_alone { None } else { digest(input).ok() };
        copies.push(digest.and_then(|digest| {
            let known = *first.entry(digest).or_insert(at);
            (known < at).then_some(known)
        }));
    }
    copies
}

fn digest(input: &mut Input) -> io::Result<[u8; 32]> {
    let mut text = input.open().map_err(io::Error::other)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; BUFFER_BYTES]);
    loop {
        match text.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_was_given_before_is_a_copy() {
        let long = "a line\n".repeat(20_000);
        let texts = ["one\n", "two\n", "one\n", &long, &format!("{long}more\n"), "two\n", &long];
        let mut inputs: Vec<Input> =
            texts.iter().map(|text| Input::from_bytes("log", text.as_bytes())).collect();
        let mut inputs: Vec<&mut Input> = inputs.iter_mut().collect();
        assert_eq!(copies(&mut inputs), [None, None, Some(0), None, None, Some(1), Some(3)]);
    }
}
