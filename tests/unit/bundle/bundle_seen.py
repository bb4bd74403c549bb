"""Contents whose rows passed a profiler, as in the pipeline; and as many tables as a test wants."""

from dataclasses import replace

import pyarrow as pa
from tests.unit.bundle.bundle_example import Example, Rows

from afschrift.bundle.contents import Contents
from afschrift.domain.plan import ExtractPlan
from afschrift.extraction.profile_columns import choices, kept_bytes
from afschrift.values.table_profiler import FirstRows, TableProfiler
from afschrift.values.written import text_schema


def batch(extract: ExtractPlan, rows: Rows) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=text_schema(extract.selected))


def seen(example: Example) -> Contents:
    """The example's contents with first rows and overviews of all its rows."""
    contents = example.contents
    chosen, kept = choices(contents.inventory, contents.plan), kept_bytes(len(contents.plan.extracts))
    samples, overviews = {}, {}
    for extract in contents.plan.extracts:
        first, profiler = FirstRows(kept), TableProfiler(chosen[extract.name])
        for watcher in (first, profiler):
            watcher.take(batch(extract, example.rows[extract.name]))
        samples[extract.name], overviews[extract.name] = first.rows, profiler.overview()
    return replace(contents, samples=samples, overviews=overviews)


def multiplied(contents: Contents, table: str, times: int) -> Contents:
    """The same with a table of the source `app` so many times, under other names."""
    app = contents.inventory.sources["app"]
    names = [f"{table}_{number}" for number in range(times)]
    source = app.model_copy(update={"tables": {**app.tables, **dict.fromkeys(names, app.tables[table])}})
    inventory = contents.inventory.model_copy(
        update={"sources": {**contents.inventory.sources, "app": source}}
    )
    (model,) = (e for e in contents.plan.extracts if e.table == table)
    (read,) = (e for e in contents.extracts if e.source == "app")
    (written,) = (t for t in read.tables if t.table == table)
    extracts = [replace(model, table=name) for name in names]
    more = replace(read, tables=(*read.tables, *(replace(written, table=name) for name in names)))
    return replace(
        contents,
        inventory=inventory,
        plan=replace(contents.plan, extracts=(*contents.plan.extracts, *extracts)),
        extracts=(*(e for e in contents.extracts if e is not read), more),
        samples={**contents.samples, **{e.name: contents.samples[model.name] for e in extracts}},
        overviews={**contents.overviews, **{e.name: contents.overviews[model.name] for e in extracts}},
    )
