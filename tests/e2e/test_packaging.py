"""However it is installed, the tap finds its schema, and nothing comes along that should not."""

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SOURCES = ("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "schemas", "tap_mihu", "tests")
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name != "PYTHONPATH" and not name.startswith("TAP_MIHU_")
}


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, away from the checkout."""
    done = subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Built:
    """A copy of the checkout, a repository of it, and what is made from it."""

    checkout: Path
    wheel: Path
    sdist: Path
    wheel_from_sdist: Path

    def requirement(self, form: str) -> list[str]:
        """Give the arguments for pip."""
        return {
            "wheel": [str(self.wheel)],
            "editable": ["--editable", str(self.checkout)],
            "git": [f"git+file://{self.checkout}"],
        }[form]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build from a copy, so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("built")
    checkout = folder / "checkout"
    checkout.mkdir()
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=leftovers)
        else:
            shutil.copy(ROOT / name, checkout)
    git = ("git", "-c", "user.name=T", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=no")
    run(*git, "init", "--quiet", cwd=checkout)
    run(*git, "add", ".", cwd=checkout)
    run(*git, "commit", "--quiet", "--message=All", cwd=checkout)

    build = (sys.executable, "-m", "build", checkout)
    run(*build, "--outdir", folder / "both", cwd=folder)  # builds the wheel from the sdist
    run(*build, "--wheel", "--outdir", folder / "wheel", cwd=folder)
    return Built(
        checkout,
        wheel=next((folder / "wheel").glob("*.whl")),
        sdist=next((folder / "both").glob("*.tar.gz")),
        wheel_from_sdist=next((folder / "both").glob("*.whl")),
    )


@pytest.mark.parametrize("form", ["wheel", "editable", "git"])  # an sdist builds the same wheel
def test_every_install_finds_the_schema(built: Built, form: str, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    python = venv / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", *built.requirement(form), cwd=tmp_path)
    borrow_dependencies(venv)

    schema = json.loads((ROOT / "schemas" / "contacts.json").read_text("utf-8"))
    for command in ([python, "-m", "tap_mihu"], [venv / "bin" / "tap-mihu"]):
        stream, *_ = json.loads(run(*command, "--discover", cwd=elsewhere))["streams"]
        assert stream["schema"]["properties"].keys() == schema["properties"].keys()

    where = "import tap_mihu; print(tap_mihu.__file__)"
    home = built.checkout if form == "editable" else venv
    assert Path(run(python, "-c", where, cwd=elsewhere)).is_relative_to(home)


def borrow_dependencies(venv: Path) -> None:
    """Let a bare environment see the packages of this one, behind its own."""
    (site_packages,) = venv.glob("lib/python*/site-packages")
    (site_packages / "zz_borrowed.pth").write_text(
        f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n", encoding="utf-8"
    )


def test_the_wheel_holds_the_package_and_the_schemas_alone(built: Built) -> None:
    with ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith("/METADATA"))
    info = metadata.removesuffix("METADATA")
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "tap_mihu").rglob("*.py")}
    schemas = {f"tap_mihu/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    assert names == {
        *package,
        *schemas,
        "tap_mihu/py.typed",
        "tap_mihu/schemas/__init__.py",
        *(
            f"{info}{name}"
            for name in (
                "METADATA",
                "RECORD",
                "WHEEL",
                "entry_points.txt",
                "licenses/LICENSE",
                "top_level.txt",
            )
        ),
    }


def test_the_sdist_builds_the_same_wheel(built: Built) -> None:
    with ZipFile(built.wheel) as one, ZipFile(built.wheel_from_sdist) as other:
        assert contents(one) == contents(other)


def contents(wheel: ZipFile) -> dict[str, bytes]:
    return {name: wheel.read(name) for name in sorted(wheel.namelist())}


def test_the_sdist_holds_no_tests(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        tops = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
    assert tops == {
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "pyproject.toml",
        "schemas",
        "setup.cfg",
        "tap_mihu",
        "tap_mihu.egg-info",
    }


def declared() -> list[Requirement]:
    """Give what the package says it needs at run time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"]]


class ForTypesAloneLeftOut(ast.NodeTransformer):
    """Leaves out what is imported only to check types."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imported_modules(source: str) -> set[str]:
    """Give the top-level names of what a module imports when it runs."""
    names: set[str] = set()
    for node in ast.walk(ForTypesAloneLeftOut().visit(ast.parse(source))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    sources = [*(ROOT / "tap_mihu").rglob("*.py"), *(ROOT / "schemas").rglob("*.py")]
    modules = set().union(*(imported_modules(path.read_text("utf-8")) for path in sources))
    foreign = modules - sys.stdlib_module_names - {"tap_mihu"}
    distributions = packages_distributions()
    needed = {canonicalize_name(name) for module in foreign for name in distributions[module]}
    assert needed == {canonicalize_name(requirement.name) for requirement in declared()}
