/* Root keys over RPC: handlers of the method table, for operators. */
#ifndef LK_CREDENTIALS_SERVICE_KEKS_H
#define LK_CREDENTIALS_SERVICE_KEKS_H

#include "service.h"
#include "wire.h"

lk_status credentials_list_keks(
    struct lk_call *call, const ListKeksRequest *req, ListKeksResponse *rep);
lk_status credentials_rotate_kek(
    struct lk_call *call, const RotateKekRequest *req, RotateKekResponse *rep);
lk_status credentials_rewrap(
    struct lk_call *call, const RewrapKeysRequest *req, RewrapKeysResponse *rep);
lk_status credentials_retire_kek(
    struct lk_call *call, const RetireKekRequest *req, RetireKekResponse *rep);

#endif
