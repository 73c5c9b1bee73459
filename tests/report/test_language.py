import ast
import re
from itertools import product
from pathlib import Path

import pytest

import hiddenpop as hp
import hiddenpop.report.document as document
from hiddenpop.national import publication_table, trend
from hiddenpop.report.figures import Figures
from hiddenpop.report.language import NAME, Language, _catalogue
from hiddenpop.strata import estimate_strata

PACKAGE = Path(hp.__file__).parent
ENGLISH = re.compile(r"\b(the|of|and|are|which|people|with|there|from|than|its|each|have|were)\b")
SHOWN = {"Check": 3, "NotEstimableError": 0, "ConvergenceError": 0}  # where the message stands; hints stand by name
REFUSED = SHOWN | {"DataError": 0, "OptionError": 0}
ESTIMATING = ("estimators", "numerics", "registry", "covariates", "replicates")
NOT_WHOLE = re.compile(r"7 gives |7+ there is|7+, the number|7: more than|.*C\(\)|Lists d.* (p = 7\)|part\., as.*)$")
TABLES = {
    "banded": hp.BandedTable.from_bands({"100": 54, "010": 46, "001": (88, 92), "110": 15, "101": 19, "011": (5, 9)}),
    "apart": hp.CaptureTable.from_counts({"100": 5, "010": 6, "001": 7}),
    "our words": hp.CaptureTable.from_counts({"10": 1540, "01": 463, "11": 15}, ["People", "none"]),
}
LONG = [pytest.param(name, marks=pytest.mark.slow) for name in ("uk_2013", "kosovo_1999", "spina_bifida_ny")]


class Source:
    """The texts a program may show: values in them are 7, and every branch of `message += ...` is followed."""

    def __init__(self):
        self.modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
        defined = [n for m in self.modules.values() for n in ast.walk(m) if isinstance(n, ast.FunctionDef)]
        self.functions = {f.name: f for f in defined if f.returns is not None and ast.unparse(f.returns) == "str"}
        self.shown, self.found = SHOWN, set()

    def texts(self, node, known):
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=parts):
                return {"".join(p) for p in product(*(self.texts(part, known) for part in parts))}
            case ast.FormattedValue(value=inner, format_spec=form):
                return {"7%"} if form and "%" in ast.unparse(form) else self.texts(inner, known)
            case ast.IfExp(body=one, orelse=other):
                return self.texts(one, known) | self.texts(other, known)
            case ast.BinOp(left=one, op=ast.Add(), right=other):
                return {a + b for a in self.texts(one, known) for b in self.texts(other, known)}
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                given = [n.value for n in ast.walk(self.functions[name]) if isinstance(n, ast.Return) and n.value]
                return set().union(*(self.texts(value, {}) for value in given))
        return known.get(getattr(node, "id", ""), {"7"})

    def follow(self, body, known):
        for statement in body:
            blocks = [getattr(statement, name, []) for name in ("body", "orelse", "handlers", "finalbody")]
            below = {id(n) for block in blocks for node in block for n in ast.walk(node)}
            self.take([n for n in ast.walk(statement) if isinstance(n, ast.Call) and id(n) not in below], known)
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    known = known | {name: self.texts(value, known)}
                case ast.AugAssign(target=ast.Name(id=name), value=value) if name in known:
                    known = known | {name: {a + b for a in known[name] for b in self.texts(value, known)}}
            ends = [self.follow(block, known) for block in blocks]
            if isinstance(statement, ast.If):
                known = {name: ends[0].get(name, set()) | ends[1].get(name, set()) for name in {*ends[0], *ends[1]}}
        return known

    def take(self, calls, known):
        for call in calls:
            name = getattr(call.func, "id", "")
            nodes = [k.value for k in call.keywords if (k.arg == "hint" and name in self.shown) or k.arg == "summary"]
            nodes += call.args[self.shown[name] :][:1] if name in self.shown else []
            self.found |= {" ".join(text.split()) for node in nodes for text in self.texts(node, known)}


def test_every_message_of_the_source_is_in_the_catalogue():
    source, spoken = Source(), Language("es")
    for path, module in source.modules.items():
        if path == PACKAGE / "release" / "compare.py":  # verdicts on files, which no report shows
            continue
        source.shown = REFUSED if path.relative_to(PACKAGE).parts[0].removesuffix(".py") in ESTIMATING else SHOWN
        source.follow(module.body, {})
    texts = [text for text in sorted(source.found) if not NOT_WHOLE.match(text)]
    assert len(texts) > 450
    assert ([text for text in texts if ENGLISH.search(spoken.say(text))], spoken.missing) == ([], [])


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
@pytest.mark.parametrize("name", [*TABLES, "bangladesh_pwid", "geckos", "artificial_3", "korea", *LONG])
def test_reports_are_in_spanish_throughout(name, monkeypatch):
    table, figures = TABLES[name] if name in TABLES else hp.load(name), Figures()
    if name == "bangladesh_pwid":
        found, changes = estimate_strata(table, "chapman", "district"), trend(table, "district", "chapman")
        account = {"list": "a", "records": 3, "people": 2, "dropped": {"of status open": 1}}
        figures = Figures([account], 20, publication_table(found), changes)
    spoken = Language("es")
    monkeypatch.setattr(document, "Language", lambda code: spoken)
    page = document.render(document.build_report(table, seed=1), language="es", figures=figures)
    assert spoken.missing == []
    assert "<td>1 People</td>" in page or name != "our words"


def test_both_sides_of_an_entry_have_the_same_names():
    exact, patterns = _catalogue("es")
    assert [said for pattern, said in patterns if {*pattern.groupindex} != {*NAME.findall(said)}] == []
    assert {english for english, said in exact.items() if english == said} == {"no", "total"}
    said = [*exact.values(), *(text for _, text in patterns)]
    assert [text for text in said if ENGLISH.search(NAME.sub("", text))] == []


def test_numbers_names_and_sentences():
    said = {
        "1,234": "1234",
        "12,345 known": "12\u202f345 conocidas",
        "[12,345]": "[12,345]",
        "chance to be on People": "probabilidad de figurar en People",
        "Use another model. 2 tables gave no interval.": "Conviene usar otro modelo. 2 tablas no dieron intervalo.",
    }
    assert {text: Language("es").say(text) for text in said} == said
    assert [Language("en").say(text) for text in said] == [*said]
