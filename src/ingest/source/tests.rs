//! Inputs made here in every packing, and the real ones where they are present.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::discover::discover_with;
use super::*;
use crate::ingest::collect::Collected;
use crate::ingest::detect::tests::ANY;
use crate::ingest::run::{Recognition, read_all};
use crate::ingest::{LogFormat, ReadOptions};

const TEXT: &str = "Apr  1 04:52:30 relay postfix/qmgr[123]: 4A1B2C3D4E: removed\nsecond\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip =
        flate2::GzBuilder::new().mtime(1_704_067_200).write(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zstd.include_checksum(true).unwrap();
    zstd.write_all(bytes).unwrap();
    zstd.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(bytes).unwrap();
    bzip2.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    xz.write_all(bytes).unwrap();
    xz.finish().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_700_000_000);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (index, (name, bytes)) in members.iter().enumerate() {
        let stored =
            if index % 2 == 0 { zip::CompressionMethod::DEFLATE } else { zip::CompressionMethod::STORE };
        zip.start_file(*name, SimpleFileOptions::default().compression_method(stored)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

type Packer = fn(&[u8]) -> Vec<u8>;
const COMPRESSIONS: [(&str, Packer); 4] = [("gzip", gzip), ("zstd", zstd), ("xz", xz), ("bzip2", bzip2)];

/// A folder with one file of this content and its path.
fn file(name: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn found(path: &Path) -> Discovery {
    discover(&[path]).unwrap()
}

/// Names below the folder, and whole texts.
fn texts(inputs: &mut [Input], folder: &Path) -> Vec<(String, String)> {
    let prefix = format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR);
    inputs.iter_mut().map(|input| (input.name().replace(&prefix, ""), text(input))).collect()
}

fn text(input: &mut Input) -> String {
    let mut text = String::new();
    input.open().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.as_bytes().starts_with(input.head()));
    text
}

/// All that can be read of an input, and the error after it.
fn broken(input: &mut Input) -> (Vec<u8>, String) {
    let mut bytes = Vec::new();
    let error = input.open().unwrap().read_to_end(&mut bytes).unwrap_err();
    (bytes, error.to_string())
}

/// Text that hardly compresses, so that it fills several blocks of any compression.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        b'a' + (state >> 59) as u8 % 26
    };
    (0..bytes).map(|at| if at % 80 == 79 { b'\n' } else { next() }).collect()
}

#[test]
fn compressions_are_recognised_by_content_and_may_be_in_parts() {
    for (name, pack) in COMPRESSIONS {
        let parts = [pack(TEXT.as_bytes()), pack(TEXT.as_bytes())].concat();
        for (content, expected) in [
            (pack(TEXT.as_bytes()), TEXT.to_owned()),
            (parts, TEXT.repeat(2)),
            (pack(&pack(TEXT.as_bytes())), TEXT.to_owned()),
            (pack(b""), String::new()),
        ] {
            let (_folder, path) = file("mail.log.txt", &content);
            let mut inputs = found(&path).inputs;
            assert_eq!(inputs.len(), 1, "{name}");
            assert_eq!(text(&mut inputs[0]), expected, "{name}");
            assert_eq!(text(&mut inputs[0]), expected, "{name} reads again");
            assert_eq!(inputs[0].tail().unwrap().unwrap(), expected.as_bytes());
            assert_eq!(inputs[0].origin(), Origin::Named);
        }
    }
}

#[test]
fn a_wrong_extension_misleads_nobody() {
    let (_folder, path) = file("mail.log.gz", TEXT.as_bytes());
    assert_eq!(text(&mut found(&path).inputs[0]), TEXT);
}

#[test]
fn gzip_may_be_padded_with_zeros_and_with_nothing_else() {
    let padded = [gzip(TEXT.as_bytes()), vec![0; 300_000]].concat();
    let (_folder, path) = file("a", &padded);
    assert_eq!(text(&mut found(&path).inputs[0]), TEXT);

    let followed = [gzip(TEXT.as_bytes()), b"plain".to_vec()].concat();
    let (_folder, path) = file("a", &followed);
    let (bytes, error) = broken(&mut found(&path).inputs[0]);
    assert_eq!(bytes, TEXT.as_bytes());
    assert_eq!(error, format!("gzip data is followed by other data after {} bytes", TEXT.len()));
}

