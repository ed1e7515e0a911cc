/* One handler for each row of commands.def; each answers the exit status. */
#ifndef LATCHKEY_CLI_HANDLERS_H
#define LATCHKEY_CLI_HANDLERS_H

#include "command.h"

#define COMMAND(words, handler, operands, least, most, options, help)                              \
	int run_##handler(struct cli *cli);
#include "commands.def"
#undef COMMAND

#endif
