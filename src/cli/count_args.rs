//! The flags that choose what counts, and what they mean: filters, window, zone and sizes of one run.
//!
//! Shared by every command that counts submissions; how they are read is left to `read_args`.

use std::fmt::{self, Display};

use chrono::{NaiveDate, NaiveTime};
use serde_json::{Value, json};

use super::settings::{Choice, Origin, Settings};
use super::usage_error;
use crate::ingest::HostPattern;
use crate::period::{Timestamp, Zone, parse_date};
use crate::units::MessageSize;
use crate::usage::{CountOptions, Dimension, Filters, Overhead, Pattern, Selection};

/// What counts.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CountArgs {
    /// Count only what this host hands in: address, network, name or *.domain (repeat for several)
    #[arg(long, value_name = "HOST", value_parser = Pattern::client, help_heading = "What counts")]
    pub client: Vec<Pattern>,
    /// Do not count what this host hands in
    #[arg(long, value_name = "HOST", value_parser = Pattern::client, help_heading = "What counts")]
    pub exclude_client: Vec<Pattern>,
    /// Count only what this domain, or *.domain, sends
    #[arg(long, value_name = "DOMAIN", value_parser = Pattern::sender_domain, help_heading = "What counts")]
    pub sender_domain: Vec<Pattern>,
    /// Do not count what this domain sends
    #[arg(long, value_name = "DOMAIN", value_parser = Pattern::sender_domain, help_heading = "What counts")]
    pub exclude_sender_domain: Vec<Pattern>,
    /// Count only what passes this connector or next host
    #[arg(long, value_name = "NAME", value_parser = Pattern::connector, help_heading = "What counts")]
    pub connector: Vec<Pattern>,
    /// Do not count what passes this connector or next host
    #[arg(long, value_name = "NAME", value_parser = Pattern::connector, help_heading = "What counts")]
    pub exclude_connector: Vec<Pattern>,
    /// Count from this day on (in --timezone)
    #[arg(long, value_name = "DATE", value_parser = parse_date, help_heading = "What counts")]
    pub from: Option<NaiveDate>,
    /// Count up to this day, which is not counted (in --timezone)
    #[arg(long, value_name = "DATE", value_parser = parse_date, help_heading = "What counts")]
    pub to: Option<NaiveDate>,
    /// Zone of days and hours, such as Europe/Rome or +02:00 [default: UTC]
    #[arg(long, value_name = "ZONE", help_heading = "What counts")]
    pub timezone: Option<Zone>,
    /// Count messages with the null sender <>, which the service does not take
    #[arg(long, help_heading = "What counts")]
    pub include_null_sender: bool,
    /// Count only recipients to whom the message was delivered
    #[arg(long, help_heading = "What counts")]
    pub delivered_only: bool,
    /// Add to sizes that the accepting service did not state, such as 3.6% or 1500 bytes a message
    #[arg(long, value_name = "SHARE|SIZE", help_heading = "What counts")]
    pub size_overhead: Option<Overhead>,
    /// Size of messages without one in the input [default: the mean of the sender domain]
    #[arg(long, value_name = "SIZE", help_heading = "What counts")]
    pub missing_size: Option<MessageSize>,
}

/// A setting in force and who chose it, for provenance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InForce {
    /// The flag's name without dashes.
    pub name: &'static str,
    /// Its value, as it is typed, and who chose it.
    pub choice: Choice<String>,
}

impl InForce {
    /// A setting with its value.
    pub fn new<T: Display>(name: &'static str, choice: &Choice<T>) -> InForce {
        InForce { name, choice: choice.map(T::to_string) }
    }

    /// A flag that no settings file knows.
    pub fn of_flag(name: &'static str, value: impl Display) -> InForce {
        let choice = Choice { value: value.to_string(), from: Origin::Flag, beaten: None };
        InForce { name, choice }
    }

    /// A setting with several values; none where there are none.
    pub fn of_list<T: Display>(name: &'static str, choice: &Choice<Vec<T>>) -> Option<InForce> {
        let listed = |values: &Vec<T>| values.iter().map(T::to_string).collect::<Vec<_>>().join(", ");
        (!choice.value.is_empty()).then(|| InForce { name, choice: choice.map(listed) })
    }

    /// As data.
    pub fn json(&self) -> Value {
        let Choice { value, from, beaten } = &self.choice;
        let beaten = beaten
            .as_ref()
            .map(|beaten| json!({ "value": beaten.value, "from": beaten.file.display().to_string() }));
        json!({ "name": self.name, "value": value, "from": from.to_string(), "instead_of": beaten })
    }
}

impl Display for InForce {
    /// `currency: USD (flag; relaymeter.yaml says EUR)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}", self.name, self.choice.value, self.choice.from)?;
        if let Some(beaten) = &self.choice.beaten {
            write!(f, "; {} says {}", beaten.file.display(), beaten.value)?;
        }
        f.write_str(")")
    }
}

