#!/bin/sh
# Installs Debian's Chromium for the tests that look at pages; without rights they are skipped with a reason.
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 && exit 0
fi
echo "chromium is not installed: the tests that open the report in a browser will be skipped (apt-get install chromium)"
