//! The leaves of a cassette. Each is checked where it is read, so that a fault has the line in which
//! it stands.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderName, Method};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

use super::{Headers, Values};

/// Makes something of a text, or says why it can't.
struct Text<F>(F);

impl<'de, T, F: FnOnce(&str) -> Result<T, String>> Visitor<'de> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        self.0(text).map_err(E::custom)
    }
}

pub(super) fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
    deserializer.deserialize_str(Text(|text: &str| {
        Method::from_bytes(text.as_bytes()).map_err(|_| format!("`{text}` is no method"))
    }))
}

pub(super) fn write_method<S: Serializer>(method: &Method, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(method.as_str())
}

pub(super) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text(|text: &str| match text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err(format!("the path `{text}` does not begin with a slash")),
    }))
}

pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    struct Status;

    impl Visitor<'_> for Status {
        type Value = u16;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a status from 200 to 599")
        }

        fn visit_u64<E: Error>(self, status: u64) -> Result<u16, E> {
            let known = u16::try_from(status).ok().filter(|status| (200..=599).contains(status));
            known.ok_or_else(|| E::custom(format!("{status} is no status from 200 to 599")))
        }
    }

    deserializer.deserialize_u16(Status)
}

/// A member that is there, be it `null`.
pub(super) fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Bytes as base64.
pub(super) mod base64 {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use bytes::Bytes;
    use serde::{Deserializer, Serializer};

    use super::Text;

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &Option<Bytes>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes.as_deref().unwrap_or_default()))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Bytes>, D::Error> {
        deserializer.deserialize_str(Text(|text: &str| match BASE64_STANDARD.decode(text) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(format!("`base64` can't be decoded: {error}")),
        }))
    }
}

pub(super) struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if HeaderName::try_from(&name).is_err() {
                return Err(A::Error::custom(format!("there can be no header `{name}`")));
            }
            let values: Values = map.next_value()?;
            let sendable = |text: &String| {
                text.chars().all(|sign| u8::try_from(sign).is_ok() && !sign.is_control())
            };
            if !values.texts().iter().all(sendable) {
                let why = format!("the header `{name}` has a value that can't be sent");
                return Err(A::Error::custom(why));
            }
            headers.insert(name, values);
        }
        Ok(Headers(headers))
    }
}
