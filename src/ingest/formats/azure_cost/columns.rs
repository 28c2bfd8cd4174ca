//! Which column of a cost export means what, under all the names that agreements, versions and languages give it.

use crate::ingest::delimited::{DELIMITERS, Records, Row, delimiters_of, is_preamble, name_of};
use crate::usage::names::decode;

/// Records before the header: `sep=` and titles of portals.
const BEFORE_HEADER: usize = 20;
/// Columns that a cost export has, and hardly another table: so many tell the delimiter, even where the head ends
/// inside the header.
const KNOWN_ENOUGH: usize = 3;

/// What a cell means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(super) enum Column {
    Date,
    PeriodEnd,
    Meter,
    Category,
    Service,
    ServiceName,
    ResourceType,
    Resource,
    Description,
    Quantity,
    PricingQuantity,
    Unit,
    PricingUnit,
    UnitText,
    BlockSize,
    Price,
    OtherPrice,
    Cost,
    Currency,
    PricingCurrency,
    ExchangeRate,
    ChargeType,
    BillingPeriod,
    BillingPeriodEnd,
    Subscription,
    Tags,
}

/// How many there are.
const COLUMNS: usize = Column::Tags as usize + 1;

/// Every name, as [`name_of`] gives it; where a header has two of a column, the one listed first counts. Sources: the
/// dataset schemas EA, MCA, pay-as-you-go and FOCUS of Cost Management, older usage files, and the Query API.
const NAMES: [(&str, Column); 61] = [
    ("chargeperiodstart", Column::Date),
    ("date", Column::Date),
    ("usagedatetime", Column::Date),
    ("usagedate", Column::Date),
    ("chargeperiodend", Column::PeriodEnd),
    ("metername", Column::Meter),
    ("skumeter", Column::Meter),
    ("xskumetername", Column::Meter),
    ("meter", Column::Meter),
    ("metercategory", Column::Category),
    ("xskumetercategory", Column::Category),
    ("consumedservice", Column::Service),
    ("servicename", Column::ServiceName),
    ("xresourcetype", Column::ResourceType),
    ("resourcetype", Column::ResourceType),
    ("resourceid", Column::Resource),
    ("instanceid", Column::Resource),
    ("instancename", Column::Resource),
    ("chargedescription", Column::Description),
    ("quantity", Column::Quantity),
    ("usagequantity", Column::Quantity),
    ("consumedquantity", Column::Quantity),
    ("pricingquantity", Column::PricingQuantity),
    ("unitofmeasure", Column::Unit),
    ("consumedunit", Column::Unit),
    ("pricingunit", Column::PricingUnit),
    ("xpricingunitdescription", Column::UnitText),
    ("xpricingblocksize", Column::BlockSize),
    ("effectiveprice", Column::Price),
    ("resourcerate", Column::Price),
    ("contractedunitprice", Column::Price),
    ("xeffectiveunitprice", Column::OtherPrice),
    ("xbilledunitprice", Column::OtherPrice),
    ("unitprice", Column::OtherPrice),
    ("costinbillingcurrency", Column::Cost),
    ("billedcost", Column::Cost),
    ("cost", Column::Cost),
    ("pretaxcost", Column::Cost),
    ("extendedcost", Column::Cost),
    ("billingcurrencycode", Column::Currency),
    ("billingcurrency", Column::Currency),
    ("currency", Column::Currency),
    ("currencycode", Column::Currency),
    ("pricingcurrency", Column::PricingCurrency),
    ("pricingcurrencycode", Column::PricingCurrency),
    ("xpricingcurrency", Column::PricingCurrency),
    ("exchangeratepricingtobilling", Column::ExchangeRate),
    ("exchangerate", Column::ExchangeRate),
    ("xbillingexchangerate", Column::ExchangeRate),
    ("chargetype", Column::ChargeType),
    ("chargecategory", Column::ChargeType),
    ("billingperiodstartdate", Column::BillingPeriod),
    ("billingperiodstart", Column::BillingPeriod),
    ("billingperiodenddate", Column::BillingPeriodEnd),
    ("billingperiodend", Column::BillingPeriodEnd),
    ("subscriptionguid", Column::Subscription),
    ("subscriptionid", Column::Subscription),
    ("subaccountid", Column::Subscription),
    ("billingaccountid", Column::Subscription),
    ("tags", Column::Tags),
    ("tag", Column::Tags),
];

/// Where the columns stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    at: [Option<usize>; COLUMNS],
    /// Whether its columns are those of FOCUS.
    pub(super) is_focus: bool,
    /// Cells of the header.
    pub(super) width: usize,
}

impl Layout {
    /// The layout of a header; `None` where it is not one of a cost export.
    pub(super) fn of<'a>(header: impl Iterator<Item = &'a [u8]>) -> Option<Layout> {
        let layout = Layout::of_any(header);
        let has = |column: Column| layout.at(column).is_some();
        let names_meter = has(Column::Meter) || has(Column::Category) || has(Column::Service);
        let is_export = has(Column::Date)
            && has(Column::Cost)
            && (names_meter || layout.is_focus && has(Column::Currency));
        is_export.then_some(layout)
    }

    /// The layout of any columns.
    pub(super) fn of_any<'a>(header: impl Iterator<Item = &'a [u8]>) -> Layout {
        let mut best = [NAMES.len(); COLUMNS];
        let mut layout = Layout { at: [None; COLUMNS], is_focus: false, width: 0 };
        for cell in header {
            let place = layout.width;
            layout.width += 1;
            let Some(entry) = entry_of(cell) else { continue };
            let column = NAMES[entry].1 as usize;
            if entry < best[column] {
                (best[column], layout.at[column]) = (entry, Some(place));
            }
        }
        let is_named = |column: Column, name: &str| {
            NAMES.get(best[column as usize]).is_some_and(|entry| entry.0 == name)
        };
        layout.is_focus = is_named(Column::Cost, "billedcost") && is_named(Column::Date, "chargeperiodstart");
        layout
    }

    /// Where a column stands.
    pub(super) fn at(&self, column: Column) -> Option<usize> {
        self.at[column as usize]
    }
}

