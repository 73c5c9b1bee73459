import json
import subprocess
import sys

import pytest

import hiddenpop as hp
from hiddenpop.datasets import data_folder


def test_the_contract_of_an_estimate(run):
    ran = run("estimate", "uk_2013", "--method", "loglinear", "--option", "model=[1,2,3,4,5,6]", "--json")
    assert ran.code == 0
    assert ran.err == ""
    found = ran.json
    assert {"method", "population", "interval", "observed", "hidden", "checks", "provenance", "fit"} <= set(found)
    assert found["population"] == pytest.approx(12213.9951, abs=5e-5)
    assert set(found["interval"]) == {"low", "high", "level", "kind"}
    assert {"model", "terms", "se", "deviance", "df", "aic", "bic", "exists", "identifiable", "coefficients",
            "minus_infinity"} <= set(found["fit"])  # fmt: skip
    assert all(set(c) == {"name", "value", "passed", "message"} for c in found["checks"])


def test_the_published_uk_model(run):
    found = run("estimate", "uk_2013", "--method", "loglinear", "--option", "model=[12,23,4,5,6]", "--json").json
    assert found["population"] == pytest.approx(13842.41196, abs=5e-6)
    assert [round(found["interval"][side]) for side in ("low", "high")] == [12170, 15812]
    assert found["interval"]["kind"] == "log-normal"
    pairs = run("estimate", "uk_2013", "--method", "loglinear", "--option",
                "interactions=local_authority:ngo,ngo:police", "--json").json  # fmt: skip
    assert pairs["population"] == found["population"]


def test_datasets_and_methods(run):
    assert len(run("datasets", "--json").json) == 31
    assert "kosovo_1999" in run("datasets").out
    assert {"chapman", "loglinear"} <= {m["method"] for m in run("methods", "--json").json}
    assert "chapman" not in [m["method"] for m in run("methods", "--lists", 3, "--json").json]


def test_check_and_verdict(run):
    ran = run("check", "uk_2013", "--json")
    assert set(ran.json) == {"checks", "verdict"}
    assert ran.json["verdict"]["level"] == "indicative"
    assert run("check", "uk_2013", "--strict").code == 1
    assert run("check", "hepatitis_a_taiwan", "--strict").code == 0
    assert "verdict: indicative" in run("check", "uk_2013").out


def test_compare(run):
    ran = run("compare", "uk_2013", "--seed", 7, "--json")
    assert [r["method"] for r in ran.json] == [
        "chao", "zelterman", "sample-coverage", "capture-model", "loglinear", "loglinear-search",
        "loglinear-stepwise", "loglinear-average", "loglinear-shrinkage", "graphical",
    ]  # fmt: skip
    assert run("compare", "uk_2013", "--seed", 7, "--json").json == ran.json
    assert "12,214" in run("compare", "uk_2013").out


def test_compare_with_nothing_estimable(tmp_path, run):
    path = tmp_path / "apart.csv"
    path.write_text("a,b,c,count\n1,0,0,5\n0,1,0,6\n0,0,1,7\n")
    ran = run("compare", path, "--json")
    assert ran.code == 2
    assert all(set(r) == {"method", "error"} for r in ran.json)
    assert "no estimate" in run("compare", path).out


def test_the_document_goes_to_a_file_too(run, tmp_path):
    for command in (("check", "korea"), ("estimate", "korea", "--method", "chao"), ("compare", "korea")):
        path = tmp_path / f"{command[0]}.json"
        ran = run(*command, "--seed", 3, "--level", 0.9, "-o", path, "--json")
        assert json.loads(path.read_text(encoding="utf-8")) == ran.json
    assert run("check", "korea", "-o", tmp_path / "no" / "x.json", "--json").code == 2


def test_a_report_is_strict_about_the_checks_it_prints(run, tmp_path):
    assert run("report", "korea", "-o", tmp_path / "out.html", "--strict").code == 1
    assert run("report", "korea", "-o", tmp_path / "out.html").code == 0


