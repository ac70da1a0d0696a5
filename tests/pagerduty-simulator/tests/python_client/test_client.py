"""PagerDuty's own client for Python against the stand-in.

The stand-in runs already; `PAGERDUTY_SIMULATOR_URL` says where. The client is the released one and asks PagerDuty's real
hosts. Only its transport is replaced, because the client speaks nothing but HTTPS and the stand-in speaks HTTP.
"""

import json
import os
import unittest
import urllib.request
from unittest import mock

import httpx2
import pagerduty

SIMULATOR = os.environ["PAGERDUTY_SIMULATOR_URL"]
ACCOUNT_TOKEN = "sim-account-token-01"
USER_TOKEN = "sim-user-token-00001"
ROUTING_KEY = "5f3c1d9e7b2a4860a1c3e5f70b2d4c6e"
ONCALL = "oncall@example.com"


class ToTheSimulator(httpx2.HTTPTransport):
    """Takes every request to the stand-in, whichever host it is for."""

    def handle_request(self, request):
        simulator = httpx2.URL(SIMULATOR)
        request.url = request.url.copy_with(scheme=simulator.scheme, host=simulator.host, port=simulator.port)
        return super().handle_request(request)


def rest(token=ACCOUNT_TOKEN, **options):
    return pagerduty.RestApiV2Client(token, transport=ToTheSimulator(), **options)


