//! Which names stand for secrets: of headers, of parameters, of members in JSON.

/// A name with one of these in it, letters and digits alone, is that of a secret.
const WORDS: [&str; 18] = [
    "accesskey",
    "apikey",
    "assertion",
    "authorization",
    "cookie",
    "credential",
    "cvc",
    "cvv",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "sessionid",
    "sessionkey",
    "signature",
    "token",
];

/// Names with such a word in them that are well known, and stand for no secret.
const INNOCENT: [&str; 8] = [
    "cookiepolicy",
    "passwordpolicy",
    "tokencount",
    "tokenendpoint",
    "tokentype",
    "tokenurl",
    "xcsrftokenname",
    "wwwauthenticate",
];

/// Tells secrets by their names. Clones hold the same names.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretNames {
    more: Vec<String>,
}

impl SecretNames {
    /// Adds a name. Case, `-`, and `_` make no difference.
    pub(crate) fn insert(&mut self, name: &str) {
        self.more.push(bare(name));
    }

    /// Adds the names that another list has.
    pub(crate) fn extend(&mut self, others: Self) {
        self.more.extend(others.more);
    }

    /// Does this name stand for a secret?
    pub(crate) fn contain(&self, name: &str) -> bool {
        let name = bare(name);
        if self.more.contains(&name) {
            return true;
        }
        // `prompt_tokens` and `max_tokens` count.
        let innocent = INNOCENT.contains(&name.as_str()) || name.ends_with("tokens");
        !innocent && WORDS.iter().any(|word| name.contains(word))
    }
}

fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_names_however_those_are_written() {
        let mut names = SecretNames::default();
        names.insert("Account_No");
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Set-Cookie",
            "X-Api-Key",
            "apikey",
            "clientSecret",
            "access_token",
            "card-token",
            "PASSWORD",
            "accountNo",
            "X-Amz-Signature",
        ] {
            assert!(names.contain(name), "{name}");
        }
        for name in
            ["name", "max_tokens", "token_type", "keyboard", "Content-Type", "idempotency-key"]
        {
            assert!(!names.contain(name), "{name}");
        }
        assert!(!SecretNames::default().contain("account_no"));
    }
}
