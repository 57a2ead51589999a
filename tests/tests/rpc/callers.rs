//! The callers of the same call: an embedder, and clients of the program over each protocol.

use std::sync::Arc;

use jurat::settings::Overrides;
use jurat::{Associated, CallError, EntityType, RecordResult, RulesetName, Service, Settings, chain};
use jurat_tests::http::{self, Http};
use jurat_tests::results::without_times;
use jurat_tests::site::Site;
use serde_json::json;
use serde_json::value::RawValue;

use crate::connection::Connection;

/// A call that every caller can make.
#[derive(Debug)]
pub(crate) struct Question {
    /// The file, the case, and the kind of the call.
    pub(crate) label: String,
    pub(crate) ruleset: String,
    /// Related entities, on one line.
    pub(crate) associated: Option<String>,
    pub(crate) ask: Ask,
}

/// What is asked. Records are text.
#[derive(Debug)]
pub(crate) enum Ask {
    Validate { entity_type: String, record: String },
    Batch { records: String, id_fields: Vec<String> },
    File { uri: String, entity_types: Vec<String>, id_fields: Vec<String> },
}

/// The result as text, without times; or the code and the message of the error.
pub(crate) type Told = Result<String, (String, String)>;

/// Makes calls.
pub(crate) enum Caller {
    Library(Service),
    Rpc(Connection),
    Http(Http),
}

impl Caller {
    /// An embedder.
    pub(crate) fn library(site: &Site) -> Self {
        let settings = Settings::read(&site.path("local-config.yaml"), &Overrides::none());
        let settings = settings.unwrap_or_else(|problems| panic!("{problems:?}"));
        Self::Library(Service::open(settings).unwrap())
    }

    pub(crate) fn ask(&mut self, question: &Question) -> Told {
        let told = match self {
            Self::Library(service) => {
                library(service, question).map_err(|error| (error.kind().code().to_owned(), chain(&error)))
            }
            Self::Rpc(connection) => rpc(connection, question),
            Self::Http(connection) => http(connection, question),
        };
        told.map(|result| without_times(&result))
    }
}

fn library(service: &Service, question: &Question) -> Result<String, CallError> {
    let Question { ruleset, associated, ask, .. } = question;
    let related = |read: fn(&[u8]) -> Result<Associated, jurat::AssociatedError>| {
        associated.as_ref().map(|text| Arc::new(read(text.as_bytes()).unwrap()))
    };
    let mut results = Vec::new();
    let mut keep = |result: RecordResult| {
        results.push(result);
        Ok(())
    };
    match ask {
        Ask::Validate { entity_type, record } => {
            let result = match related(Associated::of_every_record) {
                None => service.validate(EntityType::new(entity_type), record, RulesetName::new(ruleset))?,
                Some(associated) => {
                    let request = service.request(ruleset)?.with_entity_type(entity_type).with_associated(associated);
                    service.judge_one(&request, record)?
                }
            };
            return Ok(alone(&result));
        }
        Ask::Batch { records, id_fields } => match related(Associated::parse) {
            None => {
                results = service.batch_validate(records, &borrowed(id_fields), RulesetName::new(ruleset))?;
            }
            Some(associated) => {
                let request = service.request(ruleset)?.with_id_fields(id_fields).with_associated(associated);
                service.judge_list(&request, records, &mut keep)?;
            }
        },
        Ask::File { uri, entity_types, id_fields } => match related(Associated::parse) {
            None => {
                let types: Vec<_> = entity_types.iter().map(|name| EntityType::new(name)).collect();
                results = service.batch_file_validate(uri, &types, &borrowed(id_fields), RulesetName::new(ruleset))?;
            }
            Some(associated) => {
                let request = service.request(ruleset)?.with_id_fields(id_fields).with_expected(entity_types);
                let request = request.with_associated(associated);
                let reserve: jurat::ReserveMemory = std::sync::Arc::new(|_| true);
                service.judge(&request, service.read_data(uri, &reserve)?, &mut keep)?;
            }
        },
    }
    Ok(serde_json::to_string(&results).unwrap())
}

/// The results of a record as `validate` gives them: each says which release decided.
fn alone(result: &RecordResult) -> String {
    let release = result.release.as_ref().map(|release| serde_json::to_string(release).unwrap());
    let release = release.map(|release| format!(r#","release":{release}"#)).unwrap_or_default();
    let rules = result.results.iter().map(|rule| {
        let rule = serde_json::to_string(rule).unwrap();
        format!("{}{release}}}", rule.strip_suffix('}').unwrap())
    });
    format!("[{}]", rules.collect::<Vec<_>>().join(","))
}

fn rpc(connection: &mut Connection, question: &Question) -> Told {
    let (method, params) = question.to_rpc();
    connection.call(method, &params).map_err(|refused| (refused.kind().to_owned(), refused.message))
}

fn http(connection: &mut Http, question: &Question) -> Told {
    let (method, params) = question.to_rpc();
    let path = match method {
        "batch_validate" => "batch",
        "batch_file_validate" => "batch-file",
        same => same,
    };
    let response = connection.ask(http::post(&format!("/api/v1/{path}"), params));
    if response.status() == 200 {
        return Ok(response.text().to_owned());
    }
    let problem = response.json();
    let member = |name: &str| problem[name].as_str().unwrap().to_owned();
    Err((member("code"), member("detail")))
}

impl Question {
    /// The method, and its parameters as text.
    pub(crate) fn to_rpc(&self) -> (&'static str, String) {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let ruleset = &self.ruleset;
        let (method, mut params) = match &self.ask {
            // The texts go in as they are: what would be read and written again would not keep its digits.
            Ask::Validate { entity_type, record } => {
                ("validate", vec![("entity_type", to_raw(&json!(entity_type))), ("entity_data", raw(record))])
            }
            Ask::Batch { records, id_fields } => {
                ("batch_validate", vec![("entities", raw(records)), ("id_fields", to_raw(&json!(id_fields)))])
            }
            Ask::File { uri, entity_types, id_fields } => (
                "batch_file_validate",
                vec![
                    ("file_uri", to_raw(&json!(uri))),
                    ("entity_types", to_raw(&json!(entity_types))),
                    ("id_fields", to_raw(&json!(id_fields))),
                ],
            ),
        };
        params.push(("ruleset_name", to_raw(&json!(ruleset))));
        params.extend(self.associated.as_ref().map(|text| ("associated", raw(text))));
        let members: Vec<_> = params.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        (method, format!("{{{}}}", members.join(",")))
    }
}

fn to_raw(value: &serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
