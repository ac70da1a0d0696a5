"""Says for each question of policy/questions.json whether the rights of policy/iam.json allow it.

Usage: evaluate.py RIGHTS QUESTIONS

The judge is ministack's evaluator of IAM policies, the one that the local AWS asks for every call; here it is told what the
local AWS does not tell it, such as which items of the table a call touches, and through which alias or version an execution is
started. As AWS does, by the documentation of Step Functions, it is asked about the ARN of the state machine in either case; that AWS
tells the name of the alias in `states:StateMachineQualifier` is taken for granted here, and not shown by this. Names in the rights,
such as `${Table.Arn}`, are taken as they stand, and a question uses the same. What a parameter turns on is on. Writes a JSON array
of true and false.
"""

import json
import sys

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document


def with_everything(value):
    """The value with what a parameter can turn on."""
    if isinstance(value, list):
        return [with_everything(item) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::If"]:
        return with_everything(value["Fn::If"][1])
    return {name: with_everything(item) for name, item in value.items()}


def allows(rights, question):
    role = rights[question["role"]]
    policies = list(role["policies"].values())
    policies += [rights[name.strip("${}")]["statements"] for name in role.get("has_also", [])]
    context = EvalContext(
        principal_arn="arn:aws:sts::000000000000:assumed-role/" + question["role"] + "/a",
        principal_type="AssumedRole",
        principal_account="000000000000",
        action=question["does"],
        resource_arn=question["to"],
        region="us-east-1",
        service_context={
            "dynamodb:leadingkeys": question.get("with_keys"),
            "dynamodb:attributes": question.get("with_attributes"),
            "dynamodb:returnvalues": question.get("returning"),
            "states:statemachinequalifier": [question["through"]] if "through" in question else None,
        },
    )
    statements = [parse_policy_document({"Statement": with_everything(policy)}) for policy in policies]
    return evaluate(context, statements).decision == "Allow"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as rights, open(sys.argv[2], encoding="utf-8") as questions:
        rights, questions = json.load(rights), json.load(questions)
    json.dump([allows(rights, question) for question in questions], sys.stdout)