def control(method, path, body=None):
    """Uses the control API of the stand-in."""
    request = urllib.request.Request(f"{SIMULATOR}/_simulator{path}", method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as response:
        text = response.read()
    return json.loads(text) if text else None


def requests_for(path):
    return [request for request in control("GET", "/requests")["requests"] if request["path"] == path]


class TestCase(unittest.TestCase):
    def setUp(self):
        control("POST", "/reset")

    def client(self, **options):
        client = rest(**options)
        self.addCleanup(client.close)
        return client


class Lists(TestCase):
    def test_all_of_250_services_come_in_three_requests(self):
        services = [
            {"id": f"PSVC{number:03}", "name": f"Service {number:03}", "escalation_policy": "PT20YPA"}
            for number in range(250)
        ]
        control("POST", "/seed", {"services": services})

        found = list(self.client().iter_all("services"))

        self.assertEqual([service["id"] for service in found], [service["id"] for service in services])
        pages = [dict(request["query"]) for request in requests_for("/services")]
        self.assertEqual([page["offset"] for page in pages], ["0", "100", "200"])
        self.assertEqual({page["limit"] for page in pages}, {"100"})

    def test_the_total_is_told(self):
        self.assertEqual(self.client().get_total("users"), 3)

    def test_a_user_is_found_by_their_address(self):
        user = self.client().find("users", "Manager@Example.com", attribute="email")

        self.assertEqual((user["id"], user["name"]), ("PUS2B8D", "Marek Manager"))

    def test_who_is_on_call_is_listed(self):
        on_call = self.client().list_all("oncalls", params={"escalation_policy_ids[]": ["PT20YPA"]})

        self.assertEqual([row["user"]["id"] for row in on_call], ["PUS1A7C", "PUS2B8D"])

    def test_what_a_key_may_do_is_told(self):
        self.assertEqual(self.client().api_key_access, "account")
        self.assertEqual(self.client(token=USER_TOKEN).api_key_access, "user")
        self.assertTrue(self.client().account_has_ability("teams"))
        self.assertFalse(self.client().account_has_ability("no_such_ability"))


class Incidents(TestCase):
    def setUp(self):
        super().setUp()
        self.api = self.client(default_from=ONCALL)

    def create(self, **fields):
        service = {"id": "PWIXJZS", "type": "service_reference"}
        return self.api.rpost("incidents", json={"type": "incident", "title": "Memory", "service": service, **fields})

    def test_an_incident_goes_from_its_creation_to_its_end(self):
        incident = self.create(urgency="low")
        self.assertEqual((incident["status"], incident["urgency"]), ("triggered", "low"))

        acknowledged = self.api.rput(incident, json={"type": "incident_reference", "status": "acknowledged"})
        self.assertEqual(acknowledged["acknowledgements"][0]["acknowledger"]["id"], "PUS1A7C")

        note = self.api.rpost(f"incidents/{incident['id']}/notes", json={"content": "Restarting"})
        self.assertEqual(note["content"], "Restarting")

        snoozed = self.api.jpost(f"incidents/{incident['id']}/snooze", json={"duration": 3600})
        self.assertEqual(snoozed["incident"]["pending_actions"][0]["type"], "unacknowledge")

        self.api.rput(incident, json={"type": "incident_reference", "status": "resolved"})
        self.assertEqual(self.api.rget(incident)["status"], "resolved")
        notes = list(self.api.rget(f"incidents/{incident['id']}/notes"))
        self.assertEqual([note["content"] for note in notes], ["Restarting"])

    def test_several_incidents_are_merged(self):
        target, source = self.create(), self.create()

        merged = self.api.jput(
            f"incidents/{target['id']}/merge",
            json={"source_incidents": [{"id": source["id"], "type": "incident_reference"}]},
        )

        self.assertEqual(merged["incident"]["id"], target["id"])
        self.assertEqual(self.api.rget(source)["resolve_reason"]["type"], "merge_resolve_reason")

    def test_a_status_update_and_a_custom_field_are_set(self):
        incident = self.create()

        update = self.api.jpost(f"incidents/{incident['id']}/status_updates", json={"message": "On it"})
        fields = self.api.jput(
            f"incidents/{incident['id']}/custom_fields/values",
            json={"custom_fields": [{"name": "environment", "value": "production"}]},
        )

        self.assertEqual(update["status_update"]["message"], "On it")
        self.assertEqual(fields["custom_fields"][0]["value"], "production")

    def test_the_log_is_listed(self):
        incident = self.create()

        entries = self.api.list_all(f"incidents/{incident['id']}/log_entries")

        self.assertEqual([entry["type"] for entry in entries], ["trigger_log_entry"])


class Errors(TestCase):
    def test_an_error_has_pagerdutys_message(self):
        api = self.client(default_from=ONCALL)

        with self.assertRaises(pagerduty.HttpError) as raised:
            api.rpost("incidents", json={"type": "incident", "service": {"id": "PWIXJZS", "type": "service_reference"}})

        response = raised.exception.response
        self.assertEqual(response.status_code, 400)
        self.assertEqual(
            response.json(),
            {"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["Title cannot be empty."]}},
        )

    def test_an_unknown_key_is_refused(self):
        with self.assertRaises(pagerduty.HttpError) as raised:
            self.client(token="no-such-token-000000").rget("abilities")

        self.assertEqual(raised.exception.response.status_code, 401)

    def test_a_rate_limit_is_waited_out(self):
        fault = {"method": "GET", "path": "/teams", "times": 2, "fault": {"rate_limited": {"reset_seconds": 20}}}
        control("POST", "/faults", {"faults": [fault]})

        with mock.patch("pagerduty.api_client.time.sleep") as sleep:
            teams = self.client().list_all("teams")

        self.assertEqual(len(teams), 2)
        self.assertEqual([request["status"] for request in requests_for("/teams")], [429, 429, 200])
        self.assertEqual(sleep.call_count, 2)

    def test_a_reset_connection_is_tried_again(self):
        control("POST", "/faults", {"faults": [{"path": "/teams", "fault": {"reset": "before_effect"}}]})

        with mock.patch("pagerduty.api_client.time.sleep"), self.assertLogs("pagerduty.api_client"):
            teams = self.client().list_all("teams")

        self.assertEqual(len(teams), 2)
        self.assertEqual([request["status"] for request in requests_for("/teams")], [None, 200])


class Events(TestCase):
    def setUp(self):
        super().setUp()
        self.events = pagerduty.EventsApiV2Client(ROUTING_KEY, transport=ToTheSimulator())
        self.addCleanup(self.events.close)

    def status(self):
        return [incident["status"] for incident in self.client().list_all("incidents")]

    def test_an_alert_goes_from_its_trigger_to_its_end(self):
        key = self.events.trigger("Disk full", "db-1", severity="error", custom_details={"free": "1 %"})
        self.assertEqual(self.status(), ["triggered"])

        self.events.acknowledge(key)
        self.assertEqual(self.status(), ["acknowledged"])

        self.events.resolve(key)
        self.assertEqual(self.status(), ["resolved"])
        incident = self.client().list_all("incidents", params={"incident_key": key, "date_range": "all"})[0]
        alerts = self.client().list_all(f"incidents/{incident['id']}/alerts")
        self.assertEqual([(alert["alert_key"], alert["severity"]) for alert in alerts], [(key, "error")])

    def test_a_change_event_is_taken(self):
        self.events.submit("Deployed 1.2.3", source="pipeline", timestamp="2026-03-01T08:00:00Z")

        changes = control("GET", "/change_events")["change_events"]
        self.assertEqual([change["payload"]["summary"] for change in changes], ["Deployed 1.2.3"])

    def test_a_bad_event_is_refused_with_pagerdutys_words(self):
        with self.assertRaises(pagerduty.HttpError) as raised:
            self.events.trigger("x" * 1025, "db-1")

        self.assertIn("maiximum is 1024 characters", raised.exception.response.text)


if __name__ == "__main__":
    unittest.main()
