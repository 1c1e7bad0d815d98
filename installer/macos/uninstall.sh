#!/bin/sh
# Not run on a Mac.
#
# Removes CardBridge: sudo /Library/CardBridge/uninstall.sh [--purge]. The policy stays, unless --purge is given; profiles are the
# MDM's to take back.
set -eu

# as one command: the shell has read it all before this file is gone
uninstall() {
	identifier=tw.cardbridge.host
	if [ "$(id -u)" != 0 ]; then
		echo "請以 sudo 執行。 / Run it with sudo." >&2
		exit 1
	fi
	if launchctl print system/cardbridge-agent >/dev/null 2>&1; then
		launchctl bootout system/cardbridge-agent
	fi
	# the receipt knows the files; folders of others stay
	pkgutil --only-files --files "$identifier" | while IFS= read -r file; do
		rm -f "/$file"
	done
	rmdir /Library/CardBridge 2>/dev/null || true
	pkgutil --forget "$identifier"
	if [ "${1:-}" = --purge ]; then
		rm -f "/Library/Application Support/CardBridge/policy.json"
		rmdir "/Library/Application Support/CardBridge" 2>/dev/null || true
	fi
}

uninstall "$@"
exit 0
