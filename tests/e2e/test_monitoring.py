#!/usr/bin/env python3
"""docker/monitoring: alerts that Prometheus's own tool takes and fires when they should, on metrics that there are; a dashboard of the same;
a paragraph for each alert."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

MONITORING = e2e.TOP / "docker/monitoring"
DAY = 86400
# alert: (series, values of an installation in trouble, values of one that is well, when to look, unless 1m their interval); promtool's notation
CASES = {
    "LatchkeyDown": ('latchkey_up{service="keys"}', "0x60", "1x60", "30m"),
    "LatchkeyRestarts": ('latchkey_started_timestamp_seconds{service="keys"}', "0 100 200 300 400 500 600 700 800 900", "5x20", "9m"),
    "LatchkeyServerErrors": ('latchkey_calls_total{service="keys",method="m",code="INTERNAL"}', "0+1x60", "3x60", "30m"),
    "LatchkeyQueue": ('latchkey_queue_depth{service="keys"}', "150x60", "3x60", "30m"),
    "LatchkeyStoreFails": ('latchkey_store_failures_total{service="keys"}', "0+600x60", "0+6x60", "30m"),
    "LatchkeyAuditLost": ('latchkey_audit_rows_lost_total{service="keys"}', "0x20 1x40", "2x60", "25m"),
    "LatchkeyAuditUnsealed": ('latchkey_audit_unsealed_rows{service="keys"}', "1000x60", "10x60", "30m"),
    "LatchkeyAuditUnverified": ('latchkey_audit_verified_timestamp_seconds{service="keys"}', "0x50", f"{9 * DAY}x50", "10d", "6h"),
    "LatchkeyFeedLag": ('latchkey_feed_lag_events{service="keys"}', "5000x60", "10x60", "30m"),
    "LatchkeyLeaseLost": ('latchkey_feed_lease_left_seconds{service="tokens",feed="keys"}', "-4x60", "1x60", "30m"),
    "LatchkeyDescriptors": ('latchkey_open_descriptors{service="keys"}', "900x60", "90x60", "30m"),
    "LatchkeyMemoryLock": ('latchkey_memory_lock_failures_total{service="keys"}', "1x60", "0x60", "30m"),
    "LatchkeyCertificateEnds": ('latchkey_certificate_expiry_timestamp_seconds{service="keys",use="peer"}', f"{20 * DAY}x9", f"{300 * DAY}x9", "3h", "1h"),
    "LatchkeySigningKeyOverdue": ('latchkey_signing_key_due_timestamp_seconds{service="tokens"}', "0x90", f"{9 * DAY}x90", "3d", "1h"),
    "LatchkeyKekOld": ('latchkey_kek_active_since_timestamp_seconds{service="credentials"}', "0x400", f"{300 * DAY}x400", "370d", "1d"),
}
BESIDE = [{"series": 'latchkey_descriptor_limit{service="keys"}', "values": "1000x60"}]


def alerts():
    return re.findall(r"(?m)^      - alert: (\w+)$", (MONITORING / "alerts.yaml").read_text(encoding="utf-8"))


def promtool(*words):
    program = pathlib.Path(os.environ.get("LATCHKEY_JUDGES", e2e.BUILD.parent / "judges")) / "promtool"
    if not program.is_file():
        raise unittest.SkipTest(f"no {program}: bash tests/support/install-promtool {program.parent}")
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=100, check=False)


class Monitoring(unittest.TestCase):
    def test_every_metric_that_is_looked_at_is_told(self):
        sources = [*e2e.TOP.glob("services/*/*.c"), *e2e.TOP.glob("services/*/*.def"), *e2e.TOP.glob("common/*/*.c")]
        told = set()
        for path in sources:
            told |= set(re.findall(r'"(latchkey_[a-z_]+)[{"]', path.read_text(encoding="utf-8")))
        for name in ("alerts.yaml", "dashboard.json"):
            looked_at = set(re.findall(r"latchkey_[a-z_]+", (MONITORING / name).read_text(encoding="utf-8")))
            self.assertGreater(len(looked_at), 10)
            self.assertEqual(set(), {re.sub(r"_bucket$", "", metric) for metric in looked_at} - told, name)

    def test_every_alert_has_its_paragraph_and_its_case(self):
        text = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
        headings = re.findall(r"(?m)^## (\w+)$", (MONITORING / "README.md").read_text(encoding="utf-8"))
        self.assertEqual(alerts(), headings)
        self.assertEqual(alerts(), list(CASES))
        self.assertEqual([f"docker/monitoring/README.md#{name.lower()}" for name in alerts()], re.findall(r"runbook: (\S+)", text))

    def test_every_alert_fires_in_trouble_and_only_then(self):
        checked = promtool("check", "rules", MONITORING / "alerts.yaml")
        self.assertEqual(0, checked.returncode, checked.stdout + checked.stderr)
        for name, (series, trouble, well, at, *interval) in CASES.items():
            self.assertEqual("", self.judged(name, series, trouble, at, *interval, fires=True), name)
            self.assertEqual("", self.judged(name, series, well, at, *interval, fires=False), name)

    def judged(self, name, series, values, at, interval="1m", *, fires):
        """What promtool holds against an expectation; an alert that fires is asked for by its value alone."""
        expression = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
        case = {"rule_files": [str(MONITORING / "alerts.yaml")], "evaluation_interval": interval, "tests": [{
            "interval": interval, "input_series": [{"series": series, "values": values}, *BESIDE],
            "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}] if fires else []}]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump(case, file)  # which is YAML, too
            file.flush()
            done = promtool("test", "rules", file.name)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def test_the_dashboard_is_one(self):
        board = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
        self.assertEqual(len(board["panels"]), len({panel["id"] for panel in board["panels"]}))
        for panel in board["panels"]:
            self.assertTrue(panel["title"] and panel["targets"], panel)
            for target in panel["targets"]:
                rule = {"groups": [{"name": "one", "rules": [{"record": "one", "expr": target["expr"]}]}]}
                with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                    json.dump(rule, file)
                    file.flush()
                    done = promtool("check", "rules", file.name)
                self.assertEqual(0, done.returncode, target["expr"] + done.stdout + done.stderr)


if __name__ == "__main__":
    e2e.main()