def test_pairs_of_odd_names_can_be_quoted(run, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text('"a, b",c:d,e,count\n1,0,0,50\n0,1,0,40\n0,0,1,30\n1,1,0,20\n1,0,1,15\n0,1,1,12\n1,1,1,5\n')
    ask = ("estimate", path, "--method", "loglinear", "--json", "--option")
    assert run(*ask, 'interactions="a, b":"c:d"').json["population"] == run(*ask, "model=[12,3]").json["population"]
    assert run("estimate", path, "--method", "chapman", "--option", 'lists="a, b",e', "--json").code == 0


def test_strata(run):
    ran = run("estimate", "bangladesh_pwid", "--method", "chapman", "--by", "district", "--json")
    assert set(ran.json) == {"total", "strata"}
    assert [s["stratum"] for s in ran.json["strata"]] == [{"district": "Chapai Nawabganj"}, {"district": "Dhaka"}]
    checks = {c["name"]: c for c in ran.json["total"]["checks"]}
    assert "pooled-strata" in checks
    assert checks["sum-of-strata"]["value"] == pytest.approx(sum(s["population"] for s in ran.json["strata"]))
    one = run("estimate", "bangladesh_pwid", "--method", "chapman", "--where", "district=Dhaka", "--json").json
    assert one["population"] == ran.json["strata"][1]["population"]
    assert "district = Dhaka:" in run("estimate", "bangladesh_pwid", "--method", "chapman", "--by", "district").out


def test_report(run, tmp_path):
    path = tmp_path / "out.html"
    ran = run("report", "kosovo_1999", "-o", path, "--seed", 7, "--json")
    assert ran.code == 0
    assert set(ran.json) == {"headline", "verdict", "estimates", "checks", "examination"}
    assert set(ran.json["examination"]) == {"checks", "sensitivity", "band", "validation", "ladders"}
    assert ran.json["headline"]["method"] == "loglinear-shrinkage"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    chosen = ("kampala_pwid", "-o", path, "--method", "lincoln-petersen", "--threshold", "5000", "--json")
    assert run("report", *chosen).json["examination"]["sensitivity"]["threshold"] == 5000
    assert "written:" in run("report", "kampala_pwid", "-o", path).out


def test_a_verdict_is_overridden_with_a_reason(run, tmp_path):
    ask = ("report", "kampala_pwid", "-o", tmp_path / "out.html", "--override", "do-not-publish")
    assert run(*ask, "--json").code == 2
    ran = run(*ask, "--reason", "The lists refer to each other.", "--json")
    assert ran.json["verdict"]["level"] == "do-not-publish"
    assert ran.json["verdict"]["by_rule"] == "indicative"
    assert "The lists refer to each other." in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_validate(run, tmp_path):
    ran = run("validate", "kosovo_1999", "--tables", 20, "--seed", 3, "-o", tmp_path / "v.json", "--json")
    assert ran.code == 0
    assert set(ran.json) == {"estimate", "consistency", "trajectory", "recovery", "checks"}
    assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8")) == ran.json
    shown = run("validate", "kosovo_1999", "--method", "loglinear", "--tables", 20).out
    for heading in ("hidden list", "people known", "intervals that hold it"):
        assert heading in shown
    assert run("validate", "geckos", "--json").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("estimate", "uk_2013"),
        ("estimate", "uk_2013", "--method", "nothing"),
        ("estimate", "uk_2013", "--method", "loglinear", "--option", "model"),
        ("estimate", "uk_2013", "--method", "loglinear", "--option", "model=[19]"),
        ("estimate", "uk_2013", "--method", "loglinear", "--option", "modl=[12]"),
        ("estimate", "uk_2013", "--method", "chao", "--level", "95"),
        ("estimate", "uk_2013", "--method", "chao", "--level", "high"),
        ("estimate", "uk_2013", "--method", "chao", "--option", "bias_corrected=no", "--option", "bias_corrected=yes"),
        ("estimate", "uk_2013", "--method", "chapman"),
        ("estimate", "uk_2013", "--method", "chao", "--where", "sex"),
        ("estimate", "uk_2013", "--method", "chao", "--where", "sex=Female"),
        ("estimate", "uk_2013", "--method", "chao", "--by", "sex"),
        ("estimate", "geckos", "--method", "chao", "--by", "sex"),
        ("estimate", "geckos", "--method", "loglinear"),
        ("estimate", "geckos", "--method", "chao", "--where", "sex=Female"),
        ("estimate", "uk_2013", "--method", "chao", "--lists", "police,ngo"),
        ("report", "uk_2013", "-o", "nowhere/at/all.html"),
        ("report", "uk_2013", "-o", "x.html", "--option", "model=[12]"),
        ("report", "uk_2013"),
        ("frobnicate",),
        ("check", "--nonsense"),
    ],
    ids=" ".join,
)
def test_bad_usage_ends_in_one_json_error(arguments, run):
    ran = run(*arguments, "--json")
    assert ran.code == 2
    assert set(ran.json["error"]) == {"type", "message", "hint", "details"}
    assert ran.json["error"]["message"]
    assert ran.err == ""
    plain = run(*arguments)
    assert plain.code == 2
    assert plain.err.startswith("Error: ")
    assert "Traceback" not in plain.err


