# What a careful script does with a Postfix log: joins queue lines to deliveries by queue id and counts messages,
# recipients and bytes by hour and sender domain. No retries across hosts, filters or reused ids are told apart.
index($5, "postfix/qmgr") == 1 && $7 ~ /^from=/ {
    id = $6
    if (!(id in size)) {
        split($8, part, /[=,]/); size[id] = part[2]
        sender = tolower($7); sub(/^from=</, "", sender); sub(/>,$/, "", sender)
        from[id] = sender; hour[id] = $1 " " $2 " " substr($3, 1, 2)
    }
    next
}
index($5, "postfix/qmgr") == 1 && $7 == "removed" { delete size[$6]; delete from[$6]; delete hour[$6]; next }
index($5, "postfix/smtp[") == 1 && /status=sent/ {
    id = $6
    if (id in size) {
        domain = from[id]; sub(/^.*@/, "", domain)
        key = hour[id] SUBSEP domain
        recipients[key]++; bytes[key] += size[id]
    }
}
END {
    for (key in recipients) { total += recipients[key]; sum += bytes[key]; groups++ }
    printf "%d recipients, %.0f bytes, %d groups\n", total, sum, groups
}
