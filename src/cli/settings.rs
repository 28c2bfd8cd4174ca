//! Standing settings: `relaymeter.yaml` in the working folder, or the file that `--config` names.
//!
//! A flag beats the file and [`Choice`] remembers which of the two spoke. What a setting does is left to the
//! commands; files that it names are only located here.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::ingest::HostPattern;
use crate::money::Currency;
use crate::period::Zone;
use crate::units::Megabyte;

/// The file that is read from the working folder.
pub const FILE_NAME: &str = "relaymeter.yaml";
/// The only layout of the file that there is.
const SCHEMA_VERSION: &str = "1";
/// More than any real settings need, so that a wrong `--config` ends at once.
const SIZE_CAP: u64 = 1024 * 1024;

/// The standing settings; empty where the file says nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Settings {
    /// The file they were read from; `None` for defaults only.
    pub file: Option<PathBuf>,
    /// The organisation's own mail domains, lower case.
    pub own_domains: Vec<String>,
    /// Next hosts that count.
    pub relay_hosts: Vec<HostPattern>,
    /// Submitting hosts that count.
    pub clients: Vec<HostPattern>,
    /// Submitting hosts that do not count.
    pub exclude_clients: Vec<HostPattern>,
    /// Sender domains that count, lower case.
    pub sender_domains: Vec<String>,
    /// Connectors that count.
    pub connectors: Vec<String>,
    /// What a log without a zone means.
    pub log_timezone: Option<Zone>,
    /// The zone in which days and hours are shown.
    pub timezone: Option<Zone>,
    /// The currency of results.
    pub currency: Option<Currency>,
    /// Price files or folders beside the built-in ones, relative to the settings file.
    pub pricing: Vec<PathBuf>,
    /// The price list, by name.
    pub price_list: Option<String>,
    /// The file with negotiated terms, relative to the settings file.
    pub terms: Option<PathBuf>,
    /// The megabyte that is charged.
    pub megabyte: Option<Megabyte>,
}

/// A value together with who chose it, for provenance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice<T> {
    /// The value.
    pub value: T,
    /// Who chose it.
    pub from: Origin,
}

/// Who chose a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The settings file.
    Settings(PathBuf),
    /// Nobody: the stated default.
    Default,
}

impl fmt::Display for Origin {
    /// `flag`, the path of the settings file, or `default`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Settings(path) => path.display().fmt(f),
            Origin::Default => f.write_str("default"),
        }
    }
}

impl<T> Choice<T> {
    /// The stated default, chosen by nobody.
    pub fn default_of(value: T) -> Choice<T> {
        Choice { value, from: Origin::Default }
    }
}

impl Settings {
    /// The settings of the named file, else of [`FILE_NAME`] where the working folder has one, else none.
    pub fn find(named: Option<&Path>) -> Result<Settings, SettingsError> {
        match named {
            Some(path) => Settings::read(path),
            None if Path::new(FILE_NAME).exists() => Settings::read(Path::new(FILE_NAME)),
            None => Ok(Settings::default()),
        }
    }

    fn read(path: &Path) -> Result<Settings, SettingsError> {
        let io_error = |error| SettingsError::Io { file: path.display().to_string(), error };
        let file = std::fs::File::open(path).map_err(io_error)?;
        let mut bytes = Vec::new();
        file.take(SIZE_CAP + 1).read_to_end(&mut bytes).map_err(io_error)?;
        if bytes.len() as u64 > SIZE_CAP {
            return Err(SettingsError::TooLarge { file: path.display().to_string() });
        }
        let problem =
            |(line, problem)| SettingsError::Bad { file: path.display().to_string(), line, problem };
        parse(&bytes, path).map_err(problem)
    }

    /// The flag where it was given, else the setting, else nothing.
    pub fn choose<T: Clone>(&self, flag: Option<&T>, setting: Option<&T>) -> Option<Choice<T>> {
        let typed = flag.map(|value| Choice { value: value.clone(), from: Origin::Flag });
        typed.or_else(|| setting.map(|value| Choice { value: value.clone(), from: self.origin() }))
    }

    /// The flag's values where there are any, else those of the setting, else none.
    pub fn choose_all<T: Clone>(&self, flag: &[T], setting: &[T]) -> Choice<Vec<T>> {
        match (flag.is_empty(), setting.is_empty()) {
            (false, _) => Choice { value: flag.to_vec(), from: Origin::Flag },
            (true, false) => Choice { value: setting.to_vec(), from: self.origin() },
            (true, true) => Choice::default_of(Vec::new()),
        }
    }

    fn origin(&self) -> Origin {
        self.file.clone().map_or(Origin::Default, Origin::Settings)
    }
}

