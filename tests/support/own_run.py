"""What follows a batch: each request's own run, and what of its bundle is the same as of one made alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from testbed.running import drive, members

from afschrift.services import Services
from afschrift.steps.gates import begin

TOKEN = re.compile(rb"\[(masked|afgeschermd) [0-9a-f]{8}\]")
"""A mask, whose token is salted by request."""


def own_run(services: Services, request: str) -> Path:
    own = replace(services, run=f"{request}.1")
    begin(own, request, "tester")
    return drive(own, request)


def data(bundle: Path) -> dict[str, bytes]:
    """Files of tables, with each mask's token as one: it is salted by request."""
    named = members(bundle)
    found = {
        name: TOKEN.sub(b"[masked]", text) for name, text in named.items() if name.startswith("data/shop/")
    }
    if "data/information.json" in named:
        purposes = json.loads(named["data/information.json"])["purposes"]
        found["sheet"] = json.dumps(
            [[purpose["recipients"], purpose["storage"]] for purpose in purposes]
        ).encode()
    return found
