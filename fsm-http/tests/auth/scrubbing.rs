//! No secret survives in a text, whatever it is and however the text spells it.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use fsm_http::secret::{Secret, Secrets};
use proptest::prelude::*;

/// Every form in which a secret is promised to be found, alone and after a user name.
fn forms(user: &str, secret: &str) -> Vec<String> {
    let form =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let percent =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let json = |text: &str| serde_json::to_string(text).expect("a string");
    let ascii: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let html: String = secret.chars().map(|it| format!("&#{};", u32::from(it))).collect();
    let mut forms = vec![
        secret.to_owned(),
        form(secret),
        form(secret).replace('+', "%20"),
        percent(secret),
        percent(secret).to_lowercase(),
        json(secret)[1..json(secret).len() - 1].to_owned(),
        ascii,
        html,
    ];
    let pairs = [format!("{user}:{secret}"), format!("{}:{}", form(user), form(secret))];
    for text in [secret, &pairs[0], &pairs[1]] {
        for engine in
            [&BASE64_STANDARD, &BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE, &BASE64_URL_SAFE_NO_PAD]
        {
            let encoded = engine.encode(text);
            forms.extend([form(&encoded), percent(&encoded), encoded.replace('/', "\\/"), encoded]);
        }
    }
    forms
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_form_of_a_random_secret_survives_in_a_random_text(
        secret in "\\PC{4,24}|[a-zA-Z0-9+/=_.~%&\\\\\" -]{4,40}",
        user in "[a-zé ]{0,5}",
        before in "\\PC{0,20}",
        after in "\\PC{0,20}",
    ) {
        let secrets = Secrets::new([Secret::new(secret.as_str())]);
        for form in forms(&user, &secret) {
            let text = format!("{before} {form} {after}");
            let shown = secrets.scrub(&text);
            prop_assert!(shown.contains("[redacted]"), "{form} stays in {shown}");
            // What surrounds it may by chance be made of the same characters.
            if !before.contains(&form) && !after.contains(&form) && !"[redacted]".contains(&form) {
                prop_assert!(!shown.contains(&form), "{form} survives in {shown}");
            }
        }
    }

    #[test]
    fn a_text_without_a_secret_stays_as_it_is(text in "[a-m0-4 %+\\\\/&;=]{0,200}") {
        let secrets = Secrets::new([Secret::new("zyxw-9876"), Secret::new("ZZZZ")]);
        prop_assert_eq!(secrets.scrub(&text), text.as_str());
    }

    #[test]
    fn any_bytes_of_a_text_are_searched_without_a_panic(
        text in "[%&#x\\\\u{}0-9a-fA-F;+=é]{0,60}",
        secret in "[%&\\\\é+ a]{4,8}",
    ) {
        let _ = Secrets::new([Secret::new(secret)]).scrub(&text);
    }
}
