//! What the format as a whole does: kinds of exports, copies and re-runs, manifests, damaged rows.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::AzureCost;
use crate::ingest::collect::Collected;
use crate::ingest::{DateOrder, Input, Likelihood, LogFormat, ReadOptions, Record};
use crate::pricing::Metered;
use crate::usage::{BilledCharge, Skip};

const HEADER: &str = "Date,MeterCategory,MeterName,UnitOfMeasure,Quantity,EffectivePrice,Cost,BillingCurrency,\
                      ConsumedService,ResourceId,Tags,ChargeType,SubscriptionId";
const ACS: &str = "/subscriptions/1/providers/Microsoft.Communication/CommunicationServices/acs";

/// A row of recipients on a day of October 2026.
fn sent(day: u32, quantity: u32) -> String {
    format!(
        "2026-10-{day:02},Email,Basic Sent Email,1,{quantity},0.00025,{},EUR,Microsoft.Communication,{ACS},,Usage,1",
        Decimal::from(quantity) * Decimal::new(25, 5)
    )
}

/// A row with a meter, a service and the last cells.
fn row(meter: &str, unit: &str, service: &str, resource: &str) -> String {
    format!("2026-10-01,X,{meter},{unit},2,0.5,1,EUR,{service},{resource},,Usage,1")
}

fn export(rows: &[String]) -> String {
    format!("{HEADER}\r\n{}\r\n", rows.join("\r\n"))
}

fn read_with(inputs: &[(&str, &str)], options: &ReadOptions) -> Collected {
    let mut sink = Collected::default();
    let inputs = inputs.iter().map(|(name, text)| Input::from_bytes(name, text.as_bytes())).collect();
    AzureCost.read(inputs, options, &mut sink).unwrap();
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    sink
}

fn read(inputs: &[(&str, &str)]) -> Collected {
    read_with(inputs, &ReadOptions::default())
}

fn charges(sink: &Collected) -> Vec<&BilledCharge> {
    sink.records.iter().filter_map(as_charge).collect()
}

fn as_charge(record: &Record) -> Option<&BilledCharge> {
    match record {
        Record::BilledCharge(charge) => Some(charge),
        Record::Submission(_) | Record::ControlTotal(_) => None,
    }
}

fn recipients(sink: &Collected) -> Decimal {
    let charges = charges(sink).into_iter().filter(|charge| charge.metered == Some(Metered::Recipients));
    charges.map(|charge| charge.quantity).sum()
}

fn skipped(sink: &Collected, reason: Skip) -> u64 {
    sink.accounting.skipped.get(&reason).copied().unwrap_or(0)
}

#[test]
fn a_row_becomes_a_charge_with_all_that_it_states() {
    let header = "date,meterName,unitOfMeasure,quantity,effectivePrice,costInBillingCurrency,billingCurrency,\
                  pricingCurrency,exchangeRatePricingToBilling,consumedService,ResourceId,chargeType";
    let text = format!(
        "{header}\n10/21/2026,basic sent email,1K,12.5,0.25,2.89375,EUR,USD,0.926,microsoft.communication,{ACS},Usage\n"
    );
    assert_eq!(AzureCost.detect(text.as_bytes()), Some(Likelihood::Certain));
    let sink = read(&[("mca.csv", &text)]);
    let charge = charges(&sink)[0];
    assert_eq!(charge.period.to_string(), "2026-10-21T00:00:00Z to 2026-10-22T00:00:00Z");
    assert_eq!(charge.resource, ACS.to_lowercase());
    assert_eq!((charge.meter.as_str(), charge.unit.as_str()), ("Basic Sent Email", "1K"));
    assert_eq!((charge.quantity, charge.metered), (12_500.into(), Some(Metered::Recipients)));
    assert_eq!(charge.unit_price, Some(Decimal::new(25, 5)));
    assert_eq!(charge.pricing_currency.map(|currency| currency.to_string()).as_deref(), Some("USD"));
    assert_eq!((charge.exchange_rate, charge.line), (Some(Decimal::new(926, 3)), 2));
    assert_eq!(charge.billed_cost.amount(), Decimal::new(289_375, 5));
}

