"""The page on targets names the versions of the targets that the project file installs."""

import re

from ruamel.yaml import YAML

from tests.demo import ROOT


def test_the_page_names_the_versions_of_the_project_file() -> None:
    text = (ROOT / "docs" / "targets.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `(target-[\w-]+)` \| `([^`]+)` \|", text, re.MULTILINE))
    plugins = YAML(typ="safe").load(ROOT / "meltano.yml")["plugins"]
    installed = {loader["name"]: loader["pip_url"] for loader in plugins["loaders"]}
    assert documented == installed
