/* Files that are part of the program: what the build made or brought. */
#ifndef LK_GATEWAY_ASSETS_H
#define LK_GATEWAY_ASSETS_H

#include "base/base.h"

enum asset { ASSET_OPENAPI, ASSET_PAGE, ASSET_SCRIPT, ASSET_UI_SCRIPT, ASSET_UI_STYLE };

/* For the life of the process. The two of the UI are empty where the build had no npm. */
struct lk_bytes asset(enum asset which);

#endif
