//! Sheets of Excel workbooks (.xlsx) as CSV: values as they are stored, dates in ISO 8601, formulas as what they
//! last came to.
//!
//! A workbook is packed XML that a reader must hold in parts; [`sheet_names`] refuses one that would take too much.
//! Which column means what is left to the formats.

use std::io::{self, BufReader, Read};

use calamine::{DataRef, Reader, Style, Xlsx};
use chrono::NaiveTime;
use zip::ZipArchive;

use super::meter::is_too_much;
use super::section::{Section, SectionReader};
use super::table::CsvText;
use crate::ingest::double::shortest;

/// The part that makes a workbook of an Office document.
const WORKBOOK_PART: &str = "xl/workbook.xml";
/// The texts of all cells, each once.
const TEXTS_PART: &str = "xl/sharedStrings.xml";
/// Where the sheets are, which are not held whole.
const SHEETS_FOLDER: &str = "xl/worksheets/";
/// Memory that the texts of a workbook may take.
const TEXTS_CAP: u64 = 320 * 1024 * 1024;
/// What one text takes beside its letters.
const TEXT_BYTES: u64 = 40;
/// Bytes of any other part that is held whole.
const PART_CAP: u64 = 32 * 1024 * 1024;
/// Bytes from one sign `<` to the next: a cell has at most 32,767 letters.
const GAP_CAP: usize = 4 * 1024 * 1024;
/// Rows that a sheet can have. A damaged place of a cell would be reached by billions of empty ones.
const ROWS: u32 = 1 << 20;
/// Columns that are read. Every row is filled to the widest before it, so that a cell in the last of the 16,384 columns
/// of a sheet would make gigabytes of commas; exports have some hundred.
const COLUMNS: u32 = 2_000;
/// Bytes that are looked at at a time.
const CHECK_BYTES: usize = 64 * 1024;

/// The sheets of an Office document that is a workbook; `None` for another.
pub(super) fn sheet_names(file: &Section) -> io::Result<Option<Vec<String>>> {
    let mut zip = ZipArchive::new(file.reader()?).map_err(damaged)?;
    if zip.index_for_name(WORKBOOK_PART).is_none() {
        return Ok(None);
    }
    for index in 0..zip.len() {
        check_part(&mut zip, index, file.len())?;
    }
    Ok(Some(open(file)?.sheet_names()))
}

fn open(file: &Section) -> io::Result<Xlsx<BufReader<SectionReader>>> {
    Xlsx::new(BufReader::new(file.reader()?)).map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("the workbook is damaged: {error}"))
}

/// Whether a part can be read within bounds.
fn check_part(zip: &mut ZipArchive<SectionReader>, index: usize, on_disk: u64) -> io::Result<()> {
    let part = zip.by_index(index).map_err(damaged)?;
    let name = part.name().map_err(damaged)?.into_owned();
    if !name.starts_with("xl/") || !(name.ends_with(".xml") || name.ends_with(".rels")) {
        return Ok(()); // Pictures and the like are never read.
    }
    let size = measure(part, on_disk)?;
    let held = match name.as_str() {
        TEXTS_PART => {
            let texts = size.tags.max(size.announced);
            texts.saturating_mul(TEXT_BYTES).saturating_add(size.bytes) <= TEXTS_CAP
        }
        name => name.starts_with(SHEETS_FOLDER) || size.bytes <= PART_CAP,
    };
    if held && size.gap <= GAP_CAP {
        return Ok(());
    }
    let what = "the workbook would take too much memory: save the sheet as CSV and name that";
    Err(io::Error::new(io::ErrorKind::InvalidData, what))
}

/// What a part of a workbook holds.
#[derive(Default)]
struct PartSize {
    bytes: u64,
    /// Signs `<`.
    tags: u64,
    /// Texts for which room is made before they are read.
    announced: u64,
    /// Most bytes from one to the next.
    gap: usize,
}

fn measure(mut part: impl Read, on_disk: u64) -> io::Result<PartSize> {
    let mut size = PartSize::default();
    let (mut buffer, mut open_gap) = (vec![0; CHECK_BYTES], 0);
    loop {
        let count = part.read(&mut buffer)?;
        let Some(text) = buffer.get(..count).filter(|text| !text.is_empty()) else { return Ok(size) };
        size.bytes += count as u64;
        size.announced = size.announced.max(announced(text));
        let mut last = 0;
        for at in memchr::memchr_iter(b'<', text) {
            size.tags += 1;
            size.gap = size.gap.max(open_gap + at - last);
            (open_gap, last) = (0, at);
        }
        open_gap += count - last;
        size.gap = size.gap.max(open_gap);
        if is_too_much(size.bytes, on_disk) || size.gap > GAP_CAP {
            size.gap = usize::MAX;
            return Ok(size);
        }
    }
}

