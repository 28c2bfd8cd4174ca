//! The months ahead by sender domain. The forecast of the whole rules: what the domains are expected to send is
//! scaled so that it adds up to it, since the whole is surer than its parts.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::thread;

use rust_decimal::Decimal;

use super::SEED;
use super::months::{Outlook, bands};
use super::prices::expected;
use super::read::Counted;
use crate::estimate::share;
use crate::forecast::{Band, Domain, Level, Options, Projection, Sums, project, split};
use crate::money::Money;
use crate::pricing::Quantities;

/// Domains that are forecast apart; all others are one.
const MOST_DOMAINS: usize = 50;
/// Futures that are drawn for a domain.
const DOMAIN_PATHS: usize = 250;

/// A domain in the months ahead.
pub(super) struct DomainAhead {
    pub(super) name: String,
    /// What is expected of it, scaled to the whole.
    pub(super) expected: Sums,
    /// Its own band of recipients for each level, scaled alike.
    pub(super) recipients: Vec<Band>,
    /// Its share of the cost.
    pub(super) cost: Money,
}

/// Forecasts the largest domains, and the others as one.
pub(super) fn ahead(
    counted: &Counted,
    outlook: &Outlook,
    options: &Options,
    levels: &[Level],
) -> anyhow::Result<Vec<DomainAhead>> {
    let domains = counted.domains.clone().largest(MOST_DOMAINS, &counted.usage);
    let projections = projections(counted, outlook, options, &domains);
    let zero = Money::zero(outlook.currency);
    let mut ahead: Vec<DomainAhead> = domains
        .into_iter()
        .map(|Domain { name, .. }| DomainAhead {
            name,
            expected: Sums::default(),
            recipients: Vec::new(),
            cost: zero,
        })
        .collect();
    let ratio = counted.messages_per_recipient();
    let mut places = BTreeSet::new();
    for month in outlook.ahead() {
        let mut parts: Vec<Vec<Quantities>> = vec![Vec::new(); ahead.len()];
        let mut all = Vec::new();
        for (place, span) in &month.spans {
            places.insert(*place);
            let own: Vec<Sums> =
                projections.iter().map(|projection| expected_of(projection, *place)).collect();
            all.push(expected(span.expected, ratio)?);
            for ((part, sums), domain) in parts.iter_mut().zip(split(span.expected, &own)).zip(&mut ahead) {
                part.push(expected(sums, ratio)?);
                domain.expected.merge(sums);
            }
        }
        let costs = share(&month.plan.price(&all)?, &parts)?;
        for (domain, cost) in ahead.iter_mut().zip(costs) {
            domain.cost = domain.cost.checked_add(cost)?;
        }
    }
    for (domain, projection) in ahead.iter_mut().zip(&projections) {
        domain.recipients = recipients(domain.expected, projection.as_ref(), &places, levels);
    }
    Ok(ahead)
}

fn expected_of(projection: &Option<Projection>, place: usize) -> Sums {
    projection
        .as_ref()
        .and_then(|projection| projection.spans.get(place))
        .map(|span| span.expected)
        .unwrap_or_default()
}

/// The band of the recipients in some spans, scaled like what is expected of them.
fn recipients(
    scaled: Sums,
    projection: Option<&Projection>,
    places: &BTreeSet<usize>,
    levels: &[Level],
) -> Vec<Band> {
    let spans: Vec<_> = projection
        .iter()
        .flat_map(|projection| places.iter().filter_map(|&place| projection.spans.get(place)))
        .collect();
    let own: Decimal = spans.iter().map(|span| Decimal::from(span.expected.recipients)).sum();
    let count = spans.first().map_or(0, |span| span.futures.len());
    let future = |place: usize| {
        let sum: Decimal = spans.iter().map(|span| Decimal::from(span.futures[place].recipients)).sum();
        let scaled = sum.checked_mul(Decimal::from(scaled.recipients)).and_then(|sum| sum.checked_div(own));
        scaled.unwrap_or(sum)
    };
    bands(&(0..count).map(future).collect::<Vec<_>>(), levels)
}

/// Forecasts each domain, on all cores. One that no day is known of has none.
fn projections(
    counted: &Counted,
    outlook: &Outlook,
    options: &Options,
    domains: &[Domain],
) -> Vec<Option<Projection>> {
    // Without forecasts of the past: the whole has been tried on them, and fifty domains would take fifty times as long.
    let options = Options { paths: DOMAIN_PATHS, origins: 0, ..*options };
    let one = |(place, domain): (usize, &Domain)| {
        let days = counted.days_of(&domain.days)?;
        Some(project(&days, &outlook.to_come, &options, SEED + 8 * (place as u64 + 1)))
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut projections: Vec<Option<Projection>> = vec![None; domains.len()];
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|core| {
                let own =
                    move || domains.iter().enumerate().skip(core).step_by(cores).map(one).collect::<Vec<_>>();
                scope.spawn(own)
            })
            .collect();
        for (core, worker) in workers.into_iter().enumerate() {
            let own = worker.join().unwrap_or_default();
            for (slot, projection) in projections.iter_mut().skip(core).step_by(cores).zip(own) {
                *slot = projection;
            }
        }
    });
    projections
}
