//! Pictures as a whole: whatever is put in, they are well-formed, inside their edges, and legible.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::drawing::{Lettering, Shape};
use super::*;
use crate::money::Currency;
use crate::period::Month;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn months(count: usize) -> Vec<Label> {
    let first: Month = "2026-07".parse().unwrap();
    std::iter::successors(Some(first), |month| Some(month.next())).take(count).map(Label::Month).collect()
}

/// Measured months and forecast ones with bands, a budget and a remark.
fn forecast(measured: usize, ahead: usize) -> Figure {
    let column = |(place, label): (usize, Label)| {
        let base = Decimal::from(200 + 10 * place);
        let parts = vec![base * dec("0.6"), base * dec("0.4")];
        if place < measured {
            return Column::measured(label, parts);
        }
        let spread = Decimal::from(20 * (place - measured + 1));
        let band = |level: i64, factor: i64| {
            let spread = spread * Decimal::from(factor);
            Band { level: Decimal::from(level), low: base - spread, high: base + spread }
        };
        Column::forecast(label, parts, vec![band(95, 2), band(80, 1)])
    };
    let plot = Columns {
        series: vec![Series::new("Recipients"), Series::new("Data")],
        columns: months(measured + ahead).into_iter().enumerate().map(column).collect(),
        budget: Some(Limit { amount: dec("300"), label: "Budget".to_owned() }),
        remarks: vec!["12% chance above budget".to_owned()],
    };
    let mut figure = Figure::new("Cost", Unit::currency(Currency::EUR), Plot::Columns(plot));
    figure.subtitle = "EUR 1,234.56 to date".to_owned();
    figure.notes = vec!["Price list of 2026-10-01.".to_owned()];
    figure
}

fn ranking(bars: &[(&str, &str)]) -> Figure {
    let bar = |(label, amount): &(&str, &str)| Bar {
        label: (*label).to_owned(),
        amount: dec(amount),
        is_other: *label == "other",
    };
    let bars: Vec<Bar> = bars.iter().map(bar).collect();
    let total = Some(figure::sum(bars.iter().map(|bar| bar.amount)));
    let plot = Plot::Ranking(Ranking { bars, total });
    Figure::new("Cost by sender domain", Unit::currency(Currency::USD), plot)
}

fn hours(count: i64) -> Figure {
    let first: NaiveDateTime = "2026-11-02T00:00:00".parse().unwrap();
    let point = |hour: i64| Point {
        label: Label::Hour(first + TimeDelta::hours(hour)),
        amounts: vec![Decimal::from(hour * 37 % 1_000), Decimal::from(hour % 24)],
    };
    let series = vec![Series::new("a.example"), Series::other("other")];
    let plot = Lines { series, points: (0..count).map(point).collect(), budget: None };
    Figure::new("Recipients by hour", Unit::count("recipients"), Plot::Lines(plot))
}

fn texts(figure: &Figure) -> Vec<Lettering> {
    let texts = draw(figure).shapes.into_iter().filter_map(|shape| match shape {
        Shape::Text(lettering) => Some(lettering),
        _ => None,
    });
    texts.collect()
}

fn written(figure: &Figure) -> Vec<String> {
    texts(figure).into_iter().map(|lettering| lettering.text).collect()
}

/// What is wrong with a picture, in words.
fn faults(figure: &Figure) -> Vec<String> {
    let mut faults = Vec::new();
    let text = svg(figure);
    match roxmltree::Document::parse(&text) {
        Ok(document) => {
            let attributes = document.descendants().flat_map(|node| node.attributes());
            let odd = attributes
                .filter(|attribute| ["NaN", "inf"].iter().any(|odd| attribute.value().contains(odd)));
            faults.extend(odd.map(|attribute| format!("no number: {attribute:?}")));
        }
        Err(error) => faults.push(format!("not XML: {error}")),
    }
    let drawing = draw(figure);
    let inside = |spot: &drawing::Spot| {
        (-1.0..=drawing.width + 1.0).contains(&spot.0) && (-1.0..=drawing.height + 1.0).contains(&spot.1)
    };
    for shape in &drawing.shapes {
        let spots = match shape {
            Shape::Block { from, to, .. } => vec![*from, *to],
            Shape::Area { edge, .. } => edge.clone(),
            Shape::Line { path, .. } => path.clone(),
            Shape::Text(lettering) => {
                let (start, end) = lettering.span();
                vec![(start, lettering.at.1 - lettering.size * 0.8), (end, lettering.at.1)]
            }
        };
        if !spots.iter().all(inside) {
            faults.push(format!("outside or nowhere: {shape:?}"));
        }
    }
    let texts = texts(figure);
    for (place, one) in texts.iter().enumerate() {
        let overlaps = |other: &&Lettering| {
            let (a, b) = (one.span(), other.span());
            let (above, below) = (one.at.1 - one.size * 0.7, one.at.1);
            a.0 < b.1 && b.0 < a.1 && above < other.at.1 && other.at.1 - other.size * 0.7 < below
        };
        faults.extend(texts[..place].iter().filter(overlaps).map(|other| {
            format!("'{}' at {:?} lies over '{}' at {:?}", one.text, one.at, other.text, other.at)
        }));
    }
    faults
}

