//! A server that tells everybody what it was told, in every form and in every place.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::server::{Request, Server, Wire, answer, raw, redirect};

/// The ways in which a call can end badly; each is the first part of a path.
pub(crate) const MODES: [&str; 20] = [
    "plain", "html", "json", "base64", "percent", "headers", "redirect", "away", "no-url",
    "scheme", "loop", "cut", "broken", "silent", "large", "later", "garbage", "reason", "cookie",
    "status",
];

/// What the places that give out credentials give out.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
    pub(crate) cookie: String,
}

pub(crate) async fn start(given: Given) -> Server {
    Server::start(move |request| {
        // A proxy is asked for a whole url.
        let path = request.path().split("//").last().unwrap_or_default();
        let path = path.find('/').map_or("", |slash| &path[slash + 1..]);
        let (mode, _) = path.split_once('/').unwrap_or((path, ""));
        let Given { token, refresh, session, cookie } = &given;
        match mode {
            "token" => {
                let text = json!({"access_token": token, "refresh_token": refresh}).to_string();
                answer("200 OK", "application/json", &text)
            }
            "session" => {
                answer("200 OK", "application/json", &json!({ "token": session }).to_string())
            }
            "cookies" => raw(format!(
                "HTTP/1.1 200 OK\r\nset-cookie: sid={cookie}; Path=/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )),
            "token-refused" => {
                let text = json!({"error": "invalid_client", "error_description": everything(request)});
                answer("400 Bad Request", "application/json", &text.to_string())
            }
            "token-broken" => answer("500 Oops", "text/plain", &everything(request)),
            "token-strange" => answer("200 OK", "text/html", &everything(request)),
            mode => fail(mode, request),
        }
    })
    .await
}

/// The request as it came, twice in base64, percent-encoded, and as a JSON string.
fn everything(request: &Request) -> String {
    let whole = one_by_one(request);
    format!("{}\n{whole}", request.raw)
}

/// What stands in the request, each value in each form: short enough to stand at the beginning.
fn one_by_one(request: &Request) -> String {
    let mut forms = String::new();
    let values = request.raw.lines().flat_map(|line| line.splitn(2, ": ").skip(1));
    let words = values.chain([request.target.as_str(), request.body.as_str()]);
    for value in words.filter(|value| !value.is_empty()) {
        let value = value.trim();
        let word = value.split_whitespace().last().unwrap_or_default();
        forms.push_str(&format!(
            "{word} {} {} {} {}\n",
            BASE64_STANDARD.encode(value),
            BASE64_URL_SAFE_NO_PAD.encode(word),
            percent(word),
            json!(value)
        ));
    }
    forms
}

/// Only the values that this project's secrets can stand in, percent-encoded: a text for a url.
fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A few of the request's secrets, encoded, in a length that a header or a url may have.
fn short(request: &Request) -> String {
    let names = ["authorization", "x-own", "x-door", "cookie", "proxy-authorization"];
    let values: Vec<&str> = names.iter().map(|name| request.header(name)).collect();
    percent(&format!("{}|{}", values.join("|"), request.target))
}

fn fail(mode: &str, request: &Request) -> Wire {
    let host = request.header("host");
    match mode {
        "plain" => answer("401 Unauthorized", "text/plain", &everything(request)),
        "html" => {
            let text = everything(request).replace('&', "&amp;").replace('<', "&lt;");
            answer("500 Oops", "text/html", &format!("<p>{text}"))
        }
        "json" => {
            let text = json!({"error": {"request": everything(request)}}).to_string();
            answer("422 Unprocessable", "application/json", &text.replace('/', "\\/"))
        }
        "base64" => answer("403 Forbidden", "text/plain", &one_by_one(request)),
        "percent" => answer("404 Not Found", "text/plain", &percent(&request.raw)),
        "headers" => raw(format!(
            "HTTP/1.1 400 Bad\r\nx-echo: {}\r\nx-echo-64: {}\r\nwww-authenticate: Bearer said=\"{}\"\r\nretry-after: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            request.header("authorization"),
            BASE64_STANDARD.encode(request.header("x-own")),
            request.header("cookie"),
            short(request),
        )),
        "redirect" => {
            redirect(&format!("http://{host}/plain/{}?{}", short(request), short(request)))
        }
        "away" => {
            let said = short(request);
            redirect(&format!("http://me:{said}@127.0.0.1:1/{said}?{said}"))
        }
        "no-url" => redirect(&format!("http://[{}", short(request))),
        "scheme" => redirect(&format!("ftp://{host}/{}", short(request))),
        "loop" => redirect(&format!("/loop/{}", short(request))),
        "cut" => raw(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 999999\r\n\r\n{}",
            everything(request)
        )),
        "broken" => {
            let text = format!("{{\"said\": \"{}\", {}", short(request), everything(request));
            answer("200 OK", "application/json", &text)
        }
        "silent" => Wire::Silence,
        "large" => answer("200 OK", "text/plain", &everything(request).repeat(20)),
        "later" => raw(format!(
            "HTTP/1.1 429 Later\r\nretry-after: 1000\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n{}",
            everything(request)
        )),
        "garbage" => raw(format!("HTTP/9.9 {}\r\n\r\n", request.raw)),
        "reason" => raw(format!(
            "HTTP/1.1 500 {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            request.header("authorization")
        )),
        "cookie" => raw(format!(
            "HTTP/1.1 503 Later\r\nset-cookie: a={}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            short(request)
        )),
        "status" => answer("299 Strange", "text/plain", &everything(request)),
        _ => answer("418 Teapot", "text/plain", &everything(request)),
    }
}
