import re
from dataclasses import replace

import pytest
from matplotlib.colors import to_hex

import hiddenpop as hp
from hiddenpop.report.document import build_report, render
from hiddenpop.report.plots import ACCENT, as_svg, plot_estimate
from hiddenpop.report.text import gap_sentence, limits_text, rounded, sentence


@pytest.mark.parametrize(
    ("value", "text"), [(13842.4, "14,000"), (98.6, "99"), (104.2, "100"), (6632, "6,600"), (1.2, "1"), (995, "1,000")]
)
def test_numbers_are_rounded_to_two_digits(value, text):
    assert rounded(value) == text


def test_the_sentence_puts_the_interval_first(uk):
    found = hp.loglinear(uk, model="[12,23,4,5,6]")
    assert sentence(found, bound=False) == ("Between 12,000 and 16,000 people (95 % interval); 2,744 are known.")
    assert sentence(found, bound=True) == "Probably at least 12,000 people; 2,744 are known."
    assert gap_sentence(found) == (
        "Between 9,400 and 14,000 people are on no list; by the central estimate about 11,000 people are on no list, "
        "4.0 for every person known."
    )


@pytest.mark.parametrize(
    ("low", "high", "observed", "texts"),
    [
        (6632.0, 18491.0, 2744, ("6,600", "19,000")),
        (10031.0, 10052.0, 10020, ("10,030", "10,060")),
        (1460.2, 1486.9, 1445, ("1,460", "1,490")),
        (99862.0, 100146.0, 97500, ("99,000", "110,000")),
        (129.4, 153.2, 123, ("129", "154")),
        (70.5, 70.9, 70, ("70", "71")),
    ],
)
def test_limits_are_rounded_outwards_and_never_below_what_is_known(low, high, observed, texts):
    assert limits_text(low, high, observed) == texts
    written = [int(t.replace(",", "")) for t in texts]
    assert observed <= written[0] <= low <= high <= written[1]


def test_a_bound_without_an_interval_is_no_estimate():
    found = hp.zelterman(hp.SightingCounts.from_frequencies({1: 1, 2: 600, 3: 5}))
    assert found.interval is None
    assert sentence(found, bound=True) == "Probably at least 606 people; 606 are known."
    assert "without an interval" in sentence(found, bound=False)


EXPECTED = {
    "uk_2013": ("loglinear-shrinkage", "indicative"),
    "netherlands_2010_2015": ("loglinear-shrinkage", "indicative"),
    "new_orleans": ("loglinear-shrinkage", "do-not-publish"),
    "new_orleans_5list": ("loglinear-shrinkage", "lower-bound-only"),
    "korea": ("loglinear-shrinkage", "indicative"),
    "hepatitis_a_taiwan": ("loglinear-shrinkage", "indicative"),
    "artificial_3": ("chao", "do-not-publish"),
    "polish_netherlands": ("chapman", "do-not-publish"),
    "kampala_pwid": ("chapman", "indicative"),
    "geckos": ("chao", "lower-bound-only"),
}


MANY_LISTS = ("netherlands_2010_2015", "new_orleans", "new_orleans_5list")


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in MANY_LISTS else []) for name in EXPECTED]
)
def test_headline_and_verdict(name):
    report = build_report(hp.load(name), seed=1)
    assert (report.headline.method, report.verdict.level) == EXPECTED[name]
    assert report.estimates[0] is report.headline
    page = render(report)
    assert re.search(r"(?:src|href)=(?!\"#)|@import|url\((?!#)", page) is None, "nothing is loaded"
    assert "None" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert report.verdict.reasons[0].replace("'", "&#39;") in page


def test_a_report_of_eight_lists_whose_models_nobody_can_count():
    report = build_report(hp.load("hepatitis_a_taiwan"), seed=1)
    uncounted = [
        replace(e, fit=replace(e.fit, n_candidate=None)) if e.method == "loglinear-search" else e
        for e in report.estimates
    ]
    assert uncounted != report.estimates
    assert "Among the models of which lists depend" in render(replace(report, estimates=tuple(uncounted)))


def test_a_table_without_any_estimate_still_has_a_report():
    apart = hp.CaptureTable.from_counts({"100": 5, "010": 6, "001": 7})
    report = build_report(apart, seed=1)
    assert isinstance(report.headline, hp.Refusal)
    assert report.to_dict()["headline"] is None
    assert report.verdict.level == "do-not-publish"
    assert "No estimate can be given" in render(report)


def test_an_estimate_that_may_not_be_published_is_not_in_the_headline():
    page = render(build_report(hp.load("polish_netherlands")))
    top = page.split("The data</h2>")[0]
    assert "do not carry an estimate" in top
    assert "190,000" not in top


def test_user_text_is_escaped():
    evil = "<script>alert(1)</script>"
    table = hp.CaptureTable.from_counts(
        {"100": 54, "010": 46, "001": 90, "110": 15, "101": 19, "011": 6}, [evil, "b", "$c$"]
    )
    page = render(build_report(table, seed=1), command=evil)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_report_appears_whole_or_not_at_all(tmp_path, two_lists, monkeypatch):
    path = tmp_path / "out.html"
    hp.write_report(two_lists, path, seed=1)
    before = path.read_text(encoding="utf-8")
    monkeypatch.setattr("hiddenpop.report.document.render", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hp.write_report(two_lists, path, seed=1)
    assert path.read_text(encoding="utf-8") == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.html"]


def test_a_place_that_cannot_be_written_is_refused_at_once_and_left_clean(tmp_path, uk, monkeypatch):
    monkeypatch.setattr("hiddenpop.report.document.build_report", lambda *_, **__: 1 / 0)
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(hp.OptionError, match="cannot be written"):
        hp.write_report(uk, tmp_path / "folder.html", seed=1)
    with pytest.raises(hp.OptionError, match="cannot be written"):
        hp.write_report(uk, tmp_path / "nowhere" / "out.html", seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.html"]


def test_the_same_seed_gives_the_same_page():
    table = hp.load("kosovo_1999")
    assert render(build_report(table, seed=5)) == render(build_report(table, seed=5))


def test_the_forest_plot_draws_what_the_estimates_say(uk):
    results = [*hp.compare(uk, seed=1), hp.Refusal("other", hp.DataError("no"))]
    axes = hp.plot_estimates(results, highlight=0).axes[0]
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    for line, result in zip(lines, results, strict=False):
        assert tuple(line.get_xdata()) == (result.interval.low, result.interval.high)
    assert to_hex(lines[0].get_color()) == ACCENT
    assert [t.get_text() for t in axes.get_yticklabels()][-1] == "other"
    assert 2744 in [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]


def test_the_overlap_plot_draws_the_counts(uk):
    top, sizes, matrix = sorted(hp.plot_overlaps(uk).axes, key=lambda a: len(a.patches), reverse=True)
    assert [bar.get_height() for bar in top.patches][:4] == [907, 695, 463, 316]
    assert [bar.get_width() for bar in sizes.patches] == hp.overlap(uk).sizes.tolist()
    assert [t.get_text() for t in matrix.get_yticklabels()] == list(uk.lists)


def test_the_gap_plot_adds_up(uk):
    found = hp.loglinear(uk)
    known, hidden = plot_estimate(found).axes[0].patches
    assert known.get_width() == 2744
    assert hidden.get_x() + hidden.get_width() == pytest.approx(found.population)
    assert as_svg(plot_estimate(found)) == as_svg(plot_estimate(found))
