//! URLs as Go parses and writes them.

use std::collections::BTreeMap;

use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::{Text, Value},
    },
    made, text,
};

/// A part of a URL, for what must be escaped in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Fragment,
    Host,
    Path,
    Query,
    UserInfo,
    Zone,
}

/// Go quotes the URL in its messages. It may hold a password.
fn fault(what: &str) -> Fault {
    Fault::new(format!("unable to parse url: {what}"))
}

/// `urlParse`: the parts of a URL as a dict.
pub(super) fn parse(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let source = text(&arguments[0]);
    context.reserve(source.len())?;
    let parts = split(source)?;
    let host_name = host_name(&parts.host);
    let entries = [
        ("scheme", parts.scheme),
        ("host", parts.host.clone()),
        ("hostname", host_name),
        ("path", parts.path),
        ("query", parts.query),
        ("opaque", parts.opaque),
        ("fragment", parts.fragment),
        (
            "userinfo",
            parts.user.map(|user| user_info(&user)).unwrap_or_default(),
        ),
    ];
    let entries: BTreeMap<Text, Value> = entries
        .into_iter()
        .map(|(name, value)| (name.into(), Value::text(value)))
        .collect();
    Ok(Value::map(entries))
}

struct Parts {
    scheme: Vec<u8>,
    opaque: Vec<u8>,
    /// Name, and password if there is a colon.
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    fragment: Vec<u8>,
}

fn cut(source: &[u8], sign: u8) -> (&[u8], Option<&[u8]>) {
    match source.iter().position(|byte| *byte == sign) {
        Some(at) => (&source[..at], Some(&source[at + 1..])),
        None => (source, None),
    }
}

fn split(source: &[u8]) -> Outcome<Parts> {
    let (source, fragment) = cut(source, b'#');
    if source.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return Err(fault("net/url: invalid control character in URL"));
    }
    let (scheme, rest) = scheme(source)?;
    let (rest, query) = cut(rest, b'?');
    let mut parts = Parts {
        scheme: scheme.to_ascii_lowercase(),
        opaque: Vec::new(),
        user: None,
        host: Vec::new(),
        path: Vec::new(),
        query: query.unwrap_or_default().to_vec(),
        fragment: unescape(fragment.unwrap_or_default(), Part::Fragment)?,
    };
    if source == b"*" {
        parts.path = b"*".to_vec();
        return Ok(parts);
    }
    if !rest.starts_with(b"/") {
        if !scheme.is_empty() {
            parts.opaque = rest.to_vec();
            return Ok(parts);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err(fault("first path segment in URL cannot contain colon"));
        }
    }
    let mut path = rest;
    if (!scheme.is_empty() || !rest.starts_with(b"///"))
        && let Some(authority) = rest.strip_prefix(b"//")
    {
        let slash = authority
            .iter()
            .position(|byte| *byte == b'/')
            .unwrap_or(authority.len());
        path = &authority[slash..];
        let authority = &authority[..slash];
        let at = authority.iter().rposition(|byte| *byte == b'@');
        parts.host = host(&authority[at.map_or(0, |at| at + 1)..])?;
        if let Some(at) = at {
            parts.user = Some(user(&authority[..at])?);
        }
    }
    parts.path = unescape(path, Part::Path)?;
    Ok(parts)
}

fn scheme(source: &[u8]) -> Outcome<(&[u8], &[u8])> {
    for (at, byte) in source.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err(fault("missing protocol scheme")),
            b':' => return Ok((&source[..at], &source[at + 1..])),
            _ => break,
        }
    }
    Ok((b"", source))
}

fn user(source: &[u8]) -> Outcome<(Vec<u8>, Option<Vec<u8>>)> {
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !source.iter().all(valid) {
        return Err(fault("net/url: invalid userinfo"));
    }
    let (name, password) = cut(source, b':');
    let password = password
        .map(|password| unescape(password, Part::UserInfo))
        .transpose()?;
    Ok((unescape(name, Part::UserInfo)?, password))
}

fn host(source: &[u8]) -> Outcome<Vec<u8>> {
    if source.starts_with(b"[") {
        let end = source
            .iter()
            .rposition(|byte| *byte == b']')
            .ok_or_else(|| fault("missing ']' in host"))?;
        if !port(&source[end + 1..]) {
            return Err(fault("invalid port after host"));
        }
        if let Some(zone) = source[..end].windows(3).position(|window| window == b"%25") {
            let mut out = unescape(&source[..zone], Part::Host)?;
            out.extend(unescape(&source[zone..end], Part::Zone)?);
            out.extend(unescape(&source[end..], Part::Host)?);
            return Ok(out);
        }
    } else if let Some(colon) = source.iter().position(|byte| *byte == b':')
        && !port(&source[colon..])
    {
        return Err(fault("invalid port after host"));
    }
    unescape(source, Part::Host)
}

