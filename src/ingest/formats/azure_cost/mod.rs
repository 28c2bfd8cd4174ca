//! Cost exports of Azure: cost details of all agreements, FOCUS, their manifests, and answers of the query API.
//!
//! They yield billed charges, which stand beside usage. `columns` knows the names, `row` tells mail from other
//! services, `amounts` turns blocks into recipients and megabytes, `sets` and `choose` see to it that nothing is
//! billed twice. Setting charges against an estimate is left to others.

mod amounts;
mod choose;
mod columns;
mod json;
mod ledger;
mod number;
mod row;
mod sets;
mod table;
mod unit;

#[cfg(test)]
mod tests;

pub(in crate::ingest) use self::columns::is_price_sheet;
use self::ledger::Ledger;
use self::sets::Sets;
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};
use crate::usage::Skip;

/// The format.
#[derive(Debug)]
pub(super) struct AzureCost;

impl LogFormat for AzureCost {
    fn name(&self) -> &'static str {
        "azure-cost"
    }

    fn about(&self) -> About {
        About {
            title: "Azure cost exports (EA, MCA, pay-as-you-go, FOCUS 1.0 to 1.2) with their manifest.json, and answers \
                    of the cost query API",
            size: "none; megabytes as they were billed",
            recipients: "as they were billed; charges stand beside the usage and are never added to it",
            direction: "none",
            sender: "the resource",
            limits: "13 months back; partitions and manifest.json belong together: give the whole folder; copies, older \
                     runs and other kinds of the same days do not count again",
            export: "Azure portal > Cost Management > Exports > Create > 'Cost and usage details (actual)' or (FOCUS), then \
                     download the run's folder; or Cost analysis > Download; or 'az costmanagement export create'",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        let is_export = match json::is_json(head) {
            true => json::is_of_cost_management(head),
            false => columns::delimiter(head).is_some(),
        };
        is_export.then_some(Likelihood::Certain)
    }

    // The folder of an export's run is part of its name, and a manifest names its files.
    fn reads_copies(&self) -> bool {
        true
    }

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let mut tables = Vec::new();
        let mut answers = Vec::new();
        let mut manifests = Vec::new();
        for mut input in inputs {
            if !json::is_json(input.head()) {
                tables.push(input);
                continue;
            }
            let Some(text) = json::text(&mut input, sink)? else { continue };
            match json::manifest(input.name(), &text) {
                Some(manifest) => {
                    sink.records(1);
                    sink.skip(Skip::Header, 1);
                    manifests.push(manifest);
                }
                None => answers.push((input, text)),
            }
        }
        let names = tables.iter().map(Input::name).chain(answers.iter().map(|(input, _)| input.name()));
        let mut sets = Sets::of(&names.collect::<Vec<_>>(), &manifests);
        let mut ledger = Ledger::default();
        for (place, input) in tables.iter_mut().enumerate() {
            let (belongs, promised) = sets.of_input(place);
            let rows = table::read(input, belongs, options, &mut ledger, sink)?;
            if let Some(promised) = promised.filter(|promised| *promised > rows) {
                sets.warnings.push(format!(
                    "{}: the manifest says {promised} rows, and {rows} are there: the file is incomplete",
                    input.name()
                ));
            }
        }
        for (place, (input, text)) in answers.iter().enumerate() {
            let (belongs, _) = sets.of_input(tables.len() + place);
            json::read_answer(input, text, belongs.set, &mut ledger, sink);
        }
        std::mem::take(&mut sets.warnings).into_iter().for_each(|warning| sink.warn(warning));
        choose::deliver(ledger, &sets.all, sink);
        Ok(())
    }
}
