//! Whole drafts.

use super::*;
use crate::openapi::parse;

const TICKETS: &str = r##"
openapi: 3.1.0
info:
  title: Tickets REST API v2
  description: |
    Tickets of a **help desk**. Requests have a limit.

    More about them stands elsewhere.
  version: 2.0
externalDocs: { url: https://docs.tickets.test/ }
servers:
  - url: https://{site}.tickets.test/{version}
    variables:
      site: { default: your-site, description: The site }
      version: { default: v2, enum: [v1, v2] }
security: [{ basic: [] }]
components:
  securitySchemes:
    basic: { type: http, scheme: basic }
  parameters:
    Page: { name: page, in: query, schema: { type: integer, minimum: 1 } }
  schemas:
    Id: { type: string, description: The id of a ticket., example: TCK-1 }
    Priority: { type: string, enum: [low, high] }
    Base: { type: object, properties: { id: { $ref: "#/components/schemas/Id", readOnly: true } }, required: [id] }
    Ticket:
      allOf:
        - $ref: "#/components/schemas/Base"
        - type: object
          required: [title]
          properties:
            title: { type: string, description: The title of the ticket. It is shown in lists. }
            priority: { oneOf: [{ $ref: "#/components/schemas/Priority" }, { type: "null" }] }
            due: { type: [string, "null"], format: date-time }
            labels: { type: array, items: { type: string } }
            fields: { type: object, additionalProperties: true }
            action: { type: string }
            parent: { $ref: "#/components/schemas/Ticket" }
    Error: { type: object, properties: { error: { type: object, properties: { code: { type: string }, message: { type: string } } } } }
  responses:
    Failed: { description: failed, content: { application/json: { schema: { $ref: "#/components/schemas/Error" } } } }
paths:
  /tickets:
    parameters: [{ $ref: "#/components/parameters/Page" }]
    get:
      operationId: tickets/list
      summary: Lists tickets.
      parameters:
        - { name: "label[]", in: query, schema: { type: array, items: { type: string } } }
        - { name: sort, in: query, explode: false, schema: { type: array, items: { type: string } } }
        - { name: format, in: query, required: true, schema: { type: string, enum: [json] } }
        - { name: Accept, in: header, schema: { type: string, default: application/vnd.tickets+json } }
      responses:
        200: { description: ok, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Ticket" } } } } }
        default: { $ref: "#/components/responses/Failed" }
    post:
      operationId: tickets/create
      summary: Creates a ticket.
      externalDocs: { url: https://docs.tickets.test/create }
      parameters: [{ name: Idempotency-Key, in: header, schema: { type: string } }]
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Ticket" } } } }
      responses:
        201: { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Ticket" } } } }
  /tickets/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { $ref: "#/components/schemas/Id" } }]
    put:
      operationId: tickets/update
      requestBody: { content: { "*/*": { schema: { $ref: "#/components/schemas/Ticket" } } } }
      responses: { 204: { description: done } }
    delete:
      operationId: tickets/delete
      description: Deletes a ticket for good
      responses: { 204: { description: done } }
  /tickets/{id}/note:
    post:
      requestBody: { content: { application/x-www-form-urlencoded: { schema: { type: object, required: [id, text], properties: { id: { type: integer }, text: { type: string } } } } } }
      responses: { 200: { description: done } }
  /tickets/{id}/file:
    post:
      operationId: attach
      requestBody: { required: true, content: { multipart/form-data: { schema: { type: object, required: [file], properties: { file: { type: string, format: binary } } } } } }
      responses: { 200: { description: done } }
"##;

#[test]
fn a_draft_is_a_file_as_people_would_write_it() {
    let document = parse(TICKETS).unwrap();
    let ids: Vec<String> = operations(&document)
        .unwrap()
        .into_iter()
        .map(|operation| operation.id)
        .collect();
    let draft = draft(&document, &ids, &"tickets".parse().unwrap()).unwrap();
    insta::assert_snapshot!(draft.yaml);
    let remarks: Vec<String> = draft.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(remarks, ["attach: `file` is a file"]);
    let connector = Connector::from_source(&draft.yaml).unwrap();
    assert_eq!(connector.actions().count(), 5);
    assert_eq!(connector.test().unwrap().name(), "tickets_list");
}

const SWAGGER: &str = r##"{
  "swagger": "2.0",
  "info": { "title": "chat", "version": "1" },
  "host": "chat.test", "basePath": "/api", "schemes": ["https"],
  "consumes": ["application/json"], "produces": ["application/json"],
  "securityDefinitions": { "key": { "type": "apiKey", "in": "header", "name": "X-Chat-Key" } },
  "security": [{ "key": [] }],
  "definitions": { "Message": { "type": "object", "properties": { "ok": { "type": "boolean" }, "ts": { "type": "string" } }, "required": ["ok"] } },
  "paths": {
    "/chat.post": { "post": {
      "operationId": "chat_post", "consumes": ["application/x-www-form-urlencoded"],
      "parameters": [
        { "in": "formData", "name": "channel", "type": "string", "required": true },
        { "in": "formData", "name": "users", "type": "array", "items": { "type": "string" } },
        { "in": "header", "name": "X-Chat-Key", "type": "string", "required": true }
      ],
      "responses": { "200": { "schema": { "$ref": "#/definitions/Message" } }, "default": { "schema": { "type": "object", "properties": { "error": { "type": "string" } } } } } } },
    "/chat.upload": { "post": { "operationId": "upload", "consumes": ["multipart/form-data"],
      "parameters": [{ "in": "formData", "name": "file", "type": "file" }, { "in": "formData", "name": "title", "type": "string" }], "responses": { "200": {} } } },
    "/chat/{id}": { "patch": { "operationId": "edit",
      "parameters": [
        { "in": "path", "name": "id", "type": "string", "required": true },
        { "in": "query", "name": "expand", "type": "array", "collectionFormat": "pipes", "items": { "type": "string" } },
        { "in": "body", "name": "message", "schema": { "$ref": "#/definitions/Message" } }
      ],
      "responses": { "200": { "schema": { "type": "file" } } } } }
  }
}"##;

#[test]
fn swagger_is_read_as_well() {
    let document = parse(SWAGGER).unwrap();
    let (draft, _) = drafted(&document);
    insta::assert_snapshot!(draft.yaml);
}

#[test]
fn operations_are_listed_with_their_ids() {
    let document = parse(TICKETS).unwrap();
    let listed: Vec<String> = operations(&document)
        .unwrap()
        .into_iter()
        .map(|operation| {
            format!(
                "{} | {} {} | {}",
                operation.id, operation.method, operation.path, operation.summary
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            "tickets/list | GET /tickets | Lists tickets",
            "tickets/create | POST /tickets | Creates a ticket",
            "tickets/update | PUT /tickets/{id} | PUT /tickets/{id}",
            "tickets/delete | DELETE /tickets/{id} | Deletes a ticket for good",
            "attach | POST /tickets/{id}/file | POST /tickets/{id}/file",
            "POST /tickets/{id}/note | POST /tickets/{id}/note | POST /tickets/{id}/note",
        ]
    );
}

#[test]
fn an_operation_is_named_by_its_id_or_by_its_method_and_path() {
    let document = parse(TICKETS).unwrap();
    for id in ["tickets/create", "POST /tickets", "post /tickets"] {
        let draft = draft(&document, &[id], &name()).unwrap();
        assert_eq!(draft.actions[0].action.as_deref(), Some("tickets_create"), "{id}");
    }
    let twice = draft(&document, &["POST /tickets", "tickets/create"], &name()).unwrap();
    assert_eq!(twice.actions.len(), 1);
}

#[test]
fn what_cannot_be_drafted_says_why() {
    let document = parse(TICKETS).unwrap();
    let error = |ids: &[&str]| draft(&document, ids, &name()).unwrap_err().to_string();
    assert_eq!(
        error(&["ticket/create"]),
        "the document has no operation `ticket/create`; did you mean `tickets/create`?"
    );
    assert_eq!(error(&["zzz"]), "the document has no operation `zzz`");
    assert_eq!(
        error(&[]),
        "no operation is given; `--list` prints those that the document has"
    );
    assert_eq!(
        error(&["attach"]),
        "none of the operations can be an action: attach: `file` is a file"
    );
}
