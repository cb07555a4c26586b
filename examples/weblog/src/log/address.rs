//! Whether a word is a client.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether `word` is an IPv4 or IPv6 address, or a host name, as servers write that look names up.
///
/// A word with a colon has to be an IPv6 address (a zone is allowed), or the `unix:` that nginx
/// writes for a local socket; one of digits and dots alone an IPv4 address; any other is a host
/// name: letters, digits, `.`, `-` and `_`, with a letter or a digit among them.
pub(crate) fn is_client(word: &str) -> bool {
    if word.contains(':') {
        return word == "unix:" || is_ipv6(word);
    }
    if word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return word.parse::<Ipv4Addr>().is_ok();
    }
    let host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    word.bytes().all(host) && word.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

fn is_ipv6(word: &str) -> bool {
    let address = word.split_once('%').map_or(word, |(address, _zone)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_client;

    #[test]
    fn addresses_and_host_names_are_clients() {
        for word in ["83.149.9.216", "::1", "2001:db8::17", "fe80::1%eth0", "::ffff:10.0.0.1"] {
            assert!(is_client(word), "{word}");
        }
        for word in ["localhost", "crawl-66-249.googlebot.com", "web_1", "unix:"] {
            assert!(is_client(word), "{word}");
        }
    }

    #[test]
    fn other_words_are_not() {
        for word in ["", "-", "...", "256.1.1.1", "1.2.3", "12:34", "\"GET", "a/b", "né.example"] {
            assert!(!is_client(word), "{word}");
        }
    }
}
