//! Standing settings: `relaymeter.yaml` in the working folder, or the file that `--config` names.
//!
//! A flag beats the file and [`Choice`] remembers which of the two spoke. What a setting does is left to the
//! commands; files that it names are only located here.

use std::collections::BTreeMap;
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
use crate::yaml::{self, YamlError};

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
    /// The lines of settings whose value proves wrong only when it is used, by key.
    pub lines: BTreeMap<&'static str, u64>,
}

/// A value together with who chose it, for provenance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice<T> {
    /// The value.
    pub value: T,
    /// Who chose it.
    pub from: Origin,
    /// What the settings file says where a flag says otherwise.
    pub beaten: Option<Beaten<T>>,
}

/// A standing setting that a flag beat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beaten<T> {
    /// Its value.
    pub value: T,
    /// The settings file.
    pub file: PathBuf,
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
        Choice { value, from: Origin::Default, beaten: None }
    }

    /// The same choice, shown in another way.
    pub fn map<U>(&self, show: impl Fn(&T) -> U) -> Choice<U> {
        let beaten = self.beaten.as_ref();
        Choice {
            value: show(&self.value),
            from: self.from.clone(),
            beaten: beaten.map(|beaten| Beaten { value: show(&beaten.value), file: beaten.file.clone() }),
        }
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
        match (flag, setting) {
            (Some(flag), setting) => Some(Choice {
                value: flag.clone(),
                from: Origin::Flag,
                beaten: self.beaten(setting.cloned()),
            }),
            (None, Some(setting)) => {
                Some(Choice { value: setting.clone(), from: self.origin(), beaten: None })
            }
            (None, None) => None,
        }
    }

    /// The flag's values where there are any, else those of the setting, else none.
    pub fn choose_all<T: Clone>(&self, flag: &[T], setting: &[T]) -> Choice<Vec<T>> {
        let given = |values: &[T]| (!values.is_empty()).then(|| values.to_vec());
        let choice = self.choose(given(flag).as_ref(), given(setting).as_ref());
        choice.unwrap_or_else(|| Choice::default_of(Vec::new()))
    }

    fn beaten<T>(&self, value: Option<T>) -> Option<Beaten<T>> {
        let (value, file) = (value?, self.file.clone()?);
        Some(Beaten { value, file })
    }

    /// A result whose error names the line of the setting behind it, where the settings file chose.
    pub fn located<T, E: Into<anyhow::Error>>(
        &self,
        key: &'static str,
        from: &Origin,
        result: Result<T, E>,
    ) -> anyhow::Result<T> {
        let located = |error: anyhow::Error| match (from, self.lines.get(key)) {
            (Origin::Settings(file), Some(line)) => {
                error.context(format!("{}:{line}: {key}", file.display()))
            }
            _ => error,
        };
        result.map_err(|error| located(error.into()))
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
    let text = std::str::from_utf8(bytes).map_err(|_| (1, "the text is not UTF-8".to_owned()))?;
    let written: Written = yaml::read(text).map_err(explained)?;
    let version = &written.schema_version;
    if version.value != SCHEMA_VERSION {
        let problem =
            format!("schema_version: '{}' is not supported: expected {SCHEMA_VERSION}", version.value);
        return Err((version.referenced.line(), problem));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let used_later = [
        ("pricing", written.pricing.first()),
        ("price_list", written.price_list.as_ref()),
        ("terms", written.terms.as_ref()),
    ];
    let line = |(key, text): (_, Option<&Text>)| text.map(|text| (key, text.referenced.line()));
    Ok(Settings {
        file: Some(path.to_owned()),
        lines: used_later.into_iter().filter_map(line).collect(),
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

/// What is wrong with the file as YAML, in the words of settings.
fn explained(YamlError { line, problem }: YamlError) -> Problem {
    let problem = match problem {
        yaml::Problem::UnknownKey { key, expected } => {
            format!("'{key}' is not a setting: expected one of {}", expected.join(", "))
        }
        yaml::Problem::MissingKey(key) => format!("'{key}' is missing"),
        yaml::Problem::Shape { key, value, expected } => {
            format!("{key}: '{value}' does not fit: expected {expected}")
        }
        yaml::Problem::Other(reason) => reason,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, text).unwrap();
        Settings::find(Some(&path))
    }

    /// The message of the error without the folder of the test.
    fn message(text: &str) -> String {
        let message = read(text).unwrap_err().to_string();
        let name = message.find(FILE_NAME).unwrap();
        message[name..].to_owned()
    }

    #[test]
    fn every_setting_is_read() {
        let text = "\
schema_version: 1
own_domains: [Contoso.com, '@contoso.example.']
relay_hosts: ['*.mail.protection.outlook.com']
clients: [10.0.0.0/8, app1.contoso.example]
exclude_clients: [10.9.9.9]
sender_domains: [app.contoso.example]
connectors: [Relay from on-premises]
log_timezone: Europe/Rome
timezone: +02:00
currency: EUR
pricing: [prices]
price_list: acs-email
terms: terms/2026.yaml
megabyte: binary
";
        let settings = read(text).unwrap();
        let folder = settings.file.as_ref().unwrap().parent().unwrap().to_owned();
        assert_eq!(settings.own_domains, ["contoso.com", "contoso.example"]);
        assert_eq!(settings.relay_hosts, [HostPattern::Below(".mail.protection.outlook.com".to_owned())]);
        let network = |text: &str| HostPattern::Network(text.parse().unwrap());
        assert_eq!(
            settings.clients,
            [network("10.0.0.0/8"), HostPattern::Name("app1.contoso.example".to_owned())]
        );
        assert_eq!(settings.exclude_clients, [network("10.9.9.9/32")]);
        assert_eq!(settings.sender_domains, ["app.contoso.example"]);
        assert_eq!(settings.connectors, ["Relay from on-premises"]);
        assert_eq!(settings.log_timezone.unwrap().to_string(), "Europe/Rome");
        assert_eq!(settings.timezone.unwrap().to_string(), "+02:00");
        assert_eq!(settings.currency, Some(Currency::EUR));
        assert_eq!(settings.pricing, [folder.join("prices")]);
        assert_eq!(settings.price_list.as_deref(), Some("acs-email"));
        assert_eq!(settings.terms, Some(folder.join("terms/2026.yaml")));
        assert_eq!(settings.megabyte, Some(Megabyte::Binary));
    }

    #[test]
    fn the_example_of_the_readme_sets_everything() {
        let example = include_str!("../../README.md").split("```yaml\n").nth(1).unwrap();
        let Settings {
            file: Some(_),
            own_domains,
            relay_hosts,
            clients,
            exclude_clients,
            sender_domains,
            connectors,
            log_timezone: Some(_),
            timezone: Some(_),
            currency: Some(_),
            pricing,
            price_list: Some(_),
            terms: Some(_),
            megabyte: Some(_),
            lines: _,
        } = read(example.split("```").next().unwrap()).unwrap()
        else {
            panic!("a setting is missing");
        };
        let lists = [own_domains, sender_domains, connectors].map(|list| list.len());
        let hosts = [relay_hosts, clients, exclude_clients].map(|list| list.len());
        assert!(lists.into_iter().chain(hosts).chain([pricing.len()]).all(|len| len > 0));
    }

    #[test]
    fn a_wrong_file_is_named_with_line_key_value_and_what_was_expected() {
        let texts = [
            "own_domains: [a.example]\n",
            "schema_version: 2\n",
            "schema_version: 1\nown_domain: [a.example]\n",
            "schema_version: 1\nown_domains: a.example\n",
            "schema_version: 1\nown_domains:\n  - a.example\n  - 'a b'\n",
            "schema_version: 1\nclients: [10.0.0.0/99]\n",
            "schema_version: 1\nrelay_hosts: ['*']\n",
            "schema_version: 1\ntimezone: Roma\n",
            "schema_version: 1\ncurrency: eur\n",
            "schema_version: 1\nmegabyte: big\n",
            "schema_version: 1\nterms: ''\n",
            "schema_version: 1\ncurrency: EUR\ncurrency: USD\n",
            "schema_version: 1\ncurrency: [\n",
            "schema_version: 1\n- a\n",
            "",
            "\u{0}",
            "schema_version: &a [*a]\n",
            "[]\n",
        ];
        let messages: Vec<String> = texts.into_iter().map(message).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        relaymeter.yaml:1: 'schema_version' is missing
        relaymeter.yaml:1: schema_version: '2' is not supported: expected 1
        relaymeter.yaml:2: 'own_domain' is not a setting: expected one of schema_version, own_domains, relay_hosts, clients, exclude_clients, sender_domains, connectors, log_timezone, timezone, currency, pricing, price_list, terms, megabyte
        relaymeter.yaml:2: own_domains: 'a.example' does not fit: expected a list such as '[a, b]'
        relaymeter.yaml:4: own_domains: 'a b' is not a mail domain: expected a name such as 'contoso.com'
        relaymeter.yaml:2: clients: '10.0.0.0/99' is not a host: expected a name, '*.example.com', an address or a network such as '10.0.0.0/8'
        relaymeter.yaml:2: relay_hosts: '*' is not a host: expected a name, '*.example.com', an address or a network such as '10.0.0.0/8'
        relaymeter.yaml:2: timezone: 'Roma' is not a time zone: expected a name such as 'Europe/Rome', 'UTC' or an offset such as '+02:00'
        relaymeter.yaml:2: currency: 'eur' is not a currency code: expected three capital letters such as 'EUR'
        relaymeter.yaml:2: megabyte: 'big' is not a megabyte: expected 'decimal' (10^6 bytes) or 'binary' (2^20)
        relaymeter.yaml:2: terms: '' is empty: expected a text
        relaymeter.yaml:3: the key 'currency' is there twice, expected once
        relaymeter.yaml:2: currency: '[' does not fit: expected one text or number
        relaymeter.yaml:2: while parsing a block mapping, did not find expected key
        relaymeter.yaml:1: unexpected end of file
        relaymeter.yaml:1: unexpected character: `\u{0}'
        relaymeter.yaml:1: schema_version: '&a [*a]' does not fit: expected one text or number
        relaymeter.yaml:1: expected keys with values, such as 'key: value'
        "#);
    }

    #[test]
    fn what_is_no_settings_file_ends_at_once() {
        let large = format!("# {}", "x".repeat(1024 * 1024));
        assert_eq!(
            message(&large),
            "relaymeter.yaml: larger than 1 MiB: expected a short YAML file of settings"
        );
        let missing = Settings::find(Some(Path::new("no/such.yaml"))).unwrap_err().to_string();
        assert!(missing.starts_with("no/such.yaml: "), "{missing}");
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_the_default() {
        let settings = read("schema_version: 1\ncurrency: EUR\nown_domains: [a.example]\n").unwrap();
        let chosen = settings.choose(Some(&Currency::USD), settings.currency.as_ref()).unwrap();
        assert_eq!((chosen.value, chosen.from), (Currency::USD, Origin::Flag));
        assert_eq!(
            chosen.beaten,
            Some(Beaten { value: Currency::EUR, file: settings.file.clone().unwrap() })
        );
        let chosen = settings.choose(None, settings.currency.as_ref()).unwrap();
        assert_eq!(chosen.value, Currency::EUR);
        assert!(chosen.from.to_string().ends_with("relaymeter.yaml"));
        assert_eq!(settings.choose(None, settings.megabyte.as_ref()), None);
        let list = settings.choose_all(&["b.example".to_owned()], &settings.own_domains);
        let shown = list.map(|domains| domains.join(" "));
        assert_eq!((shown.value.as_str(), shown.from), ("b.example", Origin::Flag));
        assert_eq!(shown.beaten.unwrap().value, "a.example");
        assert_eq!(settings.choose_all(&[], &settings.own_domains).value, ["a.example"]);
        assert_eq!(settings.choose_all::<String>(&[], &[]).from.to_string(), "default");
    }
}
