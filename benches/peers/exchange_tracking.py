"""What a script with DuckDB does with an Exchange message tracking log: exchange_tracking.py QUESTION FILE.

QUESTION is `full` (messages by their network id, recipients of the acceptance without duplicates, grouped by hour,
sender domain and sender) or `roll-up` (acceptances and bytes by hour and sender domain). Columns are given.
"""

import sys

import duckdb

COLUMNS = (
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,"
    "recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,message-info,"
    "directionality,tenant-id,original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,"
    "schema-version"
).split(",")

question, file = sys.argv[1:]
types = {name: "VARCHAR" for name in COLUMNS} | {"total-bytes": "BIGINT", "date-time": "TIMESTAMP"}
rows = f"read_csv('{file}', header=false, skip=5, columns={types}, quote='\"', escape='\"', null_padding=true)"
full = f"""
    WITH accepted AS (
        SELECT "network-message-id" AS id, min("date-time") AS time, any_value(lower("return-path")) AS sender,
            max("total-bytes") AS size, string_agg(DISTINCT lower("recipient-address"), ';') AS recipients
        FROM {rows} WHERE source = 'SMTP' AND "event-id" = 'RECEIVE' GROUP BY id),
    messages AS (SELECT *, len(list_distinct(string_split(recipients, ';'))) AS n FROM accepted)
    SELECT date_trunc('hour', time), split_part(sender, '@', 2), sender, count(*) AS messages,
        sum(n) AS recipients, sum(size), sum(size * n) AS recipient_bytes FROM messages GROUP BY ALL"""
roll_up = f"""
    SELECT date_trunc('hour', "date-time"), lower(split_part("return-path", '@', 2)), count(*) AS messages,
        count(*) AS recipients, sum("total-bytes"), sum("total-bytes") AS recipient_bytes
    FROM {rows} WHERE source = 'SMTP' AND "event-id" = 'RECEIVE' GROUP BY ALL"""
query = full if question == "full" else roll_up
print(*duckdb.sql(f"SELECT sum(messages), sum(recipients), sum(recipient_bytes), count(*) FROM ({query})").fetchall()[0])
