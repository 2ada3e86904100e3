"""The columns of a Parquet file, out of its bytes; what pandas wrote beside them is not read."""

from typing import TYPE_CHECKING

import numpy as np

from distill.errors import InvalidValue
from distill.tables.columns import Column, Table
from distill.tables.limits import MOST_ROWS, UNPACKED, check_width, present

if TYPE_CHECKING:
    import pyarrow as pa


def read(content: bytes, name: str) -> Table:
    """The table in the bytes of a Parquet file; raises InvalidValue where they are none, or too much of one."""
    import pyarrow as pa
    from pyarrow import parquet

    source = pa.py_buffer(content)
    try:
        schema, about = parquet.read_schema(pa.BufferReader(source)), parquet.read_metadata(pa.BufferReader(source))
        size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        check_width(len(schema), name)
        if about.num_rows > MOST_ROWS or size > UNPACKED:
            limit = f"at most {MOST_ROWS:,} rows and {UNPACKED / 1e6:.0f} MB are read"
            raise InvalidValue(f"{name!r} has {about.num_rows:,} rows, {size / 1e6:,.0f} MB unpacked; {limit}")
        read, unread = _readable(schema)
        texts = [each for each in read if _is_text(schema.field(each).type)]  # one copy of each text, not one a row
        table = parquet.ParquetFile(pa.BufferReader(source), read_dictionary=texts).read(columns=read)
        columns = tuple(_of_arrow(each, table.column(i)) for i, each in enumerate(table.column_names))
    except (pa.ArrowException, OSError) as error:
        raise InvalidValue(f"{name!r} cannot be read as Parquet ({str(error).splitlines()[0][:120]})") from None
    return Table(columns, np.arange(1, about.num_rows + 1), "row", unread)


def _readable(schema: "pa.Schema") -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """The columns of numbers and of text, and the others by their type; an index that pandas wrote is left out."""
    from pyarrow import types

    plain = (
        types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, _is_text, types.is_temporal,
        types.is_null,
    )  # fmt: skip
    read, unread = [], []
    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        if field.name.startswith("__index_level_"):
            continue
        if any(test(kind) for test in plain):
            read.append(field.name)
        else:
            unread.append((field.name, str(kind)))
    return read, tuple(unread)


def _is_text(kind: "pa.DataType") -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind)


def _of_arrow(name: str, values: "pa.ChunkedArray") -> Column:
    import pyarrow as pa
    from pyarrow import types

    array = values.combine_chunks()
    if types.is_dictionary(array.type):
        if not _is_text(array.type.value_type):
            return _of_arrow(name, pa.chunked_array([array.dictionary_decode()]))
        known = [present(each or "") for each in array.dictionary.to_pylist()]
        place = array.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        return Column(name, None, np.array([*known, ""], dtype=object)[place])
    if types.is_boolean(array.type) or types.is_temporal(array.type) or types.is_null(array.type):
        texts = [] if types.is_null(array.type) else array.cast(pa.string()).fill_null("").to_pylist()
        return Column(name, None, np.array(texts or [""] * len(array), dtype=object))
    numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return Column(name, np.asarray(numbers, dtype=np.float64), None)
