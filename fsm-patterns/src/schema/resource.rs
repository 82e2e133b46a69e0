//! The part of the schema that describes resources and who we are to them.

use fsm_http::auth::JwtAlgorithm;
use serde_json::{Value, json};

use super::described;

/// A resource.
pub(super) fn resource() -> Value {
    json!({
        "description": "An API: where it is, who we are there, and what we may do. All endpoints that name it share its connections, its token, and its limits.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "base_url": {
                "type": "string",
                "description": "What the relative urls of its endpoints are appended to; their absolute ones must share its origin. No expressions, no query. Default: none.",
                "examples": ["https://api.example.com/v1"],
            },
            "headers": described("resourceHeaders", "Sent with every request that does not declare the header itself; none that `auth` fills."),
            "timeout": described("positiveDuration", "The time for one attempt of an endpoint that sets none. Default: 30s."),
            "rate_limit": described("rates", "How many units all calls of the resource together may take in one window. Default: no limit."),
            "rate_limit_window": described("positiveDuration", "The window of every rate of the resource that names none. Default: that of the flow."),
            "burst_limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": u32::MAX,
                "description": "How many units of `rate_limit` may go out at once before they are paced evenly. Default: all of them.",
            },
            "auth": described("auth", "How requests are authorised. Default: not at all."),
            "proxy": described("proxy", "The proxy for all requests. Default: none."),
            "root_certificates": {
                "type": "array",
                "items": { "type": "string", "minLength": 1 },
                "minItems": 1,
                "description": "Files with root certificates in PEM that are trusted besides those of the system; relative to the working directory. Default: none.",
            },
            "client_certificate": described("secret", "Certificate chain and private key in PEM, for servers that ask who we are. Default: none."),
            "usage": {
                "type": "object",
                "additionalProperties": { "$ref": "#/$defs/pick" },
                "default": {},
                "description": "Numbers that are picked from every answer and summed up in the result, by the name of the sum.",
                "examples": [{ "tokens": "$response.body#/usage/total_tokens" }],
            },
            "revalidate": {
                "type": "boolean",
                "default": false,
                "description": "Whether a kept answer is asked for anew with its ETag or Last-Modified once `cache_ttl` is over.",
            },
            "user_agent": {
                "type": "string",
                "description": "The User-Agent of requests that declare none.",
            },
        },
    })
}

