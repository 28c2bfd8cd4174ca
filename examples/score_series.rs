//! Scores the forecast models on plain series files: `score_series [--season N] [--horizon N] FILE|FOLDER…`
//!
//! A file is CSV with a heading. With a fourth column (`id,step,value,part`) each series is forecast from its rows
//! marked `train` and compared with those marked `test`. Without (`id,date,value`) the series are daily: from rolling
//! origins a week apart, after twelve weeks, the total of the next 31 days (or `--horizon`) is forecast. All files of
//! one run are scored file by file. `benches/peers/forecasts.py` prints the same scores of statsforecast.

#![allow(clippy::print_stdout, reason = "a program for developers")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use relaymeter::forecast::{
    Level, Model, Paths, Series, Settings, forecast, forecast_with,
    scores::{coverage, mase, msis, naive_error, smape},
};

const MODELS: [Model; 6] =
    [Model::SeasonalNaive, Model::RunRate, Model::Intermittent, Model::Ets, Model::Theta, Model::Mean];
/// Known days before the first rolling origin, and days from one to the next.
const FIRST: usize = 84;
const GAP: usize = 7;

fn main() -> anyhow::Result<()> {
    let (mut season, mut horizon, mut files) = (None, None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || -> anyhow::Result<Option<usize>> {
            let value = arguments.next().with_context(|| format!("{argument} needs a number"))?;
            let number: usize =
                value.parse().with_context(|| format!("{argument}: '{value}' is not a whole number"))?;
            if number == 0 {
                bail!("{argument}: 0 is too small: expected 1 or more");
            }
            Ok(Some(number))
        };
        match argument.as_str() {
            "--season" => season = number()?,
            "--horizon" => horizon = number()?,
            option if option.starts_with('-') => {
                bail!("'{option}' is not an option: there are --season and --horizon")
            }
            path => files.extend(files_of(Path::new(path))?),
        }
    }
    if files.is_empty() {
        bail!("no series: score_series [--season N] [--horizon N] FILE|FOLDER…");
    }
    for file in files {
        let tasks = read(&file, horizon)?;
        let season = season.unwrap_or(if tasks.is_daily { 7 } else { 12 });
        println!(
            "{}: {} series, {} forecasts, season {season}",
            file.display(),
            tasks.series,
            tasks.tasks.len()
        );
        let results = on_all_cores(&tasks.tasks, season);
        print(&results, tasks.is_daily);
    }
    Ok(())
}

fn files_of(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
        let entry = entry?.path();
        if entry.extension().is_some_and(|extension| extension == "csv") {
            found.push(entry);
        }
    }
    found.sort();
    if found.is_empty() {
        bail!("{}: no .csv file in this folder", path.display());
    }
    Ok(found)
}

/// What is known and what came.
struct Task {
    series: String,
    known: Vec<f64>,
    actual: Vec<f64>,
}

struct Tasks {
    tasks: Vec<Task>,
    series: usize,
    is_daily: bool,
}

fn read(file: &Path, horizon: Option<usize>) -> anyhow::Result<Tasks> {
    let name = file.display();
    let mut reader = csv::Reader::from_path(file).with_context(|| name.to_string())?;
    let headings = reader.headers()?.clone();
    let column = |wanted: &str| headings.iter().position(|heading| heading == wanted);
    // Columns are known by their headings, and without them by their places.
    let need = |wanted: &str, place: usize| {
        let found = column(wanted).or_else(|| (headings.len() > 2).then_some(place));
        found.with_context(|| format!("{name}: no column '{wanted}'"))
    };
    let (id, value) = (need("id", 0)?, need("value", 2)?);
    let part = column("part").or_else(|| (headings.len() == 4).then_some(3));
    let mut series: BTreeMap<String, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.with_context(|| format!("{name}:{}", row + 2))?;
        let field = |column: usize| record.get(column).unwrap_or_default();
        let text = field(value);
        let number: f64 = text
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .with_context(|| format!("{name}:{}: '{text}' is not a value: expected a number", row + 2))?;
        let values = series.entry(field(id).to_owned()).or_default();
        match part.map(field) {
            None | Some("train") => values.0.push(number),
            Some("test") => values.1.push(number),
            Some(other) => bail!("{name}:{}: '{other}' is not a part: expected train or test", row + 2),
        }
    }
    let count = series.len();
    let mut tasks = Vec::new();
    for (series, (known, actual)) in series {
        if part.is_some() {
            let actual = actual[..actual.len().min(horizon.unwrap_or(usize::MAX))].to_vec();
            tasks.push(Task { series, known, actual });
        } else {
            let ahead = horizon.unwrap_or(31);
            let mut origin = known.len().saturating_sub(ahead);
            while origin >= FIRST {
                let actual = known[origin..origin + ahead].to_vec();
                tasks.push(Task { series: series.clone(), known: known[..origin].to_vec(), actual });
                origin -= GAP;
            }
        }
    }
    if tasks.iter().all(|task| task.actual.is_empty()) {
        bail!("{name}: nothing to compare with: no series has test rows or is long enough");
    }
    Ok(Tasks { tasks, series: count, is_daily: part.is_none() })
}

