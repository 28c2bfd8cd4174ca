//! Which side of its sessions a protocol log tells of, and when it begins.

use super::cells::{Splitter, instant, is_exchange_time};
use super::layout::{Column, Kind, Layout, without_mark};
use crate::period::Timestamp;

/// Which side of its sessions a server logs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// `SmtpReceive`: the client's commands are received.
    Receive,
    /// `SmtpSend`: the server is the client.
    Send,
}

impl Side {
    /// The side that the start of a protocol log shows; `None` for another log.
    pub(super) fn of_head(head: &[u8]) -> Option<Side> {
        let layout = Layout::of_head(head).filter(|layout| layout.kind == Kind::Protocol)?;
        let mut splitter = Splitter::default();
        head.split(|byte| matches!(byte, b'\n' | b'\r')).map(without_mark).find_map(|line| {
            if let Some(title) = line.strip_prefix(b"#Log-type:") {
                let is_send = memchr::memmem::find(title, b"Send").is_some();
                return Some(if is_send { Side::Send } else { Side::Receive });
            }
            let cells = splitter.split(line);
            let is_row = is_exchange_time(layout.get(&cells, Column::Time));
            is_row.then(|| Side::of_connector(layout.get(&cells, Column::Connector)))
        })
    }

    /// Receive connectors are named with their server, `EX01\Default EX01`, send connectors without.
    pub(super) fn of_connector(connector: &[u8]) -> Side {
        if connector.contains(&b'\\') { Side::Receive } else { Side::Send }
    }
}

/// The time of the first row of a log; without one, it comes last.
pub(super) fn first_time(head: &[u8]) -> Timestamp {
    let mut splitter = Splitter::default();
    let layout = Layout::of_head(head);
    let first = head.split(|byte| matches!(byte, b'\n' | b'\r')).find_map(|line| {
        let cells = splitter.split(without_mark(line));
        let cell = layout?.get(&cells, Column::Time);
        is_exchange_time(cell).then(|| instant(cell).ok())?
    });
    first.map_or(Timestamp::from_seconds(i64::MAX), |first| first.time)
}
