//! Answers, as bytes.

use std::io;

use http::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::super::answer::{Answer, Ending};
use super::until_gone;

/// Sends an answer, and says whether the connection goes on.
pub(super) async fn answer(
    stream: &mut TcpStream,
    answer: &Answer,
    head: bool,
    persistent: bool,
) -> io::Result<bool> {
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    let bodiless = head || matches!(answer.status, 204 | 304);
    let framed = answer.headers.iter().any(|(name, _)| {
        name.eq_ignore_ascii_case("content-length")
            || name.eq_ignore_ascii_case("transfer-encoding")
    });
    // Whoever frames a body by hand may lie, and a client would wait for the rest.
    let persistent = persistent && !framed && answer.ending == Ending::Whole;
    stream.write_all(&top(answer, framed, persistent)).await?;
    if bodiless {
        return Ok(persistent);
    }
    let sent = &answer.body[..answer.ending.sent(answer.body.len())];
    match answer.pace {
        None => stream.write_all(sent).await?,
        Some(pace) => {
            for (index, piece) in sent.chunks(pace.bytes.max(1)).enumerate() {
                if index > 0 {
                    tokio::time::sleep(pace.pause).await;
                }
                stream.write_all(piece).await?;
            }
        }
    }
    match answer.ending {
        Ending::Whole | Ending::Cut { .. } if persistent => {}
        Ending::Whole | Ending::Cut { .. } => stream.shutdown().await?,
        Ending::Reset { .. } => stream.set_zero_linger()?,
        Ending::Stall { .. } => until_gone(stream).await,
    }
    Ok(persistent)
}

/// The status line and the headers.
fn top(answer: &Answer, framed: bool, persistent: bool) -> Vec<u8> {
    let reason = StatusCode::from_u16(answer.status).ok();
    let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or("Unnamed");
    let mut top = format!("HTTP/1.1 {} {reason}\r\n", answer.status).into_bytes();
    let mut line = |name: &str, value: &str| {
        top.extend_from_slice(name.as_bytes());
        top.extend_from_slice(b": ");
        // One byte a character, as the headers of a request are read.
        top.extend(value.chars().map(|sign| u8::try_from(sign).unwrap_or(b'?')));
        top.extend_from_slice(b"\r\n");
    };
    for (name, value) in &answer.headers {
        line(name, value);
    }
    if !framed && !matches!(answer.status, 204 | 304) {
        line("content-length", &answer.body.len().to_string());
    }
    if !persistent {
        line("connection", "close");
    }
    top.extend_from_slice(b"\r\n");
    top
}
