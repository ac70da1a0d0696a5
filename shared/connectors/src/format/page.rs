//! `page`: the way from one page of a list to the next.

use super::{scope::Scope, value};
use crate::connector::{Page, Place, Way};
use workflow::document::{self, Fields, Node, Path, ProblemSink, Problems};

/// The most entries that a list can have in all.
const MOST_ENTRIES: u32 = 10_000;

/// The most entries of a page.
const MOST_PER_PAGE: u32 = 1_000;

pub(super) fn read(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Page> {
    let mut fields = Fields::of(node, &path, problems)?;
    let list = fields.required(
        "list",
        "the entries of a page, such as \"{{ body.channels }}\"",
        problems,
    );
    let list = list.and_then(|node| scope.expression(node, path.field("list"), problems));
    let most = fields.required("most", "the most entries that are read in all", problems);
    let most = most.and_then(|node| document::whole_number(node, path.field("most"), 1..=MOST_ENTRIES, problems));
    let ways = [
        ("cursor", fields.optional("cursor")),
        ("offset", fields.optional("offset")),
        ("page_number", fields.optional("page_number")),
        ("link", fields.optional("link")),
    ];
    let given: Vec<(&str, &Node)> = ways
        .into_iter()
        .filter_map(|(word, node)| Some((word, node?)))
        .collect();
    let way = match given.as_slice() {
        [] => {
            let message = "one of `cursor`, `offset`, `page_number` and `link` is needed: the way to the next page";
            problems.problem(node.at, path, message);
            None
        }
        [("cursor", way), ..] => cursor(way, node, path, &mut fields, scope, problems),
        [("offset", way), ..] => {
            let offset = value::line(way, path.field("offset"), problems);
            let (size, per_page) = size(path, &mut fields, problems);
            offset
                .zip(per_page)
                .map(|(offset, per_page)| Way::Offset { offset, size, per_page })
        }
        [("page_number", way), ..] => {
            let page_number = value::line(way, path.field("page_number"), problems);
            let (size, per_page) = size(path, &mut fields, problems);
            let first = fields.read(
                "first",
                |node, path, problems| document::whole_number(node, path, 0..=1, problems),
                problems,
            );
            let first = first.unwrap_or(1);
            page_number.zip(per_page).map(|(page_number, per_page)| Way::Number {
                page_number,
                size,
                per_page,
                first,
            })
        }
        [(_, way), ..] => value::line(way, path.field("link"), problems).map(|relation| Way::Link { relation }),
    };
    if let [(one, _), (other, node), ..] = given.as_slice() {
        let message = format!("`{one}` and `{other}` exclude each other; give only one of them");
        problems.problem(node.at, path, message);
    }
    fields.refuse_others(problems);
    Some(Page {
        way: way?,
        list: list?,
        most: usize::try_from(most?).ok()?,
    })
}

fn cursor(
    way: &Node,
    node: &Node,
    path: Path<'_>,
    fields: &mut Fields<'_>,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Way> {
    let cursor = scope.expression(way, path.field("cursor"), problems);
    let query = fields.read("query", value::line, problems);
    let json = fields.read("json", value::line, problems);
    let goes_into = match (query, json) {
        (Some(name), None) => Some(Place::Query(name)),
        (None, Some(name)) => Some(Place::Json(name)),
        _ => {
            let message = "exactly one of `query` and `json` is needed: the field of the request that has the cursor";
            problems.problem(node.at, path, message);
            None
        }
    };
    Some(Way::Cursor {
        cursor: cursor?,
        goes_into: goes_into?,
    })
}

/// The field of the query with the number of entries of a page, and that number.
fn size(path: Path<'_>, fields: &mut Fields<'_>, problems: &mut Problems) -> (Option<String>, Option<usize>) {
    let size = fields.read("size", value::line, problems);
    let per_page = fields.required("per_page", "the number of entries of a page", problems);
    let per_page =
        per_page.and_then(|node| document::whole_number(node, path.field("per_page"), 1..=MOST_PER_PAGE, problems));
    (size, per_page.and_then(|number| usize::try_from(number).ok()))
}
