"""What Python's statsforecast does with the series that `examples/score_series.rs` scores: forecasts.py [--season N]
[--horizon N] FILE...

AutoETS, AutoTheta, AutoCES, the median of the three (centre: the median; half-width: the mean of theirs) and
SeasonalNaive, on the same series and origins, with the same scores. See there for the format of a file.
"""

import argparse
import time
import warnings
from collections import defaultdict

import numpy as np
import pandas as pd
from statsforecast.models import AutoCES, AutoETS, AutoTheta, SeasonalNaive

warnings.filterwarnings("ignore")
FIRST, GAP, LEVELS = 84, 7, (80, 95)


def tasks(file, horizon):
    rows = pd.read_csv(file)
    for name, part in rows.groupby("id"):
        if "part" in rows:
            known = part[part.part == "train"].value.to_numpy(float)
            yield name, known, part[part.part == "test"].value.to_numpy(float)[:horizon]
        else:
            values, ahead = part.value.to_numpy(float), horizon or 31
            for origin in range(len(values) - ahead, FIRST - 1, -GAP):
                yield name, values[:origin], values[origin : origin + ahead]


def median_of(found):
    centre = np.median([one["mean"] for one in found], axis=0)
    result = {"mean": centre}
    for level in LEVELS:
        half = np.mean([(one[f"hi-{level}"] - one[f"lo-{level}"]) / 2 for one in found], axis=0)
        result |= {f"lo-{level}": centre - half, f"hi-{level}": centre + half}
    return result


def scores(known, actual, found, season, seconds):
    unit = np.mean(np.abs(known[season:] - known[:-season])) if len(known) > season else 0
    error = np.abs(actual - found["mean"])
    size = np.abs(actual) + np.abs(found["mean"])
    low, high = found["lo-95"], found["hi-95"]
    width = high - low + 40 * (np.maximum(low - actual, 0) + np.maximum(actual - high, 0))
    held = [np.mean((found[f"lo-{level}"] <= actual) & (actual <= found[f"hi-{level}"])) for level in LEVELS]
    total = actual.sum()
    return (
        np.mean(np.divide(200 * error, size, out=np.zeros_like(size), where=size > 0)),
        error.mean() / unit if unit > 0 else np.nan,
        *held,
        width.mean() / unit if unit > 0 else np.nan,
        abs(found["mean"].sum() / total - 1) * 100 if total > 0 else np.nan,
        seconds * 1e3,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--season", type=int)
    parser.add_argument("--horizon", type=int)
    parser.add_argument("file", nargs="+")
    options = parser.parse_args()
    for file in options.file:
        season = options.season or (12 if "part" in pd.read_csv(file, nrows=1) else 7)
        results = defaultdict(list)
        for name, known, actual in tasks(file, options.horizon):
            three, spent = [], 0.0
            models = {
                "AutoETS": AutoETS(season_length=season),
                "AutoTheta": AutoTheta(season_length=season),
                "AutoCES": AutoCES(season_length=season),
                "SeasonalNaive": SeasonalNaive(season_length=season),
            }
            for label, model in models.items():
                start = time.perf_counter()
                try:
                    found = model.forecast(y=known, h=len(actual), level=list(LEVELS))
                except Exception:  # a model that refuses a series is left out of its own row, as it is of the median
                    continue
                seconds = time.perf_counter() - start
                results[label].append(scores(known, actual, found, season, seconds))
                if label != "SeasonalNaive":
                    three, spent = [*three, found], spent + seconds
            results["median of three"].append(scores(known, actual, median_of(three), season, spent))
        heads = ("sMAPE", "MASE", "cov80", "cov95", "MSIS95", "total %", "ms")
        print(f"{file}: season {season}")
        print(f"{'model':<20}{'n':>6}" + "".join(f"{head:>9}" for head in heads))
        for label, rows in results.items():
            print(f"{label:<20}{len(rows):>6}" + "".join(f"{value:>9.3f}" for value in np.nanmean(rows, axis=0)))


main()
