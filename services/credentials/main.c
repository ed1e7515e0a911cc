/* latchkey-credentials keeps users' credentials at other providers. Read this, then service.c, then
 * fetch.c and vault.c. */
#include "credentials_migrations.h"
#include "daemon/daemon.h"
#include "daemon/move.h"
#include "service.h"

int
main(int argc, char **argv)
{
	struct lk_error *err = lk_daemon_begin("latchkey-credentials");
	LK_AUTO(credentials_config_wipe) struct credentials_config cfg = { 0 };
	LK_AUTO(credentials_closep) struct credentials *credentials = NULL;
	LK_AUTO(lk_host_closep) struct lk_host *host = NULL;

	if (lk_move_asked(argc, argv))
		return lk_move_main(argv, &credentials_migrations);
	LK_DAEMON_TRY(lk_daemon_configure(
	    &credentials_options, argc, argv, &cfg, err)); /* --check-config ends here */
	const struct lk_host_setup setup = credentials_host_setup(&cfg);
	LK_DAEMON_TRY(lk_host_open(&setup, &host, err));
	LK_DAEMON_TRY(credentials_open(host, &cfg, &credentials, err));
	const struct lk_host_services services = credentials_services(credentials);
	LK_DAEMON_TRY(lk_host_serve(host, &services, err));
	return lk_host_run(host);
}
