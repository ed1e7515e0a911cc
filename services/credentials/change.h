/* Changing a credential that is there: its label, or its secret. */
#ifndef LK_CREDENTIALS_CHANGE_H
#define LK_CREDENTIALS_CHANGE_H

#include "service.h"
#include "wire.h"

/* Handlers of the method table. Whoever does not manage the credential is told that there is none.
 */
lk_status credentials_rename(
    struct lk_call *call, const RenameCredentialRequest *req, RenameCredentialResponse *rep);
lk_status credentials_replace(
    struct lk_call *call, const ReplaceCredentialRequest *req, ReplaceCredentialResponse *rep);

#endif
