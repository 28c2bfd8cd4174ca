//! The members of tar and zip archives as sections that can be read again. What is inside a member is left to
//! `unpack`.

use std::io::{self, Read, Seek, SeekFrom};

use chrono::NaiveDate;
use tar::{EntryType, Header, PaxExtensions};
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::layer::Layer;
use super::section::{Section, SectionReader};
use super::{SourceError, visible};
use crate::period::Timestamp;
use crate::usage::names::decode;

/// The unit of tar archives: headers are one block, contents are filled up to whole ones.
const TAR_BLOCK: u64 = 512;
/// Bytes of a long name or of extended attributes that are read; real ones are far shorter.
const TAR_EXTRA_CAP: u64 = 64 * 1024;
/// The part of Office documents that tells them from archives (ECMA-376 part 2).
const OFFICE_PART: &str = "[Content_Types].xml";

/// A file in an archive.
#[derive(Debug)]
pub(super) struct Member {
    /// The archive's name, `!` and the path inside.
    pub(super) name: String,
    /// Its bytes as they are stored.
    pub(super) section: Section,
    /// What the archive itself put around them.
    pub(super) layers: Vec<Layer>,
    /// When it was last changed.
    pub(super) modified: Option<Timestamp>,
}

/// Members that can be read, and why others cannot.
pub(super) type Listing = Vec<Result<Member, SourceError>>;

/// The kind of an archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Archive {
    Tar,
    Zip,
}

impl Archive {
    /// The archive that begins with these bytes (a whole tar header is needed).
    pub(super) fn of_start(start: &[u8]) -> Option<Archive> {
        match start {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Archive::Zip),
            _ => tar_header(start).map(|_| Archive::Tar),
        }
    }

    /// Its files in their order. `None` where it is no collection of files but one document.
    pub(super) fn members(self, name: &str, archive: &Section) -> Option<Listing> {
        match self {
            Archive::Tar => Some(tar_members(name, archive)),
            Archive::Zip => zip_members(name, archive).unwrap_or_else(|error| Some(vec![Err(error)])),
        }
    }

    fn damaged(self, name: &str, what: impl std::fmt::Display) -> SourceError {
        let kind = match self {
            Archive::Tar => "tar",
            Archive::Zip => "zip",
        };
        SourceError::BadArchive { input: name.to_owned(), kind, what: what.to_string() }
    }
}

/// A tar header whose checksum is right.
fn tar_header(block: &[u8]) -> Option<&Header> {
    let block = block.get(..TAR_BLOCK as usize)?;
    let header = Header::from_byte_slice(block);
    let blank = block[148..156].iter().all(|&byte| byte == 0);
    let sum: u32 = block[..148].iter().chain(&block[156..]).map(|&byte| u32::from(byte)).sum();
    let right = header.cksum().ok() == Some(sum + 8 * u32::from(b' '));
    (right && !blank).then_some(header)
}

fn tar_members(name: &str, archive: &Section) -> Listing {
    let mut walk = TarWalk { name, archive, at: 0, extra: TarExtra::default(), listing: Vec::new() };
    let ended = archive.reader().and_then(|mut reader| walk.run(&mut reader));
    if let Err(error) = ended {
        walk.listing.push(Err(Archive::Tar.damaged(name, error)));
    }
    walk.listing
}

/// What special entries say about the next real one.
#[derive(Default)]
struct TarExtra {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

struct TarWalk<'a> {
    name: &'a str,
    archive: &'a Section,
    at: u64,
    extra: TarExtra,
    listing: Listing,
}