/// Scores of one forecast.
struct Scored {
    series: String,
    model: String,
    smape: f64,
    mase: Option<f64>,
    coverage: [f64; 2],
    msis: Option<f64>,
    /// The error of the total as a share of it, with its sign, and which bands held the total.
    total: Option<f64>,
    held: [f64; 2],
    milliseconds: f64,
}

fn on_all_cores(tasks: &[Task], season: usize) -> Vec<Scored> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let size = tasks.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = tasks
            .chunks(size)
            .map(|part| {
                scope.spawn(move || part.iter().flat_map(|task| score(task, season)).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

fn score(task: &Task, season: usize) -> Vec<Scored> {
    let series = Series { values: &task.known, observed: &[], season };
    let settings = Settings::new(task.actual.len());
    let mut found = Vec::new();
    for model in MODELS {
        let start = Instant::now();
        if let Some((mean, paths)) = forecast_with(model, &series, &settings) {
            found.push(scored(task, season, model.name(), (&mean, &paths), start));
        }
    }
    let start = Instant::now();
    let chosen = forecast(&series, &settings);
    let all = scored(task, season, "chosen", (&chosen.mean, &chosen.paths), start);
    let name = format!("  of these {}", chosen.choice.model.name());
    let own = scored(task, season, &name, (&chosen.mean, &chosen.paths), start);
    found.extend([own, all]);
    found
}

fn scored(task: &Task, season: usize, model: &str, found: (&[f64], &Paths), start: Instant) -> Scored {
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let (mean, paths) = found;
    let unit = naive_error(&task.known, season);
    let levels = [80.0, 95.0].map(Level::from_percent).map(|level| level.ok());
    let steps = task.actual.len();
    let bands = levels.map(|level| {
        let band = |step: usize| level.map_or((0.0, 0.0), |level| paths.interval(step..step + 1, level));
        (0..steps).map(band).collect::<Vec<_>>()
    });
    let total: f64 = task.actual.iter().sum();
    let totals = levels.map(|level| level.map_or((0.0, 0.0), |level| paths.interval(0..steps, level)));
    Scored {
        series: task.series.clone(),
        model: model.to_owned(),
        smape: smape(&task.actual, mean),
        mase: unit.map(|unit| mase(&task.actual, mean, unit)),
        coverage: [coverage(&task.actual, &bands[0]), coverage(&task.actual, &bands[1])],
        msis: unit.map(|unit| msis(&task.actual, &bands[1], 0.05, unit)),
        total: (total > 0.0).then(|| mean.iter().sum::<f64>() / total - 1.0),
        held: totals.map(|(low, high)| f64::from(low <= total && total <= high)),
        milliseconds,
    }
}

fn print(results: &[Scored], is_daily: bool) {
    println!(
        "{:<34}{:>6}{:>8}{:>8}{:>7}{:>7}{:>8}{:>9}{:>7}{:>7}{:>8}",
        "model", "n", "sMAPE", "MASE", "cov80", "cov95", "MSIS95", "total %", "tot80", "tot95", "ms"
    );
    let mut models: Vec<&str> = Vec::new();
    for result in results {
        if !models.contains(&result.model.as_str()) {
            models.push(&result.model);
        }
    }
    for model in models {
        line(model, &results.iter().filter(|result| result.model == model).collect::<Vec<_>>());
    }
    let mut series: Vec<&str> = results.iter().map(|result| result.series.as_str()).collect();
    series.dedup();
    for name in series.into_iter().filter(|_| is_daily) {
        println!("{name}");
        for model in MODELS.map(Model::name).into_iter().chain(["chosen"]) {
            let of: Vec<&Scored> =
                results.iter().filter(|result| result.model == model && result.series == name).collect();
            if !of.is_empty() {
                line(model, &of);
            }
        }
    }
}

fn line(model: &str, of: &[&Scored]) {
    let mean = |value: &dyn Fn(&Scored) -> Option<f64>| {
        let values: Vec<f64> = of.iter().filter_map(|scored| value(scored)).collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    println!(
        "{model:<34}{:>6}{:>8.2}{:>8.3}{:>7.3}{:>7.3}{:>8.2}{:>9.2}{:>7.3}{:>7.3}{:>8.1}",
        of.len(),
        mean(&|scored| Some(scored.smape)),
        mean(&|scored| scored.mase),
        mean(&|scored| Some(scored.coverage[0])),
        mean(&|scored| Some(scored.coverage[1])),
        mean(&|scored| scored.msis),
        mean(&|scored| scored.total.map(|error| error.abs() * 100.0)),
        mean(&|scored| Some(scored.held[0])),
        mean(&|scored| Some(scored.held[1])),
        mean(&|scored| Some(scored.milliseconds)),
    );
}
