/* latchkey-gateway speaks HTTP for the services behind it. Read this, then gateway.c, routes.def
 * and rest.c. */
#include "daemon/daemon.h"
#include "gateway.h"
#include "log/log.h"

int
main(int argc, char **argv)
{
	struct lk_error *err = lk_daemon_begin("latchkey-gateway");
	LK_AUTO(gateway_config_wipe) struct gateway_config cfg = { 0 };
	LK_AUTO(gateway_closep) struct gateway *gateway = NULL;

	LK_DAEMON_TRY(lk_config_load(&gateway_options, argc, argv, &cfg, err));
	lk_log_set_level((enum lk_log_level)cfg.log_level);
	LK_DAEMON_TRY(gateway_open(&cfg, &gateway, err));
	return gateway_run(gateway);
}
