/* Signing keys: each function fills a request and names its answer. */
#include <latchkey/signing_keys.h>

#include "ask.h"

latchkey_status
latchkey_signing_key_list_get(latchkey_client *client, const latchkey_call *call,
    latchkey_signing_key_list **out_list, latchkey_error *out_error)
{
	Latchkey__Tokens__V1__ListSigningKeysRequest body =
	    LATCHKEY__TOKENS__V1__LIST_SIGNING_KEYS_REQUEST__INIT;

	return (latchkey_status)ask_for(
	    client, M_SIGNING_KEY_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_signing_key_rotate(latchkey_client *client, const latchkey_call *call,
    latchkey_signing_key **out_key, latchkey_error *out_error)
{
	Latchkey__Tokens__V1__RotateSigningKeyRequest body =
	    LATCHKEY__TOKENS__V1__ROTATE_SIGNING_KEY_REQUEST__INIT;

	return (latchkey_status)ask_for(client, M_SIGNING_KEY_ROTATE, &body.base, call,
	    offsetof(RotateSigningKeyResponse, key), out_key, error_inside(out_error));
}

latchkey_status
latchkey_signing_key_withdraw(latchkey_client *client, const char *kid, const char *reason,
    const latchkey_call *call, latchkey_withdrawal **out_withdrawal, latchkey_error *out_error)
{
	Latchkey__Tokens__V1__WithdrawSigningKeyRequest body =
	    LATCHKEY__TOKENS__V1__WITHDRAW_SIGNING_KEY_REQUEST__INIT;

	body.kid = (char *)kid;
	body.reason = (char *)reason;
	return (latchkey_status)ask_for(client, M_SIGNING_KEY_WITHDRAW, &body.base, call, WHOLE,
	    out_withdrawal, error_inside(out_error));
}

latchkey_status
latchkey_signing_key_import(latchkey_client *client, const char *pem, const latchkey_call *call,
    latchkey_signing_key **out_key, latchkey_error *out_error)
{
	Latchkey__Tokens__V1__ImportSigningKeyRequest body =
	    LATCHKEY__TOKENS__V1__IMPORT_SIGNING_KEY_REQUEST__INIT;

	body.secret_pem = (char *)pem;
	return (latchkey_status)ask_for(client, M_SIGNING_KEY_IMPORT, &body.base, call,
	    offsetof(ImportSigningKeyResponse, key), out_key, error_inside(out_error));
}
