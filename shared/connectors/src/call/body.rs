//! Bodies of requests.

use super::render;
use crate::connector::{Body, Part};
use reqwest::header::HeaderValue;
use serde_json::Value;
use std::collections::BTreeMap;
use workflow::template::Context;

/// The body of a request.
#[derive(Debug, Clone, Default)]
pub(super) enum Content {
    #[default]
    None,
    Json(Value),
    Bytes {
        bytes: Vec<u8>,
        media_type: String,
    },
}

impl Content {
    /// The bytes, and their type.
    pub(super) fn encoded(&self) -> (Vec<u8>, Option<HeaderValue>) {
        match self {
            Self::None => (Vec::new(), None),
            Self::Json(json) => (
                json.to_string().into_bytes(),
                Some(HeaderValue::from_static("application/json")),
            ),
            Self::Bytes { bytes, media_type } => (bytes.clone(), HeaderValue::from_str(media_type).ok()),
        }
    }
}

/// The body, of which at most one of several is there.
///
/// # Errors
/// A sentence about it.
pub(super) fn render(bodies: &[Body], context: &Context) -> Result<Content, String> {
    let mut rendered = Vec::new();
    for body in bodies {
        rendered.extend(one(body, context)?);
    }
    match rendered.len() {
        0 | 1 => Ok(rendered.pop().unwrap_or_default()),
        _ => Err("more than one body is given; give only one".to_owned()),
    }
}

fn one(body: &Body, context: &Context) -> Result<Option<Content>, String> {
    match body {
        Body::Json(template) => {
            let json = render::body(template, context).map_err(|error| error.to_string())?;
            Ok(json.map(Content::Json))
        }
        Body::Form(template) => {
            let Some(values) = render::body(template, context).map_err(|error| error.to_string())? else {
                return Ok(None);
            };
            let pairs = render::pairs("form", Some(values))?;
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(pairs);
            Ok(Some(Content::Bytes {
                bytes: form.finish().into_bytes(),
                media_type: "application/x-www-form-urlencoded".to_owned(),
            }))
        }
        Body::Text(template) => Ok(render::text("text", template, context)?.map(|text| Content::Bytes {
            bytes: text.into_bytes(),
            media_type: "text/plain; charset=utf-8".to_owned(),
        })),
        Body::Multipart(parts) => multipart(parts, context).map(Some),
    }
}

/// A part as it is sent.
struct Sent {
    disposition: String,
    media_type: Option<String>,
    content: String,
}

fn multipart(parts: &BTreeMap<String, Part>, context: &Context) -> Result<Content, String> {
    let mut sent = Vec::new();
    for (name, part) in parts {
        sent.extend(part_of(name, part, context)?);
    }
    let boundary = boundary(&sent);
    let mut bytes = String::new();
    for part in &sent {
        bytes.push_str(&format!(
            "--{boundary}\r\ncontent-disposition: form-data; {}\r\n",
            part.disposition
        ));
        if let Some(media_type) = &part.media_type {
            bytes.push_str(&format!("content-type: {media_type}\r\n"));
        }
        bytes.push_str(&format!("\r\n{}\r\n", part.content));
    }
    bytes.push_str(&format!("--{boundary}--\r\n"));
    Ok(Content::Bytes {
        bytes: bytes.into_bytes(),
        media_type: format!("multipart/form-data; boundary={boundary}"),
    })
}

fn part_of(name: &str, part: &Part, context: &Context) -> Result<Option<Sent>, String> {
    let place = |of: &str| format!("multipart.{name:.80}{of}");
    match part {
        Part::Value(template) => Ok(render::text(&place(""), template, context)?.map(|content| Sent {
            disposition: format!("name=\"{}\"", quoted(name)),
            media_type: None,
            content,
        })),
        Part::File {
            name: file,
            media_type,
            content,
        } => {
            let Some(content) = render::text(&place(".content"), content, context)? else {
                return Ok(None);
            };
            let file = render::text(&place(".file"), file, context)?.unwrap_or_else(|| "file".to_owned());
            let media_type = match media_type {
                Some(media_type) => render::text(&place(".type"), media_type, context)?,
                None => None,
            };
            let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            if media_type.contains(char::is_control) {
                return Err(format!(
                    "`{}` has a line break or a control character in it",
                    place(".type")
                ));
            }
            Ok(Some(Sent {
                disposition: format!("name=\"{}\"; filename=\"{}\"", quoted(name), quoted(&file)),
                media_type: Some(media_type),
                content,
            }))
        }
    }
}