/// Headers whose values are the same in every run.
pub(super) fn headers() -> Value {
    json!({
        "description": "Headers by name; a value is text, a number, a boolean, or a secret, and no expression.",
        "type": "object",
        "default": {},
        "propertyNames": { "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
        "additionalProperties": {
            "anyOf": [{ "type": ["string", "number", "boolean"] }, { "$ref": "#/$defs/secret" }],
        },
    })
}

/// A secret by the place where it is found.
pub(super) fn secret() -> Value {
    json!({
        "description": "Where a secret is found: `{ env: NAME }`, a variable of the environment, or `{ file: PATH }`, a file, relative to the working directory, without one line break at its end. A secret itself never stands in a flow.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
        "properties": {
            "env": {
                "type": "string",
                "pattern": "^[^=$\\u0000]+$",
                "description": "The name of a variable of the environment.",
            },
            "file": { "type": "string", "minLength": 1, "description": "The path of a file." },
        },
        "examples": [{ "env": "SHOP_TOKEN" }, { "file": "/run/secrets/shop" }],
    })
}

/// A proxy, and who we are there.
pub(super) fn proxy() -> Value {
    let url = json!({ "type": "string", "description": "Its url, without user and password." });
    json!({
        "description": "The url of a proxy, or its url and who we are there.",
        "oneOf": [url.clone(), {
            "type": "object",
            "required": ["url"],
            "additionalProperties": false,
            "dependentRequired": { "password": ["username"] },
            "properties": {
                "url": url,
                "username": { "type": "string", "description": "The user. Default: none." },
                "password": described("secret", "The user's password. Default: none."),
            },
        }],
        "examples": ["http://proxy.example.com:3128"],
    })
}

/// A place in an answer.
pub(super) fn pick() -> Value {
    json!({
        "description": "A place in an answer: `$response.body#/a/b` (RFC 6901), `$response.body.a.b`, or `$response.header.NAME`.",
        "type": "string",
        "pattern": "^\\$response\\.(body|header)",
    })
}

/// The ways to be authorised.
pub(super) fn auth() -> Value {
    json!({
        "description": "How requests are authorised: one of these ways. Tokens are fetched once for all calls, renewed early, and once more after a 401.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
        "properties": {
            "bearer": object("A token that does not change, in the header Authorization.", &["token"], json!({
                "token": described("secret", "The token."),
            })),
            "basic": object("User and password, in the header Authorization (RFC 7617).", &["username", "password"], json!({
                "username": { "type": "string", "pattern": "^[^:]*$", "description": "The user; no colon." },
                "password": described("secret", "The password."),
            })),
            "api_key": object("A key in a header, in the query, or in a cookie.", &["in", "name", "value"], json!({
                "in": { "enum": ["header", "query", "cookie"], "description": "Where the key is sent." },
                "name": { "type": "string", "minLength": 1, "description": "The name of the header, parameter, or cookie; no header that goes to every server, such as `Accept`, or says how a message is delivered." },
                "value": described("secret", "The key."),
            })),
            "oauth2": oauth2(),
            "jwt": jwt(),
            "session": session(),
        },
    })
}

fn oauth2() -> Value {
    object(
        "Tokens of OAuth 2.0 (RFC 6749): by a refresh token, or, without one, by the client's own credentials.",
        &["token_url", "client_id", "client_secret"],
        json!({
            "token_url": { "type": "string", "description": "Where tokens are given out." },
            "client_id": { "type": "string", "description": "The name of the client." },
            "client_secret": described("secret", "The secret of the client."),
            "style": { "enum": ["basic", "body"], "default": "basic", "description": "Whether the client's credentials stand in the header Authorization or in the body." },
            "scope": { "type": "array", "items": { "type": "string" }, "default": [], "description": "What the token should allow." },
            "refresh_token": described("secret", "A token that is exchanged for others; one that the server sends in its place is used from then on. Default: none."),
            "params": { "type": "object", "additionalProperties": { "type": "string" }, "default": {}, "description": "More parameters for `token_url`, for example `audience`; none that the grant sets itself." },
        }),
    )
}

fn jwt() -> Value {
    let algorithms: Vec<&str> = JwtAlgorithm::ALL.map(JwtAlgorithm::as_str).to_vec();
    object(
        "Tokens that we sign ourselves (RFC 7519).",
        &["algorithm", "key"],
        json!({
            "algorithm": { "enum": algorithms, "description": "How the token is signed." },
            "key": described("secret", "The private key in PEM; for the algorithms HS256, HS384, HS512 the shared secret."),
            "key_id": { "type": "string", "description": "The claim `kid` of the token's header. Default: none." },
            "issuer": { "type": "string", "description": "The claim `iss`. Default: none." },
            "subject": { "type": "string", "description": "The claim `sub`. Default: none." },
            "audience": { "type": "string", "description": "The claim `aud`. Default: none." },
            "claims": { "type": "object", "default": {}, "description": "Further claims; none that another key sets." },
            "lifetime": super::with_default("positiveDuration", json!("5m"), "How long a token is valid."),
            "token_url": { "type": "string", "description": "Where the token is exchanged for the one that requests carry (RFC 7523). Default: requests carry the signed token itself." },
            "scope": { "type": "array", "items": { "type": "string" }, "default": [], "description": "What the token should allow: the claim `scope`, and with `token_url` also a parameter of the exchange." },
        }),
    )
}

fn session() -> Value {
    let login = object(
        "The call that logs in.",
        &["url"],
        json!({
            "method": { "type": "string", "default": "POST", "description": "The method of the request." },
            "url": { "type": "string", "description": "Where to; relative to the resource's `base_url`, if it has one." },
            "headers": described("resourceHeaders", "Headers of the request. `Content-Type: application/x-www-form-urlencoded` sends the body as a form."),
            "body": {
                "type": "object",
                "description": "What is sent: JSON, or a form. A member may be a secret: `{ env: NAME }` or `{ file: PATH }`. Default: nothing.",
                "examples": [{ "user": "shop", "password": { "env": "SHOP_PASSWORD" } }],
            },
        }),
    );
    let mut session = object(
        "A token that a login gives: `token` or `cookie` says where it stands.",
        &["login"],
        json!({
            "login": login,
            "token": described("pick", "Where the token stands in the answer to the login. With `$response.header.set-cookie` all its cookies are the token."),
            "cookie": { "type": "string", "description": "The one cookie that is the token." },
            "header": { "type": "string", "default": "Authorization", "description": "The header in which requests carry the token." },
            "prefix": { "type": "string", "default": "Bearer ", "description": "What stands before the token in that header." },
            "lifetime": super::described("positiveDuration", "After which time a login is repeated. Default: when a request is refused."),
        }),
    );
    session["oneOf"] = json!([{ "required": ["token"] }, { "required": ["cookie"] }]);
    session
}

fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "description": description,
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}
