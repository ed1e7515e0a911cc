/* The two protobuf services of this process as tables; the user pointer of both is the struct keys.
 */
#ifndef LK_KEYS_SERVICE_H
#define LK_KEYS_SERVICE_H

#include "rpc/method.h"

extern const struct lk_method_table keys_account_service;
extern const struct lk_method_table keys_key_service;

#endif
