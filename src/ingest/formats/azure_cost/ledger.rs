//! The charges of a run while it reads: compact, because all must be known before it shows which of several exports
//! counts.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::money::{Currency, Money};
use crate::period::{ChargePeriod, Month};
use crate::pricing::Metered;
use crate::usage::{BilledCharge, SourceId};

/// A text of the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct TextId(u32);

/// Texts that many rows share.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: Vec<Box<str>>,
    ids: FxHashMap<Box<str>, TextId>,
}

impl Texts {
    /// The id of a text.
    pub(super) fn id(&mut self, text: &str) -> TextId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = TextId(self.all.len() as u32);
        self.all.push(text.into());
        self.ids.insert(text.into(), id);
        id
    }

    /// The text of an id.
    pub(super) fn get(&self, id: TextId) -> &str {
        self.all.get(id.0 as usize).map_or("", AsRef::as_ref)
    }
}

/// What an export shows, the best for comparing with usage first: of the same days and resources one kind counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// What is invoiced; also exports that do not say which kind they are, because mail has no commitments that
    /// would make a difference.
    Actual,
    /// The FOCUS dataset.
    Focus,
    /// Usage without purchases (older exports).
    Usage,
    /// Commitments spread over their term.
    Amortized,
    /// An answer of the query API: sums of many rows.
    Query,
}

impl Kind {
    /// The name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Actual => "actual cost",
            Kind::Focus => "FOCUS",
            Kind::Usage => "usage",
            Kind::Amortized => "amortized cost",
            Kind::Query => "query answers",
        }
    }
}

/// Where a charge was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The set of files, one run of one export.
    pub(super) set: u32,
    /// The kind of its dataset.
    pub(super) kind: Kind,
    /// The input.
    pub(super) source: SourceId,
    /// The line.
    pub(super) line: u64,
}

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    /// Where it was read.
    pub(super) place: Place,
    /// The period that is charged.
    pub(super) period: ChargePeriod,
    /// The resource, lower case.
    pub(super) resource: TextId,
    /// The subscription, for rows without a resource; else empty.
    pub(super) scope: TextId,
    /// The meter.
    pub(super) meter: TextId,
    /// The meter in lower case, by which copies are found.
    pub(super) meter_key: TextId,
    /// Usage, purchase, refund, adjustment; lower case.
    pub(super) charge_type: TextId,
    /// The month whose invoice it is on.
    pub(super) billing_month: Month,
    /// What the meter counts.
    pub(super) metered: Option<Metered>,
    /// How many.
    pub(super) quantity: Decimal,
    /// The unit as stated.
    pub(super) unit: TextId,
    /// The price of one.
    pub(super) unit_price: Option<Decimal>,
    /// The currency of the price.
    pub(super) pricing_currency: Option<Currency>,
    /// Billing currency per unit of the pricing currency.
    pub(super) exchange_rate: Option<Decimal>,
    /// The cost.
    pub(super) cost: Money,
}

/// What tells charges apart of which only one export's states count: day, resource, meter, type, billing month.
pub(super) type GroupKey = (i64, TextId, TextId, TextId, TextId, Month);

impl Charge {
    /// The group it belongs to.
    pub(super) fn group(&self) -> GroupKey {
        (self.day(), self.resource, self.scope, self.meter_key, self.charge_type, self.billing_month)
    }

    /// The day, as days since 1970.
    pub(super) fn day(&self) -> i64 {
        self.period.start.seconds().div_euclid(86_400)
    }

    /// What two copies of one row have in common.
    pub(super) fn figures(&self) -> (Decimal, Decimal) {
        (self.quantity, self.cost.amount())
    }

    /// The charge as it is delivered.
    pub(super) fn billed(&self, texts: &Texts) -> BilledCharge {
        BilledCharge {
            period: self.period,
            resource: texts.get(self.resource).to_owned(),
            meter: texts.get(self.meter).to_owned(),
            metered: self.metered,
            quantity: self.quantity,
            unit: texts.get(self.unit).to_owned(),
            unit_price: self.unit_price,
            pricing_currency: self.pricing_currency,
            exchange_rate: self.exchange_rate,
            billed_cost: self.cost,
            source: self.place.source,
            line: self.place.line,
            records: 1,
        }
    }
}

/// All charges and their texts.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The texts.
    pub(super) texts: Texts,
    /// The charges.
    pub(super) charges: Vec<Charge>,
    /// Units such as `100 MB` of which quantities were taken as blocks.
    pub(super) assumed_blocks: BTreeSet<String>,
}
