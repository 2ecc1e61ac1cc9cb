//! A `redis-server` of a test's own.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A server on a free port, which ends with its value.
pub(crate) struct RedisServer {
    child: Option<Child>,
    port: u16,
    folder: PathBuf,
    options: Vec<&'static str>,
}

impl RedisServer {
    /// Starts a server that keeps nothing on disk.
    pub(crate) fn start() -> Self {
        Self::with(&["--save", "", "--appendonly", "no"])
    }

    /// Starts a server that has written each change to disk before it answers.
    pub(crate) fn durable() -> Self {
        Self::with(&[
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ])
    }

    /// Starts a server with options of its own.
    pub(crate) fn with(options: &[&'static str]) -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("towergate-redis-{}-{number}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the server");
        // Another process may take a port between the look and the start.
        for _ in 0..10 {
            let mut server = Self {
                child: None,
                port: free_port(),
                folder: folder.clone(),
                options: options.to_vec(),
            };
            if server.restart() {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    /// Starts the server, with what is on disk, on the same port. Returns whether it takes connections.
    pub(crate) fn restart(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command
            .args([
                "--port",
                &self.port.to_string(),
                "--bind",
                "127.0.0.1",
                "--daemonize",
                "no",
            ])
            .args(&self.options)
            .arg("--dir")
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command
            .spawn()
            .expect("`redis-server` is installed: these tests need it");
        let output = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let ready = lines.any(|line| line.contains("Ready to accept connections"));
        self.child = Some(child);
        ready
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends the server as a power cut does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Lets the server stand still: it accepts connections and answers nothing.
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets the server go on.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// Returns a connection of the test's own.
    pub(crate) fn connection(&self) -> redis::Connection {
        let client = redis::Client::open(self.url()).expect("the URL is well formed");
        client
            .get_connection()
            .expect("the server takes connections")
    }

    fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("the server runs");
        let pid = child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status();
        assert!(status.expect("`kill` runs").success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Returns a port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
