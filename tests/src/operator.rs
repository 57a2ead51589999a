//! An operator of a server: over JSON-RPC, or over the HTTP API.

use serde_json::Value;

use crate::connection::Connection;
use crate::http::{Http, request};
use crate::server::{OPERATOR_TOKEN, Server};
use crate::two_tenants::bearer;

/// An operator, on a connection of its own.
#[derive(Debug)]
pub enum Operator {
    /// Over JSON-RPC.
    Rpc(Connection),
    /// Over the HTTP API.
    Http(Http),
}

impl Operator {
    /// At the port for operators of a server of the HTTP API.
    #[must_use]
    pub fn over_http(server: &Server) -> Self {
        Self::Http(Http::connect(&server.operators_address))
    }

    /// The status of a tenant, or of all.
    pub fn status(&mut self, tenant: Option<&str>) -> Value {
        match self {
            Self::Rpc(connection) => connection.result("status", &parameters(tenant)),
            Self::Http(http) => {
                let query = tenant.map(|tenant| format!("?tenant={tenant}")).unwrap_or_default();
                http.ask(request("GET", &format!("/api/v1/status{query}"), &[&bearer(OPERATOR_TOKEN)], "")).result()
            }
        }
    }

    /// Asks for a newer release of a tenant.
    pub fn ask_to_reload(&mut self, tenant: &str) {
        let parameters = parameters(Some(tenant));
        match self {
            Self::Rpc(connection) => drop(connection.ask("reload_logic", &parameters)),
            Self::Http(http) => {
                let headers = ["Content-Type: application/json", &bearer(OPERATOR_TOKEN)];
                http.send(request("POST", "/api/v1/reload", &headers, parameters));
            }
        }
    }

    /// Waits for what becomes of that; an error is its kind.
    pub fn reloaded(&mut self) -> Result<(), String> {
        match self {
            Self::Rpc(connection) => {
                connection.answer().outcome().map(drop).map_err(|refused| refused.kind().to_owned())
            }
            Self::Http(http) => match http.response() {
                response if response.status() == 200 => Ok(()),
                response => Err(response.json()["code"].as_str().unwrap().to_owned()),
            },
        }
    }
}

fn parameters(tenant: Option<&str>) -> String {
    tenant.map_or_else(|| "{}".to_owned(), |tenant| format!(r#"{{"tenant":"{tenant}"}}"#))
}