#[test]
fn other_meters_of_the_service_are_kept_and_other_services_are_not() {
    let other = "/subscriptions/1/providers/Microsoft.Storage/storageAccounts/x";
    let rows = [
        row("SMS Sent", "1", "Microsoft.Communication", ACS),
        row("Number Leasing", "1/Month", "", ACS),
        row("Basic Data Transferred", "1 GB", "Microsoft.Communication", ACS),
        row("Basic Data Transferred", "1 GB", "Microsoft.Web", other),
        row("Standard Event Operations", "100K", "Microsoft.EventGrid", ACS),
        row("Disk", "1/Month", "Microsoft.Compute", other),
        row("Disk", "1/Month", "", ""),
    ];
    let sink = read(&[("a.csv", &export(&rows))]);
    let kept: Vec<_> = charges(&sink)
        .iter()
        .map(|charge| (charge.meter.clone(), charge.metered, charge.quantity.to_string()))
        .collect();
    assert_eq!(kept.len(), 3);
    assert!(kept.contains(&("SMS Sent".to_owned(), None, "2".to_owned())));
    assert!(kept.contains(&("Number Leasing".to_owned(), None, "2".to_owned())));
    let data = ("Basic Data Transferred".to_owned(), Some(Metered::Megabytes), "2000".to_owned());
    assert!(kept.contains(&data));
    assert_eq!((skipped(&sink, Skip::OtherService), skipped(&sink, Skip::NotUsage)), (4, 3));
}

#[test]
fn what_a_row_lacks_is_said() {
    let good = sent(1, 10);
    let rows = [
        good.replace(",1,10,", ",1 Hour,10,"),
        good.replace(",10,", ",ten,"),
        good.replace("EUR", ""),
        good.replace("2026-10-01", "2026-13-01"),
        good.replace(",0.00250,", ",,"),
    ];
    let sink = read(&[("a.csv", &export(&rows))]);
    let reasons: Vec<_> = sink.accounting.rejections.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "'1 Hour' is not a unit of mails: expected one such as '1' or '1K'",
            "a text of 3 letters is not a number: expected one such as '0.00025' of at most 28 digits",
            "the billing currency is missing",
            "'2026-13-01' is not a date: expected one such as '2026-10-21' or '10/21/2026'",
            "the cost is missing",
        ]
    );
}

#[test]
fn dates_are_read_by_their_column() {
    let of = |dates: &[&str], options: &ReadOptions| {
        let rows: Vec<String> = dates.iter().map(|date| sent(1, 1).replace("2026-10-01", date)).collect();
        let sink = read_with(&[("a.csv", &export(&rows))], options);
        let days: Vec<String> = charges(&sink).iter().map(|charge| charge.period.start.to_string()).collect();
        (days, sink.accounting.rejected)
    };
    let none = ReadOptions::default();
    let days = |days: &[&str]| days.iter().map(|day| format!("{day}T00:00:00Z")).collect::<Vec<_>>();
    assert_eq!(of(&["9/2/2023", "09/21/2023"], &none), (days(&["2023-09-02", "2023-09-21"]), 0));
    assert_eq!(of(&["2/9/2023", "21/09/2023"], &none), (days(&["2023-09-02", "2023-09-21"]), 0));
    assert_eq!(of(&["2023-09-21T00:00:00.0000000Z", "2023-09-22 00:00:00"], &none).0.len(), 2);
    assert_eq!(of(&["02.09.2023"], &none), (days(&["2023-09-02"]), 0));
    assert_eq!(of(&["02/09/2023"], &none), (days(&[]), 1));
    let stated = ReadOptions { date_order: Some(DateOrder::MonthDay), ..ReadOptions::default() };
    assert_eq!(of(&["02/09/2023"], &stated), (days(&["2023-02-09"]), 0));
}

#[test]
fn the_end_of_a_billing_period_shows_the_order_of_dates() {
    let header = "Date,MeterName,UnitOfMeasure,Quantity,Cost,BillingCurrency,ResourceId,BillingPeriodStartDate,\
                  BillingPeriodEndDate";
    let text = format!("{header}\n02/09/2026,Basic Sent Email,1,1,0,EUR,{ACS},02/01/2026,02/28/2026\n");
    let sink = read(&[("a.csv", &text)]);
    assert_eq!(charges(&sink)[0].period.start.to_string(), "2026-02-09T00:00:00Z");
}

