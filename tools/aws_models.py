"""Writes the facts of AWS service models to standard output, as JSON, as botocore has them: no documentation, no examples.

Usage: aws_models.py SERVICE ...

Members and operations are lists, because their order counts in XML. Endpoints are what the rules of the service give for
every region.
"""

import json
import sys

from botocore import __version__
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader

PROSE = {"documentation", "documentationUrl", "deprecatedMessage"}


def without_prose(value):
    if isinstance(value, dict):
        return {name: without_prose(inner) for name, inner in value.items() if name not in PROSE}
    if isinstance(value, list):
        return [without_prose(inner) for inner in value]
    return value


def shape(raw):
    # `members` is a map of names, which may well be called `documentation`.
    members = [{"name": name, **without_prose(member)} for name, member in raw.get("members", {}).items()]
    rest = without_prose({name: value for name, value in raw.items() if name != "members"})
    return {**rest, "members": members}


def endpoints(rules, partitions):
    provider = EndpointProvider(rules, partitions)
    for partition in partitions["partitions"]:
        for region in partition["regions"]:
            if region.endswith("-global"):
                continue
            endpoint = provider.resolve_endpoint(Region=region)
            schemes = endpoint.properties.get("authSchemes") or [{}]
            yield {
                "partition": partition["id"],
                "suffix": partition["outputs"]["dnsSuffix"],
                "region": region,
                "url": endpoint.url,
                "signing_region": schemes[0].get("signingRegion", region),
            }


def optional(loader, service, kind, name):
    try:
        return loader.load_service_model(service, kind)[name]
    except UnknownServiceError:
        return {}


def facts(loader, service, partitions):
    model = loader.load_service_model(service, "service-2")
    pages = optional(loader, service, "paginators-1", "pagination")
    waiters = optional(loader, service, "waiters-2", "waiters")
    return {
        "metadata": without_prose(model["metadata"]),
        "operations": [
            {**without_prose(operation), "key": key, "pages": without_prose(pages.get(key))}
            for key, operation in sorted(model["operations"].items())
        ],
        "shapes": {name: shape(raw) for name, raw in model["shapes"].items()},
        "waiters": [{"name": name, **without_prose(waiter)} for name, waiter in sorted(waiters.items())],
        "endpoints": list(endpoints(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)),
    }


def main():
    loader = create_loader()
    partitions = loader.load_data("partitions")
    services = {service: facts(loader, service, partitions) for service in sys.argv[1:]}
    json.dump({"version": __version__, "services": services}, sys.stdout)


main()
