"""Afschrift fulfils people's requests for their own data: access (Art. 15) and portability (Art. 20 GDPR)."""

__version__ = "0.1.0"
