"""Does to the template what CloudFormation does before it deploys: SAM's own transform, offline.

Usage: transform.py TEMPLATE [PARAMETER=VALUE ...]

Writes the transformed template to standard output, as JSON. Code and definition stay in the checkout, so a place in S3 that
does not exist stands for them. The parameters have their defaults unless told otherwise; SAM puts their values only where it
has to know them, such as in whether a function is deployed in parts.
"""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.translator import Translator

BUCKET = "s3://code/"
UPLOADED = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


class NoManagedPolicies(ManagedPolicyLoader):
    """The template names managed policies by their ARN, so none is to be looked up in an account."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


def transformed(path, overrides):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    parameters = {
        name: parameter["Default"] for name, parameter in template["Parameters"].items() if "Default" in parameter
    }
    parameters.update(overrides)
    for name, resource in template["Resources"].items():
        uploaded = UPLOADED.get(resource["Type"])
        if uploaded:
            resource["Properties"][uploaded] = BUCKET + name
    return Translator(NoManagedPolicies().load(), Parser()).translate(template, parameters)


if __name__ == "__main__":
    _, path, *overrides = sys.argv
    json.dump(transformed(path, dict(override.split("=", 1) for override in overrides)), sys.stdout)
