"""Names under which bundles are left: opaque, since listings and access logs show them."""

from __future__ import annotations

import re

from afschrift.domain.errors import ConfigurationError

_NAME = re.compile(r"(?:afschrift-)?[a-z]{1,4}-[0-9a-z]{12}(?:[.-][0-9a-z]{1,20}){1,4}")


def check_name(name: str) -> None:
    """Turn down a name that is not built from a request's id, for example `afschrift-req-7k3m9x2p4v0q.zip`.

    Raises:
        ConfigurationError: the name may hold a path, or may tell something about the person.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            "A bundle is left only under a name that is built from its request's id.",
            way_out="name it 'afschrift-', the id of the request, and '.zip'.",
        )
