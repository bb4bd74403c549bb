"""Airflow's side: tasks, trigger form, retries, and an Airflow of our own.

A process that imports this package can read keys from Airflow's secrets backends (docs/adr/0004), and options
of places from its connections.
"""

from __future__ import annotations

from afschrift.airflow_ext import secrets
from afschrift.app import options
from afschrift.register.keys import key_sources

key_sources.offer(secrets.KIND, secrets.read)
options.offer_connections(secrets.connection)
