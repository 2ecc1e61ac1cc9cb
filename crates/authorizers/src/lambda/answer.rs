//! What a function answers: who calls, and what they may do.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_core::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};

use super::LambdaFormat;
use crate::{
    authorize::{Authorized, Findings},
    policy::{Policy, PolicyErrors, PolicyKind},
    strict_json,
};

/// The largest answer, in bytes.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024;

/// What a function answered, read and compiled once; a policy in it is evaluated for each request.
#[derive(Clone)]
pub struct LambdaAnswer {
    pub(super) verdict: Verdict,
    pub(super) authorized: Authorized,
    length: usize,
}

#[derive(Clone)]
pub(super) enum Verdict {
    Policy(Policy),
    Simple(bool),
}

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("the answer has the unknown member `{0}`")]
    Member(String),
    #[error("the answer has no `{0}`")]
    Missing(&'static str),
    #[error("the policy of the answer is wrong: {0}")]
    Policy(PolicyErrors),
    /// What the answer says is left out: it may be a token.
    #[error("the answer is no JSON of the right shape, at line {line}, column {column}")]
    Syntax { line: usize, column: usize },
    #[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    #[error("`{0}` of the answer is not what it must be")]
    Type(String),
}

impl From<serde_json::Error> for AnswerError {
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax {
            line: error.line(),
            column: error.column(),
        }
    }
}

impl LambdaAnswer {
    pub(super) fn parse(format: LambdaFormat, answer: &[u8]) -> Result<Self, AnswerError> {
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(AnswerError::TooLong);
        }
        let members: Members<'_> = serde_json::from_slice(answer)?;
        let verdict = match format {
            LambdaFormat::HttpApi2Simple => Verdict::Simple(members.is_authorized()?),
            _ => Verdict::Policy(members.policy()?),
        };
        let typed = matches!(
            format,
            LambdaFormat::HttpApi2 | LambdaFormat::HttpApi2Simple
        );
        let mut findings = match members.get("context") {
            Some(context) if typed => typed_findings(context)?,
            Some(context) => text_findings(context)?,
            None => Findings::default(),
        };
        if matches!(verdict, Verdict::Policy(_)) {
            findings.principal_id = members.text("principalId")?;
            findings.usage_identifier_key = members.text("usageIdentifierKey")?;
        }
        Ok(Self {
            verdict,
            authorized: Authorized::found(Arc::new(findings)),
            length: answer.len(),
        })
    }

    /// About what it takes in memory: a policy and its texts are several times as large as their JSON.
    pub(super) fn bytes(&self) -> usize {
        const FIXED: usize = 512;
        const PER_BYTE: usize = 6;
        FIXED + PER_BYTE * self.length
    }
}

impl fmt::Debug for LambdaAnswer {
    /// Names the principal; what else was answered stays hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaAnswer")
            .field("authorized", &self.authorized)
            .finish_non_exhaustive()
    }
}

/// The members of an object, each at most once, as the texts they are: a policy reads its own, and numbers keep theirs.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// A member; null is as good as none.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, raw)| *raw).filter(|raw| raw.get() != "null")
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, AnswerError> {
        let text = |raw: &RawValue| {
            serde_json::from_str(raw.get()).map_err(|_| AnswerError::Type(name.to_owned()))
        };
        self.get(name).map(text).transpose()
    }

    fn policy(&self) -> Result<Policy, AnswerError> {
        const KNOWN: [&str; 4] = [
            "principalId",
            "policyDocument",
            "context",
            "usageIdentifierKey",
        ];
        let mut names = self.0.iter().map(|(name, _)| name);
        if let Some(unknown) = names.find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(AnswerError::Member(unknown.clone()));
        }
        let document = self.get("policyDocument");
        let document = document.ok_or(AnswerError::Missing("policyDocument"))?;
        Policy::parse_as(PolicyKind::Authorizer, document.get()).map_err(AnswerError::Policy)
    }

    /// The texts `true` and `false` are taken, too.
    fn is_authorized(&self) -> Result<bool, AnswerError> {
        let raw = self.get("isAuthorized");
        match raw.ok_or(AnswerError::Missing("isAuthorized"))?.get() {
            "true" | r#""true""# => Ok(true),
            "false" | r#""false""# => Ok(false),
            _ => Err(AnswerError::Type("isAuthorized".to_owned())),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members<'de>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, raw)) = access.next_entry::<String, &RawValue>()? {
            if members.insert(name, raw).is_some() {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(Members(members.into_iter().collect()))
    }
}

/// What the function may not say of the caller here.
const RESERVED: [&str; 2] = ["claims", "principalId"];

/// A context of strings, numbers and booleans, of which texts are made.
fn text_findings(context: &RawValue) -> Result<Findings, AnswerError> {
    let members: Members<'_> = serde_json::from_str(context.get())?;
    let mut findings = Findings::default();
    for (name, raw) in members.0 {
        let text = match raw.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw.get())?,
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => raw.get().to_owned(),
            _ => return Err(AnswerError::Type(name)),
        };
        if !RESERVED.contains(&name.as_str()) {
            findings.entries.insert(name, text);
        }
    }
    Ok(findings)
}

/// A context of anything, which keeps its types; its texts are there as well.
fn typed_findings(context: &RawValue) -> Result<Findings, AnswerError> {
    let typed: Map<String, Value> = strict_json::parse_object(context.get().as_bytes())?;
    let mut findings = Findings::default();
    for (name, value) in &typed {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !RESERVED.contains(&name.as_str()) {
            findings.entries.insert(name.clone(), text);
        }
    }
    findings.typed = typed;
    Ok(findings)
}
