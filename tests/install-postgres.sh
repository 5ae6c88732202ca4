#!/bin/sh
# Installs Debian's PostgreSQL for the tests of workspaces on it; without rights they are skipped with a reason.
{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    # The server of the distribution itself is not wanted: the tests start their own on loopback.
    conf=/etc/postgresql-common/createcluster.conf
    [ -e "$conf" ] || { mkdir -p "${conf%/*}" && echo "create_main_cluster = false" > "$conf"; }
    apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq --no-install-recommends postgresql >/dev/null 2>&1 && exit 0
fi
echo "PostgreSQL is not installed: the tests of workspaces on it will be skipped (apt-get install postgresql)"
