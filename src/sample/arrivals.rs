//! When messages are handed in: by working hours, with quieter nights and weekends.

use chrono::{Datelike, Timelike, Weekday};

use super::Plan;
use super::text::{SECOND, timestamp};
use crate::random::Random;

/// Relative load by local hour of a working day.
const LOAD: [u64; 24] =
    [8, 6, 14, 12, 8, 10, 22, 48, 84, 100, 104, 96, 70, 82, 98, 94, 80, 58, 34, 24, 18, 14, 12, 10];

/// Seconds of an hour in which messages come in. The rest is free, so that no message is handed in in one hour
/// (or day) and queued in the next.
const OPEN_SECONDS: u64 = 3_590;
/// Seconds at the end of the last hour without new messages, so that those before are told to their end.
const CLOSING_SECONDS: u64 = 180;

/// One message to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Its number, from 0.
    pub(super) number: u64,
    /// Microseconds since 1970, never less than those before.
    pub(super) time: u64,
    /// Whether it is outside of working hours.
    pub(super) night: bool,
}

/// All messages of a plan in order.
#[derive(Debug)]
pub(super) struct Arrivals {
    hours: Vec<Hour>,
    hour: usize,
    in_hour: u64,
    number: u64,
    messages: u64,
    load_before: u128,
    load: u128,
}

#[derive(Debug)]
struct Hour {
    start: u64,
    open: u64,
    load: u64,
    night: bool,
}

impl Arrivals {
    pub(super) fn new(plan: &Plan, random: &mut Random) -> Arrivals {
        let count = u64::from(plan.days.max(1)) * 24;
        let hours: Vec<Hour> = (0..count).map(|hour| hour_of(plan, hour, count, random)).collect();
        let load = hours.iter().map(|hour| u128::from(hour.load)).sum();
        Arrivals { hours, hour: 0, in_hour: 0, number: 0, messages: plan.messages, load_before: 0, load }
    }

    /// The next message, or `None` when all have come.
    pub(super) fn next(&mut self, random: &mut Random) -> Option<Arrival> {
        loop {
            let hour = self.hours.get(self.hour)?;
            let share = |load: u128| (u128::from(self.messages) * load / self.load.max(1)) as u64;
            let (first, end) = (share(self.load_before), share(self.load_before + u128::from(hour.load)));
            if self.in_hour < end - first {
                // One draw in each of equal stretches of the hour: in order without sorting.
                let place =
                    u128::from(self.in_hour) * u128::from(hour.open) + u128::from(random.below(hour.open));
                let time = hour.start + (place / u128::from(end - first)) as u64;
                let arrival = Arrival { number: self.number, time, night: hour.night };
                self.in_hour += 1;
                self.number += 1;
                return Some(arrival);
            }
            self.load_before += u128::from(hour.load);
            self.in_hour = 0;
            self.hour += 1;
        }
    }
}

fn hour_of(plan: &Plan, hour: u64, count: u64, random: &mut Random) -> Hour {
    let start = plan.start_micros() + hour * 3600 * SECOND;
    let local = plan.zone.from_utc(timestamp(start));
    let usual = LOAD.get(local.hour() as usize).copied().unwrap_or(1);
    let by_day = match local.weekday() {
        Weekday::Sat => 20,
        Weekday::Sun => 12,
        // Invoices and reports of the month.
        _ if local.day() <= 3 => 140,
        _ => 100,
    };
    let closing = if hour + 1 == count { CLOSING_SECONDS } else { 0 };
    Hour {
        start,
        open: (OPEN_SECONDS - closing) * SECOND,
        load: usual * by_day * random.between(75, 125),
        night: !(7..19).contains(&local.hour()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_messages_come_in_order_and_within_the_days() {
        let plan = Plan { days: 7, ..Plan::new(5_000) };
        let mut random = Random::new(3);
        let mut arrivals = Arrivals::new(&plan, &mut random);
        let times: Vec<u64> = std::iter::from_fn(|| arrivals.next(&mut random)).map(|a| a.time).collect();
        assert_eq!(times.len(), 5_000);
        assert!(times.is_sorted());
        assert!(times[0] >= plan.start_micros() && times[4_999] < plan.end_micros() - 180 * SECOND);
        // 2026-10-04 is a Sunday.
        let sunday = plan.start_micros() + 3 * 86_400 * SECOND;
        let on_sunday =
            times.iter().filter(|&&time| (sunday..sunday + 86_400 * SECOND).contains(&time)).count();
        assert!((50..300).contains(&on_sunday), "{on_sunday}");
    }
}
