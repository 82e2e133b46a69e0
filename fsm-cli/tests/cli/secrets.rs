//! Secrets from the environment and from files, through the whole command: whatever a server echoes
//! and however much is logged, none is shown beside the outputs of steps.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::command::{Ended, file, fsm};

/// The names of the variables, each with a secret that percent-encoding and base64 change.
const SECRETS: [(&str, &str); 9] = [
    ("S_BEARER", "Bq7/kZp3xWv9Lm2+Td5~a"),
    ("S_PASSWORD", "Pw1/hJ6nQs8Rf4y+Uc0~b"),
    ("S_HEADER", "Hd3/eK9mVt2Gz7x+Ob5~c"),
    ("S_QUERY", "Qy5/rN2pYu6Wi1d+Ea8~d"),
    ("S_COOKIE", "Ck7/fT4vSj9Xl3h+Mq6~e"),
    ("S_CLIENT", "Ci9/wG8bLz5Nc2k+Rv1~f"),
    ("S_LOGIN", "Lg2/uD7tKx4Jf8s+Ph3~g"),
    ("S_OWN", "Ow4/aZ1cEm6By9g+Ti7~h"),
    ("S_JWT", "Jw6/oI3qHr8Vn5l+Sd2~i"),
];

/// What is looked for of a secret: its words, and what base64 makes of it behind any neighbour.
fn forms(secret: &str) -> Vec<String> {
    let words = secret.split(['/', '+', '~']).filter(|word| word.len() >= 6);
    let mut forms: Vec<String> = words.map(str::to_owned).collect();
    // A client's secret is encoded for a form before it is put into base64.
    let for_a_form = secret.replace('/', "%2F").replace('+', "%2B").replace('~', "%7E");
    for secret in [secret, &for_a_form] {
        for before in 0..3 {
            let bytes = [&vec![b'x'; before], secret.as_bytes()].concat();
            for alphabet in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                let form = alphabet.encode(&bytes);
                // The first and the last signs may belong to the neighbours.
                forms.push(form[4..form.len() - 2].to_owned());
            }
        }
    }
    forms
}

fn assert_hidden(what: &str, text: &str) {
    for (name, secret) in SECRETS {
        for form in forms(secret) {
            if let Some(at) = text.find(&form) {
                let around: String = text[..at].chars().rev().take(200).collect();
                let around: String = around.chars().rev().collect();
                panic!("{name} as `{form}` in {what}, after: {around}");
            }
        }
    }
}

/// A server that answers everything but a few paths with a 401 that echoes all it was sent. Stops
/// with the process.
fn start(wire: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let wire = wire.clone();
            std::thread::spawn(move || serve(stream, &wire));
        }
    });
    url
}

/// Answers one request; a client that hangs up is none of its business.
fn serve(mut stream: TcpStream, wire: &Mutex<String>) -> Option<()> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap_or(0)) {
                break;
            }
        }
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            length => bytes.extend_from_slice(&chunk[..length]),
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    wire.lock().expect("no panic").push_str(&text);
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let echo = format!("{text}\n{}\n", BASE64_STANDARD.encode(&text));
    let answer = match path.split(['?', '/']).nth(1).unwrap_or_default() {
        "ok" => format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{echo}",
            echo.len()
        ),
        "cut" => format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{echo}"),
        "broken" => format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{echo}",
            echo.len()
        ),
        "away" => format!(
            "HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1{path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ),
        _ => format!(
            "HTTP/1.1 401 No\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{echo}",
            echo.len()
        ),
    };
    stream.write_all(answer.as_bytes()).ok()
}

