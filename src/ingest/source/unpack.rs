//! From a file to its texts: peels compressions off, goes into archives, and limits how deep.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use super::archive::{Archive, Member};
use super::dates::{Dates, date_in_name, gzip_time};
use super::decode::{Extent, decoded};
use super::digest::SourceFile;
use super::fault::Fault;
use super::guard::guarded;
use super::layer::Layer;
use super::meter::{Meter, Share};
use super::section::{Section, Stream, peek};
use super::table::Table;
use super::{Content, HEAD_BYTES, Head, Input, Origin, Sheet, SourceError, parquet, visible, workbook};

/// Compressions and archives around a text: a compressed log in a compressed tar in a zip has four.
pub(super) const DEPTH_CAP: usize = 4;
/// Files that an archive may hold, those of archives inside it included.
pub(super) const MEMBER_CAP: usize = 100_000;
/// Bytes that tell what a stream is: a tar header.
const START_BYTES: usize = 512;
/// Bytes copied at a time to a temporary file.
const COPY_BYTES: usize = 256 * 1024;

/// Bytes that can be read again, with the compressions around the text in them, outermost first.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) section: Section,
    pub(super) layers: Vec<Layer>,
    /// The table in the bytes, where they are no text.
    table: Option<Table>,
    share: Share,
}

impl Place {
    /// A file of its own.
    pub(super) fn plain(section: Section) -> Place {
        Place::within(section, Vec::new(), Share::default())
    }

    /// A part of a file under compressions.
    fn within(section: Section, layers: Vec<Layer>, share: Share) -> Place {
        Place { section, layers, table: None, share }
    }

    /// Whether the bytes are the text itself.
    pub(super) fn is_plain(&self) -> bool {
        self.layers.is_empty() && self.table.is_none()
    }

    /// Whether the text is under a compression.
    pub(super) fn is_packed(&self) -> bool {
        !self.layers.is_empty()
    }

    /// The decompressed bytes, and the meter that counts what they take on disk.
    fn stream(&self) -> io::Result<(Stream, Meter)> {
        let below = Box::new(self.section.reader()?);
        let (mut stream, meter) = Meter::under(below, self.section.expansion(), self.share.clone());
        for layer in &self.layers {
            stream = layer.decode(stream, &meter);
        }
        Ok((stream, meter))
    }

    /// The decompressed and decoded text.
    pub(super) fn text(&self) -> io::Result<Stream> {
        // Without a compression there is nothing to meter, and one call less per read.
        let stream = match (self.layers.as_slice(), &self.table) {
            (_, Some(table)) => table.text(&self.section)?,
            ([], None) => Box::new(self.section.reader()?),
            (_, None) => self.stream()?.0,
        };
        Ok(decoded(stream, Extent::Known))
    }
}

/// What the first bytes of a stream say.
enum Packing {
    Layer(Layer),
    Archive(Archive),
    Parquet,
    Text,
}

impl Packing {
    fn of_start(start: &[u8]) -> Packing {
        match (Layer::of_start(start), Archive::of_start(start)) {
            (Some(layer), _) => Packing::Layer(layer),
            (None, Some(archive)) => Packing::Archive(archive),
            (None, None) if start.starts_with(parquet::MAGIC) => Packing::Parquet,
            (None, None) => Packing::Text,
        }
    }
}

/// Takes one file apart.
pub(super) struct Unpacker {
    file: Arc<SourceFile>,
    origin: Origin,
    /// The texts in it.
    pub(super) inputs: Vec<Input>,
    /// Why others cannot be read.
    pub(super) problems: Vec<SourceError>,
    members: usize,
}

impl Unpacker {
    pub(super) fn new(file: Arc<SourceFile>, origin: Origin) -> Unpacker {
        Unpacker { file, origin, inputs: Vec::new(), problems: Vec::new(), members: 0 }
    }

    /// Finds the texts at a place. What cannot be read becomes a problem.
    pub(super) fn explore(&mut self, name: String, place: Place, dates: Dates, depth: usize) {
        if let Err(problem) = self.peel(name, place, dates, depth) {
            self.problems.push(problem);
        }
    }

    fn peel(
        &mut self,
        name: String,
        mut place: Place,
        mut dates: Dates,
        mut depth: usize,
    ) -> Result<(), SourceError> {
        loop {
            let (stream, _) = place.stream().map_err(|error| io_error(&name, error))?;
            let (start, _) = peek(stream, START_BYTES);
            match Packing::of_start(&start) {
                Packing::Text => {
                    dates.name = date_in_name(&name);
                    self.push(name, Content::Place(place), dates, None);
                    return Ok(());
                }
                Packing::Layer(layer) => {
                    depth = deeper(&name, depth)?;
                    if layer == Layer::Gzip {
                        dates.gzip = gzip_time(&start);
                    }
                    place.layers.push(layer);
                }
                Packing::Archive(archive) => {
                    let depth = deeper(&name, depth)?;
                    return self.archive(name, archive, place, dates, depth);
                }
                Packing::Parquet => {
                    let section = self.seekable(&name, &place)?;
                    self.table(name, Table::Parquet, section, place.share, dates);
                    return Ok(());
                }
            }
        }
    }

    /// The bytes at a place so that they can be read out of order.
    fn seekable(&mut self, name: &str, place: &Place) -> Result<Section, SourceError> {
        if place.layers.is_empty() {
            return Ok(place.section.clone());
        }
        let (stream, meter) = place.stream().map_err(|error| io_error(name, error))?;
        self.spool(name, stream, &meter)
    }

