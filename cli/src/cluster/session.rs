//! The controller's endpoints through the API server's service proxy (spec/sealed-secrets §13).

use super::client::{Answer, Call, Client};
use super::reason::{self, Asked};
use super::{ClusterError, Connection, Controller, config};
use crate::io::Io;

/// An open connection to one controller; the Service is looked up before the first call.
pub struct Session {
    client: Client,
    controller: Controller,
    /// `http:NAME:PORT` once the Service is known.
    target: Option<String>,
}

impl Session {
    /// Reads the configuration, runs an exec plugin, makes the client. Asks the API server nothing yet.
    ///
    /// # Errors
    ///
    /// See [`ClusterError`].
    pub fn open(connection: &Connection, controller: &Controller, io: &Io) -> Result<Self, ClusterError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ClusterError::Configuration(crate::certificate::plain_words(&error)))?;
        let settings = runtime.block_on(config::settings(connection, io))?;
        Ok(Self {
            client: Client::new(runtime, settings)?,
            controller: controller.clone(),
            target: None,
        })
    }

    /// The current certificate, PEM, as the controller serves it.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Service`], [`ClusterError::Call`].
    pub fn certificate(&mut self) -> Result<Vec<u8>, ClusterError> {
        self.proxied(
            "/v1/cert.pem",
            None,
            "application/x-pem-file, */*",
            MAX_CERTIFICATE_BYTES,
        )
    }

    /// Asks whether every item of a SealedSecret (JSON) opens.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Call`] with status 409 if one does not; [`ClusterError::Service`].
    pub fn verify(&mut self, sealed: &[u8]) -> Result<(), ClusterError> {
        self.proxied("/v1/verify", Some(sealed), ANY_JSON, MAX_OBJECT_BYTES)
            .map(drop)
    }

    /// Has a SealedSecret (JSON) encrypted anew; gives the controller's answer.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Service`], [`ClusterError::Call`].
    pub fn rotate(&mut self, sealed: &[u8]) -> Result<Vec<u8>, ClusterError> {
        self.proxied("/v1/rotate", Some(sealed), ANY_JSON, MAX_OBJECT_BYTES)
    }

    fn proxied(
        &mut self,
        endpoint: &str,
        body: Option<&[u8]>,
        accept: &'static str,
        max_bytes: usize,
    ) -> Result<Vec<u8>, ClusterError> {
        let target = match &self.target {
            Some(target) => target.clone(),
            None => self.target.insert(self.look_up()?).clone(),
        };
        let path = format!("{}{}/proxy{endpoint}", self.services(), escaped(&target));
        let call = Call {
            path: &path,
            body,
            accept,
            max_bytes,
        };
        let answer = self
            .client
            .send(&call)
            .map_err(|reason| ClusterError::Call { status: None, reason })?;
        let verb = if body.is_some() { "post" } else { "get" };
        succeeded(answer, &Asked { verb, name: &target }).map_err(|(status, reason)| ClusterError::Call {
            status: Some(status),
            reason,
        })
    }

    /// The Service's first port gives the name that the proxy wants; a port without a name leaves the colon.
    fn look_up(&self) -> Result<String, ClusterError> {
        let Controller { namespace, name } = &self.controller;
        check("resource name", name)?;
        check("namespace", namespace)?;
        let path = format!("{}{}", self.services(), escaped(name));
        let call = Call {
            path: &path,
            body: None,
            accept: ANY_JSON,
            max_bytes: MAX_OBJECT_BYTES,
        };
        let answer = self.client.send(&call).map_err(ClusterError::Service)?;
        let body = succeeded(answer, &Asked { verb: "get", name })
            .map_err(|(_, reason)| ClusterError::Service(reason))?;
        let port = first_port(&body).ok_or_else(|| {
            ClusterError::Service(
                "the answer is not a Service with a port; is this the URL of an API server?".to_owned(),
            )
        })?;
        Ok(format!("http:{name}:{port}"))
    }

    fn services(&self) -> String {
        format!(
            "/api/v1/namespaces/{}/services/",
            escaped(&self.controller.namespace)
        )
    }
}

/// The body of an answer that is a success, else status and reason.
fn succeeded(answer: Answer, asked: &Asked<'_>) -> Result<Vec<u8>, (u16, String)> {
    let Answer {
        status,
        content_type,
        body,
    } = answer;
    if (200..=206).contains(&status) {
        return Ok(body);
    }
    Err((
        status,
        reason::of_answer(status, content_type.as_deref(), &body, asked),
    ))
}

/// Name of the first port of a Service, empty if it has none.
fn first_port(body: &[u8]) -> Option<String> {
    let service: serde_json::Value = serde_json::from_slice(body).ok()?;
    let port = service.get("spec")?.get("ports")?.get(0)?;
    let name = port.get("name").and_then(serde_json::Value::as_str);
    Some(name.unwrap_or_default().to_owned())
}

/// What would change the meaning of a path is refused, in the client's words.
fn check(what: &str, name: &str) -> Result<(), ClusterError> {
    let why = match name {
        "" => return Err(ClusterError::Service(format!("{what} may not be empty"))),
        "." => "may not be '.'",
        ".." => "may not be '..'",
        name if name.contains('/') => "may not contain '/'",
        name if name.contains('%') => "may not contain '%'",
        _ => return Ok(()),
    };
    Err(ClusterError::Service(format!("invalid {what} {name:?}: [{why}]")))
}

/// A segment of a path.
fn escaped(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                text.push(byte.into())
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

const ANY_JSON: &str = "application/json, */*";

/// More than a chain of certificates.
const MAX_CERTIFICATE_BYTES: usize = 1 << 20;

/// More than the API server takes for one object.
const MAX_OBJECT_BYTES: usize = 8 << 20;

#[cfg(test)]
#[path = "session_tests.rs"]
mod faults;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(escaped("a b?c#d"), "a%20b%3Fc%23d");
        assert_eq!(escaped("http:sealed-secrets:"), "http:sealed-secrets:");
        let cases = [
            ("a/b", "invalid resource name \"a/b\": [may not contain '/']"),
            ("..", "invalid resource name \"..\": [may not be '..']"),
            ("", "resource name may not be empty"),
        ];
        for (name, want) in cases {
            assert_eq!(check("resource name", name).unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn the_first_port_names_the_target() {
        let cases = [
            (
                r#"{"spec":{"ports":[{"name":"http"},{"name":"metrics"}]}}"#,
                Some("http"),
            ),
            (r#"{"spec":{"ports":[{"port":8080}]}}"#, Some("")),
            (r#"{"spec":{"ports":[]}}"#, None),
            (r#"{"spec":{}}"#, None),
            ("<html>", None),
        ];
        for (body, want) in cases {
            assert_eq!(first_port(body.as_bytes()).as_deref(), want, "case: {body}");
        }
    }
}
