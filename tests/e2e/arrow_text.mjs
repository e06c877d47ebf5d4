// What apache-arrow for JavaScript makes of a stream on stdin: {"rows": n, "columns": [[name, type, values], ...]}.
// Numbers of up to 32 bits and floats are numbers, wider ones, times and decimals text, bytes hex.
// With "write" as the argument: a stream of JavaScript's own on stdout, of the rows that test_interop.py knows.
import {createRequire} from "node:module";
import {readFileSync, writeSync} from "node:fs";

const require = createRequire(new URL("../../build/js/package.json", import.meta.url));
const arrow = require("apache-arrow");

function wholeOf(words) { // little-endian 32-bit words of two's complement
    let whole = 0n;
    for (let i = words.length - 1; i >= 0; i--) whole = whole << 32n | BigInt(words[i]);
    return String(BigInt.asIntN(32 * words.length, whole));
}

function stored(vector, row) { // what is in the buffer, which get() would turn into milliseconds
    const data = vector.data[0];
    return String(data.values[row * (data.stride ?? 1)]);
}

function valueOf(type, vector, row) {
    if (!vector.isValid(row)) return null;
    const value = vector.get(row), T = arrow.Type;
    switch (type.typeId) {
    case T.Int: return typeof value === "bigint" ? String(value) : value;
    case T.Binary: case T.FixedSizeBinary: return Buffer.from(value).toString("hex");
    case T.Decimal: return wholeOf(value);
    case T.Date: case T.Time: case T.Timestamp: case T.Duration: return stored(vector, row);
    case T.List: case T.FixedSizeList: {
        const of = type.children[0].type;
        return Array.from({length: value.length}, (_, i) => valueOf(of, value, i));
    }
    default: return value;
    }
}

function read() {
    const table = arrow.tableFromIPC(readFileSync(0));
    const columns = table.schema.fields.map((field) => {
        const vector = table.getChild(field.name);
        const values = Array.from({length: table.numRows}, (_, row) => valueOf(field.type, vector, row));
        return [field.name, String(field.type), values];
    });
    console.log(JSON.stringify({rows: table.numRows, columns}));
}

function write() {
    const table = arrow.tableFromArrays({
        id: Int32Array.from([1, 2, 3]),
        text: ["a", null, "Zürich"], // becomes a dictionary
        float: Float64Array.from([0.5, -1, 1e300]),
        long: BigInt64Array.from([1n, -(2n ** 63n), 2n ** 63n - 1n]),
        flag: [true, false, null],
        list: arrow.vectorFromArray([[1.5, 2], [], null], new arrow.List(new arrow.Field("item", new arrow.Float32()))),
    });
    writeSync(1, arrow.tableToIPC(table, "stream"));
}

process.argv[2] === "write" ? write() : read();
