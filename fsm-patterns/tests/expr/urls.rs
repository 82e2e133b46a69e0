//! Urls: a value changes nothing but its own place.

use fsm_patterns::expr::{EvalError, Scope, UrlTemplate};
use serde_json::{Value, json};

fn render(url: &str, data: &Value) -> Result<String, EvalError> {
    let url = UrlTemplate::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    url.render(&Scope::new().data(data)).map(String::from)
}

#[test]
fn a_value_in_the_path_is_encoded_as_one_segment() {
    let table = [
        (json!("a/b?c=1#x"), "https://h.example/p/a%2Fb%3Fc%3D1%23x/end"),
        (json!("../admin"), "https://h.example/p/..%2Fadmin/end"),
        (json!("é %"), "https://h.example/p/%C3%A9%20%25/end"),
        (json!("%2e%2e"), "https://h.example/p/%252e%252e/end"),
        (json!("a\\b\n"), "https://h.example/p/a%5Cb%0A/end"),
        (json!("a-._~"), "https://h.example/p/a-._~/end"),
        (json!(7), "https://h.example/p/7/end"),
        (json!(-1.5), "https://h.example/p/-1.5/end"),
        (json!(true), "https://h.example/p/true/end"),
    ];
    for (value, expected) in table {
        let data = json!({ "id": value });
        let url = render("https://h.example/p/{$data.id}/end", &data);
        assert_eq!(url.as_deref(), Ok(expected));
    }
}

#[test]
fn a_value_in_query_or_fragment_is_encoded_too() {
    let data = json!({"q": "a&b=c d+é#", "empty": ""});
    let url = render("https://h.example?q={$data.q}&e={$data.empty}#{$data.q}", &data);
    let expected = "https://h.example/?q=a%26b%3Dc%20d%2B%C3%A9%23&e=#a%26b%3Dc%20d%2B%C3%A9%23";
    assert_eq!(url.as_deref(), Ok(expected));
}

#[test]
fn a_segment_that_becomes_empty_or_dots_is_refused() {
    let table = [
        ("https://h.example/p/{$data.a}", json!({"a": ""}), "empty"),
        ("https://h.example/p/{$data.a}/x", json!({"a": "."}), "`.`"),
        ("https://h.example/p/{$data.a}?x=1", json!({"a": ".."}), "`..`"),
        ("https://h.example/p/.{$data.a}", json!({"a": "."}), "`..`"),
        ("https://h.example/p/%2E{$data.a}#f", json!({"a": "."}), "`..`"),
        ("https://h.example/{$data.a}{$data.a}", json!({"a": "."}), "`..`"),
        ("https://h.example/{$data.a}{$data.a}", json!({"a": ""}), "empty"),
    ];
    for (url, data, becomes) in table {
        match render(url, &data) {
            Err(EvalError::UrlSegment { becomes: found, .. }) => {
                assert_eq!(found, becomes, "{url}")
            }
            other => panic!("{url} {data}: {other:?}"),
        }
    }
    let dots = json!({"a": "..."});
    assert_eq!(
        render("https://h.example/{$data.a}", &dots).as_deref(),
        Ok("https://h.example/...")
    );
    let empty = json!({"a": "x"});
    let url = render("https://h.example//b/{$data.a}/", &empty);
    assert_eq!(url.as_deref(), Ok("https://h.example//b/x/"), "what is literal stays");
}

#[test]
fn only_a_string_a_number_or_a_boolean_fits_into_a_url() {
    for value in [json!(null), json!([1]), json!({"a": 1})] {
        let data = json!({ "v": value });
        for url in ["https://h.example/{$data.v}", "https://h.example/?q={$data.v}"] {
            let error = render(url, &data).unwrap_err();
            assert!(matches!(error, EvalError::NotUrlText { .. }), "{error}");
            assert!(error.to_string().starts_with("`$data.v` is "), "{error}");
        }
    }
    let error = render("https://h.example/{$data.v}", &json!({})).unwrap_err();
    assert!(matches!(error, EvalError::Absent { .. }), "{error}");
}

#[test]
fn no_expression_chooses_who_is_called_unless_the_whole_url_is_one() {
    for url in [
        "https://{$data.host}/x",
        "https://{$data.host}",
        "https://api.{$data.host}/x",
        "https://h.example{$data.host}/x",
        "https://h.example:{$data.port}/x",
        "https://{$data.user}@h.example/x",
        "{$data.scheme}://h.example/x",
        "http{$data.s}://h.example/x",
        "https:/{$data.x}/h.example",
        "{$data.base}/users",
    ] {
        let error = UrlTemplate::parse(url).expect_err(url);
        assert!(error.message.contains("in the scheme or host"), "{url}: {error}");
        assert!(url[error.span.clone()].starts_with("{$data."), "{url}: {:?}", error.span);
    }
    for url in ["$data.next", "{$data.next}"] {
        let next = json!({"next": "http://h.example/p?page=2"});
        assert_eq!(render(url, &next).as_deref(), Ok("http://h.example/p?page=2"));
        assert_eq!(
            &url[UrlTemplate::parse(url).unwrap().references()[0].span.clone()],
            "$data.next"
        );
    }
}

