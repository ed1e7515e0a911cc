/* One whole list of the library, page after page, as a list of the answer. */
#ifndef LATCHKEY_CLI_PAGES_H
#define LATCHKEY_CLI_PAGES_H

#include "cli.h"
#include "show.h"

enum { PAGE_SIZE = 1000 };

/*
 * PAGES(key, "keys", columns, latchkey_key_list_get(cli->client, &filter, &page, &cli->call, &list,
 * &cli->error)) is the body of a handler: `page` and `list` are its names for what the expression
 * uses.
 */
#define PAGES(cli, noun, name, columns, get)                                                       \
	do {                                                                                       \
		char pages_cursor[256] = "";                                                       \
		const latchkey_page page = { PAGE_SIZE, pages_cursor };                            \
		out_list(&(cli)->out, name, columns);                                              \
		do {                                                                               \
			LK_AUTO(noun##_list_freep) latchkey_##noun##_list *list = NULL;            \
			CLI_TRY(cli, get);                                                         \
			for (size_t i = 0; i < latchkey_##noun##_list_count(list); i++) {          \
				out_object(&(cli)->out, NULL);                                     \
				show_##noun(&(cli)->out, latchkey_##noun##_list_at(list, i));      \
				out_object_end(&(cli)->out);                                       \
			}                                                                          \
			lk_text_copy(                                                              \
			    pages_cursor, sizeof pages_cursor, latchkey_##noun##_list_next(list)); \
		} while (*pages_cursor);                                                           \
		out_list_end(&(cli)->out);                                                         \
		return cli_answer(cli);                                                            \
	} while (0)

#endif