#[test]
fn a_forecast_says_all_that_it_knows() {
    let figure = forecast(4, 3);
    assert_eq!(faults(&figure), Vec::<String>::new());
    assert_eq!(
        written(&figure).join(" | "),
        "Cost | EUR 1,234.56 to date | Recipients | Data | forecast | 80% | 95% | EUR | Price list of 2026-10-01. | 0 | \
         100 | 200 | 300 | 400 | 200.00 | 210.00 | 220.00 | 230.00 | 240.00 | 250.00 | 260.00 | Jul | 2026 | Aug | Sep | \
         Oct | Nov | Dec | Jan | 2027 | Budget 300.00 | expected 260.00 | 80%: 200.00 – 320.00 | 95%: 140.00 – 380.00 | \
         12% chance above budget"
    );
    let drawing = draw(&figure);
    let bands = drawing.shapes.iter().filter(|shape| matches!(shape, Shape::Area { .. })).count();
    assert_eq!(bands, 2);
}

#[test]
fn a_ranking_has_amounts_shares_and_one_rest() {
    let figure = ranking(&[("a.example", "60"), ("b.example", "30"), ("other", "10")]);
    assert_eq!(faults(&figure), Vec::<String>::new());
    assert_eq!(
        written(&figure).join(" | "),
        "Cost by sender domain | USD | a.example | 60.00 | 60.0% | b.example | 30.00 | 30.0% | other | 10.00 | 10.0%"
    );
    let many: Vec<(&str, &str)> = (0..500).map(|_| ("x.example", "1")).collect();
    let texts = written(&ranking(&many));
    assert!(texts.contains(&"other (480)".to_owned()), "{texts:?}");
}

