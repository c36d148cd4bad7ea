"""The plugin definition: as the Hub wants it, true to the tap, and usable without the Hub."""

import copy
import json
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.demo import ROOT
from tests.e2e.forks import run_forked
from tests.projects import Project
from tests.readme import README, blocks
from tests.sandbox import Sandbox, Workspace, contacts

yaml = YAML(typ="safe")
HUB: dict[str, Any] = yaml.load(ROOT / "hub.yml")
(EXTRACTOR,) = yaml.load(ROOT / "meltano.yml")["plugins"]["extractors"]
_NOT_BY_EVERY_SDK = {"start-date"}  # from 0.55 on
# Not the dates within `filters`: Meltano passes those on as they stand, relative ones too.
_KINDS = {"date-time": "date_iso8601"}


def described(about: Mapping[str, Any]) -> dict[str, Any]:
    """Give the part of a definition that follows from `--about`."""
    return {
        "name": about["name"],
        "description": about["description"],
        "capabilities": sorted({*about["capabilities"]} - _NOT_BY_EVERY_SDK),
        "settings": [*_settings(about["settings"]["properties"])],
    }


def _settings(properties: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    for name, setting in properties.items():
        types = setting["type"]
        kind = types if isinstance(types, str) else next(one for one in types if one != "null")
        described = {
            "name": f"{prefix}{name}",
            "label": setting["title"],
            "kind": _KINDS.get(setting.get("format", ""), kind),
            "description": setting["description"],
        }
        if "enum" in setting:
            options = [{"label": value, "value": value} for value in setting["enum"]]
            described |= {"kind": "options", "options": options}
        if setting.get("secret"):
            described["sensitive"] = True
        # The user agent's default holds the version.
        if "default" in setting and name != "user_agent":
            described["value"] = setting["default"]
        yield described
        # Closed objects only: what the SDK's may hold is not all known.
        if setting.get("additionalProperties") is False:
            yield from _settings(setting["properties"], f"{prefix}{name}.")


def test_it_is_the_projects_own_extractor_and_what_the_hub_asks_for() -> None:
    """Of which `test_meltano.py` shows that Meltano knows every key."""
    more = {key: value for key, value in HUB.items() if EXTRACTOR.get(key) != value}
    python = "Programming Language :: Python :: "
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = [one.removeprefix(python) for one in project["classifiers"] if python in one]
    assert EXTRACTOR.keys() <= HUB.keys()
    assert more == {
        "pip_url": HUB["name"],
        "variant": "original",
        "domain_url": project["urls"][HUB["label"]],
        "keywords": ["api", "meltano_sdk"],
        "maintenance_status": "beta",
        "quality": "unknown",
        "supported_python_versions": versions,
    }


def test_it_is_what_the_tap_says_about_itself() -> None:
    about = json.loads(run_forked(None, "--about", "--format=json").stdout)
    assert about["settings"]["required"] == ["auth_token"]
    definition = copy.deepcopy(HUB)
    for setting in definition["settings"]:
        setting.pop("placeholder", None)  # only a person can write one
    assert definition == definition | described(about)


@pytest.mark.parametrize("form", [(), ("--format=markdown",)], ids=["text", "markdown"])
def test_other_forms_name_every_setting(form: tuple[str, ...]) -> None:
    text = run_forked(None, "--about", *form).stdout.decode()
    names = [setting["name"].split(".")[0] for setting in HUB["settings"]]
    assert [name for name in names if name not in text] == []


def test_an_empty_project_takes_it_from_a_checkout(tmp_path: Path) -> None:
    """As the README says, with the Hub out of reach and the package on no index."""
    (tmp_path / "path" / "to").mkdir(parents=True)
    shutil.copy(ROOT / "hub.yml", tmp_path / "path" / "to")
    file = tmp_path / "meltano.yml"
    file.write_text(
        "default_environment: dev\nenvironments: [{name: dev}]\nproject_id: test\n", "utf-8"
    )
    meltano, *arguments = blocks("sh", "Installation")[1].split()
    assert meltano == "meltano"
    with Sandbox(Workspace(contacts(5))) as sandbox:
        project = Project(tmp_path, sandbox)
        added = project.meltano(*arguments)
        assert added.status == 0, added.log
        text = file.read_text("utf-8")
        assert text.count("pip_url: tap-mihu") == 1
        # Meltano drops this one, as the README says.
        (extractor,) = yaml.load(text)["plugins"]["extractors"]
        assert "select" not in extractor
        assert "`select: [contacts.*]`" in README
        file.write_text(text.replace("pip_url: tap-mihu", f"pip_url: '{ROOT}'"), "utf-8")
        installed = project.meltano("install")
        assert installed.status == 0, installed.log
        discovered = project.meltano("invoke", "tap-mihu", "--discover")
        assert discovered.status == 0, discovered.log
        assert json.loads(discovered.stdout)["streams"][0]["tap_stream_id"] == "contacts"
        config = json.loads(project.meltano("config", "print", "tap-mihu").stdout)
    assert config["page_size"] == 100
    assert config["auth_token"] != sandbox.token
