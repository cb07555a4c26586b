//! Lists: of servers, of groups, of destinations.

use binder_core::{Destination, Group};

use crate::config::layer::Raw;
use crate::config::node::{Body, Node};
use crate::config::value::convert::wrong;
use crate::config::value::{Kind, Setting};

/// The list as it was written.
pub(crate) fn of_nodes(kind: Kind, list: &[Node<Raw>]) -> Result<Setting, String> {
    let texts: Option<Vec<_>> = list
        .iter()
        .map(|item| match &item.body {
            Body::Leaf(raw) => raw.as_text(),
            Body::Table(_) => None,
        })
        .collect();
    match (kind, texts) {
        (Kind::Servers | Kind::Groups | Kind::Destinations, Some(texts)) => {
            of_texts(kind, texts.into_iter())
        }
        (Kind::Servers | Kind::Groups | Kind::Destinations, None) => {
            Err(wrong(kind, "a list with something that is no text"))
        }
        _ => Err(wrong(kind, "a list")),
    }
}

/// The list of these texts.
pub(crate) fn of_texts<'a>(
    kind: Kind,
    items: impl Iterator<Item = &'a str>,
) -> Result<Setting, String> {
    let mut list: Vec<String> = Vec::new();
    for item in items {
        match kind {
            Kind::Groups => drop(Group::new(item).map_err(|error| error.to_string())?),
            Kind::Destinations => {
                Destination::new(item).map_err(|error| error.to_string())?;
                if list.iter().any(|other| other == item) {
                    return Err(format!("destination `{item}` is named twice"));
                }
            }
            _ if !is_server(item) => {
                let found = Raw::Text(item.to_owned()).found();
                return Err(format!("expected servers as HOST:PORT, found {found}"));
            }
            _ => {}
        }
        list.push(item.to_owned());
    }
    if kind != Kind::Groups && list.is_empty() {
        return Err(wrong(kind, "none"));
    }
    Ok(Setting::List(list))
}

/// `HOST:PORT`; an IPv6 address stands in brackets.
fn is_server(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host_is_good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        }
    };
    host_is_good && port.parse().is_ok_and(|port: u16| port != 0)
}
