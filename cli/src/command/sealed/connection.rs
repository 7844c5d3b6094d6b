//! Flags that say which cluster is asked, and asking it for its certificate.

use std::path::PathBuf;

use crate::cluster::{ClusterError, Connection, Controller, Session};
use crate::error::{CliError, Kind};
use crate::io::Io;

/// Which cluster is asked. Nothing is, unless one of these or `.gitseal.yaml` says so.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Asking a cluster (not needed with a certificate)")]
pub struct ClusterArgs {
    /// Ask the controller of this context of the kubeconfig
    #[arg(long, value_name = "CONTEXT")]
    pub context: Option<String>,

    /// Read this kubeconfig [env: KUBECONFIG]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Name of the controller's Service [default: sealed-secrets-controller]
    #[arg(long, value_name = "NAME")]
    pub controller_name: Option<String>,

    /// Namespace of the controller [default: kube-system, then gitseal-system]
    #[arg(long, value_name = "NAMESPACE")]
    pub controller_namespace: Option<String>,
}

impl ClusterArgs {
    /// Whether a flag asks for a cluster.
    pub fn is_given(&self) -> bool {
        self.context.is_some()
            || self.kubeconfig.is_some()
            || self.controller_name.is_some()
            || self.controller_namespace.is_some()
    }

    /// What the flags say; `context` where they name none.
    pub fn connection(&self, context: Option<&str>) -> Connection {
        Connection {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone().or_else(|| context.map(str::to_owned)),
            ..Connection::default()
        }
    }

    /// Where the controller may be, in the order in which it is looked for (spec/sealed-secrets §19.8): the place that
    /// flags or `.gitseal.yaml` name, then the usual ones.
    pub fn controllers(&self, configured: Option<&Controller>) -> Vec<Controller> {
        let name = self.controller_name.clone();
        let name = name.or_else(|| configured.map(|controller| controller.name.clone()));
        let name = name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let place = |namespace: &str| Controller {
            namespace: namespace.to_owned(),
            name: name.clone(),
        };
        if let Some(namespace) = &self.controller_namespace {
            return vec![place(namespace)];
        }
        let mut places: Vec<Controller> = configured
            .iter()
            .map(|controller| place(&controller.namespace))
            .collect();
        for namespace in [DEFAULT_NAMESPACE, OUR_NAMESPACE] {
            if places.iter().all(|known| known.namespace != namespace) {
                places.push(place(namespace));
            }
        }
        places
    }
}

/// The certificate of the first of these controllers that is there.
///
/// # Errors
///
/// None is there, or the cluster does not answer: exit 1, with what was tried.
pub fn fetch_cert(connection: &Connection, controllers: &[Controller], io: &Io) -> Result<Vec<u8>, CliError> {
    open(connection, controllers, io).map(|(_, certificate)| certificate)
}

/// The first of these controllers that is there, and its certificate.
///
/// # Errors
///
/// As for [`fetch_cert`].
pub fn open(
    connection: &Connection,
    controllers: &[Controller],
    io: &Io,
) -> Result<(Session, Vec<u8>), CliError> {
    let failed = || CliError::new(Kind::Generic, "cannot fetch the certificate from the cluster");
    let mut missing = failed().hint("name its Service with --controller-name and --controller-namespace");
    for controller in controllers {
        let asked = Session::open(connection, controller, io)
            .and_then(|mut session| session.certificate().map(|certificate| (session, certificate)));
        match asked {
            Ok(answer) => return Ok(answer),
            Err(ClusterError::Service(reason)) if reason.contains("not found") => {
                missing
                    .tried
                    .push(format!("{}/{}  {reason}", controller.namespace, controller.name));
            }
            Err(error @ (ClusterError::NoConfiguration | ClusterError::Configuration(_))) => {
                return Err(failed()
                    .because(error)
                    .hint("name a kubeconfig with --kubeconfig and its context with --context, or a certificate with --cert"));
            }
            Err(error) => return Err(failed().because(error)),
        }
    }
    Err(missing)
}

/// Where the peer's controller is by default.
pub const DEFAULT_NAMESPACE: &str = "kube-system";
/// The name of its Service, and of ours.
pub const DEFAULT_NAME: &str = "sealed-secrets-controller";
/// Where our own controller is by default.
const OUR_NAMESPACE: &str = "gitseal-system";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_place_is_tried_first() {
        let configured = Controller {
            namespace: "sealing".to_owned(),
            name: "sealer".to_owned(),
        };
        let all = |flags: &ClusterArgs, configured| {
            let places = flags.controllers(configured).into_iter();
            places
                .map(|place| format!("{}/{}", place.namespace, place.name))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let none = ClusterArgs::default();
        assert_eq!(
            all(&none, None),
            "kube-system/sealed-secrets-controller gitseal-system/sealed-secrets-controller"
        );
        assert_eq!(
            all(&none, Some(&configured)),
            "sealing/sealer kube-system/sealer gitseal-system/sealer"
        );
        let flag = ClusterArgs {
            controller_namespace: Some("ours".to_owned()),
            ..ClusterArgs::default()
        };
        assert_eq!(all(&flag, Some(&configured)), "ours/sealer");
    }
}
