//! Which sheets of workbooks are read: the ones the user chose, else the only one that a format recognises.
//!
//! A second sheet that can be read is often a filtered copy of the first: adding both would count mail twice.

use super::run::Recognition;
use super::source::Sheet;
use super::{Input, ReadError, ReadOptions};

/// Chooses all sheets.
const ALL: &str = "*";

/// Which inputs are read, as far as sheets decide it. A workbook without a chosen sheet is an error.
pub(super) fn chosen(inputs: &[Input], options: &ReadOptions) -> Result<Vec<bool>, ReadError> {
    let is_chosen = |sheet: &Sheet| {
        let mut wanted = options.sheets.iter();
        options.sheets.is_empty() || wanted.any(|name| name == ALL || same(name, &sheet.name))
    };
    let chosen: Vec<bool> = inputs.iter().map(|input| input.sheet().is_none_or(is_chosen)).collect();
    if let Some(input) = inputs.first()
        && !options.sheets.is_empty()
        && inputs.iter().all(|input| input.sheet().is_none())
    {
        return Err(ReadError::Undecided {
            input: input.name().to_owned(),
            problem: "neither it nor another input is an Excel workbook".to_owned(),
            hint: "leave out --sheet, which chooses among the sheets of workbooks".to_owned(),
        });
    }
    for sheet in inputs.iter().filter_map(Input::sheet) {
        let of_this = |input: &Input| input.sheet().is_some_and(|other| other.workbook == sheet.workbook);
        if !inputs.iter().zip(&chosen).any(|(input, chosen)| *chosen && of_this(input)) {
            return Err(without(sheet, inputs));
        }
    }
    Ok(chosen)
}

/// Remarks on chosen names that no sheet of any input has.
pub(super) fn unknown(inputs: &[Input], options: &ReadOptions) -> Vec<String> {
    let has = |name: &String| inputs.iter().filter_map(Input::sheet).any(|sheet| same(name, &sheet.name));
    let unknown = options.sheets.iter().filter(|name| *name != ALL && !has(name));
    let remark =
        |name| format!("--sheet '{name}' chooses nothing: no workbook that is read has such a sheet");
    unknown.map(remark).collect()
}

fn same(name: &str, other: &str) -> bool {
    name.to_lowercase() == other.to_lowercase()
}

fn without(sheet: &Sheet, inputs: &[Input]) -> ReadError {
    let sheets = inputs.iter().filter_map(Input::sheet).filter(|other| other.workbook == sheet.workbook);
    let names: Vec<String> = sheets.map(|sheet| format!("'{}'", sheet.name)).collect();
    ReadError::Undecided {
        input: sheet.workbook.clone(),
        problem: "it has no sheet of a chosen name".to_owned(),
        hint: format!("--sheet takes one of {}", names.join(", ")),
    }
}

/// Refuses a workbook of which several sheets can be read and none was chosen; of others, marks the sheets beside
/// the one that is read.
pub(super) fn settle(
    inputs: &[Option<Sheet>],
    recognitions: &mut [Recognition],
    options: &ReadOptions,
) -> Result<(), ReadError> {
    for (at, sheet) in inputs.iter().enumerate() {
        let (Some(sheet), Some(Recognition::Read(_))) = (sheet, recognitions.get(at)) else { continue };
        let beside =
            |other: &Option<Sheet>| other.as_ref().is_some_and(|other| other.workbook == sheet.workbook);
        for (other, recognition) in inputs.iter().zip(&mut *recognitions).filter(|(other, _)| beside(other)) {
            match (&recognition, other) {
                (Recognition::Read(_), Some(other)) if options.sheets.is_empty() && other != sheet => {
                    return Err(several(sheet, other));
                }
                (Recognition::Unrecognised(_) | Recognition::Empty, _) => {
                    *recognition = Recognition::OtherSheet
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn several(one: &Sheet, other: &Sheet) -> ReadError {
    ReadError::Undecided {
        input: one.workbook.clone(),
        problem: format!("both sheet '{}' and sheet '{}' can be read", one.name, other.name),
        hint: format!("--sheet '{}' chooses one, --sheet '*' reads all of them", one.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets(names: &[&str]) -> Vec<Option<Sheet>> {
        let sheet = |name: &&str| Some(Sheet { workbook: "book.xlsx".to_owned(), name: (*name).to_owned() });
        names.iter().map(sheet).chain([None]).collect()
    }

    #[test]
    fn names_that_choose_nothing_are_told() {
        let inputs = [Input::from_bytes("mail.log", b"x")];
        let options =
            ReadOptions { sheets: vec!["Typo".to_owned(), ALL.to_owned()], ..ReadOptions::default() };
        let expected = "--sheet 'Typo' chooses nothing: no workbook that is read has such a sheet";
        assert_eq!(unknown(&inputs, &options), [expected]);
        assert!(unknown(&inputs, &ReadOptions::default()).is_empty());
    }

    #[test]
    fn the_only_sheet_that_can_be_read_is_read() {
        let mut recognitions = vec![
            Recognition::Unrecognised("text of another kind"),
            Recognition::Read("message-trace"),
            Recognition::Empty,
            Recognition::Empty,
        ];
        settle(&sheets(&["Cover", "Data", "Notes"]), &mut recognitions, &ReadOptions::default()).unwrap();
        let expected = [
            Recognition::OtherSheet,
            Recognition::Read("message-trace"),
            Recognition::OtherSheet,
            Recognition::Empty,
        ];
        assert_eq!(recognitions, expected);
    }

    #[test]
    fn a_sheet_of_no_workbook_is_refused() {
        let inputs = [Input::from_bytes("a.csv", b"x")];
        let wanted = ReadOptions { sheets: vec!["Data".to_owned()], ..ReadOptions::default() };
        assert_eq!(
            chosen(&inputs, &wanted).unwrap_err().to_string(),
            "a.csv: neither it nor another input is an Excel workbook\n\
             hint: leave out --sheet, which chooses among the sheets of workbooks"
        );
        assert_eq!(chosen(&inputs, &ReadOptions::default()).unwrap(), [true]);
    }

    #[test]
    fn two_that_can_be_read_are_asked_for() {
        let mut recognitions = vec![Recognition::Read("message-trace"); 3];
        let given = sheets(&["Data", "Copy"]);
        let error = settle(&given, &mut recognitions, &ReadOptions::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "book.xlsx: both sheet 'Data' and sheet 'Copy' can be read\n\
             hint: --sheet 'Data' chooses one, --sheet '*' reads all of them"
        );
        let all = ReadOptions { sheets: vec![ALL.to_owned()], ..ReadOptions::default() };
        settle(&given, &mut recognitions, &all).unwrap();
    }
}
