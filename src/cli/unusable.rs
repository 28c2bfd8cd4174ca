//! A read that ends with nothing usable is an error that says what was recognised and why nothing counted.

use std::fmt::Write as _;

use super::count_args::InForce;
use crate::ingest::run::{Ingested, InputRead, Recognition};
use crate::usage::{Skip, Usage};

/// Inputs that are listed in the error.
const SHOWN_INPUTS: usize = 5;
/// Control totals that are listed in the error.
const SHOWN_TOTALS: usize = 10;
/// Settings that can leave a message out.
const FILTERS: [&str; 10] = [
    "client",
    "exclude-client",
    "sender-domain",
    "exclude-sender-domain",
    "connector",
    "exclude-connector",
    "relay-host",
    "from",
    "to",
    "delivered-only",
];

/// An error where no message counts, unless charges alone will do.
pub(super) fn check_usage(usage: &Usage, ingested: &Ingested, in_force: &[InForce]) -> anyhow::Result<()> {
    match usage.total.attempted.messages {
        0 => Err(anyhow::anyhow!(message(usage, ingested, in_force))),
        _ => Ok(()),
    }
}

/// An error where neither messages nor charges count, unless that is allowed and nothing is in doubt.
pub(super) fn check(
    usage: &Usage,
    ingested: &Ingested,
    in_force: &[InForce],
    allow_empty: bool,
) -> anyhow::Result<()> {
    if usage.total.attempted.messages > 0 || !usage.beside.charges.is_empty() {
        return Ok(());
    }
    let understood = is_understood(usage, ingested);
    if allow_empty && understood {
        return Ok(());
    }
    let mut message = message(usage, ingested, in_force);
    if understood {
        message.push_str("\nhint: --allow-empty lets this pass as zero");
    }
    Err(anyhow::anyhow!(message))
}

/// What was recognised and why nothing counted.
fn message(usage: &Usage, ingested: &Ingested, in_force: &[InForce]) -> String {
    let mut message = format!("{}, 0 messages usable: {}", recognised(&ingested.inputs), reasons(usage));
    for rejection in &usage.accounting.rejections {
        let _ = write!(message, "\n{rejection}");
    }
    for damage in &usage.damages {
        let _ = write!(message, "\n{}:{}: {}", damage.input, damage.line, damage.what);
    }
    for warning in &usage.warnings {
        let _ = write!(message, "\nnote: {warning}");
    }
    message.push_str(&filter_hint(usage, in_force));
    message.push_str(&stated(usage));
    // Other services in diagnostic logs and metrics are other rows of the same resource.
    let is_bill = |input: &InputRead| input.recognition == Recognition::Read("azure-cost");
    let others = usage.accounting.skipped.get(&Skip::OtherService);
    if let Some(others) = others.filter(|_| ingested.inputs.iter().any(is_bill)) {
        let rows = if *others == 1 { "row" } else { "rows" };
        let _ = write!(
            message,
            "\nhint: {others} {rows} of other services and none of Azure Communication Services: export the \
             subscription and the months that send the mail"
        );
    }
    message
}

/// What to say where only charges are shown, although inputs told of mail: nothing of it counts.
pub(super) fn beside_charges(usage: &Usage) -> Option<String> {
    let of_charges = [
        Skip::Header,
        Skip::NotUsage,
        Skip::OtherService,
        Skip::Duplicate,
        Skip::Covered,
        Skip::OutsideWindow,
    ];
    let told = usage.accounting.skipped.keys().any(|reason| !of_charges.contains(reason));
    let is_alone = usage.total.attempted.messages == 0;
    (is_alone && told).then(|| format!("no message counts beside the billed charges: {}", reasons(usage)))
}

/// What control totals state, which no one is shown otherwise, and what to do with them.
fn stated(usage: &Usage) -> String {
    let mut text = String::new();
    for ((report, what), sum) in usage.beside.controls.iter().take(SHOWN_TOTALS) {
        let _ = write!(text, "\n{report}: {what}: {}", sum.quantity.normalize());
    }
    if !text.is_empty() {
        text.push_str(
            "\nhint: control totals are to compare with and are no usage: give the logs, traces or exports of the same \
             mail in the same run",
        );
    }
    text
}

/// The filters to be looked at where they leave out what would count.
fn filter_hint(usage: &Usage, in_force: &[InForce]) -> String {
    let reasons = [Skip::Filtered, Skip::OutsideWindow, Skip::OtherRelay, Skip::NotDelivered];
    let filters = in_force.iter().filter(|one| FILTERS.contains(&one.name));
    let filters: Vec<String> = filters.map(InForce::to_string).collect();
    let skipped = &usage.accounting.skipped;
    if filters.is_empty() || !reasons.iter().any(|reason| skipped.contains_key(reason)) {
        return String::new();
    }
    format!("\nhint: no message passes the filters: {}", filters.join("; "))
}

/// Whether nothing can mean zero: all was read, and it holds only headers, or messages that do not count. A log
/// without a single message leaves the doubt that its messages were not understood.
fn is_understood(usage: &Usage, ingested: &Ingested) -> bool {
    let accounting = &usage.accounting;
    let read = |input: &InputRead| {
        matches!(
            input.recognition,
            Recognition::Read(_) | Recognition::Empty | Recognition::OtherSheet | Recognition::CopyOf(_)
        )
    };
    let only_headers = accounting.skipped.keys().all(|reason| *reason == Skip::Header);
    ingested.inputs.iter().all(read)
        && usage.damages.is_empty()
        && accounting.rejected == 0
        && (only_headers || !accounting.skipped_messages.is_empty())
}

/// What each input was recognised as, the first few by name.
fn recognised(inputs: &[InputRead]) -> String {
    let one = |input: &InputRead| match &input.recognition {
        Recognition::Read(format) => format!("{}: recognised as {format}", input.name),
        Recognition::Empty => format!("{}: empty", input.name),
        Recognition::Unrecognised(what) => format!("{}: not recognised ({what})", input.name),
        Recognition::Unreadable(what) => format!("{}: {what}", input.name),
        Recognition::OtherSheet => format!("{}: not chosen", input.name),
        Recognition::CopyOf(first) => format!("{}: a copy of {first}", input.name),
    };
    let mut shown: Vec<String> = inputs.iter().take(SHOWN_INPUTS).map(one).collect();
    if inputs.len() > SHOWN_INPUTS {
        shown.push(format!("and {} more", inputs.len() - SHOWN_INPUTS));
    }
    shown.join("; ")
}

/// Why nothing counted, with numbers of records.
fn reasons(usage: &Usage) -> String {
    let accounting = &usage.accounting;
    let mut parts = Vec::new();
    if !accounting.skipped.is_empty() {
        let reasons = accounting.skipped.iter().map(|(reason, count)| format!("{} {count}", reason.name()));
        let reasons: Vec<String> = reasons.collect();
        let all: u64 = accounting.skipped.values().sum();
        let records = if all == 1 { "record" } else { "records" };
        parts.push(format!("{all} {records} skipped ({})", reasons.join(", ")));
    }
    if accounting.rejected > 0 {
        parts.push(format!("{} rejected", accounting.rejected));
    }
    if parts.is_empty() {
        parts.push("no records".to_owned());
    }
    parts.join(", ")
}
