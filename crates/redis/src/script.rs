//! The scripts that run in Redis, and the call of one.
//!
//! Every script is the clock, what it needs of buckets and quotas, and its own lines: one text, sent once and then named by
//! its hash. It reads the time of the server, so that the clocks of nodes do not matter.

use std::sync::LazyLock;

use redis::{ErrorKind, RedisError, ServerErrorKind, aio::MultiplexedConnection};

#[cfg(test)]
mod tests;

/// The largest count that a script keeps exactly; more counts as this.
pub(crate) const MAX_COUNT: u64 = (1 << 53) - 1;

/// A script, and the hash that names it.
pub(crate) struct Script {
    text: &'static str,
    hash: String,
}

macro_rules! script {
    ($doc:literal, $name:ident, $($file:literal),+) => {
        #[doc = $doc]
        pub(crate) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!($(include_str!(concat!("script/", $file, ".lua"))),+)));
    };
}

script!("Decides.", DECIDE, "clock", "bucket", "quota", "decide");
script!(
    "Decides where there is no quota: the same, without what it would not call.",
    DECIDE_BUCKETS,
    "clock",
    "bucket",
    "decide"
);
script!(
    "Puts tokens back.",
    GIVE_BACK_TOKENS,
    "clock",
    "bucket",
    "give_back_tokens"
);
script!(
    "Takes requests off a quota.",
    GIVE_BACK_QUOTA,
    "clock",
    "quota",
    "give_back_quota"
);
script!(
    "Adds what nodes granted by themselves.",
    SETTLE,
    "clock",
    "quota",
    "settle"
);
script!(
    "Sets what remains of a quota.",
    SET_REMAINING,
    "clock",
    "quota",
    "set_remaining"
);

impl Script {
    fn new(text: &'static str) -> Self {
        Self {
            text,
            hash: redis::Script::new(text).get_hash().to_owned(),
        }
    }
}

/// A script with its keys and arguments.
pub(crate) struct Call {
    script: &'static Script,
    keys: Vec<String>,
    arguments: Vec<i64>,
}

impl Call {
    pub(crate) fn new(script: &'static Script) -> Self {
        Self {
            script,
            keys: Vec::with_capacity(4),
            arguments: Vec::with_capacity(15),
        }
    }

    pub(crate) fn key(&mut self, key: String) {
        self.keys.push(key);
    }

    /// Adds a number; more than an `i64` holds counts as the most that it does.
    pub(crate) fn argument(&mut self, number: impl TryInto<i64>) {
        self.arguments.push(number.try_into().unwrap_or(i64::MAX));
    }

    /// Runs the script by its hash, and by its text where the server does not know it.
    pub(crate) async fn run(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<Vec<i64>, RedisError> {
        let answer = self.command("EVALSHA", &self.script.hash);
        match answer.query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let command = self.command("EVAL", self.script.text);
                command.query_async(connection).await
            }
            answer => answer,
        }
    }

    fn command(&self, name: &str, script: &str) -> redis::Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len());
        command.arg(&self.keys).arg(&self.arguments);
        command
    }
}