/// The number of texts that `uniqueCount="..."` announces, 0 where it does not stand in a text.
fn announced(text: &[u8]) -> u64 {
    const NAME: &[u8] = b"uniqueCount";
    let Some(at) = memchr::memmem::find(text, NAME) else { return 0 };
    let value = text[at + NAME.len()..].trim_ascii_start();
    let value = value.strip_prefix(b"=").unwrap_or_default().trim_ascii_start();
    let digits = value.iter().skip(1).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number: u64, byte| number.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
}

/// Writes a sheet as CSV.
pub(super) fn write_sheet(file: &Section, name: &str, text: &mut CsvText) -> io::Result<()> {
    let mut workbook = open(file)?;
    let mut cells = workbook.worksheet_cells_reader(name).map_err(damaged)?;
    let shows_time: Vec<bool> = cells.styles().iter().map(shows_time).collect();
    // The place of the next cell in the text. Rows are as wide as the widest before them: a sheet does not hold
    // empty cells.
    let (mut row, mut column, mut width) = (0, 0, 0);
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(damaged)? {
        let (to_row, to_column) = cell.get_position();
        if to_row >= ROWS || to_column >= COLUMNS {
            let what =
                "a cell lies beyond row 1,048,576 or column 2,000: save the table that is meant as CSV";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        if to_row < row || (to_row == row && to_column < column) {
            return Err(damaged("its cells are not in order"));
        }
        while row < to_row {
            fill(text, column, if column == 0 { 0 } else { width })?;
            text.end_line()?;
            (row, column) = (row + 1, 0);
        }
        fill(text, column, to_column)?;
        column = to_column;
        let with_time = shows_time.get(style).copied().unwrap_or_default();
        text.cell(column == 0, &shown(cell.get_value(), with_time))?;
        column += 1;
        width = width.max(column);
    }
    fill(text, column, width)?;
    text.end_line()
}

/// Writes empty cells from a column up to another.
fn fill(text: &mut CsvText, from: u32, to: u32) -> io::Result<()> {
    (from..to).try_for_each(|column| text.cell(column == 0, ""))
}

/// Whether a number format shows hours or seconds (ECMA-376 part 1, 18.8.31).
fn shows_time(style: &Style) -> bool {
    let format = style.number_format.as_ref();
    format.is_some_and(|format| format.format_code.contains(['h', 'H', 's', 'S']))
}

/// A value as CSV has it. A day has no time where its format shows none.
fn shown(value: &DataRef<'_>, with_time: bool) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => shortest(*number),
        DataRef::Bool(value) => value.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Error(error) => error.to_string(),
        DataRef::DateTime(time) => match time.as_datetime().filter(|_| time.is_datetime()) {
            Some(time) if !with_time && time.time() == NaiveTime::MIN => time.date().to_string(),
            Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            None => time.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Input;
    use crate::ingest::source::discover;
    use rust_xlsxwriter::{Format, Workbook};
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn saved(book: &[u8]) -> tempfile::TempPath {
        let mut file = tempfile::Builder::new().suffix(".xlsx").tempfile().unwrap();
        file.write_all(book).unwrap();
        file.into_temp_path()
    }

    thread_local! {
        /// Files of a test, which inputs open whenever they are read; removed with its thread.
        static SAVED: std::cell::RefCell<Vec<tempfile::TempPath>> = const { std::cell::RefCell::new(Vec::new()) };
    }

    fn inputs(book: &[u8]) -> Vec<Input> {
        let file = saved(book);
        let inputs = discover(&[file.to_path_buf()]).unwrap().inputs;
        SAVED.with_borrow_mut(|all| all.push(file));
        inputs
    }

    fn text(input: &mut Input) -> io::Result<String> {
        let mut text = String::new();
        input.open().unwrap().read_to_string(&mut text).map(|_| text)
    }

    fn book() -> Vec<u8> {
        let mut book = Workbook::new();
        book.add_worksheet().set_name("Cover").unwrap().write(0, 0, "October").unwrap();
        let sheet = book.add_worksheet().set_name("Data").unwrap();
        let moment = Format::new().set_num_format("dd.mm.yyyy hh:mm:ss");
        let day = Format::new().set_num_format("dd.mm.yyyy");
        let date = |text: &str| rust_xlsxwriter::ExcelDateTime::parse_from_str(text).unwrap();
        for (column, name) in ["Time", "Day", "Text", "Number", "Flag"].into_iter().enumerate() {
            sheet.write(1, column as u16, name).unwrap();
        }
        sheet.write_with_format(3, 0, date("2026-10-01T12:34:56"), &moment).unwrap();
        sheet.write_with_format(3, 1, date("2026-10-02"), &day).unwrap();
        sheet.write(3, 2, "a, \"b\"\nc").unwrap();
        sheet.write(3, 3, 0.026_019).unwrap();
        sheet.write_with_format(4, 0, date("2026-10-03T00:00:00"), &moment).unwrap();
        sheet.write(4, 4, true).unwrap();
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn sheets_are_inputs_with_the_values_as_they_are_stored() {
        let mut found = inputs(&book());
        let names: Vec<&str> = found.iter().filter_map(|input| Some(input.sheet()?.name.as_str())).collect();
        assert_eq!(names, ["Cover", "Data"]);
        assert_eq!(text(&mut found[0]).unwrap(), "October\n");
        let expected = "\nTime,Day,Text,Number,Flag\n\n2026-10-01T12:34:56,2026-10-02,\"a, \"\"b\"\"\nc\",0.026019,\n\
                        2026-10-03T00:00:00,,,,true\n";
        assert_eq!(text(&mut found[1]).unwrap(), expected);
        assert_eq!(text(&mut found[1]).unwrap(), expected);
        assert_eq!(found[1].head(), expected.as_bytes());
        assert_eq!(found[1].tail().unwrap().unwrap(), expected.as_bytes());
    }

    #[test]
    fn damage_ends_in_an_error_that_says_so() {
        let whole = book();
        for cut in [whole.len() / 4, whole.len() / 2, whole.len() - 30] {
            let file = saved(&whole[..cut]);
            let error = discover(&[file.to_path_buf()]).unwrap_err().to_string();
            assert!(error.contains("damaged") || error.contains("zip"), "{error}");
        }
    }

    fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, content) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_cell_beyond_the_bounds_of_a_sheet_is_damage_and_no_rows_without_end() {
        let sheet = |cell: &str| {
            format!(
                "<worksheet><sheetData><row r=\"1\"><c r=\"{cell}\"><v>1</v></c></row></sheetData></worksheet>"
            )
        };
        let text_with = |cell: &str| {
            let workbook = "<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
                            <sheets><sheet name=\"Data\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>";
            let root = "<Relationships><Relationship Id=\"a\" Target=\"xl/workbook.xml\" Type=\"http://\
                        schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\"/></Relationships>";
            let targets = "<Relationships><Relationship Id=\"a\" Target=\"worksheets/sheet1.xml\" Type=\"http://\
                           schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\"/></Relationships>";
            let book = zipped(&[
                ("[Content_Types].xml", b"<a/>"),
                (WORKBOOK_PART, workbook.as_bytes()),
                ("_rels/.rels", root.as_bytes()),
                ("xl/_rels/workbook.xml.rels", targets.as_bytes()),
                ("xl/worksheets/sheet1.xml", sheet(cell).as_bytes()),
            ]);
            let mut start = String::new();
            let mut sheets = inputs(&book);
            sheets[0].open().unwrap().take(1 << 21).read_to_string(&mut start).map(|_| start.len())
        };
        assert_eq!(text_with("A1048576").unwrap(), (1 << 20) + 1);
        assert_eq!(text_with("BXX1").unwrap(), 2_001);
        for beyond in ["A1048577", "A4294967295", "BXY1", "FXSHRXX1"] {
            let error = text_with(beyond).unwrap_err().to_string();
            assert!(error.contains("beyond row 1,048,576") || error.contains("damaged"), "{beyond}: {error}");
        }
    }

    #[test]
    fn what_would_take_too_much_memory_is_refused() {
        let texts = [b"<sst>".as_slice(), &b"<si/>".repeat(9_000_000)].concat();
        let one_text = [b"<sst><si><t>".as_slice(), &b"xyz".repeat(2_000_000)].concat();
        let announced = b"<sst count=\"1\" uniqueCount=\"99999999999\"><si><t>x</t></si></sst>".to_vec();
        for texts in [texts, one_text, announced] {
            let parts: [(&str, &[u8]); 3] =
                [("[Content_Types].xml", b"<a/>"), (WORKBOOK_PART, b"<a/>"), (TEXTS_PART, &texts)];
            let file = saved(&zipped(&parts));
            let error = discover(&[file.to_path_buf()]).unwrap_err().to_string();
            let what = "the workbook would take too much memory: save the sheet as CSV and name that";
            assert!(error.ends_with(what), "{error}");
        }
    }

    #[test]
    fn another_office_document_is_no_workbook() {
        let document = zipped(&[("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<a/>")]);
        assert_eq!(inputs(&document).iter().filter(|input| input.sheet().is_some()).count(), 0);
    }
}
