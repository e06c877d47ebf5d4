"""Parquet files of a few bytes that say they are very large. Thrift's compact protocol, by hand."""
import base64
import zlib

import pyarrow as pa

INT64, DOUBLE, BYTE_ARRAY = 2, 5, 6
PLAIN, RLE, DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY, RLE_DICTIONARY = 0, 3, 5, 7, 8
NONE, SNAPPY, GZIP, BROTLI, ZSTD = 0, 1, 2, 4, 6


def uleb(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    return bytes(out + bytes([v]))


def zigzag(v):
    return uleb((v << 1) ^ (v >> 63) if v >= 0 else ((-v) << 1) - 1)


def struct(*fields):
    """Of (id, value): int, str, bytes already encoded as a struct, or a list of those."""
    out, last = bytearray(), 0
    for i, value in fields:
        if value is None:
            continue
        kind = 6 if isinstance(value, int) else 8 if isinstance(value, str) else 9 if isinstance(value, list) else 12
        out.append((i - last) << 4 | kind)
        last = i
        if kind == 6:
            out += zigzag(value)
        elif kind == 8:
            out += uleb(len(value)) + value.encode()
        elif kind == 9:
            out += bytes([0xF0 | 12]) + uleb(len(value)) + b"".join(value)
        else:
            out += value
    return bytes(out + b"\0")


def data_page(body, n_values, encoding=PLAIN, plain_bytes=None):
    return struct((1, 0), (2, len(body) if plain_bytes is None else plain_bytes), (3, len(body)),
                  (5, struct((1, n_values), (2, encoding), (3, RLE), (4, RLE)))) + body


def dictionary_page(body, n_values, plain_bytes=None):
    return struct((1, 2), (2, len(body) if plain_bytes is None else plain_bytes), (3, len(body)),
                  (7, struct((1, n_values), (2, PLAIN)))) + body


def leaf(name, physical, repetition=0, converted=None):
    return struct((1, physical), (3, repetition), (4, name), (6, converted))


def file(columns, n_rows, schema=None, n_groups=1, same_chunk=False, arrow=None):
    """Columns are (leaf, physical, codec, pages); a row group has them all."""
    body, chunks = bytearray(b"PAR1"), []
    for _, physical, codec, pages in columns:
        chunks.append(struct((3, struct((1, physical), (4, codec), (5, n_rows), (7, len(pages)), (9, len(body))))))
        body += pages
    groups = [struct((1, chunks), (3, n_rows)) for _ in range(n_groups)]
    schema = schema or [struct((4, "root"), (5, len(columns)))] + [c[0] for c in columns]
    hint = arrow and [struct((1, "ARROW:schema"), (2, base64.b64encode(arrow.serialize()).decode()))]
    footer = struct((1, 1), (2, schema), (3, n_rows * n_groups), (4, groups), (5, hint))
    return bytes(body + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def squeeze(data, codec):
    if codec == GZIP:
        c = zlib.compressobj(9, zlib.DEFLATED, 31)
        return c.compress(data) + c.flush()
    return pa.compress(data, codec={SNAPPY: "snappy", BROTLI: "brotli", ZSTD: "zstd"}[codec], asbytes=True)


def text(value):
    return len(value).to_bytes(4, "little") + value


def run_of(value, count, width):
    """A dictionary index stream of one run, behind its bit width."""
    return bytes([width]) + uleb(count << 1) + value.to_bytes((width + 7) // 8, "little")


def one(physical, codec, pages, n_rows, **more):
    return file([(leaf("c", physical, **more), physical, codec, pages)], n_rows)


def all_bombs():
    """(name, bytes)"""
    most = 2 ** 31 - 1
    for codec, name in ((GZIP, "gzip"), (BROTLI, "brotli"), (ZSTD, "zstd")):
        zeros = squeeze(bytes(2 ** 28), codec)
        yield f"page_of_zeros_{name}", one(INT64, codec, data_page(zeros, 2 ** 25, plain_bytes=2 ** 28), 2 ** 25)
        yield f"page_said_huge_{name}", one(INT64, codec, data_page(zeros, 2 ** 25, plain_bytes=most), 2 ** 25)
        yield f"dictionary_of_zeros_{name}", one(
            INT64, codec, dictionary_page(zeros, 2 ** 25, plain_bytes=2 ** 28)
            + data_page(squeeze(run_of(0, 2 ** 25, 1), codec), 2 ** 25, RLE_DICTIONARY, 7), 2 ** 25)
    yield "page_said_huge", one(INT64, NONE, data_page(b"x" * 100, 10, plain_bytes=most), 10)
    yield "page_said_huge_snappy", one(INT64, SNAPPY, data_page(b"\xff\xff\xff\xff\x07" + b"x" * 50, 10, plain_bytes=most), 10)
    number = dictionary_page((7).to_bytes(8, "little"), 1)
    pages = data_page(run_of(0, most, 1), most, RLE_DICTIONARY)
    yield "one_number_two_billion_times", one(INT64, NONE, number + pages, most)
    yield "one_number_in_many_pages", one(INT64, NONE, number + pages * 1000, most * 1000)
    word = dictionary_page(text(b"w" * 30_000), 1)
    yield "one_word_two_billion_times", one(BYTE_ARRAY, NONE, word + pages, most, converted=0)
    yield "one_word_a_million_times", one(
        BYTE_ARRAY, NONE, word + data_page(run_of(0, 10 ** 6, 1), 10 ** 6, RLE_DICTIONARY), 10 ** 6, converted=0)
    nulls = uleb(most << 1) + b"\0"
    yield "two_billion_nulls", one(
        INT64, NONE, data_page(len(nulls).to_bytes(4, "little") + nulls, most), most, repetition=1)
    again, full = uleb(most << 1) + b"\1", uleb(most << 1) + b"\1"
    levels = b"".join(len(b).to_bytes(4, "little") + b for b in (uleb(2) + b"\0" + again, full))
    yield "a_list_of_two_billion_nulls", file(
        [(None, INT64, NONE, data_page(levels, most))], 1,
        schema=[struct((4, "root"), (5, 1)), struct((3, 0), (4, "c"), (5, 1), (6, 3)),
                struct((3, 2), (4, "list"), (5, 1)), leaf("element", INT64, repetition=1)])
    n = 16_384  # each takes 64 KiB: the nulls alone are 1 GiB
    levels = 2 * (lambda run: len(run).to_bytes(4, "little") + run)(uleb(n << 1) + b"\0")
    yield "nulls_of_a_long_list_of_one_length", file(
        [(None, DOUBLE, NONE, data_page(levels, n))], n,
        schema=[struct((4, "root"), (5, 1)), struct((3, 1), (4, "c"), (5, 1), (6, 3)),
                struct((3, 2), (4, "list"), (5, 1)), leaf("element", DOUBLE, repetition=1)],
        arrow=pa.schema([("c", pa.list_(pa.float64(), 8192))]))
    widths = uleb(128) + uleb(4) + uleb(most) + zigzag(0) + (zigzag(0) + bytes(4)) * 100
    yield "delta_of_two_billion", one(INT64, NONE, data_page(widths, most, DELTA_BINARY_PACKED), most)
    yield "delta_block_said_huge", one(
        INT64, NONE, data_page(uleb(2 ** 62) + uleb(1) + uleb(2 ** 62) + b"\0" * 10, 10, DELTA_BINARY_PACKED), 10)
    n = 200_000  # every string is the one before and a byte more: 20 GB of them
    head = lambda first: uleb(128) + uleb(4) + uleb(n) + zigzag(first)
    step = lambda least: (zigzag(least) + bytes(4)) * (n // 128 + 1)
    yield "strings_that_grow", one(
        BYTE_ARRAY, NONE, data_page(head(0) + step(1) + head(1) + step(0) + b"a" * n, n, DELTA_BYTE_ARRAY), n, converted=0)
    page = squeeze(bytes(i * i % 251 for i in range(2000)) * 4000, ZSTD)
    columns = [(leaf(f"c{i or ''}", INT64), INT64, ZSTD, data_page(page, 10 ** 6, plain_bytes=8 * 10 ** 6))
               for i in range(300)]
    yield "three_hundred_large_pages", file(columns, 10 ** 6)
    yield "a_chunk_named_a_hundred_thousand_times", file(
        [(leaf("c", INT64), INT64, NONE, data_page(bytes(8000), 1000))], 1000, n_groups=100_000)
    yield "rows_beyond_counting", file([(leaf("c", INT64), INT64, NONE, pages)], 2 ** 61, n_groups=3)
    yield "list_of_row_groups_said_huge", b"PAR1" + (lambda f: f + len(f).to_bytes(4, "little") + b"PAR1")(
        struct((1, 1)) [:-1] + b"\x39\xfc" + uleb(2 ** 60))
    yield "schema_nested_a_thousand_deep", (lambda f: b"PAR1" + f + len(f).to_bytes(4, "little") + b"PAR1")(
        struct((1, 1), (2, [struct((4, "g"), (5, 1)) for _ in range(10_000)] + [leaf("c", INT64)]), (3, 0), (4, [])))
