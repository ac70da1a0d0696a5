"""Checks SBOMs against CycloneDX's own schema.

Usage: validate_sbom.py SBOM ...

Unknown fields are refused as well. Ends with 1 after the first one that is wrong, and says what is wrong with it.
"""

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

validator = JsonStrictValidator(SchemaVersion.V1_6)
for path in sys.argv[1:]:
    fault = validator.validate_str(Path(path).read_text())
    if fault is not None:
        sys.exit(f"{path}: {fault}")
