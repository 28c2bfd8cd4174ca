"""DuckDB on the Parquet of a ledger: by month and sender domain. ledger.py DIR."""

import sys

import duckdb

rows = f"read_parquet('{sys.argv[1]}/submissions/*/*.parquet', hive_partitioning=true)"
query = f"""
    SELECT date_trunc('month', time), sender_domain, sum(messages) AS messages, sum(recipients) AS recipients,
        sum(message_size * recipients) AS recipient_bytes FROM {rows} GROUP BY ALL"""
totals = f"SELECT sum(messages), sum(recipients), sum(recipient_bytes), count(*) FROM ({query})"
print(*duckdb.sql(totals).fetchall()[0])
