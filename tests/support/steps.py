"""The steps of a request, for tests that drive several of them."""

from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close, wipe
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.gates import begin
from afschrift.steps.package import package
from afschrift.steps.read_identifying import look_up
from afschrift.steps.validate import validate

__all__ = [
    "assess",
    "begin",
    "classify",
    "close",
    "deliver",
    "extract",
    "look_up",
    "package",
    "validate",
    "wipe",
]
