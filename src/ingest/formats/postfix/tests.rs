//! Tests of whole logs.

use super::*;
use crate::ingest::Input;
use crate::ingest::collect::Collected;

fn read(inputs: Vec<Input>) -> Collected {
    let mut sink = Collected::default();
    Postfix.read(inputs, &ReadOptions::default(), &mut sink).unwrap();
    sink
}

fn data(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".into());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root).join(path);
    let content = std::fs::read(&path).ok();
    if content.is_none() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", path.display());
    }
    content
}

#[test]
fn the_relay_of_2014_has_its_known_totals() {
    let Some(log) = data("logs/postfix/outbound-relay-2014.log") else { return };
    let sink = read(vec![Input::from_bytes("mail.info", &log)]);
    let all = sink.submissions();
    let sums = all.fold((0, 0, 0, 0), |sums, s| {
        let (size, n) = (s.message_size.unwrap(), s.recipients.attempted());
        (sums.0 + s.messages, sums.1 + n, sums.2 + size * s.messages, sums.3 + size * n)
    });
    assert_eq!(sums, (5_020, 5_138, 195_422_433, 198_675_327));
    println!("{:?}", sink.accounting);
    assert!(sink.accounting.adds_up());
}
