//! Bodies that are never held: a gibibyte each way, clients that leave, backends that pause.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    runtime::Handle,
    sync::Notify,
};
use towergate::{Backends, Integration};
use towergate_testing::FakeClock;
use towergate_tests::{
    Answer, Backend, read_to_the_end, request, serve_one, serve_one_with, soon, until,
};

const GIB: u64 = 1 << 30;

/// What is written and read at once.
const PIECE: usize = 256 * 1024;

/// Writes `bytes` bytes in pieces.
async fn write_many(socket: &mut (impl AsyncWriteExt + Unpin), bytes: u64) {
    let piece = vec![b'x'; PIECE];
    for _ in 0..bytes / PIECE as u64 {
        socket.write_all(&piece).await.expect("a reader");
    }
}

/// Reads up to the empty line after a head.
async fn read_head(socket: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a whole head"));
    }
    String::from_utf8(head).expect("a head in ASCII")
}

/// Reads and forgets, and returns how many bytes there were: at most `limit`.
async fn drain(socket: &mut (impl AsyncReadExt + Unpin), limit: u64) -> u64 {
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    while bytes < limit {
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => bytes += read as u64,
            _ => break,
        }
    }
    bytes
}

/// The most memory that this process ever had, in bytes; `None` where the system does not say.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}

/// Fails if memory grew by more than 32 MiB.
fn assert_constant_memory(before: Option<u64>) {
    let (Some(before), Some(after)) = (before, peak_memory()) else {
        println!("skipped: this system does not tell how much memory a process has");
        return;
    };
    let grown = (after - before) >> 20;
    assert!(grown < 32, "a gibibyte took {grown} MiB of memory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_of_an_answer_takes_constant_memory() {
    let backend = Backend::serving(|socket: TcpStream| async move {
        let mut socket = BufReader::new(socket);
        read_head(&mut socket).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {GIB}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.expect("a reader");
        write_many(&mut socket, GIB).await;
    })
    .await;
    let gateway = serve_one(Integration::http_proxy(backend.url("/"))).await;
    let before = peak_memory();
    let mut socket = BufReader::with_capacity(PIECE, TcpStream::connect(gateway).await.unwrap());
    socket
        .write_all(&request("GET /prod", &[], ""))
        .await
        .unwrap();
    assert!(read_head(&mut socket).await.starts_with("HTTP/1.1 200"));
    assert_eq!(drain(&mut socket, u64::MAX).await, GIB);
    assert_constant_memory(before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_of_a_request_takes_constant_memory() {
    let backend = Backend::serving(|socket: TcpStream| async move {
        let mut socket = BufReader::with_capacity(PIECE, socket);
        read_head(&mut socket).await;
        let bytes = drain(&mut socket, GIB).await.to_string();
        let Answer::Keep(answer) = Answer::ok(&bytes) else {
            return;
        };
        socket.write_all(&answer).await.expect("a reader");
    })
    .await;
    let backends = Backends::new().with_max_request_bytes(usize::try_from(GIB).unwrap());
    let gateway = serve_one_with(backends, Integration::http_proxy(backend.url("/"))).await;
    let before = peak_memory();
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    let length = GIB.to_string();
    let head = request("POST /prod", &[("content-length", &length)], "");
    socket.write_all(&head).await.unwrap();
    write_many(&mut socket, GIB).await;
    let reply = read_to_the_end(&mut socket, false).await.unwrap();
    assert_eq!((reply.status, reply.text()), (200, &*length));
    assert_constant_memory(before);
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_call_and_leaves_no_task() {
    let answers = [
        ("before the head", ""),
        (
            "within the body",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        ),
    ];
    for (name, bytes) in answers {
        let backend = Backend::answering(move |_| Answer::stall(bytes)).await;
        let gateway = serve_one(Integration::http_proxy(backend.url("/"))).await;
        let tasks = Handle::current().metrics().num_alive_tasks();
        let mut socket = TcpStream::connect(gateway).await.unwrap();
        socket
            .write_all(&request("GET /prod", &[], ""))
            .await
            .unwrap();
        backend.next().await;
        if !bytes.is_empty() {
            soon(read_head(&mut socket)).await;
        }
        drop(socket);
        backend.hang_up().await;
        until(|| Handle::current().metrics().num_alive_tasks() <= tasks).await;
        assert!(backend.take().is_empty(), "{name}: asked once");
    }
}

#[tokio::test]
async fn a_client_that_leaves_within_its_body_cancels_the_call() {
    let backend = Backend::answering(|_| Answer::ok("")).await;
    let gateway = serve_one(Integration::http_proxy(backend.url("/"))).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    let head = request("POST /prod", &[("content-length", "9")], "");
    socket.write_all(&head).await.unwrap();
    socket.write_all(b"half").await.unwrap();
    drop(socket);
    let received = backend.next().await;
    assert!(!received.is_complete);
    until(|| Handle::current().metrics().num_alive_tasks() <= tasks).await;
}

#[tokio::test]
async fn a_backend_that_pauses_too_long_is_cut_off() {
    let clock = FakeClock::default();
    let start = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
    let backend = Backend::answering(move |_| Answer::stall(start)).await;
    let integration = Integration::http_proxy(backend.url("/")).timeout_in_millis(1_000);
    let backends = Backends::new().with_time(clock.clone(), clock.clone());
    let gateway = serve_one_with(backends, integration).await;
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    socket
        .write_all(&request("GET /prod", &[], ""))
        .await
        .unwrap();
    assert!(
        soon(read_head(&mut socket))
            .await
            .starts_with("HTTP/1.1 200")
    );
    let mut half = [0; 4];
    soon(socket.read_exact(&mut half)).await.unwrap();

    clock.advance(Duration::from_millis(999));
    tokio::task::yield_now().await;
    let mut rest = [0; 1];
    let nothing = socket.try_read(&mut rest).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock, "still open");

    clock.advance(Duration::from_millis(1));
    let end = soon(socket.read(&mut rest)).await;
    assert!(
        matches!(end, Ok(0) | Err(_)),
        "the client's connection is cut"
    );
    backend.hang_up().await;
}

#[tokio::test]
async fn a_streamed_answer_may_take_longer_than_its_timeout() {
    let clock = FakeClock::default();
    let (next, piece) = (Arc::new(Notify::new()), b"1\r\nx\r\n");
    let told = Arc::clone(&next);
    let backend = Backend::serving(move |mut socket: TcpStream| {
        let next = Arc::clone(&told);
        async move {
            read_head(&mut socket).await;
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            socket.write_all(head).await.expect("a reader");
            loop {
                next.notified().await;
                socket.write_all(piece).await.expect("a reader");
            }
        }
    })
    .await;
    let integration = Integration::http_proxy(backend.url("/")).timeout_in_millis(1_000);
    let backends = Backends::new().with_time(clock.clone(), clock.clone());
    let gateway = serve_one_with(backends, integration).await;
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    let request = request("GET /prod", &[], "");
    socket.write_all(&request).await.unwrap();
    soon(read_head(&mut socket)).await;
    for passed in 0..10 {
        clock.advance(Duration::from_millis(999));
        next.notify_one();
        let mut got = [0; 6];
        let read = soon(socket.read_exact(&mut got)).await;
        assert!(read.is_ok() && got == *piece, "after {passed} s");
    }
}