impl TarWalk<'_> {
    /// Goes from header to header, without reading contents.
    fn run(&mut self, reader: &mut SectionReader) -> io::Result<()> {
        while self.at < self.archive.len() {
            let block = read_at(reader, self.at, TAR_BLOCK)?;
            if block.iter().all(|&byte| byte == 0) {
                return Ok(());
            }
            let Some(header) = tar_header(&block) else {
                let what = format!("no header after {} bytes", self.at);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            };
            self.entry(header, reader)?;
        }
        Ok(())
    }

    fn entry(&mut self, header: &Header, reader: &mut SectionReader) -> io::Result<()> {
        let size = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => self.extra.size.map_or(header.entry_size(), Ok)?,
            _ => header.entry_size()?,
        };
        let data = self.at + TAR_BLOCK;
        let blocks = size.div_ceil(TAR_BLOCK);
        self.at = blocks.checked_mul(TAR_BLOCK).and_then(|len| data.checked_add(len)).unwrap_or(u64::MAX);
        match header.entry_type() {
            EntryType::GNULongName => {
                let mut name = read_at(reader, data, size.min(TAR_EXTRA_CAP))?;
                name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
                self.extra.name = Some(name);
            }
            EntryType::XHeader => {
                let attributes = read_at(reader, data, size.min(TAR_EXTRA_CAP))?;
                self.extra.read(&attributes);
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => {}
            EntryType::GNUSparse => {
                self.skip_sparse_map(header, data, reader)?;
                self.extra.sparse = true;
                self.file(header, data, size);
            }
            EntryType::Regular | EntryType::Continuous => self.file(header, data, size),
            _ => self.extra = TarExtra::default(),
        }
        Ok(())
    }

    fn file(&mut self, header: &Header, data: u64, size: u64) {
        let extra = std::mem::take(&mut self.extra);
        let path = extra.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let path = decode(&path).into_owned();
        if is_hidden(&path) || path.ends_with('/') {
            return;
        }
        let name = format!("{}!{}", self.name, visible(&path));
        if extra.sparse {
            self.listing.push(Err(SourceError::Sparse { input: name }));
            return;
        }
        let modified = header.mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
        let modified = modified.map(Timestamp::from_seconds);
        let section = self.archive.part(data, size);
        self.listing.push(Ok(Member { name, section, layers: Vec::new(), modified }));
    }

    /// Old sparse entries may have more blocks of their map between header and content.
    fn skip_sparse_map(
        &mut self,
        header: &Header,
        mut map: u64,
        reader: &mut SectionReader,
    ) -> io::Result<()> {
        let mut more = header.as_gnu().is_some_and(|gnu| gnu.is_extended());
        while more {
            let block = read_at(reader, map, TAR_BLOCK)?;
            // The flag for one more block stands behind 21 pairs of 24 bytes.
            more = block.get(504).is_some_and(|&flag| flag != 0);
            map += TAR_BLOCK;
            self.at = self.at.saturating_add(TAR_BLOCK);
        }
        Ok(())
    }
}

impl TarExtra {
    /// Takes the attributes of a POSIX extended header that matter here.
    fn read(&mut self, attributes: &[u8]) {
        for attribute in PaxExtensions::new(attributes).flatten() {
            match attribute.key_bytes() {
                b"path" => self.name = Some(attribute.value_bytes().to_vec()),
                b"size" => self.size = attribute.value().ok().and_then(|size| size.parse().ok()),
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
    }
}

fn read_at(reader: &mut SectionReader, at: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(at))?;
    let count = reader.take(len).read_to_end(&mut bytes)?;
    if (count as u64) < len {
        let what = format!("it ends early after {} bytes", at + count as u64);
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
    }
    Ok(bytes)
}

fn zip_members(name: &str, archive: &Section) -> Result<Option<Listing>, SourceError> {
    let io = |error| SourceError::Io { input: name.to_owned(), error };
    let damaged = |error| Archive::Zip.damaged(name, error);
    let mut zip = ZipArchive::new(archive.reader().map_err(io)?).map_err(damaged)?;
    if zip.index_for_name(OFFICE_PART).is_some() {
        return Ok(None);
    }
    let mut spans = Vec::new();
    let mut listing = Vec::new();
    for index in 0..zip.len() {
        let file = zip.by_index_raw(index).map_err(damaged)?;
        let path = file.name().map_err(damaged)?.replace('\\', "/");
        if !file.is_file() || is_hidden(&path) {
            continue;
        }
        let start = file.data_start().ok_or_else(|| Archive::Zip.damaged(name, "a member has no content"))?;
        spans.push((start, start.saturating_add(file.compressed_size())));
        listing.push(zip_member(
            format!("{name}!{}", visible(&path)),
            &file,
            archive.part(start, file.compressed_size()),
        ));
    }
    spans.sort_unstable();
    // Members that share their bytes multiply without bound what a small archive expands to.
    if spans.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(Archive::Zip.damaged(name, "its members overlap: refused"));
    }
    Ok(Some(listing))
}

fn zip_member<R: Read>(name: String, file: &ZipFile<'_, R>, section: Section) -> Result<Member, SourceError> {
    if file.encrypted() {
        return Err(SourceError::Encrypted { input: name });
    }
    let method = match file.compression() {
        CompressionMethod::STORE => None,
        CompressionMethod::DEFLATE => Some(Layer::Deflate),
        CompressionMethod::BZIP2 => Some(Layer::Bzip2),
        CompressionMethod::ZSTD => Some(Layer::Zstd),
        CompressionMethod::XZ => Some(Layer::Xz),
        other => return Err(SourceError::UnknownMethod { input: name, method: other.to_string() }),
    };
    let checked = Layer::Checked { crc: file.crc32(), len: file.size() };
    let layers = method.into_iter().chain([checked]).collect();
    // The archive has local time without a zone; its day is what matters.
    let modified = file.last_modified().and_then(|time| {
        let date = NaiveDate::from_ymd_opt(time.year().into(), time.month().into(), time.day().into())?;
        date.and_hms_opt(time.hour().into(), time.minute().into(), time.second().into())
    });
    Ok(Member { name, section, layers, modified: modified.map(Timestamp::from_utc) })
}

/// Whether a path leads through a hidden folder or to a hidden file, or is what macOS adds to archives.
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part == "__MACOSX" || super::is_hidden_name(part))
}
