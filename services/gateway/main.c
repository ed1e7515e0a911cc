/* latchkey-gateway speaks HTTP for the services behind it. Read this, then gateway.c, routes.def
 * and rest.c. */
#include "daemon/daemon.h"
#include "gateway.h"

int
main(int argc, char **argv)
{
	struct lk_error *err = lk_daemon_begin("latchkey-gateway");
	LK_AUTO(gateway_config_wipe) struct gateway_config cfg = { 0 };
	LK_AUTO(gateway_closep) struct gateway *gateway = NULL;

	LK_DAEMON_TRY(lk_daemon_configure(&gateway_options, argc, argv, &cfg, err));
	LK_DAEMON_TRY(gateway_open(&cfg, &gateway, err));
	return gateway_run(gateway);
}
