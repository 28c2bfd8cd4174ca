//! What of a sender's text is kept: one address, with the parts masked that can hold a recipient.

/// The local part and the domain of a text that is one address. A list of addresses, or an address among other
/// words, can hold recipients: it is none.
pub(super) fn one_address(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = match text.rsplit_once('@') {
        Some((_, domain)) if is_joined(domain) => return None,
        Some(parts) => parts,
        None => (text, "(no domain)"),
    };
    let plain = !local.contains('@') && !is_joined(local);
    (plain || is_quoted(local)).then_some((local, domain))
}

/// The domain in a text of several words or addresses, where all in it have the same.
pub(super) fn only_domain(text: &str) -> Option<&str> {
    let in_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = |rest: &str| rest.find(|c| !in_domain(c)).unwrap_or(rest.len());
    let mut domains = text.split('@').skip(1).map(|rest| rest[..end(rest)].trim_end_matches('.'));
    let first = domains.next().filter(|domain| !domain.is_empty())?;
    domains.all(|domain| domain == first).then_some(first)
}

/// Whether a text has what joins words and addresses and cannot stand in one without quotes.
fn is_joined(text: &str) -> bool {
    text.contains("##")
        || text.contains(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '<' | '>' | '"'))
}

/// Whether a local part is one quoted text, in which all but a bare quote may stand.
fn is_quoted(local: &str) -> bool {
    let inside = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.is_some_and(|inside| !inside.replace("\\\\", "").replace("\\\"", "").contains(['"', '\\']))
}

/// Masks the variable part of a local part: what follows `+`, and all but the first letters where `=` shows
/// an embedded address (VERP, SRS, BATV).
pub(super) fn masked(local: &str) -> String {
    if local.contains('=') {
        let letters = local.find(|c: char| !c.is_alphabetic()).unwrap_or(0);
        return format!("{}*", &local[..letters]);
    }
    match local.split_once('+') {
        // A quoted text stays one, so that it can be read again.
        Some((base, _)) if base.starts_with('"') => format!("{base}+*\""),
        Some((base, _)) => format!("{base}+*"),
        None => local.to_owned(),
    }
}
