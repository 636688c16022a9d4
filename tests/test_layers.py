"""The order of the parts: imports run strictly downwards, and each heavy library has one home."""

import ast
import subprocess
import sys

import pytest

from faqbot.settings import ROOT

SOURCE = ROOT / "src" / "faqbot"
LAYERS = [
    "schema errors",
    "settings text glossary asked plots measures reading limits passwords logs proxy swap",
    "parsing embedding vectors language ngrams noise clauses fusion",
    "document lexical routing texts counting",
    "corpus training search themes",
    "fitting heads",
    "confidence",
    "index answer",
    "lookup nearness",
    "trained bot",
    "calibration render",
    "spreadsheet",
    "build markup",
    "page privacy picture refusal headers live server baselines handout",
    "view guard login desk lookup_page handout_page",
    "shell handout_form",
    "left_out web",
    "evaluation",
    "cli",
    "__init__ __main__",
]
HEAVY = {
    "torch": {"training", "heads", "fitting"},
    "faiss": {"vectors"},
    "sentence_transformers": {"embedding", "training"},
    "tokenizers": {"embedding", "training"},
    "gradio": {"web"},
    "matplotlib": {"plots"},
}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
FILES = {
    p.stem if p.parent == SOURCE else p.parent.name: p for p in [*SOURCE.glob("*.py"), SOURCE / "texts/__init__.py"]
}


def imports(name):
    """(module, whether it is imported when the file is) for every import that is not for type checkers alone."""
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "faqbot":
            yield from ((f"faqbot.{alias.name}", top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module, top


def test_every_file_has_a_layer():
    assert set(FILES) == set(LEVEL)


@pytest.mark.parametrize("name", sorted(FILES))
def test_imports_run_downwards(name):
    own = {module.split(".")[1] for module, _ in imports(name) if module.startswith("faqbot.")}
    upwards = {other for other in own if LEVEL[other] >= LEVEL[name]}
    assert upwards == set()


@pytest.mark.parametrize("name", sorted(FILES))
def test_heavy_libraries_stay_at_home(name):
    used = {module.split(".")[0] for module, _ in imports(name)}
    assert {library for library in used & HEAVY.keys() if name not in HEAVY[library]} == set()


def test_serving_loads_nothing_that_trains():
    """sentence_transformers is imported inside functions; `training` (torch) only by what builds."""
    assert [name for name in FILES if ("sentence_transformers", True) in imports(name)] == []
    trains = {"training", "heads", "fitting", "trained", "calibration", "build", "left_out"}
    needs = {
        name for name in FILES for module, top in imports(name) if top and module.removeprefix("faqbot.") in trains
    }
    assert needs <= trains


def test_nothing_happens_on_import():
    """Importing every module prints nothing, reads no clock of ours and leaves the environment alone."""
    names = [f"faqbot.{name}" for name in FILES if name not in ("__init__", "__main__", "plots", "baselines")]
    code = f"""
import os
before = dict(os.environ)
import importlib
for name in {names!r}: importlib.import_module(name)
changed = {{name for name in os.environ if os.environ[name] != before.get(name)}}
assert not {{name for name in changed if name.startswith(("FAQBOT", "HF", "GRADIO_ANALYTICS"))}}, changed
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
