/* latchkey-tokens issues, validates and revokes access tokens. Read this, then service.c, then
 * grant.c and validate.c. */
#include "daemon/daemon.h"
#include "daemon/move.h"
#include "service.h"
#include "tokens_migrations.h"

int
main(int argc, char **argv)
{
	struct lk_error *err = lk_daemon_begin("latchkey-tokens");
	LK_AUTO(tokens_config_wipe) struct tokens_config cfg = { 0 };
	LK_AUTO(tokens_closep) struct tokens *tokens = NULL;
	LK_AUTO(lk_host_closep) struct lk_host *host = NULL;

	if (lk_move_asked(argc, argv))
		return lk_move_main(argv, &tokens_migrations);
	LK_DAEMON_TRY(lk_daemon_configure(
	    &tokens_options, argc, argv, &cfg, err)); /* --check-config ends here */
	const struct lk_host_setup setup = tokens_host_setup(&cfg);
	LK_DAEMON_TRY(lk_host_open(&setup, &host, err));
	LK_DAEMON_TRY(tokens_open(host, &cfg, &tokens, err));
	const struct lk_host_services services = tokens_services(tokens);
	LK_DAEMON_TRY(lk_host_serve(host, &services, err));
	return lk_host_run(host);
}
