//! A series made honest: what the models are shown of the days of a log.
//!
//! Days that are cut off, incomplete or without a log are not seen; the effect of the calendar is taken out, and
//! anomalies are replaced where that is asked for. Recipients and the bytes of a recipient are two series, since
//! what makes mail more is not what makes it larger.

use super::anomalies::{Anomaly, Treatment, anomalies};
use super::calendar::{Effect, Holidays, SpecialDays};
use super::daily::Daily;
use super::log_days::{LogDays, Standing};

/// How a history is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The country whose public holidays change the mail.
    pub holidays: Option<Holidays>,
    /// What becomes of anomalies.
    pub anomalies: Treatment,
    /// Futures that are drawn.
    pub paths: usize,
    /// Forecasts of the past by which a model is chosen and its bands are calibrated, at most.
    pub origins: usize,
}

/// The two series and what was done to them.
#[derive(Clone, Debug)]
pub(super) struct Honest {
    /// Recipients a day, without the effect of the calendar.
    pub(super) recipients: Daily,
    /// Bytes for each recipient.
    pub(super) recipient_size: Daily,
    pub(super) special: SpecialDays,
    /// What special days do to the recipients, and to the bytes of one.
    pub(super) effects: [Vec<Effect>; 2],
    pub(super) anomalies: Vec<Anomaly>,
}

impl Honest {
    /// The series of all days before [`LogDays::next`]; `last` is the last day that is to be forecast.
    pub(super) fn new(days: &LogDays, last: chrono::NaiveDate, options: &Options) -> Honest {
        let len = days.known();
        let known = &days.days[..len];
        let whole = |place: usize| known[place].standing == Standing::Whole;
        let mut recipients = Daily {
            first: days.first,
            values: known.iter().map(|day| day.sums.recipients as f64).collect(),
            observed: (0..len).map(whole).collect(),
        };
        let size = |place: usize| {
            let sums = known[place].sums;
            sums.recipient_bytes as f64 / f64::max(sums.recipients as f64, 1.0)
        };
        let mut recipient_size = Daily {
            first: days.first,
            values: (0..len).map(size).collect(),
            // A day cut off tells the size as well as another.
            observed: known.iter().map(|day| day.sums.recipients > 0).collect(),
        };
        let special = SpecialDays::new(options.holidays, days.first, last);
        let effects = [&mut recipients, &mut recipient_size].map(|daily| {
            let effects = special.effects(daily);
            let factors = special.factors(&effects, days.first, len);
            daily.values.iter_mut().zip(&factors).for_each(|(value, factor)| *value /= factor);
            effects
        });
        recipient_size.values = recipient_size.filled();
        let found = anomalies(&recipients);
        if options.anomalies == Treatment::Replace {
            for anomaly in &found {
                let place = (anomaly.date - days.first).num_days();
                let seen = usize::try_from(place).ok().and_then(|place| recipients.observed.get_mut(place));
                seen.into_iter().for_each(|seen| *seen = false);
            }
        }
        recipients.values = recipients.filled();
        Honest { recipients, recipient_size, special, effects, anomalies: found }
    }
}
