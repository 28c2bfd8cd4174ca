"""What a script with DuckDB or polars does with ACS diagnostic logs: acs_diagnostics.py ENGINE FILE.

The full question: messages by correlation id, the send row for count and size, the status rows for sender and
fate, grouped by hour, sender domain and sender. Columns are given, so that no engine has to guess them.
"""

import sys

FIELDS = ("RecipientId", "DeliveryStatus", "SenderDomain", "SenderUsername")


def duckdb(file):
    import duckdb

    parts = {name: "VARCHAR" for name in FIELDS} | {"Size": "DOUBLE", "UniqueRecipientsCount": "BIGINT"}
    struct = "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in parts.items()) + ")"
    types = {"time": "TIMESTAMP", "category": "VARCHAR", "correlationId": "VARCHAR", "properties": struct}
    rows = f"read_json('{file}', format='newline_delimited', columns={types})"
    query = f"""
        WITH messages AS (
            SELECT min(time) AS time, max(properties.Size) AS size, max(properties.UniqueRecipientsCount) AS n,
                any_value(lower(properties.SenderDomain)) AS domain,
                any_value(lower(properties.SenderUsername)) AS sender,
                count(DISTINCT lower(properties.RecipientId)) FILTER (properties.DeliveryStatus = 'Delivered') AS arrived
            FROM {rows} GROUP BY correlationId)
        SELECT date_trunc('hour', time), domain, sender, count(*) AS messages, sum(n) AS recipients,
            sum(size * n) AS megabytes, sum(arrived) FROM messages GROUP BY ALL"""
    return duckdb.sql(f"SELECT sum(messages), sum(recipients), sum(megabytes), count(*) FROM ({query})").fetchall()[0]


def polars(file):
    import polars as pl

    parts = {name: pl.String for name in FIELDS} | {"Size": pl.Float64, "UniqueRecipientsCount": pl.Int64}
    types = {"time": pl.String, "category": pl.String, "correlationId": pl.String, "properties": pl.Struct(parts)}
    part = pl.col("properties").struct.field
    messages = (
        pl.scan_ndjson(file, schema=types)
        .group_by("correlationId")
        .agg(
            pl.col("time").min(),
            part("Size").max(),
            part("UniqueRecipientsCount").max().alias("n"),
            part("SenderDomain").drop_nulls().first(),
            part("SenderUsername").drop_nulls().first(),
            part("RecipientId").filter(part("DeliveryStatus") == "Delivered").n_unique().alias("arrived"),
        )
    )
    groups = messages.group_by(pl.col("time").str.slice(0, 13), "SenderDomain", "SenderUsername").agg(
        pl.len().alias("messages"), pl.col("n").sum(), (pl.col("Size") * pl.col("n")).sum().alias("megabytes")
    )
    total = groups.select(pl.col("messages").sum(), pl.col("n").sum(), pl.col("megabytes").sum(), pl.len())
    return total.collect(engine="streaming").row(0)


engine, file = sys.argv[1:]
print(*{"duckdb": duckdb, "polars": polars}[engine](file))
