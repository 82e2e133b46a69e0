//! A large answer that goes to a file takes no large memory. Alone in its process, whose peak is
//! what is measured.
#![cfg(target_os = "linux")]

use fsm_http::{Call, ReqwestTransport};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MIB: usize = 1024 * 1024;

/// The most memory that this process ever used, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    let kilobytes: usize =
        line.trim().trim_end_matches(" kB").parse().expect("a number of kilobytes");
    kilobytes * 1024
}

#[tokio::test]
async fn sixty_four_megabytes_go_to_a_file_through_a_small_window() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.expect("a request");
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 64 * MIB);
            stream.write_all(head.as_bytes()).await.expect("a client");
            for number in 0..64_u8 {
                stream.write_all(&vec![number; MIB]).await.expect("a client");
            }
        }
    });
    let target = std::env::temp_dir().join(format!("fsm-http-large-{}", std::process::id()));
    let transport = ReqwestTransport::new().expect("a client");
    let mut call = Call::new(Method::GET, url.parse().expect("a url"));
    call.max_body = 64 * MIB as u64;

    call.save_to = Some(target.clone());
    let before = peak();
    let answer = call.perform(&transport).await.expect("an answer");
    let grown = peak() - before;
    assert_eq!(answer.received as usize, 64 * MIB);
    let saved = std::fs::read(&target).expect("the file");
    std::fs::remove_file(&target).expect("it was there");
    assert!(saved.chunks(MIB).enumerate().all(|(number, chunk)| chunk == vec![number as u8; MIB]));
    assert!(grown < 16 * MIB, "{} MiB", grown / MIB);
}