/// What can go wrong with the settings file.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The system's reason.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// The reason.
        error: std::io::Error,
    },
    /// Something else than settings.
    #[error("{file}: larger than 1 MiB: expected a short YAML file of settings")]
    TooLarge {
        /// The file.
        file: String,
    },
    /// A key or value that is not understood; nothing of the file is used.
    #[error("{file}:{line}: {problem}")]
    Bad {
        /// The file.
        file: String,
        /// The line (1-based).
        line: u64,
        /// The key, the value and what was expected.
        problem: String,
    },
}

/// The file as it is written: texts, each with its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema_version: Text,
    #[serde(default)]
    own_domains: Vec<Text>,
    #[serde(default)]
    relay_hosts: Vec<Text>,
    #[serde(default)]
    clients: Vec<Text>,
    #[serde(default)]
    exclude_clients: Vec<Text>,
    #[serde(default)]
    sender_domains: Vec<Text>,
    #[serde(default)]
    connectors: Vec<Text>,
    log_timezone: Option<Text>,
    timezone: Option<Text>,
    currency: Option<Text>,
    #[serde(default)]
    pricing: Vec<Text>,
    price_list: Option<Text>,
    terms: Option<Text>,
    megabyte: Option<Text>,
}

type Text = Spanned<String>;

/// A line and what is wrong on it.
type Problem = (u64, String);

fn parse(bytes: &[u8], path: &Path) -> Result<Settings, Problem> {
    let options = serde_saphyr::options! { with_snippet: false };
    let written: Written = serde_saphyr::from_slice_with_options(bytes, options).map_err(explained)?;
    let version = &written.schema_version;
    if version.value != SCHEMA_VERSION {
        let problem =
            format!("schema_version: '{}' is not supported: expected {SCHEMA_VERSION}", version.value);
        return Err((version.referenced.line(), problem));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(Settings {
        file: Some(path.to_owned()),
        own_domains: all("own_domains", &written.own_domains, domain)?,
        relay_hosts: all("relay_hosts", &written.relay_hosts, HostPattern::from_str)?,
        clients: all("clients", &written.clients, HostPattern::from_str)?,
        exclude_clients: all("exclude_clients", &written.exclude_clients, HostPattern::from_str)?,
        sender_domains: all("sender_domains", &written.sender_domains, domain)?,
        connectors: all("connectors", &written.connectors, filled)?,
        log_timezone: one("log_timezone", written.log_timezone.as_ref(), Zone::from_str)?,
        timezone: one("timezone", written.timezone.as_ref(), Zone::from_str)?,
        currency: one("currency", written.currency.as_ref(), Currency::from_str)?,
        pricing: all("pricing", &written.pricing, |text| filled(text).map(|path| folder.join(path)))?,
        price_list: one("price_list", written.price_list.as_ref(), filled)?,
        terms: one("terms", written.terms.as_ref(), |text| filled(text).map(|path| folder.join(path)))?,
        megabyte: one("megabyte", written.megabyte.as_ref(), megabyte)?,
    })
}

fn all<T, E: fmt::Display>(
    key: &str,
    texts: &[Text],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Problem> {
    let each =
        |text: &Text| parse(&text.value).map_err(|error| (text.referenced.line(), format!("{key}: {error}")));
    texts.iter().map(each).collect()
}

fn one<T, E: fmt::Display>(
    key: &str,
    text: Option<&Text>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Problem> {
    Ok(all(key, text.map(std::slice::from_ref).unwrap_or_default(), parse)?.pop())
}

fn explained(error: serde_saphyr::Error) -> Problem {
    let line = error.location().map_or(1, |location| location.line());
    let problem = match error.without_snippet() {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            format!("'{field}' is not a setting: expected one of {}", expected.join(", "))
        }
        serde_saphyr::Error::SerdeMissingField { field, .. } => format!("'{field}' is missing"),
        other => other.render().lines().next().unwrap_or_default().to_owned(),
    };
    (line, problem)
}

/// Reads the megabyte that is charged, for the flag and the setting alike.
pub fn megabyte(text: &str) -> Result<Megabyte, String> {
    [Megabyte::Decimal, Megabyte::Binary].into_iter().find(|megabyte| megabyte.name() == text).ok_or_else(
        || format!("'{text}' is not a megabyte: expected 'decimal' (10^6 bytes) or 'binary' (2^20)"),
    )
}

/// Reads a mail domain, for flags and settings alike: lower case, without a leading `@`.
pub fn domain(text: &str) -> Result<String, String> {
    let domain = text.trim().trim_start_matches('@').trim_end_matches('.').to_lowercase();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if domain.is_empty() || !domain.chars().all(fits) {
        return Err(format!("'{text}' is not a mail domain: expected a name such as 'contoso.com'"));
    }
    Ok(domain)
}

fn filled(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("'' is empty: expected a text".to_owned()),
        text => Ok(text.to_owned()),
    }
}
