//! `--submissions FILE.csv`: the submissions behind a figure, one row each, so that it can be drilled into.
//!
//! Columns: [`COLUMNS`]; time in UTC; sizes in bytes with the overhead that was counted; no recipient, no
//! subject. The rows add up to the totals of the same run. The file appears when it is complete: it is written
//! beside its place and renamed.

use std::fmt::Write as _;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use csv::{ByteRecord, ReaderBuilder, Writer, WriterBuilder};
use tempfile::NamedTempFile;

use super::output::temporary;
use crate::report::push_text;
use crate::usage::{Counted, DomainId, ImputedSizes, Names, Observer, Outcome};

/// The header of the file.
pub const COLUMNS: [&str; 18] = [
    "time",
    "messages",
    "recipients",
    "message_size",
    "recipient_bytes",
    "sender",
    "sender_domain",
    "client",
    "delivered",
    "open",
    "bounced",
    "filtered",
    "unknown",
    "source",
    "line",
    "time_quality",
    "size_quality",
    "key",
];

/// The column of recipients.
const RECIPIENTS: usize = 2;
/// The column of the size; until the end it holds the number of the sender domain where the size is imputed.
const MESSAGE_SIZE: usize = 3;
/// The column of size times recipients.
const RECIPIENT_BYTES: usize = 4;
/// The column of the size's quality.
const SIZE_QUALITY: usize = 16;
/// The quality of a size that is imputed.
const IMPUTED: &[u8] = b"imputed";

/// Writes counted submissions. The first failure is kept until the end: counting goes on.
#[derive(Debug)]
pub struct SubmissionsFile {
    path: PathBuf,
    writer: Writer<BufWriter<NamedTempFile>>,
    text: String,
    imputed: bool,
    failed: Option<csv::Error>,
}

impl SubmissionsFile {
    /// Begins a file beside its place; refuses a place that cannot be written.
    pub fn create(path: &Path) -> anyhow::Result<SubmissionsFile> {
        let cannot = || format!("{}: cannot be written", path.display());
        let mut writer = WriterBuilder::new().from_writer(BufWriter::new(beside(path).with_context(cannot)?));
        writer.write_record(COLUMNS).with_context(cannot)?;
        Ok(SubmissionsFile {
            path: path.to_owned(),
            writer,
            text: String::new(),
            imputed: false,
            failed: None,
        })
    }

    /// Fills in imputed sizes and puts the file in its place.
    pub fn finish(self, sizes: &ImputedSizes) -> anyhow::Result<()> {
        let cannot = format!("{}: cannot be written", self.path.display());
        self.complete(sizes).context(cannot)
    }

    fn complete(self, sizes: &ImputedSizes) -> anyhow::Result<()> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let mut file = finished(self.writer)?;
        if self.imputed {
            file.as_file_mut().seek(SeekFrom::Start(0))?;
            let mut writer = WriterBuilder::new().from_writer(BufWriter::new(beside(&self.path)?));
            fill(BufReader::new(file.as_file_mut()), sizes, &mut writer)?;
            file = finished(writer)?;
        }
        file.persist(&self.path).map_err(|failed| failed.error)?;
        Ok(())
    }

    fn write(&mut self, counted: &Counted<'_>, names: &Names) -> csv::Result<()> {
        let submission = counted.submission;
        let domain = names.sender_domain(submission.sender);
        self.field(|text| write!(text, "{}", submission.time))?;
        self.field(|text| write!(text, "{}", counted.messages))?;
        self.field(|text| write!(text, "{}", counted.recipients))?;
        match counted.message_size {
            Some(size) => {
                let bytes = u128::from(size) * u128::from(counted.recipients);
                self.field(|text| write!(text, "{size}"))?;
                self.field(|text| write!(text, "{bytes}"))?;
            }
            None => {
                self.imputed = true;
                self.field(|text| write!(text, "{}", domain.0))?;
                self.writer.write_field("")?;
            }
        }
        self.text(names.sender_address(submission.sender))?;
        self.text(names.domain(domain))?;
        self.text(&names.client_of(submission.client).label())?;
        for outcome in Outcome::ALL {
            self.field(|text| write!(text, "{}", submission.recipients.with(outcome)))?;
        }
        self.text(names.source_name(submission.source))?;
        self.field(|text| write!(text, "{}", submission.line))?;
        self.writer.write_field(submission.time_quality.name())?;
        match counted.message_size {
            Some(_) => self.writer.write_field(submission.size_quality.name())?,
            None => self.writer.write_field(IMPUTED)?,
        }
        self.field(|text| write!(text, "{:032x}", submission.key))?;
        self.writer.write_record(None::<&[u8]>)
    }

    fn field(&mut self, write: impl FnOnce(&mut String) -> std::fmt::Result) -> csv::Result<()> {
        self.text.clear();
        // Writing to a text cannot fail.
        let _ = write(&mut self.text);
        self.writer.write_field(&self.text)
    }

    /// A text of the log as data, the same as in `--format csv`.
    fn text(&mut self, content: &str) -> csv::Result<()> {
        self.field(|text| {
            push_text(text, content);
            Ok(())
        })
    }
}

impl Observer for SubmissionsFile {
    fn counted(&mut self, counted: &Counted<'_>, names: &Names) {
        if self.failed.is_none() {
            self.failed = self.write(counted, names).err();
        }
    }
}

