/* From a line to the line that answers it. */
#ifndef LATCHKEY_CLI_SERVE_ANSWER_H
#define LATCHKEY_CLI_SERVE_ANSWER_H

#include <latchkey/validator.h>

#include "base/base.h"
#include "base/json.h"

/* The answer with its newline; NULL when memory is short. Yours: lk_json_wipe(json). */
const char *serve_answer(latchkey_validator *validator, struct lk_bytes line, struct lk_json *json);

/* To a line that was too long to be read. */
const char *serve_refusal(struct lk_json *json);

#endif