#[test]
fn cut_data_gives_what_is_there_and_says_so() {
    let whole = noise(600_000);
    for (name, pack) in COMPRESSIONS {
        let packed = pack(&whole);
        let (_folder, path) = file("cut", &packed[..packed.len() * 2 / 3]);
        let mut inputs = found(&path).inputs;
        let (bytes, error) = broken(&mut inputs[0]);
        assert!(bytes.len() > 100_000 && whole.starts_with(&bytes), "{name}: {}", bytes.len());
        assert_eq!(error, format!("{name} data ends early after {} bytes", bytes.len()));
        let tail = inputs[0].tail().unwrap().unwrap();
        assert_eq!(tail, bytes[bytes.len() - HEAD_BYTES..], "{name}");
    }
}

#[test]
fn damaged_data_is_noticed() {
    for (name, pack) in COMPRESSIONS {
        let mut packed = pack(&noise(300_000));
        let middle = packed.len() / 2;
        packed[middle] ^= 0x55;
        packed[middle + 1] ^= 0xaa;
        let (_folder, path) = file("damaged", &packed);
        let error = broken(&mut found(&path).inputs[0]).1;
        assert!(error.starts_with(&format!("{name} data is damaged after ")), "{error}");
    }
    let mut packed = gzip(TEXT.as_bytes());
    let sum = packed.len() - 8;
    packed[sum] ^= 1;
    let (_folder, path) = file("sum", &packed);
    let (bytes, error) = broken(&mut found(&path).inputs[0]);
    assert_eq!(bytes, TEXT.as_bytes());
    let expected = format!(
        "gzip data is damaged after {} bytes: corrupt gzip stream does not have a matching checksum",
        TEXT.len()
    );
    assert_eq!(error, expected);
}

