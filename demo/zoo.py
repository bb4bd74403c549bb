"""Values that break careless software, one name each, all within what the column types allow."""

from __future__ import annotations

TEXTS = {
    "emoji": "👩🏽‍🚀 en 🇳🇱 op één regel",
    "right_to_left": "שלום עולם ‏ مرحبا",
    "combining": "e\u0301 is niet hetzelfde als \u00e9",
    "quotes": "\"aanhalings\" 'tekens', en een komma; of ‘krul’",
    "crlf": "eerste regel\r\ntweede regel\r\n",
    "lf": "eerste\ntweede\n\nvierde",
    "lone_cr": "eerste\rtweede",
    "line_separator": "eerste\u2028tweede\u2029derde\u0085vierde",
    "empty": "",
    "null_marker": r"\N",
    "null_word": "NULL",
    "formula": "=1+1",
    "formula_link": '=HYPERLINK("https://example.com","klik")',
    "formula_at": "@SUM(A1:A9)",
    "formula_minus": "-2+3",
    "tab": "kolom\tkolom",
    "backslash": "C:\\nieuw\\tekst\\",
    "spaces": "  spaties voor en na  ",
    "control": "rood\x1b[31m en \x01 onzichtbaar",
    "byte_order_mark": "\ufeffbegint met een teken dat niemand ziet",
    "markup": "<script>alert('x')</script> &amp; ]]> <!-- -->",
    "number_like": "007",
    "float_like": "1e5",
    "nan_word": "NaN",
    "sql": "' OR 1=1 --",
    "template": "{{ 7 * 7 }} ${HOME} %s",
    "outside_bmp": "𝒜𐍈 en het teken \U0010fffd",
    "long": "lang " * 20_000,
}

NUMBERS = (float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2)
HUGE = 170_141_183_460_469_231_731_687_303_715_884_105_727
"""2^127 - 1, the largest HUGEINT."""

JSONS = (
    '{"bedrag": 1.10, "groot": 12345678901234567890, "leeg": null}',
    '{"dubbel": 1, "dubbel": 2}',
    '["\\u00e9", "\\ud83d\\udeb2", {"diep": [[], {}]}]',
    "null",
    '"\\\\N"',
)
ALL_BYTES = bytes(range(256))
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da63fcff1f0003030200efbfa7db0000000049454e44ae426082"
)
"""One pixel."""