impl CountArgs {
    /// What the flags and the settings file mean, and what is in force because of which of them.
    pub fn resolve(
        &self,
        settings: &Settings,
        by: &[Dimension],
    ) -> anyhow::Result<(CountOptions, Vec<InForce>)> {
        let zone = settings.choose(self.timezone.as_ref(), settings.timezone.as_ref());
        let zone = zone.unwrap_or_else(|| Choice::default_of(Zone::UTC));
        let mut in_force = vec![InForce::new("timezone", &zone)];
        let filters = Filters {
            clients: self.clients(settings, &mut in_force),
            sender_domains: self.sender_domains(settings, &mut in_force),
            connectors: self.connectors(settings, &mut in_force)?,
            from: self.from.map(|day| start_of(day, zone.value)),
            to: self.to.map(|day| start_of(day, zone.value)),
            include_null_sender: self.include_null_sender,
            delivered_only: self.delivered_only,
        };
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(usage_error(format!(
                "'--to {to}' must be after '--from {from}': that day is not counted"
            )));
        }
        in_force.extend(self.single_flags());
        let options = CountOptions {
            filters,
            by: by.to_vec(),
            zone: zone.value,
            size_overhead: self.size_overhead.unwrap_or_default(),
            missing_size: self.missing_size,
            ..CountOptions::default()
        };
        Ok((options, in_force))
    }

    fn clients(&self, settings: &Settings, in_force: &mut Vec<InForce>) -> Selection {
        let of_hosts = |hosts: &[HostPattern]| hosts.iter().map(pattern_of).collect::<Vec<_>>();
        let include = settings.choose_all(&self.client, &of_hosts(&settings.clients));
        let exclude = settings.choose_all(&self.exclude_client, &of_hosts(&settings.exclude_clients));
        in_force.extend(InForce::of_list("client", &include));
        in_force.extend(InForce::of_list("exclude-client", &exclude));
        Selection { include: include.value, exclude: exclude.value }
    }

    fn sender_domains(&self, settings: &Settings, in_force: &mut Vec<InForce>) -> Selection {
        let standing: Vec<Pattern> = settings.sender_domains.iter().cloned().map(Pattern::Name).collect();
        let include = settings.choose_all(&self.sender_domain, &standing);
        let exclude = settings.choose_all(&self.exclude_sender_domain, &[]);
        in_force.extend(InForce::of_list("sender-domain", &include));
        in_force.extend(InForce::of_list("exclude-sender-domain", &exclude));
        Selection { include: include.value, exclude: exclude.value }
    }

    fn connectors(&self, settings: &Settings, in_force: &mut Vec<InForce>) -> anyhow::Result<Selection> {
        let standing: Result<Vec<Pattern>, _> =
            settings.connectors.iter().map(|name| Pattern::connector(name)).collect();
        let include = settings.choose_all(&self.connector, &standing?);
        let exclude = settings.choose_all(&self.exclude_connector, &[]);
        in_force.extend(InForce::of_list("connector", &include));
        in_force.extend(InForce::of_list("exclude-connector", &exclude));
        Ok(Selection { include: include.value, exclude: exclude.value })
    }

    /// Flags that no settings file knows.
    fn single_flags(&self) -> Vec<InForce> {
        let flag = |name, value: Option<String>| value.map(|value| InForce::of_flag(name, value));
        let yes = |set: bool| set.then(|| "yes".to_owned());
        let flags = [
            flag("from", self.from.map(|day| day.to_string())),
            flag("to", self.to.map(|day| day.to_string())),
            flag("include-null-sender", yes(self.include_null_sender)),
            flag("delivered-only", yes(self.delivered_only)),
            flag("size-overhead", self.size_overhead.map(|overhead| overhead.to_string())),
            flag("missing-size", self.missing_size.map(|size| format!("{} bytes", size.in_bytes()))),
        ];
        flags.into_iter().flatten().collect()
    }
}

fn start_of(day: NaiveDate, zone: Zone) -> Timestamp {
    zone.to_utc(day.and_time(NaiveTime::MIN))
}

fn pattern_of(host: &HostPattern) -> Pattern {
    match host {
        HostPattern::Name(name) => Pattern::Name(name.clone()),
        HostPattern::Below(domain) => Pattern::Below(domain.clone()),
        HostPattern::Network(network) => Pattern::Network(*network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(in_force: &[InForce]) -> Vec<String> {
        in_force.iter().map(InForce::to_string).collect()
    }

    #[test]
    fn a_flag_beats_the_file_and_both_are_named() {
        let settings = Settings {
            file: Some("relaymeter.yaml".into()),
            clients: vec!["10.0.0.0/8".parse().unwrap()],
            sender_domains: vec!["example.com".into()],
            connectors: vec!["From Apps".into()],
            timezone: Some("Europe/Rome".parse().unwrap()),
            ..Settings::default()
        };
        let args = CountArgs {
            client: vec![Pattern::client("10.1.2.3").unwrap()],
            from: NaiveDate::from_ymd_opt(2026, 10, 1),
            to: NaiveDate::from_ymd_opt(2026, 11, 1),
            size_overhead: Some("3.6%".parse().unwrap()),
            delivered_only: true,
            ..CountArgs::default()
        };
        let (options, in_force) = args.resolve(&settings, &[Dimension::Day]).unwrap();
        assert_eq!(
            shown(&in_force),
            [
                "timezone: Europe/Rome (relaymeter.yaml)",
                "client: 10.1.2.3 (flag; relaymeter.yaml says 10.0.0.0/8)",
                "sender-domain: example.com (relaymeter.yaml)",
                "connector: from apps (relaymeter.yaml)",
                "from: 2026-10-01 (flag)",
                "to: 2026-11-01 (flag)",
                "delivered-only: yes (flag)",
                "size-overhead: 3.6% (flag)",
            ]
        );
        assert_eq!(options.filters.from.unwrap().to_string(), "2026-09-30T22:00:00Z");
        assert_eq!(options.filters.to.unwrap().to_string(), "2026-10-31T23:00:00Z");
        assert_eq!(options.by, [Dimension::Day]);
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_a_wrong_command_line() {
        let day = NaiveDate::from_ymd_opt(2026, 10, 1);
        let args = CountArgs { from: day, to: day, ..CountArgs::default() };
        let error = args.resolve(&Settings::default(), &[]).unwrap_err().to_string();
        assert!(
            error.contains("'--to 2026-10-01' must be after '--from 2026-10-01': that day is not counted"),
            "{error}"
        );
    }
}
