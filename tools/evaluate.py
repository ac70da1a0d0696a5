"""Says for each question of policy/questions.json whether the rights of policy/iam.json allow it.

Usage: evaluate.py RIGHTS QUESTIONS

The judge is ministack's evaluator of IAM policies, the one that the local AWS asks for every call; here it is told what the
local AWS does not tell it, such as which items of the table a call touches. Names in the rights, such as `${Table.Arn}`, are
taken as they stand, and a question uses the same. Writes a JSON array of true and false.
"""

import json
import sys

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document


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
        service_context={"dynamodb:leadingkeys": question.get("with_keys")},
    )
    statements = [parse_policy_document({"Statement": policy}) for policy in policies]
    return evaluate(context, statements).decision == "Allow"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as rights, open(sys.argv[2], encoding="utf-8") as questions:
        rights, questions = json.load(rights), json.load(questions)
    json.dump([allows(rights, question) for question in questions], sys.stdout)