    fn table(&mut self, name: String, table: Table, section: Section, share: Share, mut dates: Dates) {
        dates.name = date_in_name(&name);
        let place = Place { table: Some(table), ..Place::within(section, Vec::new(), share) };
        self.push(name, Content::Place(place), dates, None);
    }

    /// A document in a zip: the sheets of a workbook, or something else as it is.
    fn document(
        &mut self,
        name: String,
        section: Section,
        place: Place,
        dates: Dates,
    ) -> Result<(), SourceError> {
        let sheets = guarded("workbook", || workbook::sheet_names(&section));
        let Some(sheets) = sheets.map_err(|error| io_error(&name, error))? else {
            self.push(name, Content::Place(place), dates, None);
            return Ok(());
        };
        if sheets.len() > 1 {
            self.origin = Origin::Found;
        }
        for sheet in sheets {
            let input = format!("{name}!{}", visible(&sheet));
            self.table(input, Table::Sheet(sheet.clone()), section.clone(), place.share.clone(), dates);
            if let Some(input) = self.inputs.last_mut() {
                input.sheet = Some(Sheet { workbook: name.clone(), name: sheet });
            }
        }
        Ok(())
    }

    fn archive(
        &mut self,
        name: String,
        archive: Archive,
        place: Place,
        mut dates: Dates,
        depth: usize,
    ) -> Result<(), SourceError> {
        let share = place.share.clone();
        let section = self.seekable(&name, &place)?;
        let Some(listing) = archive.members(&name, &section) else {
            dates.name = date_in_name(&name);
            return self.document(name, section, place, dates);
        };
        if listing.is_empty() {
            return Err(SourceError::Nothing { input: name });
        }
        self.origin = Origin::Found;
        for member in listing {
            self.members += 1;
            if self.members > MEMBER_CAP {
                return Err(SourceError::TooMany { input: name });
            }
            match member {
                Err(problem) => self.problems.push(problem),
                Ok(Member { name, section, layers, modified }) => {
                    let dates = Dates { modified, ..Dates::default() };
                    let share = share.of_another();
                    self.explore(name, Place::within(section, layers, share), dates, depth);
                }
            }
        }
        Ok(())
    }

    /// Finds the texts in a stream that can be read only once; archives in it go to a temporary file.
    pub(super) fn explore_stream(&mut self, name: String, stream: Stream) {
        if let Err(problem) = self.peel_stream(name, stream) {
            self.problems.push(problem);
        }
    }

    fn peel_stream(&mut self, name: String, stream: Stream) -> Result<(), SourceError> {
        let whole = Section::of_bytes(&[]).expansion();
        let share = Share::default();
        let (mut stream, meter) = Meter::under(stream, whole, share.clone());
        let mut dates = Dates::default();
        let mut depth = 0;
        loop {
            let (start, again) = peek(stream, START_BYTES);
            stream = Box::new(again);
            match Packing::of_start(&start) {
                Packing::Text => break,
                Packing::Layer(layer) => {
                    depth = deeper(&name, depth)?;
                    if layer == Layer::Gzip {
                        dates.gzip = gzip_time(&start);
                    }
                    stream = layer.decode(stream, &meter);
                }
                Packing::Archive(archive) => {
                    let depth = deeper(&name, depth)?;
                    let section = self.spool(&name, stream, &meter)?;
                    let place = Place::within(section, Vec::new(), share.of_another());
                    return self.archive(name, archive, place, dates, depth);
                }
                Packing::Parquet => {
                    let section = self.spool(&name, stream, &meter)?;
                    self.table(name, Table::Parquet, section, share.of_another(), dates);
                    return Ok(());
                }
            }
        }
        let (bytes, text) = peek(decoded(stream, Extent::Open), HEAD_BYTES);
        let fault = text.fault.as_ref().map(io::Error::to_string);
        self.push(name, Content::Stream(Some(Box::new(text))), dates, Some(Head { bytes, fault }));
        Ok(())
    }

    fn push(&mut self, name: String, content: Content, dates: Dates, head: Option<Head>) {
        self.inputs.push(Input {
            name,
            origin: self.origin,
            dates,
            content,
            head: head.map(Into::into).unwrap_or_default(),
            file: self.file.clone(),
            sheet: None,
        });
    }

    /// Copies a stream into a temporary file, so that the archive in it can be read out of order. Where the
    /// stream breaks off, what came before is kept and the reason becomes a problem.
    fn spool(&mut self, name: &str, mut stream: Stream, meter: &Meter) -> Result<Section, SourceError> {
        let folder = std::env::temp_dir();
        let no_room = |error| SourceError::Spool { input: name.to_owned(), folder: folder.clone(), error };
        let mut file: File = tempfile::tempfile().map_err(no_room)?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut len = 0;
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    file.write_all(&buffer[..count]).map_err(no_room)?;
                    len += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_bomb(&error) => return Err(io_error(name, error)),
                Err(error) => {
                    self.problems.push(io_error(name, error));
                    break;
                }
            }
        }
        Ok(Section::of_spool(file, len, meter.on_disk()))
    }
}

fn deeper(name: &str, depth: usize) -> Result<usize, SourceError> {
    if depth >= DEPTH_CAP {
        return Err(SourceError::TooDeep { input: name.to_owned() });
    }
    Ok(depth + 1)
}

fn io_error(name: &str, error: io::Error) -> SourceError {
    SourceError::Io { input: name.to_owned(), error }
}

fn is_bomb(error: &io::Error) -> bool {
    let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>());
    matches!(fault, Some(Fault::Expands { .. } | Fault::WholeExpands { .. } | Fault::Memory { .. }))
}