/// Nothing, or a colon and digits.
fn port(source: &[u8]) -> bool {
    match source {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn host_name(host: &[u8]) -> Vec<u8> {
    let end = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if port(&host[colon..]) && !host.ends_with(b"]") => colon,
        _ => host.len(),
    };
    let host = &host[..end];
    host.strip_prefix(b"[")
        .and_then(|host| host.strip_suffix(b"]"))
        .unwrap_or(host)
        .to_vec()
}

fn unescape(source: &[u8], part: Part) -> Outcome<Vec<u8>> {
    let mut out = Vec::with_capacity(source.len());
    let mut rest = source;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && escapes(*byte, part) {
                return Err(fault("invalid character in host name"));
            }
            out.push(*byte);
            continue;
        }
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err(fault("invalid URL escape"));
        };
        let code = (high * 16 + low) as u8;
        // In a host only what is not ASCII may be escaped, and `%25` before a zone.
        if part == Part::Host && high < 8 && code != b'%' {
            return Err(fault("invalid URL escape"));
        }
        if part == Part::Zone && code != b'%' && code != b' ' && escapes(code, Part::Host) {
            return Err(fault("invalid URL escape"));
        }
        out.push(code);
        rest = &after[2..];
    }
    Ok(out)
}

/// Whether a byte must be written as `%XX`.
fn escapes(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() {
        return false;
    }
    if matches!(part, Part::Host | Part::Zone) && b"!$&'()*+,;=:[]<>\"".contains(&byte) {
        return false;
    }
    match byte {
        b'-' | b'_' | b'.' | b'~' => false,
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match part {
            Part::Path => byte == b'?',
            Part::UserInfo => b"@/?:".contains(&byte),
            Part::Query => true,
            Part::Fragment => false,
            Part::Host | Part::Zone => true,
        },
        b'!' | b'(' | b')' | b'*' => part != Part::Fragment,
        _ => true,
    }
}

fn escape(source: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(source.len());
    for byte in source {
        match byte {
            b' ' if part == Part::Query => out.push(b'+'),
            byte if escapes(*byte, part) => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            byte => out.push(*byte),
        }
    }
    out
}

/// `urlquery`.
pub(super) fn query_escape(source: &[u8]) -> Outcome<Vec<u8>> {
    Ok(escape(source, Part::Query))
}

fn user_info((name, password): &(Vec<u8>, Option<Vec<u8>>)) -> Vec<u8> {
    let mut out = escape(name, Part::UserInfo);
    if let Some(password) = password {
        out.push(b':');
        out.extend(escape(password, Part::UserInfo));
    }
    out
}

/// `urlJoin`: a URL from the parts of a dict.
pub(super) fn join(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let entries = match &arguments[0] {
        Value::Map(map) => map.entries.borrow().clone(),
        _ => BTreeMap::new(),
    };
    let get = |name: &str| match entries.get(name.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Text(text)) => Ok(text.to_vec()),
        Some(Value::Nil) => Err(super::nil_pointer()),
        Some(other) => Err(Fault::new(format!(
            "unable to parse {name} key, must be of type string, but {} found",
            other.kind_name()
        ))),
    };
    let (scheme, host, path, query) = (get("scheme")?, get("host")?, get("path")?, get("query")?);
    let (opaque, fragment, user) = (get("opaque")?, get("fragment")?, get("userinfo")?);
    let user = if user.is_empty() {
        None
    } else {
        split(&[b"proto://", &user[..], b"@host"].concat())
            .map_err(|_| Fault::new("unable to parse userinfo in dict"))?
            .user
    };
    let mut out = Vec::new();
    if !scheme.is_empty() {
        out.extend_from_slice(&scheme);
        out.push(b':');
    }
    if !opaque.is_empty() {
        out.extend_from_slice(&opaque);
    } else {
        if (!scheme.is_empty() || !host.is_empty() || user.is_some())
            && (!host.is_empty() || !path.is_empty() || user.is_some())
        {
            out.extend_from_slice(b"//");
            if let Some(user) = &user {
                out.extend(user_info(user));
                out.push(b'@');
            }
            out.extend(escape(&host, Part::Host));
        }
        let escaped = if path == b"*" {
            path
        } else {
            escape(&path, Part::Path)
        };
        if !escaped.is_empty() && !escaped.starts_with(b"/") && !host.is_empty() {
            out.push(b'/');
        }
        if out.is_empty() && cut(&escaped, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend_from_slice(&escaped);
    }
    if !query.is_empty() {
        out.push(b'?');
        out.extend_from_slice(&query);
    }
    if !fragment.is_empty() {
        out.push(b'#');
        out.extend(escape(&fragment, Part::Fragment));
    }
    made(context, out)
}
