"""The bill of materials of an installation: CycloneDX, as JSON, made of the pins alone (no network).

Licences and who needs whom are read from the packages installed here; a pin that is not installed is told without.
The same pins give the same serial number.
"""

from __future__ import annotations

from importlib import metadata
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement

from tests.audit.pins import Pin, canonical

LICENCE = "AGPL-3.0-or-later"
APPROVED = "License :: "


def bill(pins: list[Pin]) -> str:
    """CycloneDX 1.6: a component per pin (scope "excluded" for what only the checks need), and who needs whom."""
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, " ".join(f"{pin}/{','.join(pin.hashes)}" for pin in pins)))
    whole = bom.metadata.component = Component(
        name="grenier", version=metadata.version("grenier"), type=ComponentType.APPLICATION,
        licenses=[LicenseFactory().make_from_string(LICENCE)], bom_ref="grenier",
    )  # fmt: skip
    components = {pin.name: _component(pin) for pin in pins}
    bom.components.update(components.values())
    needed = _needed(set(_members()), components)
    bom.register_dependency(whole, [components[name] for name in sorted(needed)])
    for name, component in components.items():
        bom.register_dependency(component, [components[each] for each in sorted(_needed({name}, components))])
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)


def _component(pin: Pin) -> Component:
    address = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        purl=address,
        bom_ref=address.to_string(),
        scope=ComponentScope.REQUIRED if pin.at_run else ComponentScope.EXCLUDED,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in pin.hashes],
        licenses=_licences(pin.name),
    )


def _licences(name: str) -> list[License]:
    """As the package declares it: an expression, else its classifiers, else its own short words."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    make = LicenseFactory()
    if told.get("License-Expression"):
        return [make.make_from_string(told["License-Expression"])]
    names = {each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if each.startswith(APPROVED)}
    names -= {"OSI Approved"}
    words = (told.get("License") or "").strip()
    if not names and words and len(words) <= 60 and "\n" not in words:
        names = {words}
    return [make.make_with_name(each) for each in sorted(names)]


def _members() -> list[str]:
    """Our own packages, which are installed beside each other."""
    return [each.name for each in metadata.distributions() if each.name.partition("-")[0] == "grenier"]


def _needed(names: set[str], among: dict[str, Component]) -> set[str]:
    """The pins that these packages name, as far as they apply on this machine."""
    found = set()
    for name in names:
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in map(Requirement, wanted):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found.add(canonical(requirement.name))
    return found & among.keys()