#[test]
fn a_row_with_loose_delimiters_in_its_tags_is_still_read() {
    let loose = sent(1, 10).replace(",,Usage", ",{\"a\": \"b\", \"c\": \"d\"},Usage");
    let sink = read(&[("a.csv", &export(&[loose, sent(2, 5)]))]);
    assert_eq!((recipients(&sink), sink.accounting.rejected), (15.into(), 0));
    // A quote that is not closed takes the next rows with it, which is said.
    let open = sent(1, 10).replace(",,Usage", ",\"{\"\"a\"\": b,Usage");
    let sink = read(&[("a.csv", &export(&[sent(3, 7), open, sent(2, 5)]))]);
    assert_eq!((recipients(&sink), sink.accounting.rejected), (7.into(), 1));
    let reason = &sink.accounting.rejections[0].reason;
    assert!(reason.starts_with("the row has 11 cells over 3 lines instead of 13: a quote"), "{reason}");
    // Broken JSON in a sound cell breaks nothing.
    let broken = sent(1, 10).replace(",,Usage", ",\"{\"\"a\"\": \"\"b\",Usage");
    assert_eq!(recipients(&read(&[("a.csv", &export(&[broken, sent(2, 5)]))])), 15.into());
}

#[test]
fn headers_are_no_charges_wherever_they_stand() {
    let text = format!("{}{}", export(&[sent(1, 3)]), export(&[sent(2, 4)]));
    let sink = read(&[("a.csv", &text)]);
    assert_eq!((recipients(&sink), skipped(&sink, Skip::Header)), (7.into(), 2));
    let sink = read(&[("a.csv", &format!("{HEADER}\n"))]);
    assert_eq!((sink.records.len(), sink.accounting.records, skipped(&sink, Skip::Header)), (0, 1, 1));
}

#[test]
fn equal_rows_of_one_file_add_up_and_a_second_file_adds_nothing() {
    let one = export(&[sent(1, 3), sent(1, 3), sent(2, 4)]);
    let longer = export(&[sent(1, 3), sent(2, 4), sent(3, 5)]);
    for inputs in [[("a.csv", &*one), ("b.csv", &*longer)], [("b.csv", &*longer), ("a.csv", &*one)]] {
        let sink = read(&inputs);
        assert_eq!((recipients(&sink), skipped(&sink, Skip::Duplicate)), (15.into(), 2));
        assert!(sink.warnings.is_empty(), "{:?}", sink.warnings);
    }
    let sink = read(&[("a.csv", &one), ("a.csv", &one), ("c.csv", &one)]);
    assert_eq!((recipients(&sink), skipped(&sink, Skip::Duplicate)), (10.into(), 6));
}

#[test]
fn two_states_of_a_day_are_not_added() {
    let early = export(&[sent(1, 100), sent(2, 40)]);
    let late = export(&[sent(1, 100), sent(2, 90), sent(3, 10)]);
    for inputs in [[("a.csv", &*early), ("b.csv", &*late)], [("b.csv", &*late), ("a.csv", &*early)]] {
        let sink = read(&inputs);
        assert_eq!(recipients(&sink), 200.into());
        assert_eq!((skipped(&sink, Skip::Duplicate), skipped(&sink, Skip::Covered)), (1, 1));
        assert_eq!(
            sink.warnings,
            [
                "1 groups of charges (day, resource and meter) differ between exports and are not added up: the most \
              complete one counts; give only the latest export of each month"
            ]
        );
    }
}

#[test]
fn partitions_of_a_folder_are_one_export() {
    let rows = [sent(1, 3), sent(1, 3), sent(1, 5), sent(2, 4)];
    let whole = read(&[("run/part_0_0001.csv", &export(&rows))]);
    for cut in 0..=rows.len() {
        let (first, second) = (export(&rows[..cut]), export(&rows[cut..]));
        let parts = [("run/part_0_0001.csv", &*first), ("run/part_1_0001.csv", &*second)];
        assert_eq!(recipients(&read(&parts)), recipients(&whole));
        // Copies of the parts, packed or in another folder, add nothing.
        let copies =
            [parts[0], parts[1], ("run/part_1_0001.csv.gz", &*second), ("old/part_0_0001.csv", &*first)];
        assert_eq!(recipients(&read(&copies)), recipients(&whole), "{cut}");
    }
}

