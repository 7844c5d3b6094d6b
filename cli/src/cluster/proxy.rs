//! Which proxy a request takes, by the variables that every HTTP client knows: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`,
//! also in lower case. Nothing of this machine itself goes through one.

use std::net::IpAddr;

use crate::io::Io;

/// The proxy's URL for a request, from the environment of `io`.
pub(crate) fn for_request(scheme: &str, host: &str, port: u16, io: &Io) -> Option<String> {
    let variable = |upper: &str| {
        io.env_text(upper)
            .or_else(|| io.env_text(&upper.to_ascii_lowercase()))
    };
    let proxy = match scheme {
        "https" => variable("HTTPS_PROXY")?,
        "http" => variable("HTTP_PROXY")?,
        _ => return None,
    };
    if goes_direct(host, port, &variable("NO_PROXY").unwrap_or_default()) {
        return None;
    }
    Some(if proxy.contains("://") {
        proxy
    } else {
        format!("http://{proxy}")
    })
}

/// Whether a host is reached without a proxy.
fn goes_direct(host: &str, port: u16, exceptions: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    let host = host.trim_end_matches('.');
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    exceptions
        .split(',')
        .map(|entry| entry.trim().to_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| covers(&entry, host, address, port))
}

/// One entry of `NO_PROXY`: `*`, an address, a network, a domain with everything below it; a port may follow.
fn covers(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        let network: Option<IpAddr> = network.parse().ok();
        return match (network, bits.parse(), address) {
            (Some(network), Ok(bits), Some(address)) => in_network(network, bits, address),
            _ => false,
        };
    }
    if let Ok(alone) = entry
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
    {
        return address == Some(alone);
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, digits)) => (name, digits.parse::<u16>().ok()),
        None => (entry, None),
    };
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if let (Ok(alone), Some(address)) = (name.parse::<IpAddr>(), address) {
        return alone == address;
    }
    let name = name.trim_start_matches("*.");
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn in_network(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    let same = |network: u128, address: u128, width: u32| {
        bits <= width && (bits == 0 || network >> (width - bits) == address >> (width - bits))
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            same(u32::from(network).into(), u32::from(address).into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => same(network.into(), address.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::goes_direct;

    #[test]
    fn exceptions_are_hosts_domains_networks_and_ports() {
        let cases = [
            ("nothing said", "api.example.com", 443, "", false),
            ("this machine", "localhost", 6443, "", true),
            ("loopback", "127.0.0.1", 6443, "", true),
            ("loopback, IPv6 in brackets", "[::1]", 6443, "", true),
            ("all", "api.example.com", 443, "a, *", true),
            ("the host", "api.example.com", 443, "api.example.com", true),
            (
                "the host in upper case",
                "API.example.com",
                443,
                "api.EXAMPLE.com",
                true,
            ),
            ("a domain", "api.example.com", 443, "example.com", true),
            (
                "a domain with a dot",
                "api.example.com",
                443,
                ".example.com",
                true,
            ),
            (
                "the domain itself is not below it",
                "example.com",
                443,
                ".example.com",
                false,
            ),
            (
                "the end of a word is no domain",
                "badexample.com",
                443,
                "example.com",
                false,
            ),
            ("its port", "api.example.com", 443, "example.com:443", true),
            ("another port", "api.example.com", 443, "example.com:8443", false),
            ("an address", "10.1.2.3", 443, "10.1.2.3", true),
            ("an address and a port", "10.1.2.3", 443, "10.1.2.3:443", true),
            ("a network", "10.1.2.3", 443, "10.0.0.0/8", true),
            ("another network", "11.1.2.3", 443, "10.0.0.0/8", false),
            ("a network of odd width", "10.1.2.3", 443, "10.1.2.3/33", false),
            ("all networks", "10.1.2.3", 443, "0.0.0.0/0", true),
            ("an IPv6 network", "[fd00::5]", 443, "fd00::/8", true),
        ];
        for (name, host, port, exceptions, want) in cases {
            assert_eq!(goes_direct(host, port, exceptions), want, "case: {name}");
        }
    }
}
