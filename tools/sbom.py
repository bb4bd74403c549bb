"""Write the bill of materials of Afschrift: CycloneDX 1.6 as JSON, of what runs with it.

`python tools/sbom.py FILE` writes FILE: each package at each version of constraints.txt,
with its licence, the SHA-256 of every file that may be installed of it, and what it needs. Equal locks give
equal bytes: it has no time in it, and its serial number is made of its contents.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from locked import ROOT, Package, Pin, direct, packages
from packageurl import PackageURL


def bill(found: list[Package], named: set[str], version: str) -> str:
    """The bill as JSON.

    Args:
        found: The packages that run with Afschrift.
        named: The names of those that it names itself.
        version: Afschrift's own.

    Raises:
        ValueError: It does not fit the schema of CycloneDX; names the place.
    """
    own = Component(name="afschrift", version=version, type=ComponentType.APPLICATION, bom_ref="afschrift")
    own.purl = PackageURL("pypi", name="afschrift", version=version)
    own.licenses = [LicenseFactory().make_from_string("Apache-2.0")]
    by_name = {component.name: [_component(component, pin) for pin in component.pins] for component in found}
    bom = Bom(components=[part for parts in by_name.values() for part in parts])
    bom.metadata.component = own
    bom.register_dependency(own, [part for name in sorted(named) for part in by_name[name]])
    for component in found:
        for part in by_name[component.name]:
            bom.register_dependency(
                part, [need for name in sorted(component.needs) for need in by_name[name]]
            )
    contents = "\n".join(
        f"{component.name} {pin.version} {' '.join(pin.hashes)}"
        for component in found
        for pin in component.pins
    )
    bom.serial_number = uuid5(NAMESPACE_URL, f"afschrift {version}\n{contents}")
    bom.metadata.timestamp = None
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong:
        raise ValueError(f"The bill of materials does not fit CycloneDX 1.6: {wrong}")
    return text + "\n"


def _component(package: Package, pin: Pin) -> Component:
    return Component(
        name=pin.name,
        version=pin.version,
        bom_ref=f"{pin.name}=={pin.version}",
        purl=PackageURL("pypi", name=pin.name, version=pin.version),
        licenses=[
            LicenseFactory().make_from_string(
                package.licence, license_acknowledgement=LicenseAcknowledgement.DECLARED
            )
        ],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
    )


def main() -> int:
    """Write the bill to the file that the command line names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        bill(packages(), {package.name for package in direct()}, project["version"]), encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
