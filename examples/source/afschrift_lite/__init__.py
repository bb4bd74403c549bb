"""`kind: lite`: what Afschrift asks of the kind before it opens a source. It imports no driver."""

from afschrift.sources.registry import Adapter

LITE = Adapter("afschrift_lite.source", "Lite")
