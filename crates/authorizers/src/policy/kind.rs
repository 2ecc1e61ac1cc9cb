//! What a policy is for, and what that asks of its document beyond the language.

use super::{error::Problem, pattern::ARN_PARTS, principal::Arn};

/// What a policy is for, which decides what its document must and must not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyKind {
    /// What a Lambda authorizer returns: `Resource` strings of at most 512 characters; principals are not looked at.
    Authorizer,
    /// What a user or role may do, as IAM takes it: version 2012-10-17, no principals, unique statement ids, well-formed
    /// actions, resources and condition values.
    Identity,
    /// What is attached to an API: at most 8192 characters, a principal in each statement, well-formed actions,
    /// resources and condition values.
    Resource,
}

/// The longest `Resource` string of an authorizer's policy, in characters.
pub(super) const MAX_AUTHORIZER_RESOURCE_CHARS: usize = 512;
/// The longest resource policy, in characters.
pub(super) const MAX_RESOURCE_POLICY_CHARS: usize = 8_192;

/// Checks an action as IAM does when a policy is saved.
pub(super) fn check_action(action: &str) -> Result<(), Problem> {
    const EXPECTED: &str = "an action: write `*` or `service:name`, such as `execute-api:Invoke`";
    if action == "*" {
        return Ok(());
    }
    let is_service = |service: &str| {
        let is_letter =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
        service == "*" || (!service.is_empty() && service.chars().all(is_letter))
    };
    match action.split_once(':') {
        Some((service, name)) if is_service(service) && !name.is_empty() && !name.contains(':') => {
            Ok(())
        }
        _ => Err(Problem::malformed(action, EXPECTED)),
    }
}

/// Checks a resource as IAM does when a policy is saved.
pub(super) fn check_resource(resource: &str) -> Result<(), Problem> {
    const EXPECTED: &str = "a resource: write `*` or an ARN, such as `arn:aws:execute-api:us-east-1:123456789012:apiid/stage/GET/path`";
    if resource == "*" {
        return Ok(());
    }
    let malformed = || Problem::malformed(resource, EXPECTED);
    let mut parts = resource.splitn(ARN_PARTS, ':');
    let prefix = (parts.next(), parts.next(), parts.next());
    let (Some("arn"), Some(partition), Some(service)) = prefix else {
        return Err(malformed());
    };
    let is_service = !service.is_empty() && !service.contains(['*', '?']);
    // An ARN may end early, with a star that stands for the rest; then no part is empty.
    let has_end =
        parts.count() == ARN_PARTS - 3 || (resource.ends_with('*') && !resource.contains("::"));
    if !is_partition(partition) || !is_service || !has_end {
        return Err(malformed());
    }
    match Arn::parse(resource) {
        Some(arn) if !fits_service(&arn) => Err(Problem::malformed(
            resource,
            "a resource of its service: leave the region out, and begin the last part with a type such as `user/`",
        )),
        _ => Ok(()),
    }
}

fn is_partition(partition: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || matches!(letter, '-' | '*' | '?');
    partition == "*"
        || partition
            .strip_prefix("aws")
            .is_some_and(|rest| rest.starts_with(['-', '*', '?']) || rest.is_empty())
            && partition.chars().all(is_letter)
}

/// What is known of services whose resources have no region, or only certain types.
fn fits_service(arn: &Arn<'_>) -> bool {
    const IAM_TYPES: [&str; 13] = [
        "access-report/",
        "federated-user/",
        "group/",
        "instance-profile/",
        "mfa/",
        "oidc-provider/",
        "policy/",
        "report/",
        "role/",
        "saml-provider/",
        "server-certificate/",
        "sms-mfa/",
        "user/",
    ];
    const STS_TYPES: [&str; 4] = ["assumed-role/", "federated-user/", "role/", "user/"];
    let is_type = |types: &[&str]| {
        arn.resource == "*" || types.iter().any(|start| arn.resource.starts_with(start))
    };
    match arn.service {
        "iam" => arn.region.is_empty() && is_type(&IAM_TYPES),
        "s3" => arn.region.is_empty(),
        "sts" => is_type(&STS_TYPES),
        _ => true,
    }
}
