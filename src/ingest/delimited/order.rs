//! Whether the day or the month stands first in a column of dates: decided by the whole column, never guessed.

use super::dates::DateText;

/// The longest window of one query: 10 days (Microsoft's pages on Get-MessageTrace, Get-MessageTraceV2 and
/// Graph), and one for slack.
const WINDOW_SECONDS: i64 = 11 * 86_400;

/// Which of day and month stands first in dates such as `03/04/2024`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateOrder {
    /// `03/04/2024` is the third of April.
    DayMonth,
    /// `03/04/2024` is the fourth of March.
    MonthDay,
}

impl DateOrder {
    const BOTH: [DateOrder; 2] = [DateOrder::DayMonth, DateOrder::MonthDay];

    /// The name on the command line and in a mapping file.
    pub fn name(self) -> &'static str {
        match self {
            DateOrder::DayMonth => "day-month",
            DateOrder::MonthDay => "month-day",
        }
    }

    /// The order of this name.
    pub fn from_name(name: &str) -> Option<DateOrder> {
        DateOrder::BOTH.into_iter().find(|order| order.name() == name)
    }
}

/// What a column of dates shows about its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct OrderEvidence {
    proven: [u64; 2],
    enclosed: [u64; 2],
    open: u64,
}

/// What follows from the evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OrderVerdict {
    /// No date depends on the order.
    NotNeeded,
    /// The column shows it.
    Decided(DateOrder),
    /// Every date can be read in two ways.
    Open,
    /// Some dates show one order and some the other.
    Mixed,
}

impl OrderEvidence {
    /// Takes one date into account.
    pub(crate) fn observe(&mut self, date: &DateText) {
        self.open += u64::from(date.is_open());
        if let Some(order) = date.proves() {
            self.proven[order as usize] += 1;
        }
    }

    /// Takes into account that a time lies in its query's window (`StartDate <= Received <= EndDate`), which is
    /// at most [`WINDOW_SECONDS`] long: where only one order makes that true, it is that order.
    pub(crate) fn observe_window(&mut self, time: &DateText, start: &DateText, end: &DateText) {
        let fits = DateOrder::BOTH.map(|order| {
            let at =
                |date: &DateText| date.resolve(Some(order)).map(|d| d.instant(&crate::period::Zone::UTC));
            matches!((at(start), at(time), at(end)), (Some(a), Some(b), Some(c))
                if a <= b && b <= c && c.seconds() - a.seconds() <= WINDOW_SECONDS)
        });
        match fits {
            [true, false] => self.enclosed[0] += 1,
            [false, true] => self.enclosed[1] += 1,
            _ => {}
        }
    }

    /// Adds what another part of the same column shows.
    pub(crate) fn add(&mut self, other: &OrderEvidence) {
        for side in 0..2 {
            self.proven[side] += other.proven[side];
            self.enclosed[side] += other.enclosed[side];
        }
        self.open += other.open;
    }

    /// What follows: numbers above 12 first, then the windows.
    pub(crate) fn verdict(&self) -> OrderVerdict {
        for count in [self.proven, self.enclosed] {
            match count {
                [0, 0] => {}
                [_, 0] => return OrderVerdict::Decided(DateOrder::DayMonth),
                [0, _] => return OrderVerdict::Decided(DateOrder::MonthDay),
                _ => return OrderVerdict::Mixed,
            }
        }
        if self.open > 0 { OrderVerdict::Open } else { OrderVerdict::NotNeeded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(cells: &[&str]) -> OrderVerdict {
        let mut evidence = OrderEvidence::default();
        cells.iter().for_each(|cell| evidence.observe(&DateText::parse(cell.as_bytes()).unwrap()));
        evidence.verdict()
    }

    #[test]
    fn one_number_above_twelve_decides_a_column() {
        assert_eq!(verdict(&["03/04/2024", "03/25/2024"]), OrderVerdict::Decided(DateOrder::MonthDay));
        assert_eq!(verdict(&["25-03-2024", "03-04-2024"]), OrderVerdict::Decided(DateOrder::DayMonth));
        assert_eq!(verdict(&["03/04/2024", "05/06/2024"]), OrderVerdict::Open);
        assert_eq!(verdict(&["25/03/2024", "03/25/2024"]), OrderVerdict::Mixed);
        assert_eq!(verdict(&["2024-03-04", "03.04.2024", "04/04/2024"]), OrderVerdict::NotNeeded);
        assert_eq!(verdict(&[]), OrderVerdict::NotNeeded);
    }

    #[test]
    fn the_query_s_window_decides_where_no_number_does() {
        let mut evidence = OrderEvidence::default();
        let [start, time, end] = ["01/02/2024 00:00", "03/02/2024 10:00", "08/02/2024 00:00"]
            .map(|cell| DateText::parse(cell.as_bytes()).unwrap());
        evidence.observe(&time);
        evidence.observe_window(&time, &start, &end);
        // With the month first the window would run from January to August.
        assert_eq!(evidence.verdict(), OrderVerdict::Decided(DateOrder::DayMonth));
        let mut evidence = OrderEvidence::default();
        let [start, time, end] =
            ["02/02/2024", "02/03/2024", "03/03/2024"].map(|cell| DateText::parse(cell.as_bytes()).unwrap());
        evidence.observe(&time);
        evidence.observe_window(&time, &start, &end);
        // A window of 30 days either way: no proof.
        assert_eq!(evidence.verdict(), OrderVerdict::Open);
        let (start, end) = (DateText::parse(b"02/01/2024").unwrap(), DateText::parse(b"02/11/2024").unwrap());
        evidence.observe_window(&time, &start, &end);
        assert_eq!(evidence.verdict(), OrderVerdict::Decided(DateOrder::MonthDay));
    }

    #[test]
    fn orders_are_named() {
        assert_eq!(DateOrder::from_name("day-month"), Some(DateOrder::DayMonth));
        assert_eq!(DateOrder::from_name("dmy"), None);
    }
}