/// The entry of [`NAMES`] that a header cell is.
fn entry_of(cell: &[u8]) -> Option<usize> {
    let text = decode(cell);
    let name = name_of(english(&text).as_bytes());
    NAMES.iter().position(|(known, _)| *known == name)
}

/// The English name that localised headers carry in parentheses: `Maßeinheit (UnitOfMeasure)`.
fn english(text: &str) -> &str {
    let inner = text.trim().strip_suffix(')').and_then(|text| text.rsplit_once('('));
    inner.map_or(text, |(_, english)| english)
}

/// The delimiter under which the head begins with the header of a cost export.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    delimiters_of(head)
        .find(|&delimiter| header_within(head, delimiter, |row| Layout::of(row.cells()).is_some()))
}

/// The same for a head that may end inside its header.
pub(super) fn likely_delimiter(head: &[u8]) -> u8 {
    let knows_enough =
        |row: &Row<'_>| row.cells().filter(|cell| entry_of(cell).is_some()).count() >= KNOWN_ENOUGH;
    let found = delimiters_of(head).find(|&delimiter| header_within(head, delimiter, knows_enough));
    found.unwrap_or(DELIMITERS[0])
}

/// Whether one of the first records is the header.
fn header_within(head: &[u8], delimiter: u8, is_header: impl Fn(&Row<'_>) -> bool) -> bool {
    let mut records = Records::of_bytes(head, delimiter);
    for _ in 0..=BEFORE_HEADER {
        match records.next_row() {
            Ok(Some(row)) if is_header(&row) => return true,
            Ok(Some(_)) => {}
            _ => return false,
        }
    }
    false
}

/// Whether a head begins with the header of a price sheet: prices of meters, and no charges.
pub(in crate::ingest) fn is_price_sheet(head: &[u8]) -> bool {
    const SHEET: [&str; 3] = ["meterid", "unitprice", "effectivestartdate"];
    let delimiter = likely_delimiter(head);
    header_within(head, delimiter, |row| {
        SHEET.iter().all(|name| row.cells().any(|cell| name_of(cell) == *name))
    })
}

/// Whether a record before the header is one that exporters write there, and no row.
pub(super) fn is_before_header(row: &Row<'_>) -> bool {
    is_preamble(row.cells()) || row.cells().filter(|cell| !cell.trim_ascii().is_empty()).count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(header: &str) -> Option<Layout> {
        Layout::of(header.split(',').map(str::as_bytes))
    }

    #[test]
    fn every_agreement_has_its_names() {
        let ea = layout("Date,MeterName,Quantity,EffectivePrice,CostInBillingCurrency,UnitPrice").unwrap();
        assert_eq!(ea.at(Column::Cost), Some(4));
        assert_eq!((ea.at(Column::Price), ea.at(Column::OtherPrice)), (Some(3), Some(5)));
        let c360 = layout("Date,MeterName,Quantity,Cost,BillingCurrency").unwrap();
        assert_eq!((c360.at(Column::Cost), c360.is_focus), (Some(3), false));
        let mca = layout("date,meterName,costInBillingCurrency,costInPricingCurrency,costInUsd").unwrap();
        assert_eq!(mca.at(Column::Cost), Some(2));
        let payg =
            layout("UsageDateTime,MeterName,UsageQuantity,ResourceRate,PreTaxCost,InstanceId").unwrap();
        assert_eq!((payg.at(Column::Price), payg.at(Column::Resource)), (Some(3), Some(5)));
        let focus = layout("BilledCost,BillingCurrency,ChargePeriodStart,x_SkuMeterName").unwrap();
        assert!(focus.is_focus);
        assert_eq!(focus.at(Column::Meter), Some(3));
    }

    #[test]
    fn localised_headers_carry_the_english_name() {
        let german = "UsageDateTime (UsageDateTime),Kategorie der Verbrauchseinheit (MeterCategory),\
                      Name der Verbrauchseinheit (MeterName),PreTaxCost (PreTaxCost),Maßeinheit (UnitOfMeasure)";
        let german = layout(german).unwrap();
        assert_eq!((german.at(Column::Meter), german.at(Column::Unit)), (Some(2), Some(4)));
    }

    #[test]
    fn price_sheets_and_other_tables_are_no_cost_exports() {
        for header in [
            "MeterID,MeterName,UnitOfMeasure,EffectiveStartDate,UnitPrice,CurrencyCode",
            "BillingAccountId,MeterId,MeterName,UnitPrice,BasePrice,EffectiveStartDate,Currency",
            "Date,Cost,Currency",
            "UnitOfMeasure,AccountTypes,PricingBlockSize,DistinctUnits",
        ] {
            assert_eq!(layout(header), None, "{header}");
        }
    }

    #[test]
    fn the_delimiter_is_the_one_that_shows_the_columns() {
        assert_eq!(delimiter(b"Date;MeterName;Cost\n"), Some(b';'));
        assert_eq!(delimiter(b"sep=;\nDate;MeterName;Cost\n"), Some(b';'));
        assert_eq!(delimiter(b"Costs of a year\n\nDate,MeterName,Cost\n"), Some(b','));
        assert_eq!(delimiter(b"Date,Recipients\n"), None);
        assert_eq!(likely_delimiter(b"SubscriptionGuid;ResourceId;MeterName;Qua"), b';');
    }
}