fn manifest(kind: &str, submitted: &str, run: &str, blobs: &[&str]) -> String {
    let blobs: Vec<String> = blobs
        .iter()
        .map(|name| {
            format!("{{\"blobName\":\"costs/daily/20261001-20261031/{run}/{name}\",\"byteCount\":1}}")
        })
        .collect();
    format!(
        "{{\"exportConfig\":{{\"exportName\":\"daily\",\"resourceId\":\"/x/{kind}\",\"type\":\"{kind}\"}},\
         \"runInfo\":{{\"submittedTime\":\"{submitted}\",\"runId\":\"{run}\",\"startDate\":\"2026-10-01T00:00:00\"}},\
         \"blobs\":[{}]}}",
        blobs.join(",")
    )
}

#[test]
fn the_newest_run_of_an_export_replaces_older_ones() {
    // A correction downwards: only the manifests tell that it is the later state.
    let (old, new) = (export(&[sent(1, 100), sent(2, 90)]), export(&[sent(1, 100), sent(2, 60)]));
    let blobs = ["part_0_0001.csv"];
    let of_old = manifest("ActualCost", "2026-10-03T01:00:00Z", "r1", &blobs);
    let of_new = manifest("ActualCost", "2026-10-04T01:00:00Z", "r2", &blobs);
    assert_eq!(AzureCost.detect(of_old.as_bytes()), Some(Likelihood::Certain));
    let inputs = [
        ("x/r2/part_0_0001.csv", &*new),
        ("x/r1/manifest.json", &*of_old),
        ("x/r1/part_0_0001.csv", &*old),
        ("x/r2/manifest.json", &*of_new),
    ];
    let sink = read(&inputs);
    assert_eq!((recipients(&sink), skipped(&sink, Skip::Covered)), (160.into(), 2));
    assert_eq!(
        sink.warnings,
        [
            "2 charges are of older runs of an export that a newer one replaces (x/r2/manifest.json): they do not count"
        ]
    );
    let mut reversed = inputs;
    reversed.reverse();
    assert_eq!(recipients(&read(&reversed)), 160.into());
}

#[test]
fn files_that_a_manifest_lists_and_nobody_gave_are_missed() {
    let listed =
        manifest("ActualCost", "2026-10-03T01:00:00Z", "r1", &["part_0_0001.csv", "part_1_0001.csv"]);
    let text = export(&[sent(1, 100)]);
    let sink = read(&[("r1/manifest.json", &listed), ("r1/part_0_0001.csv", &text)]);
    assert_eq!(
        sink.warnings,
        [
            "r1/manifest.json: the export is incomplete: 1 of its 2 files are not given, such as 'part_1_0001.csv'"
        ]
    );
    // An incomplete run does not replace a complete one.
    let older = manifest("ActualCost", "2026-10-02T01:00:00Z", "r0", &["part_0_0001.csv"]);
    let whole = export(&[sent(1, 90), sent(2, 70)]);
    let sink = read(&[
        ("r1/manifest.json", &listed),
        ("r1/part_0_0001.csv", &text),
        ("r0/manifest.json", &older),
        ("r0/part_0_0001.csv", &whole),
    ]);
    assert_eq!(recipients(&sink), 160.into());
}

const FOCUS: &str = "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodEnd,ChargePeriodStart,ConsumedQuantity,\
                     ConsumedUnit,ContractedUnitPrice,PricingQuantity,PricingUnit,ResourceId,ServiceName,\
                     x_PricingBlockSize,x_SkuMeterName";

fn focus(day: u32, quantity: u32) -> String {
    let cost = Decimal::from(quantity) * Decimal::new(25, 5);
    let next = day + 1;
    format!(
        "{FOCUS}\n{cost},EUR,Usage,2026-10-{next:02} 00:00:00,2026-10-{day:02} 00:00:00,{quantity},Units,0.00025,\
         {quantity},Units,{ACS},Azure Communication Services,1,Basic Sent Email\n"
    )
}

