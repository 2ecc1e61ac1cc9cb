//! What the ARNs of Lambda functions mean: where the functions are called.

use towergate_client::Client;
use towergate_definition::{Diagnostic, Place};
use towergate_integrations::{FunctionArn, InvokeUrlError, Lambda};
use towergate_openapi::document::Node;

use super::fields::Fields;

pub(super) const FUNCTION_KEYS: &[&str] = &["arn", "invokeUrl"];

/// The key of functions that are run here.
const COMMAND: &str = "command";

/// A function that is called over an Invoke API.
#[derive(Debug, Clone)]
pub(super) struct FunctionSettings {
    /// The ARN, with an alias or a version if it has one.
    pub(super) arn: FunctionArn,
    /// Where it is called.
    pub(super) url: String,
    pub(super) function: Lambda,
    /// The place of the function in the file.
    pub(super) place: Place,
}

/// Reads the functions of the file, which all are called by one client. Those that are `known` stay the same ones. What is
/// wrong with them is reported, and left out.
pub(super) fn functions(
    file: &Fields<'_>,
    client: &Client,
    known: &[FunctionSettings],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<FunctionSettings> {
    let items = file.items("functions", diagnostics).into_iter();
    items
        .filter_map(|(node, place)| function(node, place, client, known, diagnostics))
        .collect()
}

/// Reads the ARN and the URL of a function.
fn function(
    node: &Node,
    place: Place,
    client: &Client,
    known: &[FunctionSettings],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<FunctionSettings> {
    let has_command = node.get(COMMAND).is_some();
    let keys = match has_command {
        true => &[COMMAND, "arn", "invokeUrl"],
        false => FUNCTION_KEYS,
    };
    let function = Fields::known(node, place.clone(), keys, diagnostics)?;
    if has_command {
        let message = "functions cannot be run here: start one behind an Invoke API, and write its `invokeUrl`";
        diagnostics.push(Diagnostic::error(place.key(COMMAND), message));
    }
    let absent = [
        (
            "arn",
            "a function has an ARN, such as `arn:aws:lambda:us-east-1:123456789012:function:hello`",
        ),
        (
            "invokeUrl",
            "a function has the URL of an Invoke API that calls it, such as `http://127.0.0.1:9001`",
        ),
    ];
    for (key, message) in absent {
        if function.get(key).is_none() && !(has_command && key == "invokeUrl") {
            diagnostics.push(Diagnostic::error(function.place(key), message));
        }
    }
    let arn = function.parse(
        "arn",
        "the ARN of a function: write `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, and behind it maybe `:` and an alias or a version",
        diagnostics,
        |arn| FunctionArn::parse(arn).ok().filter(|_| arn.starts_with("arn:")),
    );
    let url = function.parse("invokeUrl", "a URL", diagnostics, Some);
    let lambda = url.and_then(|url| {
        let refused = |error: InvokeUrlError| {
            diagnostics.push(Diagnostic::error(
                function.place("invokeUrl"),
                error.to_string(),
            ));
        };
        let same = known
            .iter()
            .find(|known| known.url == url && Some(&known.arn) == arn.as_ref());
        match same {
            Some(same) => Some(same.function.clone()),
            None => Lambda::invoke_api(client.clone(), url)
                .map_err(refused)
                .ok(),
        }
    });
    Some(FunctionSettings {
        arn: arn?,
        url: url?.to_owned(),
        function: lambda?,
        place,
    })
}

#[cfg(test)]
mod tests;