#[test]
fn any_bytes_behind_a_mark_are_survived() {
    let rest = noise(2000);
    for mark in [
        &[0x1f, 0x8b, 8][..],
        &[0x28, 0xb5, 0x2f, 0xfd],
        &[0x50, 0x2a, 0x4d, 0x18],
        &[0xfd, b'7', b'z', b'X', b'Z', 0],
        b"BZh9\x31\x41\x59\x26\x53\x59",
        b"PK\x03\x04",
        b"PK\x05\x06",
    ] {
        for length in [0, 1, 10, 200, 2000] {
            let (_folder, path) = file("strange", &[mark, &rest[..length]].concat());
            match discover(&[&path]) {
                Ok(found) => found.inputs.into_iter().for_each(|mut input| {
                    broken(&mut input);
                }),
                Err(error) => assert!(error.to_string().contains("archive is damaged"), "{error}"),
            }
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_is_survived() {
    let small = noise(3000);
    let archives = [tar(&[("a.log", &small)]), zip(&[("a.log", &small), ("b.log", &small)])];
    for packed in COMPRESSIONS.iter().map(|(_, pack)| pack(&small)).chain(archives) {
        for place in (0..packed.len()).step_by(23) {
            let mut flipped = packed.clone();
            flipped[place] ^= 1 << (place % 8);
            let (_folder, path) = file("flipped", &flipped);
            for mut input in discover(&[&path]).map(|found| found.inputs).unwrap_or_default() {
                let mut bytes = Vec::new();
                // Whether it is noticed depends on the place; it must end either way.
                let _ = input.open().unwrap().read_to_end(&mut bytes);
                assert!(bytes.len() < 1_000_000);
            }
        }
    }
}

#[test]
fn bombs_are_refused() {
    let bomb = |pack: fn(&mut dyn Read) -> Vec<u8>| pack(&mut io::repeat(b'x').take(70 * 1024 * 1024));
    let zstd_bomb: Vec<u8> = bomb(|text| zstd::encode_all(text, 1).unwrap());
    let (_folder, path) = file("bomb", &zstd_bomb);
    let (bytes, error) = broken(&mut found(&path).inputs[0]);
    assert!(bytes.len() as u64 <= meter::EXPANSION_FREE);
    let expected = "zstd data expands more than 1000 times, to over 67108864 bytes: refused";
    assert_eq!(error, expected);

    // Each layer alone stays below the cap here: gzip cannot do more than 1,032 times.
    let twice = gzip(&zstd_bomb);
    let (_folder, path) = file("bomb.gz", &twice);
    assert_eq!(broken(&mut found(&path).inputs[0]).1, expected);

    let (folder, path) = file("bomb.tar.gz", &gzip(&tar(&[("bomb.log", &zstd_bomb)])));
    let mut inputs = found(&path).inputs;
    assert_eq!(inputs[0].name(), format!("{}!bomb.log", folder.path().join("bomb.tar.gz").display()));
    let whole = "expands, with all else in its file, more than 1000 times, to over 67108864 bytes: refused";
    assert_eq!(broken(&mut inputs[0]).1, whole);

    let (_folder, path) = file("bomb.zip", &zip(&[("bomb.log", &zstd_bomb)]));
    assert_eq!(broken(&mut found(&path).inputs[0]).1, expected);
}

#[test]
fn many_small_bombs_in_an_archive_are_one() {
    let packed = zstd::encode_all(io::repeat(b'x').take(20 * 1024 * 1024), 1).unwrap();
    let names: Vec<String> = (0..8).map(|number| format!("{number}.log")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), packed.as_slice())).collect();
    let tar = tar(&members);
    for (kind, content) in [("tar", tar.clone()), ("tar in gzip", gzip(&tar)), ("zip", zip(&members))] {
        let (_folder, path) = file("bombs", &content);
        let mut inputs = found(&path).inputs;
        for _ in 0..5 {
            // Read as often as that, one alone is no more than it was.
            assert!(io::copy(&mut inputs[0].open().unwrap(), &mut io::sink()).is_ok(), "{kind}");
        }
        let mut all = 0;
        let mut errors = Vec::new();
        for input in &mut inputs {
            let (mut text, mut bytes) = (input.open().unwrap(), Vec::new());
            errors.extend(text.read_to_end(&mut bytes).err().map(|error| error.to_string()));
            all += bytes.len() as u64;
        }
        assert!(all <= meter::EXPANSION_FREE, "{kind}: {all}");
        let expected =
            "expands, with all else in its file, more than 1000 times, to over 67108864 bytes: refused";
        assert_eq!(errors, [expected; 5], "{kind}");
    }
}

#[test]
fn archives_give_each_member_by_name_again_and_again() {
    let packed = gzip(TEXT.as_bytes());
    let members: [(&str, &[u8]); 4] = [
        ("log/mail.log", b"one\n"),
        ("log/mail.log.1", b"two\n"),
        ("mail.log-20240131.gz", &packed),
        ("empty", b""),
    ];
    let mut packings: Vec<(&str, Vec<u8>)> = vec![("tar", tar(&members)), ("zip", zip(&members))];
    packings.extend(COMPRESSIONS.iter().map(|(name, pack)| (*name, pack(&tar(&members)))));
    packings.push(("zip in gzip", gzip(&zip(&members))));
    for (kind, content) in packings {
        let (folder, path) = file("a.bin", &content);
        let mut found = found(&path);
        let expected = [
            ("a.bin!log/mail.log", "one\n"),
            ("a.bin!log/mail.log.1", "two\n"),
            ("a.bin!mail.log-20240131.gz", TEXT),
            ("a.bin!empty", ""),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert!(found.problems.is_empty(), "{kind}: {:?}", found.problems);
        assert_eq!(texts(&mut found.inputs, folder.path()), expected, "{kind}");
        found.inputs.reverse();
        let again = texts(&mut found.inputs, folder.path());
        assert!(again.iter().rev().eq(&expected), "{kind} reads again in another order");
        assert!(found.inputs.iter().all(|input| input.can_reopen() && input.origin() == Origin::Found));
        let dates = found.inputs[1].dates();
        assert_eq!(dates.name.unwrap().to_string(), "2024-01-31", "{kind}");
        assert_eq!(dates.gzip.unwrap().to_string(), "2024-01-01T00:00:00Z", "{kind}");
        if !kind.contains("zip") || kind == "gzip" || kind == "bzip2" {
            assert_eq!(dates.modified.unwrap().seconds(), 1_700_000_000, "{kind}");
        }
    }
}

#[test]
fn four_packings_are_followed_and_a_fifth_is_refused() {
    let gz = gzip(TEXT.as_bytes());
    let four = zip(&[("in.tar.gz", &gzip(&tar(&[("mail.log.1.gz", &gz)])))]);
    let (folder, path) = file("four.zip", &four);
    let mut inputs = found(&path).inputs;
    let expected = ("four.zip!in.tar.gz!mail.log.1.gz".to_owned(), TEXT.to_owned());
    assert_eq!(texts(&mut inputs, folder.path()), [expected]);

    let five = zip(&[("in.zip", &four), ("plain.log", b"plain\n")]);
    let (_folder, path) = file("five.zip", &five);
    let found = found(&path);
    assert_eq!(found.inputs.len(), 1);
    let expected = format!(
        "{}!in.zip!in.tar.gz!mail.log.1.gz: packed more than 4 times over: refused\n\
         hint: unpack the outer archives first",
        path.display()
    );
    assert_eq!(found.problems[0].to_string(), expected);
}

#[test]
fn only_files_of_a_tar_are_read() {
    let mut tar = tar::Builder::new(Vec::new());
    let mut entry = |kind: tar::EntryType, name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        tar.append_data(&mut header, name, bytes).unwrap();
    };
    let long = format!("{}/mail.log", "d".repeat(300));
    entry(tar::EntryType::Directory, "log/", b"");
    entry(tar::EntryType::Symlink, "log/link", b"");
    entry(tar::EntryType::Link, "log/hard", b"");
    entry(tar::EntryType::Fifo, "log/fifo", b"");
    entry(tar::EntryType::Regular, "./log/.mail.log.swp", b"hidden");
    entry(tar::EntryType::Regular, "./log/mail.log", b"one\n");
    entry(tar::EntryType::GNUSparse, "log/holes", b"");
    entry(tar::EntryType::Regular, &long, b"two\n");
    entry(tar::EntryType::Regular, "log/evil\x1b[2J", b"three\n");
    entry(tar::EntryType::XHeader, "pax", b"27 path=renamed/by-pax.log\n");
    entry(tar::EntryType::Regular, "short", b"four\n");
    let (folder, path) = file("a.tar", &tar.into_inner().unwrap());
    let mut found = found(&path);
    let expected = [
        ("a.tar!log/mail.log", "one\n"),
        (&*format!("a.tar!{long}"), "two\n"),
        ("a.tar!log/evil\u{fffd}[2J", "three\n"),
        ("a.tar!renamed/by-pax.log", "four\n"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(texts(&mut found.inputs, folder.path()), expected);
    let expected = format!(
        "{}!log/holes: it is stored as a sparse file\nhint: unpack the archive and name the files",
        path.display()
    );
    assert_eq!(found.problems[0].to_string(), expected);
}

#[test]
fn cut_tars_give_what_is_there() {
    let one = noise(3000);
    let whole = tar(&[("one.log", &one), ("two.log", &one)]);
    for (kind, content) in [("plain", whole[..5500].to_vec()), ("gzip", gzip(&whole[..5500]))] {
        let (_folder, path) = file("a.tar", &content);
        let mut inputs = found(&path).inputs;
        assert_eq!(text(&mut inputs[0]).as_bytes(), one, "{kind}");
        let (bytes, error) = broken(&mut inputs[1]);
        assert!(one.starts_with(&bytes), "{kind}");
        assert_eq!(error, format!("the data ends early after {} bytes", bytes.len()));
    }
    let (_folder, path) = file("a.tar", &whole[..3800]);
    let cut = found(&path);
    assert_eq!(cut.inputs.len(), 1);
    let expected = format!("{}: the tar archive is damaged: it ends early after 3800 bytes", path.display());
    assert_eq!(cut.problems[0].to_string(), expected);

    let packed = gzip(&tar(&[("one.log", &noise(300_000))]));
    let (_folder, path) = file("a.tar.gz", &packed[..packed.len() / 2]);
    let mut cut = found(&path);
    assert!(cut.problems[0].to_string().contains("a.tar.gz: gzip data ends early after "));
    assert!(broken(&mut cut.inputs[0]).1.starts_with("the data ends early after "));

    let mut torn = whole.clone();
    torn[3584 + 10] ^= 1;
    let (_folder, path) = file("a.tar", &torn);
    let expected = format!("{}: the tar archive is damaged: no header after 3584 bytes", path.display());
    assert_eq!(found(&path).problems[0].to_string(), expected);
}

/// Changes a field of every header of a zip: in local headers at one place, in the directory two bytes later.
fn patch_zip(zip: &mut [u8], local: usize, bytes: &[u8]) {
    for at in 0..zip.len() - 4 {
        let place = match &zip[at..at + 4] {
            b"PK\x03\x04" => at + local,
            b"PK\x01\x02" => at + local + 2,
            _ => continue,
        };
        zip[place..place + bytes.len()].copy_from_slice(bytes);
    }
}

#[test]
fn zips_that_cannot_be_read_say_why() {
    let error_of = |content: &[u8]| {
        let (_folder, path) = file("a.zip", content);
        discover(&[&path]).unwrap_err().to_string().replace(&path.display().to_string(), "a.zip")
    };
    let whole = zip(&[("mail.log", TEXT.as_bytes())]);
    let mut encrypted = whole.clone();
    patch_zip(&mut encrypted, 6, &[1]);
    assert_eq!(
        error_of(&encrypted),
        "a.zip!mail.log: it is encrypted\nhint: unpack the archive with its password and name the files"
    );
    let mut method = whole.clone();
    patch_zip(&mut method, 8, &[9]);
    assert_eq!(
        error_of(&method),
        "a.zip!mail.log: zip compression 'Deflate64' cannot be read: expected stored, deflate, bzip2, zstd or xz\n\
         hint: unpack the archive and name the files"
    );
    assert_eq!(error_of(&zip(&[])), "a.zip: holds no files");
    assert!(error_of(&whole[..60]).starts_with("a.zip: the zip archive is damaged: "));

    let mut sum = whole;
    patch_zip(&mut sum, 14, &[1, 2, 3, 4]);
    let (_folder, path) = file("a.zip", &sum);
    let (bytes, error) = broken(&mut found(&path).inputs[0]);
    assert_eq!(bytes, TEXT.as_bytes());
    let expected = format!(
        "zip data is damaged after {} bytes: its checksum differs from the archive's directory",
        TEXT.len()
    );
    assert_eq!(error, expected);
}

#[test]
fn overlapping_zip_members_are_refused() {
    let mut overlapping = zip(&[("a.log", TEXT.as_bytes()), ("b.log", TEXT.as_bytes())]);
    // Both entries of the directory point to the first local header.
    let second = overlapping.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    overlapping[second + 42..second + 46].fill(0);
    let (_folder, path) = file("a.zip", &overlapping);
    let expected = format!("{}: the zip archive is damaged: its members overlap: refused", path.display());
    assert_eq!(discover(&[&path]).unwrap_err().to_string(), expected);
}

#[test]
fn office_documents_are_no_archives() {
    let office = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<workbook/>")]);
    let (_folder, path) = file("report.docx", &office);
    let inputs = found(&path).inputs;
    assert_eq!(inputs.len(), 1);
    assert_eq!(inputs[0].origin(), Origin::Named);
    assert!(inputs[0].head().starts_with(b"PK"));
}

#[test]
fn folders_are_read_in_order_without_hidden_files_and_loops() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("b/deep")).unwrap();
    fs::create_dir_all(root.join(".git")).unwrap();
    for name in ["z.log", "a.log", "b/mail.log.1", "b/deep/mail.log", ".hidden", ".git/config"] {
        fs::write(root.join(name), name).unwrap();
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        std::os::unix::fs::symlink(root.join("a.log"), root.join("b/link.log")).unwrap();
        std::os::unix::fs::symlink(root.join("gone"), root.join("broken.log")).unwrap();
    }
    let mut found = found(root);
    let names: Vec<String> = texts(&mut found.inputs, root).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a.log", "b/deep/mail.log", "b/mail.log.1", "z.log"]);
    assert!(found.inputs.iter().all(|input| input.origin() == Origin::Found));
    if cfg!(unix) {
        let shown = root.display();
        let expected = format!("{shown}/b/link.log is the same file as {shown}/a.log: it is read once");
        assert_eq!(found.remarks, [expected]);
        let expected = format!("{shown}/broken.log: No such file or directory (os error 2)");
        assert_eq!(found.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_file_reached_twice_is_read_once_and_stays_named() {
    let (folder, path) = file("a.log", b"A");
    let found = discover(&[folder.path(), &path, &path]).unwrap();
    assert_eq!(found.inputs.len(), 1);
    assert_eq!(found.inputs[0].origin(), Origin::Named);
    assert_eq!(found.remarks.len(), 2);
    assert_eq!(found.remarks[0], format!("{} is given twice: it is read once", path.display()));
}

#[test]
fn globs_that_the_shell_left_are_expanded() {
    let (folder, _path) = file("a.log", b"A");
    fs::write(folder.path().join("b.log"), "B").unwrap();
    fs::write(folder.path().join("c[1].txt"), "C").unwrap();
    let glob = |pattern: &str| discover(&[folder.path().join(pattern)]);
    let mut inputs = glob("*.log").unwrap().inputs;
    let read: Vec<String> = texts(&mut inputs, folder.path()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(read, ["A", "B"]);
    assert!(inputs.iter().all(|input| input.origin() == Origin::Found));
    let literal = glob("c[1].txt").unwrap().inputs;
    assert_eq!(literal[0].origin(), Origin::Named);
    let shown = |pattern: &str| folder.path().join(pattern).display().to_string();
    assert_eq!(glob("*.gz").unwrap_err().to_string(), format!("'{}' matches no file", shown("*.gz")));
    assert_eq!(
        glob("a[.log").unwrap_err().to_string(),
        format!("'{}' is not a glob: invalid range pattern", shown("a[.log"))
    );
    assert_eq!(
        glob("d.log").unwrap_err().to_string(),
        format!(
            "'{}' does not exist: expected a file, a folder, a glob such as 'logs/*.gz', or '-'",
            shown("d.log")
        )
    );
    fs::create_dir(folder.path().join("none")).unwrap();
    assert_eq!(glob("none").unwrap_err().to_string(), format!("{}: holds no files", shown("none")));
}

fn piped(content: &[u8]) -> Result<Discovery, SourceError> {
    let content = content.to_vec();
    discover_with(&["-"], move || Box::new(Cursor::new(content)))
}

#[test]
fn standard_input_is_read_once() {
    for content in [TEXT.as_bytes().to_vec(), gzip(TEXT.as_bytes()), xz(&gzip(TEXT.as_bytes()))] {
        let mut inputs = piped(&content).unwrap().inputs;
        assert_eq!((inputs[0].name(), inputs[0].origin()), ("(standard input)", Origin::Named));
        assert!(!inputs[0].can_reopen());
        assert_eq!(inputs[0].head(), TEXT.as_bytes());
        assert_eq!(inputs[0].tail().unwrap(), None);
        assert_eq!(text(&mut inputs[0]), TEXT);
        let again = inputs[0].open().map(|_| ()).unwrap_err();
        assert_eq!(
            again.to_string(),
            "(standard input): it is a stream and was already read\nhint: save it as a file and name that"
        );
    }
    let twice = discover_with(&["-", "-"], || Box::new(io::empty())).unwrap_err();
    assert_eq!(twice.to_string(), "'-' is named twice: standard input can be read only once");
}

#[test]
fn archives_from_standard_input_can_be_read_again() {
    let members: [(&str, &[u8]); 2] = [("a.log", b"one\n"), ("b.log", b"two\n")];
    for content in [tar(&members), zip(&members), gzip(&tar(&members))] {
        let mut inputs = piped(&content).unwrap().inputs;
        for _ in 0..2 {
            assert_eq!(text(&mut inputs[1]), "two\n");
            assert_eq!(text(&mut inputs[0]), "one\n");
        }
        assert_eq!(inputs[0].name(), "(standard input)!a.log");
        let digests = Digests::start(&inputs, true).finish().unwrap();
        assert_eq!(digests[0].bytes, content.len() as u64);
        assert_eq!(digests[0], digests[1]);
    }
}

#[test]
fn digests_are_of_files_as_they_are_on_disk() {
    let (_folder, path) = file("a.gz", &gzip(b"text"));
    let (_other, archive) = file("a.zip", &zip(&[("a.log", b"one"), ("b.log", b"two")]));
    let inputs = discover(&[&path, &archive]).unwrap().inputs;
    let digests = Digests::start(&inputs, true).finish().unwrap();
    assert_eq!(digests.len(), 3);
    assert_eq!(
        (digests[0].bytes, digests[0].sha256.as_ref().map(String::len)),
        (fs::metadata(&path).unwrap().len(), Some(64))
    );
    assert_eq!(digests[1], digests[2]);
    assert_eq!(digests[1].file, archive.display().to_string());

    let mut inputs = piped(b"abc").unwrap().inputs;
    let running = Digests::start(&inputs, true);
    text(&mut inputs[0]);
    // The digest of "abc" is an example of FIPS 180-4.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(running.finish().unwrap()[0].sha256.as_deref(), Some(expected));

    let lengths = Digests::start(&discover(&[&path]).unwrap().inputs, false).finish().unwrap();
    assert_eq!((lengths[0].bytes, &lengths[0].sha256), (digests[0].bytes, &None));

    fs::remove_file(&path).unwrap();
    let gone = Digests::start(&found(&archive).inputs[..0], true).finish().unwrap();
    assert!(gone.is_empty());
}

#[test]
fn tails_and_heads_are_of_the_text() {
    let long = noise(3 * HEAD_BYTES + 11);
    let utf16: Vec<u8> =
        String::from_utf8(long.clone()).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [long.clone(), gzip(&long), utf16] {
        let (_folder, path) = file("a.log", &content);
        let mut input = found(&path).inputs.remove(0);
        assert_eq!(input.head(), &long[..HEAD_BYTES]);
        assert_eq!(input.tail().unwrap().unwrap(), long[long.len() - HEAD_BYTES..]);
        input.shorten_head(100);
        assert_eq!(input.head(), &long[..100]);
    }
    let mut short = Input::from_bytes("a.log", b"\xef\xbb\xbfshort");
    assert_eq!(short.tail().unwrap().unwrap(), b"short");
}

#[test]
fn holes_and_a_ctrl_z_are_in_no_text_however_large() {
    let csv = "sender,recipients,size\n";
    let row = "app@contoso.com,1,1000\n";
    let hole = vec![0; 3 * HEAD_BYTES];
    let content =
        [&hole, csv.as_bytes(), &hole, row.as_bytes(), &hole[..7], row.as_bytes(), b"\x1a", &hole].concat();
    let expected = [csv, row, row].concat();
    for content in [content.clone(), gzip(&content)] {
        let (_folder, path) = file("a.csv", &content);
        let mut input = found(&path).inputs.remove(0);
        assert_eq!(text(&mut input), expected);
        assert_eq!(input.tail().unwrap().unwrap(), expected.as_bytes());
        assert_eq!(text(&mut piped(&content).unwrap().inputs[0]), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_one_hole_is_empty_and_a_device_of_zeros_is_refused() {
    let (_folder, path) = file("hole.log", b"");
    fs::File::options().write(true).open(&path).unwrap().set_len(100 << 20).unwrap();
    assert_eq!(text(&mut found(&path).inputs[0]), "");
    let zeros = found(Path::new("/dev/zero")).inputs;
    let expected = "begins with more than 67108864 bytes of NUL: refused";
    assert_eq!((zeros[0].head(), zeros[0].head_fault()), (&b""[..], Some(expected)));
}

#[test]
fn unreadable_inputs_are_told_and_empty_ones_listed() {
    let folder = TempDir::new().unwrap();
    for (name, content) in [
        ("1-empty.log", Vec::new()),
        ("2-broken.gz", gzip(TEXT.as_bytes())[..10].to_vec()),
        ("3-cut.gz", gzip(&noise(100_000))[..20_000].to_vec()),
        ("4-empty.gz", gzip(b"")),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let mut sink = Collected::default();
    let formats: [&'static dyn LogFormat; 1] = [&ANY];
    let found = found(folder.path());
    let read = read_all(found.inputs, &formats, None, &ReadOptions::default(), &mut sink).unwrap();
    let recognitions: Vec<&Recognition> = read.inputs.iter().map(|input| &input.recognition).collect();
    let early = Recognition::Unreadable("gzip data ends early after 0 bytes".into());
    assert_eq!(recognitions, [&Recognition::Empty, &early, &Recognition::Read("any"), &Recognition::Empty]);
    assert_eq!(sink.damages.len(), 2);
    assert!(sink.damages[1].line > 100 && sink.damages[1].what.starts_with("gzip data ends early after "));
    assert!(sink.accounting.adds_up());
}

#[test]
fn errors_come_apart_into_input_and_reason() {
    let input = || "odd: name.tar".to_owned();
    let error = SourceError::TooMany { input: input() };
    assert_eq!(error.to_string(), "odd: name.tar: holds more than 100000 files: the others are not read");
    assert_eq!(
        error.parts(),
        ("odd: name.tar", "holds more than 100000 files: the others are not read".into())
    );
    let full = io::Error::new(io::ErrorKind::StorageFull, "no space left on device");
    let error = SourceError::Spool { input: input(), folder: "/tmp".into(), error: full };
    assert_eq!(
        error.to_string(),
        "odd: name.tar: cannot unpack it to a temporary file in /tmp: no space left on device\n\
         hint: set TMPDIR to a folder with room"
    );
    let error = SourceError::NoMatch("*.gz".into());
    assert_eq!(error.parts(), ("*.gz", "'*.gz' matches no file".into()));
}

#[cfg(unix)]
#[test]
fn devices_are_streams_where_they_are_named() {
    let inputs = found(Path::new("/dev/null")).inputs;
    assert_eq!((inputs[0].can_reopen(), inputs[0].head()), (false, &b""[..]));
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_skipped_where_they_are_found() {
    let (folder, _path) = file("a.log", b"A");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/null", folder.path().join("null")).unwrap();
    let found = found(folder.path());
    assert_eq!(found.inputs.len(), 1);
    let skipped = |name| format!("{}/{name} is a pipe or a device: it is skipped", folder.path().display());
    assert_eq!(found.remarks, ["null", "socket"].map(skipped));
}

#[test]
fn a_file_that_changes_its_length_under_the_reader_is_told() {
    let (_folder, path) = file("a.log", b"first\nsecond\n");
    let mut inputs = found(&path).inputs;
    fs::write(&path, "first\nsecond\nappended later\n").unwrap();
    assert_eq!(text(&mut inputs[0]), "first\nsecond\n");
    fs::write(&path, "first\n").unwrap();
    assert_eq!(broken(&mut inputs[0]), (b"first\n".to_vec(), "the data ends early after 6 bytes".into()));
}

fn real(part: &str) -> Option<PathBuf> {
    let data = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".into());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(data).join("logs").join(part);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn the_same_log_in_real_packings_is_the_same_text() {
    let Some(folder) = real("syslog-wrappers") else { return };
    // The unpacked file beside them is a later edition; what `gzip -dc` gives has 1,247 bytes.
    let plain = text(&mut found(&folder.join("plaso-syslog.gz")).inputs[0]);
    assert_eq!(plain.len(), 1247);
    for (extension, inside) in
        [("gz", ""), ("bz2", ""), ("xz", ""), ("zip", "!syslog"), ("tar", "!syslog"), ("tgz", "!syslog")]
    {
        let path = folder.join(format!("plaso-syslog.{extension}"));
        let mut inputs = found(&path).inputs;
        let name = format!("{}{inside}", path.display());
        let input = inputs.iter_mut().find(|input| input.name() == name).unwrap();
        assert_eq!(text(input), plain, "{extension}");
    }
}

#[test]
fn real_utf16_exports_are_read() {
    let Some(folder) = real("exchange-online") else { return };
    for (name, start) in [
        ("reconstructed-enhanced-summary-utf16le-bom.csv", "\"origin_timestamp_utc\",\"sender_address\","),
        ("reconstructed-extended-utf16le-nobom.csv", "\"date_time_utc\",\"client_ip\","),
    ] {
        let mut input = found(&folder.join(name)).inputs.remove(0);
        let text = text(&mut input);
        assert!(text.starts_with(start), "{name}");
        assert!(!text.contains(['\0', '\u{fffd}']), "{name}");
    }
}