#[test]
fn small_svg_as_a_whole() {
    insta::assert_snapshot!(svg(&ranking(&[("<b>&\"x\"\u{202e}\u{1b}", "2.5"), ("credit", "-1")])), @r##"
    <svg xmlns="http://www.w3.org/2000/svg" width="1000" height="188" viewBox="0 0 25000 4700" role="img" font-family="Inter, &apos;Segoe UI&apos;, &apos;Helvetica Neue&apos;, Arial, &apos;Liberation Sans&apos;, &apos;Noto Sans&apos;, sans-serif">
    <title>Cost by sender domain</title>
    <rect x="0" y="0" width="25000" height="4700" fill="#FFFFFF" stroke="none"/>
    <text x="800" y="682" dy="0.76em" text-anchor="start" font-size="550" fill="#1F2933" font-weight="bold">
    Cost by sender domain
    </text>
    <text x="800" y="1622" dy="0.76em" text-anchor="start" font-size="300" fill="#5F6B7A">
    USD
    </text>
    <text x="800" y="2591" dy="0.76em" text-anchor="start" font-size="325" fill="#1F2933">
    &lt;b&gt;&amp;&quot;x&quot;��
    </text>
    <rect x="9548" y="2450" width="13500" height="550" fill="#005F9E" stroke="none"/>
    <text x="23248" y="2591" dy="0.76em" text-anchor="start" font-size="325" fill="#1F2933">
    2.50
    </text>
    <text x="800" y="3341" dy="0.76em" text-anchor="start" font-size="325" fill="#1F2933">
    credit
    </text>
    <rect x="4147" y="3200" width="5401" height="550" fill="#005F9E" stroke="none"/>
    <text x="3947" y="3341" dy="0.76em" text-anchor="end" font-size="325" fill="#1F2933">
    −1.00
    </text>
    <polyline fill="none" stroke="#9AA5B1" stroke-width="25" points="9548,2250 9548,3850 "/>
    </svg>
    "##);
}

#[test]
fn odd_figures_are_fine() {
    let empty = |plot: Plot| Figure::new("", Unit::count(""), plot);
    let mut figures = vec![
        empty(Plot::Columns(Columns::default())),
        empty(Plot::Lines(Lines::default())),
        empty(Plot::Ranking(Ranking::default())),
        ranking(&[("one", "0")]),
        ranking(&[("a", "-5"), ("b", "-0.5")]),
        ranking(&[("a", "79228162514264337593543950335"), ("b", "-79228162514264337593543950335")]),
        ranking(&[("a", "0.0000000000000000000000000001")]),
        ranking(&[("דואר.example", "3"), ("メール.example", "2"), (&"long.".repeat(90), "1")]),
        forecast(0, 1),
        forecast(1, 0),
        forecast(0, 40),
        forecast(60, 24),
    ];
    figures.extend([1, 2, 24, 168, 3_000].map(hours));
    for figure in &figures {
        assert_eq!(faults(figure), Vec::<String>::new(), "{}", svg(figure));
    }
}

#[test]
fn every_length_of_time_is_legible() {
    for count in (1..=36).chain([47, 60, 83, 120]) {
        assert_eq!(faults(&forecast(count, count / 4)), Vec::<String>::new(), "{count} months");
    }
    for count in [1, 5, 31, 62, 90, 365, 1_000] {
        let day = |n: i64| NaiveDate::from_ymd_opt(2026, 10, 20).unwrap() + TimeDelta::days(n);
        let column = |n: i64| Column::measured(Label::Day(day(n)), vec![Decimal::from(n % 9)]);
        let plot = Columns { series: vec![Series::new("x")], ..Columns::default() };
        let plot = Columns { columns: (0..count).map(column).collect(), ..plot };
        let figure = Figure::new("Days", Unit::count("recipients"), Plot::Columns(plot));
        assert_eq!(faults(&figure), Vec::<String>::new(), "{count} days");
    }
}

#[test]
fn a_png_is_the_picture_at_double_density_and_the_same_every_time() {
    let figure = forecast(4, 3);
    let bytes = png(&figure).unwrap();
    let bitmap = tiny_skia::Pixmap::decode_png(&bytes).unwrap();
    assert_eq!((bitmap.width(), bitmap.height()), (2_000, 1_120));
    let corner = bitmap.pixel(0, 0).unwrap();
    assert_eq!((corner.red(), corner.green(), corner.blue(), corner.alpha()), (255, 255, 255, 255));
    let ink = bitmap.pixels().iter().filter(|pixel| pixel.red() < 0x60).count();
    assert!(ink > 10_000, "{ink}");
    assert_eq!((bytes, svg(&figure)), (png(&figure).unwrap(), svg(&figure)));
}

#[test]
fn every_series_is_in_the_legend() {
    let mut figure = hours(10);
    let names: Vec<String> = (0..7).map(|n| format!("s{n}.example")).collect();
    if let Plot::Lines(lines) = &mut figure.plot {
        lines.series = names.iter().map(Series::new).collect();
        for point in &mut lines.points {
            point.amounts = (0..7).map(Decimal::from).collect();
        }
    }
    let texts = written(&figure);
    for name in names[2..].iter().map(String::as_str).chain(["other"]) {
        assert!(texts.iter().any(|text| text == name), "{name} {texts:?}");
    }
}

fn screen(unicode: bool) -> Screen {
    Screen { width: 72, unicode, colour: false }
}

#[test]
fn a_forecast_in_characters() {
    insta::assert_snapshot!(terminal(&forecast(3, 2), screen(true)), @r##"
    Jul 2026 █████████████████████          │  200.00
    Aug 2026 ██████████████████████         │  210.00
    Sep 2026 ███████████████████████        │  220.00
    Oct 2026 ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒░░░░   │  230.00 (95%: 190.00 – 270.00)
    Nov 2026 ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒░░░░░░│░ 240.00 (95%: 160.00 – 320.00)
    ▓ forecast   ▒░ 95%   │ Budget 300.00   EUR
    "##);
    insta::assert_snapshot!(terminal(&forecast(3, 2), screen(false)), @r##"
    Jul 2026 #####################          |  200.00
    Aug 2026 ######################         |  210.00
    Sep 2026 #######################        |  220.00
    Oct 2026 ====================++++----   |  230.00 (95%: 190.00 - 270.00)
    Nov 2026 =================++++++++------|- 240.00 (95%: 160.00 - 320.00)
    = forecast   +- 95%   | Budget 300.00   EUR
    "##);
    let coloured = terminal(&forecast(1, 1), Screen { colour: true, ..screen(true) });
    assert!(coloured.contains("\u{1b}[34m█"), "{coloured:?}");
}

#[test]
fn there_is_nothing_and_too_much_in_characters() {
    let empty = Figure::new("", Unit::count(""), Plot::Columns(Columns::default()));
    assert_eq!(terminal(&empty, screen(true)), "Nothing to show\n");
    let many: Vec<(&str, &str)> = (0..500).map(|_| ("x.example", "1")).collect();
    assert_eq!(terminal(&ranking(&many), screen(true)).lines().count(), 22);
    let narrow = Screen { width: 0, unicode: true, colour: true };
    assert_eq!(terminal(&forecast(2, 2), narrow).lines().count(), 5);
}

#[test]
fn rankings_and_heights_in_characters() {
    let figure = ranking(&[("a.example", "1060"), ("メール.example", "30"), ("credit", "-10")]);
    insta::assert_snapshot!(terminal(&figure, screen(true)), @r##"
    a.example      ████████████████████████████████████████████████ 1,060.00
    メール.example █                                                   30.00
    credit                                                            −10.00
    USD
    "##);
    insta::assert_snapshot!(terminal(&figure, screen(false)), @r##"
    a.example      ################################################ 1,060.00
    ??????.example #                                                   30.00
    credit                                                            -10.00
    USD
    "##);
    insta::assert_snapshot!(terminal(&hours(168), screen(true)), @r##"
    a.example ▁▁▂▃▄▅▆▇██▁▂▃▄▅▆▇██▁▂▃▄▅▆▇██▁▂▃▄▅▆▇██▁▂▃▄▅▆▇██▁▂▃▄▅▆▇██▁ ↑ 999
    other     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ ↑ 23
              2 Nov 2026 00:00 – 8 Nov 2026 23:00   recipients
    "##);
    insta::assert_snapshot!(terminal(&hours(168), screen(false)), @r##"
    a.example ..:-=+*#@@.:-=+*#@@.:-=+*#@@.:-=+*#@@.:-=+*#@@.:-=+*#@@. ^ 999
    other     ........................................................ ^ 23
              2 Nov 2026 00:00 - 8 Nov 2026 23:00   recipients
    "##);
}

/// Amounts of every size, often nothing, sometimes credits.
fn amounts() -> impl Strategy<Value = Decimal> {
    let any = (any::<i64>(), 0..20_u32).prop_map(|(number, scale)| Decimal::new(number, scale));
    let usual = (-500_i64..100_000).prop_map(|cents| Decimal::new(cents, 2));
    prop_oneof![4 => usual, 2 => Just(Decimal::ZERO), 1 => any, 1 => Just(Decimal::MAX), 1 => Just(Decimal::MIN)]
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,12}\\.example", ".{0,60}", "[א-ת]{1,9}", "[一-龠]{1,30}", "[<>&\"']{0,9}"]
}

fn columns() -> impl Strategy<Value = Plot> {
    let band = (amounts(), amounts(), 0..100_i64).prop_map(|(low, high, level)| Band {
        level: Decimal::from(level),
        low,
        high,
    });
    let row = || proptest::collection::vec(amounts(), 0..8);
    let column = (names(), row(), row(), proptest::collection::vec(band, 0..3));
    let column = column.prop_map(|(name, measured, forecast, bands)| Column {
        label: Label::Text(name),
        measured,
        forecast,
        bands,
    });
    let series = proptest::collection::vec((names(), any::<bool>()), 0..8);
    let limit = proptest::option::of((amounts(), names()));
    (series, proptest::collection::vec(column, 0..50), limit, proptest::collection::vec(names(), 0..3))
        .prop_map(|(series, columns, limit, remarks)| {
            let series = series.into_iter().map(|(name, is_other)| Series { name, is_other }).collect();
            let budget = limit.map(|(amount, label)| Limit { amount, label });
            Plot::Columns(Columns { series, columns, budget, remarks })
        })
}

fn bars() -> impl Strategy<Value = Plot> {
    let bar = (names(), amounts(), any::<bool>());
    let bar = bar.prop_map(|(label, amount, is_other)| Bar { label, amount, is_other });
    (proptest::collection::vec(bar, 0..30), proptest::option::of(amounts()))
        .prop_map(|(bars, total)| Plot::Ranking(Ranking { bars, total }))
}

fn figures() -> impl Strategy<Value = Figure> {
    let lines = columns().prop_map(|plot| match plot {
        Plot::Columns(plot) => {
            let point = |column: Column| Point { label: column.label, amounts: column.measured };
            let points = plot.columns.into_iter().map(point).collect();
            Plot::Lines(Lines { series: plot.series, points, budget: plot.budget })
        }
        plot => plot,
    });
    let plot = prop_oneof![columns(), bars(), lines];
    let notes = proptest::collection::vec(".{0,300}", 0..4);
    (names(), ".{0,200}", names(), 0..4_u32, plot, notes).prop_map(
        |(title, subtitle, unit, decimals, plot, notes)| Figure {
            subtitle,
            notes,
            ..Figure::new(title, Unit { name: unit, decimals }, plot)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_figure_is_drawn_without_fault(figure in figures()) {
        prop_assert_eq!(faults(&figure), Vec::<String>::new());
        for unicode in [false, true] {
            let text = terminal(&figure, screen(unicode));
            prop_assert!(unicode || text.is_ascii(), "{}", text);
            prop_assert!(text.lines().all(|line| !line.chars().any(char::is_control)), "{:?}", text);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]
    #[test]
    fn any_figure_fits_a_bitmap(figure in figures()) {
        prop_assert!(png(&figure).is_ok());
    }
}
