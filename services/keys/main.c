/* latchkey-keys owns API keys and everybody who may have one. Read this, then service_keys.c, then
 * key.c. */
#include "daemon/move.h"
#include "keys_migrations.h"
#include "service.h"

int
main(int argc, char **argv)
{
	struct lk_error *err = lk_daemon_begin("latchkey-keys");
	LK_AUTO(keys_config_wipe) struct keys_config cfg = { 0 };
	LK_AUTO(keys_process_closep) struct keys_process *keys = NULL;
	LK_AUTO(lk_host_closep) struct lk_host *host = NULL;

	if (lk_move_asked(argc, argv))
		return lk_move_main(argv, &keys_migrations);
	LK_DAEMON_TRY(lk_daemon_configure(
	    &keys_options, argc, argv, &cfg, err)); /* --check-config ends here */
	const struct lk_host_setup setup = keys_host_setup(&cfg);
	LK_DAEMON_TRY(lk_host_open(&setup, &host, err));
	LK_DAEMON_TRY(keys_process_open(host, &cfg, &keys, err));
	const struct lk_host_services services = keys_process_services(keys);
	LK_DAEMON_TRY(lk_host_serve(host, &services, err));
	return lk_host_run(host);
}