/// Copies rows; those without a size get the one of their sender domain.
fn fill(
    file: impl io::Read,
    sizes: &ImputedSizes,
    writer: &mut Writer<BufWriter<NamedTempFile>>,
) -> anyhow::Result<()> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(file);
    let (mut record, mut filled) = (ByteRecord::new(), ByteRecord::new());
    while reader.read_byte_record(&mut record)? {
        if record.get(SIZE_QUALITY) != Some(IMPUTED) {
            writer.write_byte_record(&record)?;
            continue;
        }
        let number =
            |column: usize| -> Option<u64> { std::str::from_utf8(record.get(column)?).ok()?.parse().ok() };
        let domain = number(MESSAGE_SIZE).and_then(|id| u32::try_from(id).ok());
        let size = domain.and_then(|id| sizes.of_domain(DomainId(id))).unwrap_or_default();
        let bytes = u128::from(size) * u128::from(number(RECIPIENTS).unwrap_or_default());
        filled.clear();
        for (column, field) in record.iter().enumerate() {
            match column {
                MESSAGE_SIZE => filled.push_field(size.to_string().as_bytes()),
                RECIPIENT_BYTES => filled.push_field(bytes.to_string().as_bytes()),
                _ => filled.push_field(field),
            }
        }
        writer.write_byte_record(&filled)?;
    }
    Ok(())
}

fn finished(writer: Writer<BufWriter<NamedTempFile>>) -> io::Result<NamedTempFile> {
    let buffer = writer.into_inner().map_err(|failed| io::Error::other(failed.to_string()))?;
    buffer.into_inner().map_err(io::IntoInnerError::into_error)
}

fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    temporary(folder.unwrap_or(Path::new(".")), path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::submission::tests::submission;
    use crate::usage::{Collector, CountOptions, Filters, Overhead, Recipients, Submission, Usage};

    /// Counts submissions of two domains, two of them hostile; returns the usage and the file.
    fn written(options: CountOptions) -> (Usage, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("submissions.csv");
        let mut collector = Collector::observed(options, SubmissionsFile::create(&path).unwrap());
        let names = collector.names_mut();
        let source = names.add_source("mail.log");
        let client = names.client(b"app1.example", b"10.0.0.5", b"");
        let hostile = "\u{1b}[2J\u{202e}x@two.example";
        let [app, web, evil, odd] = ["app@one.example", "web@two.example", "-1+1@two.example", hostile]
            .map(|sender| names.sender(sender.as_bytes()));
        let recipients = Recipients { delivered: 2, bounced: 1, ..Recipients::default() };
        let base = Submission { source, client, recipients, recipients_upper: 3, key: 0xabc, ..submission() };
        let rows = [
            Submission { sender: app, ..base },
            Submission { sender: app, message_size: Some(2_001), line: 2, ..base },
            Submission { sender: app, message_size: None, line: 3, ..base },
            Submission { sender: evil, messages: 2, line: 4, ..base },
            Submission { sender: web, message_size: None, line: 5, ..base },
            Submission { sender: odd, line: 6, ..base },
        ];
        rows.iter().for_each(|row| collector.count(row));
        let (usage, file) = collector.finish();
        let usage = usage.unwrap();
        file.finish(&usage.imputed_sizes).unwrap();
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file is left");
        (usage, std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn rows_have_no_recipient_no_formula_and_no_control_character() {
        let (_, text) = written(CountOptions::default());
        insta::assert_snapshot!(text, @r"
        time,messages,recipients,message_size,recipient_bytes,sender,sender_domain,client,delivered,open,bounced,filtered,unknown,source,line,time_quality,size_quality,key
        2014-04-01T04:52:30Z,1,3,1000,3000,app@one.example,one.example,app1.example [10.0.0.5],2,0,1,0,0,mail.log,1,exact,measured,00000000000000000000000000000abc
        2014-04-01T04:52:30Z,1,3,2001,6003,app@one.example,one.example,app1.example [10.0.0.5],2,0,1,0,0,mail.log,2,exact,measured,00000000000000000000000000000abc
        2014-04-01T04:52:30Z,1,3,1501,4503,app@one.example,one.example,app1.example [10.0.0.5],2,0,1,0,0,mail.log,3,exact,imputed,00000000000000000000000000000abc
        2014-04-01T04:52:30Z,2,3,1000,3000,'-1+*@two.example,two.example,app1.example [10.0.0.5],2,0,1,0,0,mail.log,4,exact,measured,00000000000000000000000000000abc
        2014-04-01T04:52:30Z,1,3,1000,3000,web@two.example,two.example,app1.example [10.0.0.5],2,0,1,0,0,mail.log,5,exact,imputed,00000000000000000000000000000abc
        2014-04-01T04:52:30Z,1,3,1000,3000,\u{1b}[2j\u{202e}x@two.example,two.example,app1.example [10.0.0.5],2,0,1,0,0,mail.log,6,exact,measured,00000000000000000000000000000abc
        ");
    }

    #[test]
    fn rows_add_up_to_the_totals() {
        let filters = Filters { delivered_only: true, ..Filters::default() };
        let overhead = CountOptions { size_overhead: Overhead::Bytes(7), filters, ..CountOptions::default() };
        for options in [CountOptions::default(), overhead] {
            let (usage, text) = written(options);
            let mut sums = [0_u128; 4];
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            for record in reader.records() {
                let record = record.unwrap();
                let number = |column: usize| record[column].parse::<u128>().unwrap();
                let row = [number(1), number(2), number(1) * number(3), number(4)];
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            let total = usage.total.attempted;
            let [messages, recipients] = [total.messages, total.recipients].map(u128::from);
            assert_eq!(sums, [messages, recipients, total.bytes, total.recipient_bytes]);
            assert!(usage.total.imputed.messages > 0);
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let error = SubmissionsFile::create(Path::new("no/such/folder/rows.csv")).unwrap_err();
        assert_eq!(error.to_string(), "no/such/folder/rows.csv: cannot be written");
    }
}
