"""Values and records that readers of JSON judge in different ways where they are not strict."""

import json

from tests.unit.formats.random_tables import AWKWARD, DOCUMENTS, SYNTAX

NUMBERS = """
0 -0 00 -00 01 -01 1 -1 +1 12 1. .5 -.5 0.5 -0.5 1.0 1.10 0.0 -0.0 0.00 00.1 1e5 1E5 1e+5 1e-5 1e 1e+ 1e- 1.e5 0e0 -0e5
1e05 1.5e1 0x1 1_0 1,0 - -- -e1 -NaN NaN Infinity -Infinity INF 9007199254740991 9007199254740992 9007199254740993
123456789012345678 1234567890123456789 9223372036854775807 9223372036854775808 -9223372036854775808
-9223372036854775809 18446744073709551615 18446744073709551616 99999999999999999999999999999999999999999999
1e400 -1e400 1e308 1.7976931348623157e+308 1.7976931348623159e+308 5e-324 2.2250738585072014e-308 1e-400 1e249 1e251
1e9999999999999999999999 0.000001 0.0000001 0.00001234 1234567890 12345678901 9999999999.5 10000000000.5 123456.789
0.1 0.30000000000000004 0.1000000000000000055511151231257827 3.141592653589793 2.718281828459045 1.7976931348623157
4503599627370496.5 9007199254740993.0 142857.14285714287 142857.14285714286 0.3333333333333333 0.33333333333333337
0.10000000000000001 0.29999999999999999 123456.78900000001 123456.78899999999 0.12345678901234568 0.1234567890123457
1.0000000000000002 1.0000000000000001 8.0 8.000000000000002 8.0000000000000018 16777217 72057594037927936.5
""".split()  # noqa: SIM905
STRINGS = [
    r'"\ud800"', r'"\udc00"', r'"\ud800\udc00"', r'"\ud800\ud800"', r'"\udc00\udc00"', r'"\ud800\ue000"', r'"\ud800\n"', r'"\udbff\udfff"', r'"\ud800a"', r'"\ud83d\u0041"',
    r'"\u0000"', r'"\u001f"', r'"\u00e9"', r'"\u00E9"', r'"\uFFFF"', r'"\u00g0"', r'"\u12"', r'"\u"', r'"\U0041"',
    r'"\x41"', r'"\a"', r'"\'"', r'"\/"', r'"\b\f\n\r\t\"\\"', r'"\"', '"', '""', "''", '"a', 'a"', '"a""b"', r'"\\"',
    '"\t"', '"\x1f"', '"\x00"', '"\x7f"', '"\u2028"', '"NaN"', '"INF"', '"-INF"', '"12"', '"007"', '"true"', '"null"',
    '"' + "long \\n" * 400 + '"', '"' + "x" * 7 + '\\"' + "é" * 9 + '"',
]  # fmt: skip
OTHERS = [
    "null", "nul", "nulll", "Null", "true", "false", "True", "tru", "falsey", "", " ", "1 2", "{}", "[]", "{", "}", "[", "]",
    "[1,]", "[,1]", "[1 2]", "[1,,2]", '{"a":1,}', "{,}", '{"a"}', '{"a":}', '{"a" 1}', "{a:1}", "{1:2}", '{"a":1 "b":2}',
    "[1}", '{"a":1]', "[[1]", "[1]]", "{}{}", "[]1", '{"a":1,"a":2}', '{"a" : [ 1 , 2 ] }', "[\t1\r]", "[ ]", "{ }",
    "[01]", "[1.]", "[-]", "[1e400]", "[NaN]", "[.5]", "[tru]", "[null,true,false]", '["\\ud800"]', '{"\\ud800":1}',
    '{"\\x":1}', '["a\tb"]', '[1,2.50,{"é":["\\u00e9",[],{}]}]', "/**/1", "1//", "\ufeff1", "1\x00", "\x0b1", "[1\x0c]",
    "[" * 399 + "]" * 399, "[" * 400 + "1" + "]" * 400, "[" * 401 + "1" + "]" * 401, "[" * 402 + "]" * 402, "[" * 5 + "1" + "]" * 4, '{"a":' * 300 + "1" + "}" * 300,
]  # fmt: skip
RAW = [b'"\xff"', b'"\xc0\x80"', b'"\xc3"', b'"\xc3\x28"', b'"\xe0\x80\x80"', b'"\xed\xa0\x80"', b'"\xed\x9f\xbf"', b'"\xee\x80\x80"',
       b'"\xf0\x8f\xbf\xbf"', b'"\xf0\x90\x80\x80"', b'"\xf4\x8f\xbf\xbf"', b'"\xf4\x90\x80\x80"', b'"\xf5\x80\x80\x80"', b'"\xe2\x82"',
       b'"\xf0\x9f\x98"', b'"\x80"', b'"\xe2\x82\xc0"', b'"\xe2\x82\xff"', b'"\xf0\x9f\x98\xc0"', b'"\xf0\x9f\x41\x80"', b'["\xff"]', b"\xff", b'"abcdefgh\xffabcdefgh"', b'"abcdefg\xe2\x82\xac"', b'"\xef\xbf\xbf"']  # fmt: skip
