/* The assembler takes the files in as they are; see assets.h. */
#include "assets.h"

#define EMBED(symbol, file)                                                                        \
	__asm__(".section .rodata\n"                                                               \
		"asset_" #symbol ":\n"                                                             \
		".incbin \"" file "\"\n"                                                           \
		"asset_" #symbol "_end:\n"                                                         \
		".byte 0\n"                                                                        \
		".text\n");                                                                        \
	extern const uint8_t asset_##symbol[] __attribute__((visibility("hidden")));               \
	extern const uint8_t asset_##symbol##_end[] __attribute__((visibility("hidden")))

EMBED(openapi, LK_OPENAPI);
EMBED(page, LK_EXPLORER_SOURCE "/index.html");
EMBED(script, LK_EXPLORER_SOURCE "/explorer.js");
EMBED(ui_script, LK_EXPLORER "/swagger-ui-bundle.js");
EMBED(ui_style, LK_EXPLORER "/swagger-ui.css");

struct lk_bytes
asset(enum asset which)
{
#define ASSET(symbol) lk_bytes(asset_##symbol, (size_t)(asset_##symbol##_end - asset_##symbol))
	switch (which) {
	case ASSET_OPENAPI:
		return ASSET(openapi);
	case ASSET_PAGE:
		return ASSET(page);
	case ASSET_SCRIPT:
		return ASSET(script);
	case ASSET_UI_SCRIPT:
		return ASSET(ui_script);
	case ASSET_UI_STYLE:
		return ASSET(ui_style);
	}
	return lk_bytes(NULL, 0);
#undef ASSET
}
