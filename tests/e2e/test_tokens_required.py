#!/usr/bin/env python3
"""What whoever validates may require: audience, permission and workgroup, by RPC, in a batch, and from the validator's memory."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import serve
import world


class Required(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = world.Tenant(self.state, "genomics")
        ada = self.tenant.admin
        self.inside = ada.caller.ok("keys", "AccountService/CreateWorkgroup", name="readers")["workgroup"]["id"]
        self.outside = ada.caller.ok("keys", "AccountService/CreateWorkgroup", name="writers")["workgroup"]["id"]
        ada.caller.ok("keys", "AccountService/AddWorkgroupMember", workgroup=self.inside, user=ada.id)
        self.key = ada.key("laptop").secret
        self.token = wire.platform_token(self.state, self.key)
        self.audience = wire.once(self.state, "tokens", "TokenService/GetJwks")["platform_audience"]
        self.backend = world.principal(self.state, "backend", ["tokens.validate", "feed.read"], "ALL").secret

    def questions(self):
        """(question, is it answered with yes) for key and token."""
        for shown in (self.key, self.token):
            for needs, good in (({}, True), ({"required_permission": "audit.read"}, True), ({"required_permission": "tenants.manage"}, False),
                                ({"required_workgroup": self.inside}, True), ({"required_workgroup": self.outside}, False),
                                ({"required_permission": "audit.read", "required_workgroup": self.outside}, False)):
                yield {"secret_credential": shown, **needs}, good
        yield {"secret_credential": self.token, "audience": self.audience}, True
        yield {"secret_credential": self.token, "audience": "somebody else"}, False

    def test_one_by_one_and_in_a_batch_the_answers_are_the_same(self):
        caller = wire.signed_in(self.state, self.backend)
        rows = list(self.questions())
        alone = [caller.ok("tokens", "TokenService/ValidateToken", **question)["active"] for question, _ in rows]
        self.assertEqual([good for _, good in rows], alone)
        answers = caller.ok("tokens", "TokenService/ValidateTokens", requests=[question for question, _ in rows])["responses"]
        self.assertEqual(alone, [answer["active"] for answer in answers])
        self.assertEqual({"PERMISSION_MISSING", "WORKGROUP_MISSING", "TOKEN_REFUSED"},
                         {answer["reason"] for answer in answers if not answer["active"]})

    def test_the_validator_requires_the_same_of_what_it_remembers(self):
        names = {"secret_credential": "credential", "required_permission": "permission", "required_workgroup": "workgroup"}
        with serve.served(self.state, self.backend) as asker:
            for _ in range(2):
                for question, good in self.questions():
                    said = asker.ask(id=1, **{names.get(name, name): value for name, value in question.items()})
                    self.assertEqual(good, said["active"], (question, said))


if __name__ == "__main__":
    e2e.main()
