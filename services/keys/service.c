/* The method tables: rows of the .def files, each with a thunk that knows its types. */
#include "service.h"

#include "auth/permission.h"
#include "handlers.h"

#define LK_METHOD LK_METHOD_THUNK
#include "accounts_methods.def"
#include "keys_methods.def"
#undef LK_METHOD

#define LK_METHOD LK_METHOD_ROW
static const struct lk_method account_methods[] = {
#include "accounts_methods.def"
};
LK_METHODS_COMPLETE(Latchkey__Accounts__V1__AccountService_Service, account_methods);
static const struct lk_method key_methods[] = {
#include "keys_methods.def"
};
LK_METHODS_COMPLETE(Latchkey__Keys__V1__KeyService_Service, key_methods);
#undef LK_METHOD

const struct lk_method_table keys_account_service = {
	&latchkey__accounts__v1__account_service__descriptor,
	account_methods,
	LK_ARRAY_LEN(account_methods),
};
const struct lk_method_table keys_key_service = {
	&latchkey__keys__v1__key_service__descriptor,
	key_methods,
	LK_ARRAY_LEN(key_methods),
};
