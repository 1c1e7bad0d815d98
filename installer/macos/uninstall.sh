#!/bin/sh
# Not run on a Mac.
#
# Removes CardBridge: sudo /Library/CardBridge/uninstall.sh [--purge]. The policy stays, unless --purge is given; profiles are the
# MDM's to take back.
set -eu

# stopped takes the agent from launchd, waits until it is gone: it resets the cards in use first. uninstall.sh and preinstall have
# the same, which a test compares.
stopped() {
	launchctl print system/cardbridge-agent >/dev/null 2>&1 || return 0
	launchctl bootout system/cardbridge-agent || true # it may say that it is in progress
	waited=0
	while launchctl print system/cardbridge-agent >/dev/null 2>&1; do
		waited=$((waited + 1))
		[ "$waited" -le 90 ] || return 1 # launchd kills it after 60 s
		sleep 1
	done
}

# as one command: the shell has read it all before this file is gone
uninstall() {
	identifier=tw.cardbridge.host
	if [ "$(id -u)" != 0 ]; then
		echo "請以 sudo 執行。 / Run it with sudo." >&2
		exit 1
	fi
	case "$#,${1:-}" in
	0, | 1,--purge) ;;
	*)
		echo "用法： / Usage: uninstall.sh [--purge]" >&2
		exit 2
		;;
	esac
	stopped || echo "代理程式沒有結束，仍繼續移除。 / The agent has not ended; the removal goes on." >&2
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
