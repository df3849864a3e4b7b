"""The template as CloudFormation sees it: translated from SAM, without a network."""

import json
from functools import cache
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from samtranslator.translator.transform import transform

import package

TEMPLATE = package.ROOT / "infra" / "template.yaml"
REGION = "us-east-1"
PARAMETERS = {"Contact": "takedown@mirror.example.org", "OperatorAddress": "ops@example.org"}


class _NoManagedPolicies:
    """The translator asks for the ARNs of AWS's own policies; the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


def written() -> dict[str, Any]:
    """Return the template as it is written."""
    found: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(TEMPLATE))))
    return found


@cache
def _translated() -> str:
    template = written()
    # `sam deploy` uploads the zip and puts its address here.
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            assert resource["Properties"]["CodeUri"] == "../build/feedmirror.zip"
            resource["Properties"]["CodeUri"] = "s3://packages/feedmirror.zip"
    for name, value in PARAMETERS.items():  # the translator resolves what has a default
        template["Parameters"][name]["Default"] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        return json.dumps(transform(template, {}, _NoManagedPolicies()))


def translated() -> dict[str, Any]:
    """Return the template that is deployed: conditions and references as they are."""
    found: dict[str, Any] = json.loads(_translated())
    return found


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of every resource of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in translated()["Resources"].items()
        if resource["Type"] == kind
    }
