"""The plugin definition: as the Hub wants it, true to the tap, and usable without the Hub."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from tests.definition import described, without_placeholders
from tests.demo import ROOT
from tests.e2e.running import run_tap
from tests.projects import Project
from tests.readme import README, blocks
from tests.sandbox import Sandbox, Workspace, contacts

yaml = YAML(typ="safe")
HUB: dict[str, Any] = yaml.load(ROOT / "hub.yml")
(EXTRACTOR,) = yaml.load(ROOT / "meltano.yml")["plugins"]["extractors"]

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}
SETTING = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("name", "label", "placeholder", "description"), TEXT),
        "kind": {
            "enum": ["string", "integer", "boolean", "array", "object", "options", "date_iso8601"]
        },
        "sensitive": {"type": "boolean"},
        "value": {},
        "options": {
            "type": "array",
            "items": {
                "required": ["label", "value"],
                "additionalProperties": False,
                "properties": {"label": TEXT, "value": TEXT},
            },
        },
    },
}
WANTED = {
    "type": "object",
    "required": ["name", "namespace", "variant", "quality"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("name", "namespace", "variant", "label", "description"), TEXT),
        **dict.fromkeys(("pip_url", "executable", "domain_url"), TEXT),
        "keywords": TEXTS,
        "maintenance_status": {"enum": ["active", "beta", "development", "inactive", "unknown"]},
        "quality": {"enum": ["gold", "silver", "bronze", "unknown"]},
        "supported_python_versions": {"type": "array", "items": {"pattern": r"^3\.\d+$"}},
        "log_parser": {"enum": ["singer-sdk"]},
        "capabilities": TEXTS,
        "select": TEXTS,
        "settings": {"type": "array", "items": SETTING},
        "settings_group_validation": {"type": "array", "items": TEXTS},
    },
}
"""What the Hub's own schema of definitions allows, as far as it is used here."""


def test_it_has_the_form_the_hub_wants() -> None:
    Draft7Validator(WANTED).validate(HUB)


def test_it_is_what_the_tap_says_about_itself() -> None:
    expected = described(json.loads(run_tap(None, "--about", "--format=json").stdout))
    assert without_placeholders(HUB) | expected == without_placeholders(HUB)


def test_it_agrees_with_the_projects_own_extractor() -> None:
    assert HUB["pip_url"] == HUB["name"]
    assert {key: HUB[key] for key in EXTRACTOR if key != "pip_url"} == {
        key: value for key, value in EXTRACTOR.items() if key != "pip_url"
    }


def test_it_names_the_pythons_of_the_package() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    for version in HUB["supported_python_versions"]:
        assert f"Python :: {version}" in pyproject
    assert pyproject.count("Python :: 3.") == len(HUB["supported_python_versions"])


def test_both_link_to_the_service_that_is_read() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert pyproject["project"]["urls"] == {HUB["label"]: HUB["domain_url"]}


def test_an_empty_project_takes_it_from_a_checkout(tmp_path: Path) -> None:
    """As the README says, with the Hub out of reach and the package on no index."""
    (tmp_path / "path" / "to").mkdir(parents=True)
    shutil.copy(ROOT / "hub.yml", tmp_path / "path" / "to")
    file = tmp_path / "meltano.yml"
    file.write_text(
        "default_environment: dev\nenvironments: [{name: dev}]\nproject_id: test\n", "utf-8"
    )
    command = blocks("sh", "Installation")[1].split()
    assert command[0] == "meltano"
    with Sandbox(Workspace(contacts(5))) as sandbox:
        project = Project(tmp_path, sandbox)
        added = project.meltano(*command[1:])
        assert added.status == 0, added.log
        added_yaml = file.read_text("utf-8")
        assert added_yaml.count("pip_url: tap-mihu") == 1
        # Meltano drops this one, as the README says.
        (added_extractor,) = yaml.load(added_yaml)["plugins"]["extractors"]
        assert "select" not in added_extractor
        assert "`select: [contacts.*]`" in README
        file.write_text(added_yaml.replace("pip_url: tap-mihu", f"pip_url: '{ROOT}'"), "utf-8")
        installed = project.meltano("install")
        assert installed.status == 0, installed.log
        discovered = project.meltano("invoke", "tap-mihu", "--discover")
        assert discovered.status == 0, discovered.log
        assert json.loads(discovered.stdout)["streams"][0]["tap_stream_id"] == "contacts"
        config = json.loads(project.meltano("config", "print", "tap-mihu").stdout)
    assert config["page_size"] == 100
    assert config["auth_token"] != sandbox.token