def test_plan(run, tmp_path):
    path = tmp_path / "plan.json"
    ran = run("plan", "hepatitis_a_taiwan", "--tables", 0, "-o", path, "--json")
    assert set(ran.json) == {"design", "precision", "level", "now", "ways"}
    assert json.loads(path.read_text(encoding="utf-8")) == ran.json
    assert ran.json["ways"][0]["name"] == "every list"
    shown = run("plan", "--population", 5000, "--capture", "0.1,0.1", "--tables", 0, "--precision", 0.2).out
    assert "5,000" in shown
    assert "one more list" in shown
    for wrong in (("plan",), ("plan", "uk_2013", "--population", 9), ("plan", "--population", 9), ("plan", "geckos")):
        assert run(*wrong, "--json").code == 2


MADE = hp.Design(population=1500, probabilities=(0.3, 0.3, 0.3))


def test_table(run, tmp_path):
    intake = hp.make_registers(MADE, seed=4).write(tmp_path)
    ran = run("table", intake, "-o", tmp_path / "t.parquet", "--json")
    assert ran.code == 0
    assert set(ran.json) == {"accounts", "observed", "counts", "checks"}
    for account in ran.json["accounts"]:
        assert account["records"] == account["people"] + sum(account["dropped"].values())
    shown = run("table", intake, "-o", tmp_path / "t.csv").out
    assert "written:" in shown
    assert "outside the period" in shown
    again = run("estimate", tmp_path / "t.csv", "--method", "chao", "--json").json
    assert again["observed"] == ran.json["observed"]
    assert run("table", tmp_path / "none.toml", "--json").code == 2
    assert run("table", intake, "-o", intake, "--json").code == 2


def test_link(run, tmp_path):
    intake = hp.make_registers(MADE, seed=4).write(tmp_path, key=False)
    ran = run("link", intake, "--replicates", 4, "--method", "loglinear", "-o", tmp_path / "t.parquet", "--json")
    assert ran.code == 0
    assert set(ran.json) == {"linkage", "estimate"}
    assert ran.json["estimate"]["interval"]["kind"] == "combined"
    assert len(ran.json["linkage"]["replicates"]) == 4
    assert (tmp_path / "t.parquet").is_file()
    assert "expected precision" in run("link", intake, "--replicates", 2).out
    assert run("link", intake, "--option", "model=[12]", "--json").code == 2
    assert run("table", intake, "--json").code == 2


@pytest.mark.parametrize(
    "command",
    [
        "table",
        "link",
        "datasets",
        "methods",
        "check",
        "estimate",
        "compare",
        "report",
        "sensitivity",
        "plan",
        "validate",
    ],
)
def test_help_has_an_example(command, run):
    ran = run(command, "--help")
    assert ran.code == 0
    assert f"hiddenpop {command}" in ran.out.split("Example")[1]


def test_as_a_program_from_anywhere(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "hiddenpop", "estimate", "korea", "--method", "chao", "--json"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["observed"] == 123
    shown = subprocess.run(
        [sys.executable, "-m", "hiddenpop", "check", "korea"], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "\x1b[" not in shown.stdout, "no colours when piped"


def test_named_columns_and_the_version(run):
    path = data_folder() / "scotland_pwid" / "counts.csv"
    lists = "social_enquiry,hospital,drug_misuse_db,hcv_diagnosis"
    ran = run("estimate", path, "--lists", lists, "--count", "count", "--strata", "region,gender,age",
              "--method", "loglinear", "--json")  # fmt: skip
    assert ran.json["provenance"]["digest"] == hp.load("scotland_pwid").pooled().digest
    assert run("--version").out.startswith("hiddenpop ")


def test_counts_in_bands_are_estimated_and_otherwise_refused_in_words(run, tmp_path):
    path = tmp_path / "bands.csv"
    path.write_text("a,b,c,n\n1,0,0,141\n0,1,0,160\n0,0,1,175\n1,1,0,31\n1,0,1,29\n0,1,1,34\n1,1,1,<15\n")
    ask = ("--lists", "a,b,c", "--count", "n", "--json")
    found = run("estimate", str(path), "--method", "loglinear", *ask).json
    assert "banded-counts" in [check["name"] for check in found["checks"]]
    for command in ("sensitivity", "plan", "validate"):
        assert "needs counts, not bands" in run(command, str(path), *ask).json["error"]["message"]
    told = run("estimate", str(path), "--method", "chao", *ask).json["error"]
    assert "estimate_replicates" in told["hint"]