/// A name between quotes, as browsers send it.
///
/// Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

/// A line that stands in none of the parts.
fn boundary(parts: &[Sent]) -> String {
    let mut number = 0_u32;
    loop {
        let boundary = format!("pagerflow-{number:08}");
        if !parts.iter().any(|part| part.content.contains(&boundary)) {
            return boundary;
        }
        number = number.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::json;
    use workflow::template::Template;

    fn context(inputs: Value) -> Context {
        Context::of_values([("inputs", inputs)], Timestamp::UNIX_EPOCH)
    }

    fn template(text: &str) -> Template {
        Template::from_text(text).unwrap()
    }

    fn bytes(content: &Content) -> String {
        String::from_utf8(content.encoded().0).unwrap()
    }

    #[test]
    fn a_form_is_encoded_and_leaves_out_what_is_null() {
        let form = Template::Map(BTreeMap::from([
            ("Body".to_owned(), template("{{ inputs.body }}")),
            ("From".to_owned(), template("{{ inputs.from }}")),
            ("To".to_owned(), template("{{ inputs.to }}")),
        ]));
        let context = context(json!({"body": "a&b=c é\n", "from": null, "to": ["+491", "+492"]}));
        let content = render(&[Body::Form(form)], &context).unwrap();
        assert_eq!(bytes(&content), "Body=a%26b%3Dc+%C3%A9%0A&To=%2B491&To=%2B492");
    }

    #[test]
    fn what_looks_like_the_end_of_a_part_stays_in_it() {
        let parts = BTreeMap::from([
            ("note".to_owned(), Part::Value(template("{{ inputs.note }}"))),
            (
                "file".to_owned(),
                Part::File {
                    name: template("{{ inputs.name }}"),
                    media_type: Some(template("text/plain")),
                    content: template("{{ inputs.note }}"),
                },
            ),
        ]);
        let note = "--pagerflow-00000000--\r\ncontent-disposition: form-data; name=\"role\"\r\n\r\nadmin";
        let context = context(json!({"note": note, "name": "a\"\r\nb.txt"}));
        let content = render(&[Body::Multipart(parts)], &context).unwrap();
        let (bytes, media_type) = content.encoded();
        assert_eq!(media_type.unwrap(), "multipart/form-data; boundary=pagerflow-00000001");
        let text = String::from_utf8(bytes).unwrap();
        let parts: Vec<&str> = text.split("--pagerflow-00000001").collect();
        assert_eq!(parts.len(), 4);
        assert_eq!(
            parts[1],
            format!(
                "\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a%22%0D%0Ab.txt\"\r\ncontent-type: text/plain\r\n\r\n{note}\r\n"
            )
        );
        assert_eq!(parts[3], "--\r\n");
    }

    #[test]
    fn of_several_bodies_the_one_that_is_there_is_sent() {
        let bodies = [
            Body::Json(template("{{ inputs.json }}")),
            Body::Text(template("{{ inputs.text }}")),
        ];
        let sent = |inputs: Value| render(&bodies, &context(inputs)).map(|content| bytes(&content));
        assert_eq!(sent(json!({"json": null, "text": "hello"})), Ok("hello".to_owned()));
        assert_eq!(sent(json!({"json": [1], "text": null})), Ok("[1]".to_owned()));
        assert_eq!(sent(json!({"json": null, "text": null})), Ok(String::new()));
        assert!(sent(json!({"json": [1], "text": "hello"})).is_err());
    }
}