#[test]
fn a_whole_url_must_become_an_http_url() {
    for (next, says) in [
        (json!("ftp://h.example/"), "neither http nor https"),
        (json!("file:///etc/passwd"), "neither http nor https"),
        (json!("/relative"), "not absolute"),
        (json!("javascript:alert(1)"), "not absolute"),
        (json!(""), "empty"),
        (json!("https://"), "no host"),
        (json!("https:///x"), "no host"),
        (json!("https://u:p@h.example/"), "user or password"),
        (json!("https://h.example\\@evil.example/"), "backslash"),
        (json!("https://h.example/\n"), "line break"),
        (json!("https://h.example:99999/"), "invalid port"),
        (json!(7), "must be a string"),
        (json!(null), "must be a string"),
    ] {
        let error = render("$data.next", &json!({ "next": next })).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("`$data.next`"), "{next}: {error}");
        let text = next.as_str().unwrap_or("");
        assert!(text.len() < 2 || !error.contains(text), "a value is shown: {error}");
    }
}

#[test]
fn a_bad_literal_url_is_found_when_it_is_read() {
    let table = [
        ("", "empty", "for example"),
        ("api.example.com/users", "not absolute", "`https://api.example.com`"),
        ("localhost:8080/users", "not absolute", "`https://localhost:8080`"),
        ("/users", "not absolute", "`resource`"),
        ("//h.example/users", "not absolute", "scheme"),
        ("https:/h.example/users", "not absolute", "`https://`"),
        ("htps://h.example/", "neither http nor https", "`https`"),
        ("ftp://h.example/", "neither http nor https", "only http"),
        ("https://", "no host", ""),
        ("https://h example/", "not a url", ""),
        ("https://h.example:port/", "not a url", ""),
        ("https://u:p@h.example/", "user or password", "auth"),
        ("https://h.example/{id}", "`{id}` is no expression", "`{$inputs.id}`"),
        ("https://h.example/{inputs.id}", "is no expression", "did you mean `{$inputs.id}`?"),
        ("https://h.example/{$input.id}", "unknown root `$input`", "`$inputs`"),
        ("https://h.example/{$foo.id}", "unknown root `$foo`", "roots"),
        ("https://h.example/{$data.id", "not closed", "{$data.id}"),
        ("https://h.example/{$steps.a.outputs.x}", "no `outputs`", "`.output`"),
        ("$data.", "must follow the dot", ""),
    ];
    for (url, message, hint) in table {
        let error = UrlTemplate::parse(url).expect_err(url);
        assert!(error.message.contains(message), "{url}: {}", error.message);
        assert!(error.hint.as_deref().unwrap_or("").contains(hint), "{url}: {:?}", error.hint);
        assert!(url.get(error.span.clone()).is_some(), "{url}: {:?}", error.span);
    }
}

#[test]
fn a_url_under_a_base_is_joined_as_text() {
    let base = "https://api.example.com/v1";
    let data = json!({"id": "a/b", "path": "/next?page=2", "same": "https://api.example.com/n",
        "other": "https://evil.example/n", "host": ".evil.example/", "at": "@evil.example/"});
    let scope = Scope::new().data(&data);
    let render = |base: &str, url: &str| {
        let url = UrlTemplate::parse_under(base, url).unwrap_or_else(|error| panic!("{error}"));
        url.render(&scope).map(String::from)
    };
    let table = [
        ("/users/{$data.id}", "https://api.example.com/v1/users/a%2Fb"),
        ("", "https://api.example.com/v1"),
        ("?q={$data.id}", "https://api.example.com/v1?q=a%2Fb"),
        ("https://api.example.com/other", "https://api.example.com/other"),
        ("https://api.example.com:443/x", "https://api.example.com/x"),
        ("$data.path", "https://api.example.com/v1/next?page=2"),
        ("$data.same", "https://api.example.com/n"),
    ];
    for (url, expected) in table {
        assert_eq!(render(base, url).as_deref(), Ok(expected), "{url}");
    }
    let slash = "https://api.example.com/v1/";
    for url in ["/users/{$data.id}", "users/{$data.id}"] {
        let expected = "https://api.example.com/v1/users/a%2Fb";
        assert_eq!(render(slash, url).as_deref(), Ok(expected), "one slash between them");
    }
    assert_eq!(
        render(slash, "$data.path").as_deref(),
        Ok("https://api.example.com/v1/next?page=2")
    );
    for url in ["$data.other", "$data.host", "$data.at"] {
        let error = render("https://api.example.com", url).unwrap_err();
        assert!(matches!(error, EvalError::BadUrl { .. }), "{url}: {error}");
    }
    let bare = "https://api.example.com";
    for url in ["https://evil.example/x", "http://api.example.com/x"] {
        let error = UrlTemplate::parse_under(bare, url).expect_err(url);
        assert!(error.message.contains("leaves the origin"), "{url}: {error}");
    }
    for url in [".evil.example/x", ":8443/x", "users"] {
        let error = UrlTemplate::parse_under(bare, url).expect_err(url);
        assert!(error.message.contains("would be glued to"), "{url}: {error}");
    }
    assert!(
        UrlTemplate::parse_under(bare, "{$data.id}/x").is_err(),
        "the value would be in the host"
    );
    assert!(UrlTemplate::parse_under("api.example.com", "/x").is_err());
    assert!(UrlTemplate::parse_under("https://{$data.id}", "/x").is_err());
}

#[test]
fn references_and_source_tell_what_was_written() {
    let text = "/é/{$data.a}/{$inputs.id}?x={$steps.s.output}";
    let url = UrlTemplate::parse_under("https://h.example", text).unwrap();
    assert_eq!(url.source(), text);
    let references = url.references();
    let parts: Vec<&str> = references.iter().map(|one| &text[one.span.clone()]).collect();
    assert_eq!(parts, ["$data.a", "$inputs.id", "$steps.s.output"]);
    let literal = UrlTemplate::parse("https://h.example/$$5?p=$6").unwrap();
    assert_eq!(literal.as_literal().unwrap().as_str(), "https://h.example/$5?p=$6");
}
