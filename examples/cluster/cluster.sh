#!/bin/sh
# Two servers on one PostgreSQL, nginx in front and two workers, on one machine, by the commands of README.md; it prints
# each before it runs it. Ctrl-C ends them all. Needs HEADWAY_STORE, nginx, and headway with its PostgreSQL driver.
set -eu
cd "$(dirname "$0")"
: "${HEADWAY_STORE:?is not set. Name a database: postgresql://USER:PASSWORD@HOST/DATABASE}"
export HEADWAY_STORE
mkdir -p run
started=

show() {
    echo "\$ $*"
    "$@"
}

start() { # NAME COMMAND…: in the background; run/NAME.log, run/NAME.pid
    name=$1
    shift
    echo "\$ $* &"
    "$@" >"run/$name.log" 2>&1 &
    echo $! >"run/$name.pid"
    started="$! $started"
}

end() { # the newest first; what they said, if it was not you who ended it
    code=$?
    trap - EXIT INT TERM
    if [ $code -ne 0 ] && [ $code -ne 130 ]; then
        for log in run/*.log; do
            echo "--- $log"
            tail -n 5 "$log"
        done >&2
    fi
    for pid in $started; do
        kill "$pid" 2>/dev/null || true
    done
    wait
}
trap end EXIT
trap 'exit 130' INT TERM

start one headway serve --port 8401 --data run/one
start two headway serve --port 8402 --data run/two
start nginx nginx -p run -c ../nginx.conf
show curl -sf --retry 30 --retry-delay 1 --retry-all-errors http://127.0.0.1:8400/readyz
echo
start ada headway worker jobs:app --server http://127.0.0.1:8400 --name ada
start bob headway worker jobs:app --server http://127.0.0.1:8400 --name bob
show headway submit count_primes below=300000000 --server http://127.0.0.1:8400 --watch
echo "All is up, until Ctrl-C: http://127.0.0.1:8400/"
wait
