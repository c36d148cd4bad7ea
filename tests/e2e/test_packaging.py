"""What is published holds all that it needs, and nothing comes along that should not."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.demo import ROOT

FILES = ("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "schemas", "tap_mihu", "tests")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it: from a copy, so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("built")
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in FILES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=leftovers)
        else:
            shutil.copy(ROOT / name, folder)
    build = [sys.executable, "-m", "build", "--installer=uv", str(folder)]
    subprocess.run(build, cwd=folder.parent, capture_output=True, check=True)
    return folder / "dist"


def test_the_wheel_holds_the_package_and_the_schemas_alone(built: Path) -> None:
    sources = {str(path.relative_to(ROOT)): path for path in (ROOT / "tap_mihu").rglob("*.py")}
    sources["tap_mihu/py.typed"] = ROOT / "tap_mihu" / "py.typed"
    for path in (ROOT / "schemas").glob("*.*"):
        sources[f"tap_mihu/schemas/{path.name}"] = path
    (file,) = built.glob("*.whl")
    with ZipFile(file) as wheel:
        held = {name: wheel.read(name) for name in wheel.namelist()}
    about = {name.split(".dist-info/")[1]: name for name in held if ".dist-info/" in name}
    assert about.keys() == {
        *("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt")
    }
    package = {name: content for name, content in held.items() if name not in about.values()}
    assert package == {name: path.read_bytes() for name, path in sources.items()}


def test_the_sdist_holds_no_tests(built: Path) -> None:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as sdist:
        tops = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
    assert tops == {
        *("LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "schemas", "setup.cfg"),
        *("tap_mihu", "tap_mihu.egg-info"),
    }


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    sources = [*(ROOT / "tap_mihu").rglob("*.py"), *(ROOT / "schemas").rglob("*.py")]
    # What is imported for types alone is indented, and what a function imports is marked.
    imports = re.compile(r"^(?: +(?=.*# noqa: PLC0415))?(?:from|import) (\w+)", re.MULTILINE)
    found = {name for path in sources for name in imports.findall(path.read_text("utf-8"))}
    distributions = packages_distributions()
    foreign = found - sys.stdlib_module_names - {"tap_mihu"}
    needed = {canonicalize_name(name) for module in foreign for name in distributions[module]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [Requirement(line).name for line in project["dependencies"]]
    assert needed == {canonicalize_name(name) for name in declared}
