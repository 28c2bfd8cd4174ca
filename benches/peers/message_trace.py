"""What a script with DuckDB or polars does with a message trace: message_trace.py ENGINE QUESTION FILE.

QUESTION is `full` (messages by their id, recipients without duplicates, grouped by hour, sender domain and sender)
or `roll-up` (rows and bytes by hour and sender domain). Columns are given, so that no engine has to guess them.
"""

import sys

COLUMNS = (
    "PSComputerName RunspaceId PSShowComputerName Organization MessageId Received SenderAddress RecipientAddress "
    "Subject Status ToIP FromIP Size MessageTraceId StartDate EndDate Index"
).split()
TIME = "%m/%d/%Y %I:%M:%S %p"


def duckdb(question, file):
    import duckdb

    types = {name: "VARCHAR" for name in COLUMNS} | {"Size": "BIGINT", "Received": "TIMESTAMP"}
    rows = f"read_csv('{file}', header=true, columns={types}, timestampformat='{TIME}', quote='\"', escape='\"')"
    full = f"""
        WITH messages AS (
            SELECT min(Received) AS time, any_value(lower(SenderAddress)) AS sender, max(Size) AS size,
                count(DISTINCT lower(RecipientAddress)) AS people,
                count(DISTINCT lower(RecipientAddress)) FILTER (Status = 'Expanded') AS groups
            FROM {rows} GROUP BY MessageTraceId)
        SELECT date_trunc('hour', time), split_part(sender, '@', 2), sender, count(*) AS messages,
            sum(if(groups > 0, groups, people)) AS recipients, sum(size),
            sum(size * if(groups > 0, groups, people)) AS recipient_bytes
        FROM messages WHERE sender <> '<>' GROUP BY ALL"""
    roll_up = f"""
        SELECT date_trunc('hour', Received), lower(split_part(SenderAddress, '@', 2)), count(*) AS messages,
            count(*) AS recipients, sum(Size), sum(Size) AS recipient_bytes FROM {rows} GROUP BY ALL"""
    query = full if question == "full" else roll_up
    return duckdb.sql(f"SELECT sum(messages), sum(recipients), sum(recipient_bytes), count(*) FROM ({query})").fetchall()[0]


def polars(question, file):
    import polars as pl

    types = {name: pl.String for name in COLUMNS} | {"Size": pl.Int64}
    rows = pl.scan_csv(file, schema=types).with_columns(
        pl.col("Received").str.to_datetime(TIME), pl.col("SenderAddress").str.to_lowercase()
    )
    domain = pl.col("SenderAddress").str.split("@").list.last()
    if question == "full":
        address = pl.col("RecipientAddress").str.to_lowercase()
        rows = (
            rows.group_by("MessageTraceId")
            .agg(
                pl.col("Received").min(),
                pl.col("SenderAddress").first(),
                pl.col("Size").max(),
                address.n_unique().alias("people"),
                address.filter(pl.col("Status") == "Expanded").n_unique().alias("groups"),
            )
            .filter(pl.col("SenderAddress") != "<>")
            .with_columns(pl.when(pl.col("groups") > 0).then(pl.col("groups")).otherwise(pl.col("people")).alias("n"))
        )
        by = [pl.col("Received").dt.truncate("1h"), domain.alias("domain"), pl.col("SenderAddress")]
    else:
        rows = rows.with_columns(pl.lit(1).alias("n"))
        by = [pl.col("Received").dt.truncate("1h"), domain.alias("domain")]
    groups = rows.group_by(by).agg(
        pl.len().alias("messages"), pl.col("n").sum(), (pl.col("Size") * pl.col("n")).sum().alias("bytes")
    )
    total = groups.select(pl.col("messages").sum(), pl.col("n").sum(), pl.col("bytes").sum(), pl.len())
    return total.collect(engine="streaming").row(0)


engine, question, file = sys.argv[1:]
print(*{"duckdb": duckdb, "polars": polars}[engine](question, file))