#[test]
fn one_kind_of_the_same_days_counts() {
    let actual = export(&[sent(1, 100)]);
    let (first, second) = (focus(1, 100), focus(2, 50));
    let amortized = export(&[sent(1, 100), sent(2, 50), sent(3, 25)]);
    let listed = manifest("AmortizedCost", "2026-10-03T01:00:00Z", "r1", &["part_0_0001.csv"]);
    let sink = read(&[
        ("r1/part_0_0001.csv", &amortized),
        ("f1.csv", &first),
        ("r1/manifest.json", &listed),
        ("f2.csv", &second),
        ("a.csv", &actual),
    ]);
    assert_eq!((recipients(&sink), skipped(&sink, Skip::Covered)), (175.into(), 3));
    assert_eq!(sink.warnings.len(), 1);
    assert!(sink.warnings[0].starts_with("3 charges are in exports of several kinds: actual cost counts"));
}

#[test]
fn focus_without_columns_of_its_own_is_read_by_its_description() {
    let text = "BilledCost,BillingCurrency,ChargeCategory,ChargeDescription,ChargePeriodStart,ConsumedQuantity,\
                ConsumedUnit,PricingQuantity,ResourceId\n\
                0.25,USD,Usage,Email - Basic Sent Email,2026-10-01T00:00:00Z,1000,Units,1000,NULL\n\
                0.25,USD,Usage,Event Grid - Operations,2026-10-01T00:00:00Z,1000,Units,1000,NULL\n\
                -1,USD,Adjustment,Email - Basic Sent Email,2026-10-01T00:00:00Z,NULL,NULL,NULL,NULL\n";
    let sink = read(&[("f.csv", text)]);
    assert_eq!((recipients(&sink), charges(&sink).len()), (1_000.into(), 2));
    assert_eq!(skipped(&sink, Skip::OtherService), 1);
}

#[test]
fn answers_of_the_query_api_are_read_where_they_name_meters() {
    let text = "{\"type\":\"Microsoft.CostManagement/query\",\"properties\":{\"nextLink\":\"https://next.example\",\
                \"columns\":[{\"name\":\"PreTaxCost\"},{\"name\":\"UsageQuantity\"},{\"name\":\"UsageDate\"},\
                {\"name\":\"Meter\"},{\"name\":\"UnitOfMeasure\"},{\"name\":\"Currency\"}],\"rows\":[\
                [0.0250000000000001,100.0,20261001,\"Basic Sent Email\",\"1\",\"EUR\"],\
                [1.5E-05,0.125,20261002,\"Basic Data Transferred\",\"1 MB\",\"EUR\"],\
                [3,7,20261002,\"B2ms\",\"1 Hour\",\"EUR\"]]}}";
    assert_eq!(AzureCost.detect(text.as_bytes()), Some(Likelihood::Certain));
    let sink = read(&[("q.json", text)]);
    assert_eq!((recipients(&sink), charges(&sink).len(), sink.accounting.records), (100.into(), 2, 3));
    let costs: Vec<_> = charges(&sink).iter().map(|one| one.billed_cost.amount().to_string()).collect();
    assert_eq!(costs, ["0.0250000000000001", "0.000015"]);
    assert_eq!(
        sink.warnings,
        ["q.json: more pages follow ('nextLink'): fetch them too, up to the one without a link"]
    );
    // Sums over all resources give way to an export of that day.
    let sink = read(&[("q.json", text), ("a.csv", &export(&[sent(1, 60)]))]);
    assert_eq!((recipients(&sink), charges(&sink).len()), (60.into(), 2));
    let no_meter = text.replace("\"Meter\"", "\"ResourceGroup\"");
    assert_eq!(read(&[("q.json", &no_meter)]).accounting.rejected, 3);
    assert_eq!(read(&[("q.json", &text[..200])]).accounting.rejected, 1);
}