VALUES = [
    *(text.encode() for text in [*NUMBERS, *STRINGS, *OTHERS, *DOCUMENTS]),
    *RAW,
    *(json.dumps(text).encode() for text in [*AWKWARD, *SYNTAX]),
    *(json.dumps(text, ensure_ascii=False).encode() for text in [*AWKWARD, *SYNTAX]),
]
OBJECTS = {
    b'{"id":1,"note":"a"}': 1, b' {"id":1,"note":"a"}': None, b'{ "id":1,"note":"a"}': 1, b'{"id" :1,"note":"a"}': None,
    b'{"id": 1,"note":"a"}': 1, b'{"id":1 ,"note":"a"}': 1, b'{"id":1, "note":"a"}': 1, b'{"id":1,"note":\t"a"\r}': 1,
    b'{"id":1,"note":"a"} ': 1, b'{"id":1,"note":"a"}\r': 1, b'\r{"id":1,"note":"a"}': None, b'{"id":1,"note":"a"},': None,
    b'{"id":1,"note":"a"}}': None, b'{{"id":1,"note":"a"}': None, b'[{"id":1,"note":"a"}]': None, b'{"id":1,"note":"a"': None,
    b'"id":1,"note":"a"}': None, b"{}": None, b"null": None, b"1": None, b"": None, b"[]": None, b"\x00": None,
    b'{"id":1}': None, b'{"note":"a"}': None, b'{"id":1,"note":"a","more":1}': None, b'{"more":1,"id":1,"note":"a"}': None,
    b'{"id":1,"id":1,"note":"a"}': None, b'{"id":1,"note":"a","id":1}': None, b'{"id":1,"note":"a","note":"a"}': None,
    b'{"id":1,"Note":"a"}': None, b'{"id":1,"not":"a"}': None, b'{"id":1,"notes":"a"}': None, b'{"id":1,note:"a"}': None,
    b'{"id":1,"note":"a",}': None, b'{,"id":1,"note":"a"}': None, b'{"id":1,,"note":"a"}': None, b'{"id":1 "note":"a"}': None,
    b'{"id":1;"note":"a"}': None, b'{"id"=1,"note":"a"}': None, b'{"id":1,"note":"a"}{"id":1,"note":"a"}': None,
    b'{"id":1,"note":"a"} {"id":1,"note":"a"}': None, b'{"id":1,\n"note":"a"}': None, b'{\n"id":1,"note":"a"}': None,
    b'{"id":1,"note":"a"\n}': None, b'{"id":1,"note":"a\nb"}': None, b'{"id":\n1,"note":"a"}': None, b"\n": None,
    b'{"id":1,"note":"a"}\x00': None, b'{"id":1,"note":"a"}\xc2\xa0': None, b'\xef\xbb\xbf{"id":1,"note":"a"}': None,
    b"{'id':1,'note':'a'}": None, b'{"id":1,"note":"a"}#': None, b'{"id":1,"note":"a"}\x0b': None,
}  # fmt: skip
"""A record between two others -> how many rows it is; None: it is refused."""
