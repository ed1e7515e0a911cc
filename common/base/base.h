/* The vocabulary of every file here: statuses, errors, scope cleanup, views, memory. */
#ifndef LK_BASE_H
#define LK_BASE_H

#include "base/alloc.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/scope.h"
#include "base/status.h"

#endif