fn flow_file(url: &str) -> String {
    let resources = [
        ("bearer", "{ bearer: { token: { env: S_BEARER } } }"),
        ("basic", "{ basic: { username: me, password: { env: S_PASSWORD } } }"),
        ("header", "{ api_key: { in: header, name: x-door, value: { env: S_HEADER } } }"),
        ("query", "{ api_key: { in: query, name: key, value: { env: S_QUERY } } }"),
        ("cookie", "{ api_key: { in: cookie, name: sid, value: { env: S_COOKIE } } }"),
        (
            "oauth",
            "{ oauth2: { token_url: 'URL/token', client_id: me, client_secret: { env: S_CLIENT } } }",
        ),
        (
            "session",
            "{ session: { login: { url: /login, body: { password: { env: S_LOGIN } } }, token: $response.body#/token } }",
        ),
        ("jwt", "{ jwt: { algorithm: HS256, key: { env: S_JWT }, issuer: me } }"),
    ];
    let mut text = "fsm: 1\nname: test\nmode: fanout\nlog_requests: true\nlog_responses: true\ncircuit_breaker_threshold: 5\ncache_ttl: 1m\nresources:\n".to_owned();
    for (name, auth) in resources {
        text += &format!(
            "  {name}: {{ base_url: '{url}', headers: {{ X-Own: {{ env: S_OWN }} }}, auth: {} }}\n",
            auth.replace("URL", url)
        );
    }
    text += "endpoints:\n";
    for (name, _) in resources {
        for path in ["refused", "ok", "cut", "broken", "away"] {
            text += &format!(
                "  - {{ name: {name}-{path}, resource: {name}, url: '/{path}/x?page=1', retry_count: 1, retry_delay: 0 }}\n"
            );
        }
    }
    text
}

/// Runs the command with all secrets in its environment.
fn run(arguments: &[&str]) -> Ended {
    let mut command = fsm(arguments);
    command.envs(SECRETS);
    Ended::of(command.output().expect("the binary starts"))
}

#[test]
fn no_secret_is_shown_by_the_command_whatever_a_server_echoes_and_however_much_is_logged() {
    let wire = Arc::new(Mutex::new(String::new()));
    let flow = file("flow.yaml", flow_file(&start(wire.clone())));
    let ended = run(&["run", &flow, "--log", "trace"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let mut result = ended.json();
    for step in result["steps"].as_object_mut().expect("steps").values_mut() {
        step["output"] = Value::Null;
    }
    result["output"] = Value::Null;
    let refused = &result["steps"]["bearer-refused"]["error"]["message"];
    assert!(refused.as_str().is_some_and(|text| text.contains("401")), "{refused}");
    assert!(
        ended.stderr.contains("[redacted]") && ended.stderr.contains("response"),
        "it is logged"
    );

    // What the server was sent is what is looked for; a JWT's key never leaves.
    let wire = wire.lock().expect("no panic");
    for (name, secret) in SECRETS.iter().filter(|(name, _)| *name != "S_JWT") {
        assert!(forms(secret).iter().any(|form| wire.contains(form)), "{name} was never sent");
    }
    assert_hidden("stdout", &result.to_string());
    assert_hidden("stderr", &ended.stderr);

    let explain: [&[&str]; 5] = [
        &["check", &flow],
        &["dot", &flow],
        &["dot", &flow, "--format", "mermaid"],
        &["run", &flow, "--dry-run"],
        &["schema"],
    ];
    for arguments in explain {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        assert_hidden(arguments[0], &(ended.stdout + &ended.stderr));
    }
}

#[test]
fn a_secret_that_is_missing_or_unreadable_is_named_before_anything_is_sent() {
    let wire = Arc::new(Mutex::new(String::new()));
    let flow = file("flow.yaml", flow_file(&start(wire.clone())));
    let mut command = fsm(["run", &flow, "--log", "trace"]);
    command.envs(SECRETS).env_remove("S_CLIENT").env("S_HEADER", "Hd3/eK9mVt2Gz7x+\nOb5~c");
    let ended = Ended::of(command.output().expect("the binary starts"));
    assert_ne!(ended.code, Some(0));
    let said = ended.stdout + &ended.stderr;
    assert!(
        said.contains("S_CLIENT") || said.contains("x-door") || said.contains("`header`"),
        "{said}"
    );
    assert_hidden("what it says", &said);
    assert_eq!(*wire.lock().expect("no panic"), "", "nothing was sent");

    let text = fs::read_to_string(&flow).expect("the file");
    let text = text.replace("{ env: S_BEARER }", "{ file: /no/such/secret }");
    let flow = file("flow.yaml", text);
    let ended = run(&["run", &flow]);
    assert_eq!(
        (ended.code, ended.stderr.contains("/no/such/secret")),
        (Some(2), true),
        "{ended:?}"
    );
}
