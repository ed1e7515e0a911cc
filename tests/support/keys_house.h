/* A tenant in which everything stands that decides about rights, to be changed by hand. */
#ifndef LK_TESTS_KEYS_HOUSE_H
#define LK_TESTS_KEYS_HOUSE_H

#include "by_hand.h"

struct house {
	struct world *w;
	struct world_tenant tenant;
	const char *ada, *ben, *carl;
	char *ben_id, *carl_id, *role, *workgroup;
	struct world_key key; /* Ben's */
};

static inline void
give_roles(struct house *h, const char *user, const char *one, const char *other)
{
	SetUserRolesRequest req = LATCHKEY__ACCOUNTS__V1__SET_USER_ROLES_REQUEST__INIT;
	char *roles[] = { text(one), text(other) };

	req.user = text(user);
	req.roles = roles;
	req.n_roles = 2;
	ask_ok(h->w, h->ada, "SetUserRoles", &req, NULL);
}

static inline char *
make_role(struct house *h)
{
	CreateRoleRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_ROLE_REQUEST__INIT;
	char *permissions[] = { text("audit.read") };
	CreateRoleResponse *rep;

	req.name = text("reader");
	req.permissions = permissions;
	req.n_permissions = 1;
	ask_ok(h->w, h->ada, "CreateRole", &req, &rep);
	return rep->role->id;
}

static inline char *
make_workgroup(struct house *h)
{
	CreateWorkgroupRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;
	AddWorkgroupMemberRequest add = LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;
	CreateWorkgroupResponse *rep;

	req.name = text("lab");
	ask_ok(h->w, h->ada, "CreateWorkgroup", &req, &rep);
	add.workgroup = rep->workgroup->id;
	add.user = h->ben_id;
	ask_ok(h->w, h->ada, "AddWorkgroupMember", &add, NULL);
	return rep->workgroup->id;
}

static inline void
trust_an_issuer(struct house *h)
{
	AddIssuerRequest req = LATCHKEY__ACCOUNTS__V1__ADD_ISSUER_REQUEST__INIT;
	LinkSubjectRequest link = LATCHKEY__ACCOUNTS__V1__LINK_SUBJECT_REQUEST__INIT;

	req.issuer = text("https://id.example");
	req.audience = text("latchkey");
	req.jwks =
	    text("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\",\"alg\":\"ES256\","
		 "\"use\":\"sig\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}");
	ask_ok(h->w, h->ada, "AddIssuer", &req, NULL);
	link.issuer = req.issuer;
	link.subject = text("ben");
	link.user = h->ben_id;
	ask_ok(h->w, h->ada, "LinkSubject", &link, NULL);
}

static inline struct house
house(struct world *w)
{
	struct house h = { .w = w, .tenant = world_tenant(w, "genomics", "panomics") };

	world_tenant(w, "other", "panomics");
	h.ada = world_redeem(w, h.tenant.ticket);
	h.ben = world_user(w, h.ada, "ben@genomics.example", "key-manager");
	h.carl = world_user(w, h.ada, "carl@genomics.example", "member");
	h.ben_id = world_id(w, h.ben);
	h.carl_id = world_id(w, h.carl);
	h.role = make_role(&h);
	h.workgroup = make_workgroup(&h);
	give_roles(&h, h.ben_id, "key-manager", "reader");
	trust_an_issuer(&h);
	world_set_policy(w, h.ada, "", "password_login", "on");
	h.key = world_key(w, h.ben, "his");
	return h;
}

#endif
