/* Workers with a key of their own: enrolled by operators; their fetches are signed. */
#ifndef LK_CREDENTIALS_WORKERS_H
#define LK_CREDENTIALS_WORKERS_H

#include "service.h"
#include "wire.h"

/* Handlers of the method table, for operators. INVALID_ARGUMENT WORKER_INVALID,
 * PUBLIC_KEY_INVALID; NOT_FOUND WORKER_NOT_FOUND. Each change writes an audit row. */
lk_status workers_enrol(
    struct lk_call *call, const EnrolWorkerRequest *req, EnrolWorkerResponse *rep);
lk_status workers_remove(
    struct lk_call *call, const RemoveWorkerRequest *req, RemoveWorkerResponse *rep);
lk_status workers_list(
    struct lk_call *call, const ListWorkersRequest *req, ListWorkersResponse *rep);

#endif