#[test]
fn a_block_that_is_written_out_is_told() {
    let rows = [row("Basic Data Transferred", "100 MB", "", ACS), row("Basic Sent Email", "1K", "", ACS)];
    let sink = read(&[("a.csv", &export(&rows))]);
    assert_eq!(
        sink.warnings,
        [
            "a quantity in the unit '100 MB' is taken as that many blocks: compare the unit price with the price sheet"
        ]
    );
}

#[test]
fn decimal_commas_are_read_where_the_column_shows_them() {
    let text = "Date;MeterName;UnitOfMeasure;Quantity;Cost;BillingCurrency;ResourceId\n\
                01.10.2026;Basic Sent Email;1;1.234;0,3085;EUR;\n02.10.2026;Basic Sent Email;1;10;0,0025;EUR;\n";
    let sink = read(&[("a.csv", text)]);
    assert_eq!(recipients(&sink), 1_244.into());
    let open = "Date;MeterName;UnitOfMeasure;Quantity;Cost;BillingCurrency;ResourceId\n\
                01.10.2026;Basic Sent Email;1;1.234;0;EUR;\n";
    assert_eq!(read(&[("a.csv", open)]).accounting.rejected, 1);
}

proptest! {
    #[test]
    fn whatever_stands_below_a_header_is_accounted_for(rows in "[\"\",;\n\r 0-9EBasic./-]{0,200}", cut in 0_usize..200) {
        let rows = format!("{}\n{rows}", sent(1, 5));
        let cut = (cut..=rows.len()).find(|at| rows.is_char_boundary(*at)).unwrap_or(rows.len());
        let parts = [format!("{HEADER}\n{}", &rows[..cut]), format!("{HEADER}\n{}", &rows[cut..])];
        read(&[("a.csv", &parts[0]), ("b.csv", &parts[1]), ("b.csv", &parts[1])]);
    }

    #[test]
    fn neither_order_nor_copies_of_files_change_the_sum(
        quantities in proptest::collection::vec((1_u32..4, 1_u32..5), 1..12),
        copies in proptest::collection::vec(0_usize..3, 1..5),
    ) {
        let rows: Vec<String> = quantities.iter().map(|(day, quantity)| sent(*day, *quantity)).collect();
        let parts: Vec<(String, String)> = rows
            .chunks(3)
            .enumerate()
            .map(|(part, rows)| (format!("run/part_{part}_0001.csv"), export(rows)))
            .collect();
        let expected: u32 = quantities.iter().map(|(_, quantity)| quantity).sum();
        let mut inputs: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (&**name, &**text)).collect();
        for copy in copies {
            let again = inputs[copy % parts.len()];
            inputs.push(again);
        }
        inputs.reverse();
        prop_assert_eq!(recipients(&read(&inputs)), expected.into());
    }
}

#[test]
fn real_exports_hold_other_services_only() {
    let folder = std::env::var_os("RELAYMETER_TEST_DATA").map(std::path::PathBuf::from);
    let folder = folder
        .unwrap_or_else(|| std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"))
        .join("logs");
    if !folder.exists() {
        println!("skipped: {} is absent", folder.display());
        return;
    }
    for (name, rows) in [
        ("azure-cost/finops-toolkit/EA_ActualCost_Small.csv", 11),
        ("azure-cost/finops-toolkit/EA_AmortizedCost_Small.csv", 28),
        ("azure-cost/finops-toolkit/EA_NoRows.csv", 0),
        ("azure-cost/focus_converters/sample-anonymous-ea-export-dataset.csv", 27),
        ("azure-cost/koku/azure_camelCased.csv", 3),
        ("azure-cost/koku/camel_azure_version_2.csv", 4),
        ("azure-cost/opencost/headersets-German.csv", 1),
        ("azure-cost/opencost/values-Template.csv", 87),
        ("focus/focus_sample.csv", 1_000),
    ] {
        let text = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(AzureCost.detect(&text), Some(Likelihood::Certain), "{name}");
        let sink = read(&[(name, &String::from_utf8_lossy(&text))]);
        let found =
            (skipped(&sink, Skip::OtherService), skipped(&sink, Skip::Header), sink.accounting.rejected);
        assert_eq!(found, (rows, 1, 0), "{name}");
    }
}
