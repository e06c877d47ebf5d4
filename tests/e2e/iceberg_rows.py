"""Rows of Iceberg tables in a form that does not depend on who read them: a line of JSON a row, sorted as text.

null is null, a boolean or whole number itself; a floating point number its hexadecimal digits, a decimal its digits with
all places after the point, bytes and UUIDs hexadecimal digits, a date its day since 1970, a time or timestamp its
microseconds (of nanoseconds, "ns:" and their number); a list, struct or map an array, a map's entries as [key, value].
"""
import hashlib
import json

import pyarrow as pa
import pyarrow.types as types


def is_nested(kind):
    """A list of plain values is not: Murr reads it."""
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return types.is_nested(kind.value_type)
    return types.is_nested(kind)


def digits_of(value, scale):
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)) + "0" * (scale + exponent)
    text = text.rjust(scale + 1, "0")
    whole, fraction = text[:len(text) - scale], text[len(text) - scale:]
    return "-" * sign + whole + ("." + fraction if scale else "")


def timestamp_of(value, unit):
    per_second = {"s": 1_000_000, "ms": 1_000, "us": 1}
    return value * per_second[unit] if unit in per_second else f"ns:{value}"


def plain(array):
    """The integers that an array of dates or times stands for."""
    wide = pa.int32() if array.type.bit_width == 32 else pa.int64()
    return array.view(wide).to_pylist()


def values_of(array):
    """The canonical values of an Arrow array."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return values_of(array.storage)
    if types.is_dictionary(kind):
        return values_of(array.dictionary_decode())
    if types.is_date32(kind):
        return plain(array)
    if types.is_timestamp(kind):
        return [None if v is None else timestamp_of(v, kind.unit) for v in plain(array)]
    if types.is_time(kind):
        return [None if v is None else v * (1000 if kind.unit == "ms" else 1) for v in plain(array)]
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return [None if v is None else values_of(v) for v in (x.values for x in array)]
    listed = array.to_pylist()
    if types.is_floating(kind):
        convert = lambda v: "nan" if v != v else float(v).hex()
    elif types.is_decimal(kind):
        convert = lambda v: digits_of(v, kind.scale)
    elif types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        convert = bytes.hex
    else:
        return listed
    return [None if v is None else convert(v) for v in listed]


def lines_of(table):
    """The rows of an Arrow table as lines, sorted."""
    columns = [values_of(c.combine_chunks()) for c in table.columns]
    rows = zip(*columns) if columns else ([] for _ in range(table.num_rows))
    return sorted(json.dumps(list(row), separators=(",", ":")) for row in rows)


def hash_of(table):
    return hashlib.sha256("".join(line + "\n" for line in lines_of(table)).encode()).hexdigest()
